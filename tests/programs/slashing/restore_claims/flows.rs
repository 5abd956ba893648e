use crate::slashing::trials::{Robbery, STOLEN};
use heliograph_client::pda;
use heliograph_settlement::events::ClaimRestored;
use heliograph_settlement::state::{Escrow, Session, to_rules};
use heliograph_slashing::events::CaseRestored;
use heliograph_slashing::state::Case;
use heliograph_staking::state::Position;
use heliograph_tests::events::Emitted;
use heliograph_tests::scene::DEPOSIT;
use heliograph_tests::world::{PARAMS, SETTLER_BOND_MIN};

#[test]
fn what_was_taken_comes_out_of_the_bond() {
    let mut robbery = Robbery::new();
    let address = robbery.open();
    let zoo = &mut robbery.zoo;
    let (settler, session, app) = (robbery.settler.clone(), zoo.session, zoo.app.clone());
    zoo.pass(PARAMS.case_window_secs + 1);
    let case: Case = zoo.read(&address);
    let restore = zoo.restore_claims_instruction(&address, &session);

    let done = zoo.run(&[restore], &[]);

    let held = SETTLER_BOND_MIN - STOLEN;
    zoo.holds(&address, &Case { held, restored_micro_usdc: STOLEN, ..case });
    assert_eq!(zoo.tokens(&app.vault()), DEPOSIT);
    let escrow: Escrow = zoo.read(&app.escrow());
    assert_eq!(escrow.available_micro_usdc().expect("an amount"), DEPOSIT);
    let state: Session = zoo.read(&session.address);
    assert_eq!(to_rules(&state.claims).of(&settler.address.to_bytes()), 0);
    let position: Position = zoo.read(&settler.position());
    assert_eq!((position.held, position.own()), (held, held));
    assert_eq!(zoo.tokens(&settler.stake_vault()), held);
    assert_eq!(zoo.tokens(&pda::pot(&zoo.payment_mint)), 0);
    let events = &done.events[done.events.len() - 2..];
    assert_eq!(
        events,
        [
            Emitted::of(&ClaimRestored {
                session: session.address,
                escrow: app.escrow(),
                settler: settler.address,
                amount_micro_usdc: STOLEN,
                deposited_micro_usdc: escrow.deposited_micro_usdc,
            }),
            Emitted::of(&CaseRestored {
                case: address,
                session: session.address,
                amount_micro_usdc: STOLEN,
                restored_micro_usdc: STOLEN,
                held,
            }),
        ]
    );
}

#[test]
fn what_a_voucher_covers_is_not_restored() {
    let mut robbery = Robbery::new();
    let address = robbery.open();
    let zoo = &mut robbery.zoo;
    let session = zoo.session;
    let prove = zoo.prove_instructions(&session, &zoo.voucher(STOLEN / 4));
    zoo.run(&prove, &[]);
    zoo.pass(PARAMS.case_window_secs + 1);
    let restore = zoo.restore_claims_instruction(&address, &session);
    zoo.run(&[restore], &[]);
    assert_eq!(zoo.tokens(&zoo.app.vault()), DEPOSIT - STOLEN / 4);
}

/// Tokens that somebody sent to the pot are not a settler's, and stay.
#[test]
fn strangers_tokens_in_the_pot_stay_there() {
    let mut robbery = Robbery::new();
    let address = robbery.open();
    let zoo = &mut robbery.zoo;
    let mint = zoo.payment_mint;
    zoo.mint_to(&pda::restorer(&pda::SLASHING), &mint, 77);
    zoo.pass(PARAMS.case_window_secs + 1);
    let restore = zoo.restore_claims_instruction(&address, &zoo.session);
    zoo.run(&[restore], &[]);
    zoo.pass(PARAMS.case_window_secs);
    zoo.decide(&address);
    assert_eq!(zoo.tokens(&pda::pot(&mint)), 77);
}
