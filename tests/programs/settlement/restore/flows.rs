use heliograph_client::pda;
use heliograph_settlement::events::ClaimRestored;
use heliograph_settlement::state::{Claim, Escrow, Session};
use heliograph_tests::scene::DEPOSIT;
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{KeeperParty, Scene};

/// A scene in which a settler has taken `amount` without a voucher, and the slashing program holds
/// as much.
fn robbed(amount: u64) -> (Scene, KeeperParty) {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let leaf = scene.forged_leaf(&scene.session, amount);
    let batch = scene.post_leaves(&settler, vec![leaf]);
    scene.pass(PARAMS.challenge_window_secs + 1);
    scene.claim(&settler, &batch, 0..1);
    let (restorer, mint) = (pda::restorer(&pda::SLASHING), scene.payment_mint);
    scene.mint_to(&restorer, &mint, amount);
    scene.impersonate(&restorer);
    (scene, settler)
}

#[test]
fn what_was_taken_returns_to_the_escrow() {
    let (mut scene, settler) = robbed(USDC);
    let (app, address) = (scene.app.clone(), scene.session.address);
    let before: (Escrow, Session) = (scene.read(&app.escrow()), scene.read(&address));
    assert_eq!(before.0.available_micro_usdc().expect("an amount"), DEPOSIT - USDC);
    let restore = scene.restore_instruction(&scene.session, &settler, USDC);

    let done = scene.run(&[restore], &[]);

    let deposited_micro_usdc = DEPOSIT + USDC;
    let escrow = Escrow { deposited_micro_usdc, ..before.0 };
    assert_eq!(escrow.available_micro_usdc().expect("an amount"), DEPOSIT, "made whole");
    scene.holds(&app.escrow(), &escrow);
    let cleared = Claim { recent_micro_usdc: 0, ..before.1.claims[0] };
    scene.holds(&address, &Session { claims: [cleared, Claim::default()], ..before.1 });
    assert_eq!(scene.tokens(&app.vault()), DEPOSIT);
    done.emitted(&ClaimRestored {
        session: address,
        escrow: app.escrow(),
        settler: settler.address,
        amount_micro_usdc: USDC,
        deposited_micro_usdc,
    });
}

#[test]
fn slash_that_falls_short_is_restored_in_parts() {
    let (mut scene, settler) = robbed(USDC);
    for amount in [300_000, 700_000] {
        let restore = scene.restore_instruction(&scene.session, &settler, amount);
        scene.run(&[restore], &[]);
    }
    assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT);
}

#[test]
fn what_is_proven_meanwhile_need_not_be_restored() {
    let (mut scene, settler) = robbed(USDC);
    let prove = scene.prove_instructions(&scene.session, &scene.voucher(400_000));
    scene.run(&prove, &[]);
    let restore = scene.restore_instruction(&scene.session, &settler, 600_000);
    scene.run(&[restore], &[]);
}
