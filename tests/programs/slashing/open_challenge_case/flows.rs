use crate::slashing::trials::Robbery;
use heliograph_client::pda;
use heliograph_registry::events::{KeeperStatusChanged, SubjectJailed};
use heliograph_registry::state::{Keeper, KeeperStatus};
use heliograph_settlement::state::Challenge;
use heliograph_slashing::events::CaseOpened;
use heliograph_slashing::state::{Case, CaseKind, CaseStatus};
use heliograph_staking::events::StakeHeld;
use heliograph_staking::state::Position;
use heliograph_tests::events::Emitted;
use heliograph_tests::world::{PARAMS, SETTLER_BOND_MIN};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn failed_challenge_holds_the_bond_and_jails_the_settler() {
    let mut robbery = Robbery::new();
    let (reporter, settler) = (robbery.zoo.stranger.insecure_clone(), robbery.settler.clone());
    let zoo = &mut robbery.zoo;
    // Some of it is on its way out: that is held too.
    zoo.unbond_keeper(&settler, 1_000);
    let challenge: Challenge = zoo.read(&robbery.challenge);
    let open = zoo.challenge_case_instruction(&reporter.pubkey(), &robbery.challenge);

    let done = zoo.run(&[open], &[&reporter]);

    let address = pda::case(&settler.address, 0);
    let case: Case = zoo.read(&address);
    let now = zoo.now();
    let window = i64::from(PARAMS.case_window_secs);
    assert_eq!((case.kind, case.status), (CaseKind::UnansweredChallenge, CaseStatus::Open));
    assert_eq!((case.restorable_at, case.decidable_at), (now + window, now + 2 * window));
    assert_eq!((case.penalty, case.held), (SETTLER_BOND_MIN / 5, SETTLER_BOND_MIN));
    assert_eq!((case.rewarded, case.victim), (robbery.challenger.pubkey(), Pubkey::default()));
    assert_eq!((case.done_at, case.punishes_until), (challenge.posted_at, challenge.failed_at));
    let position: Position = zoo.read(&settler.position());
    assert_eq!((position.held, position.own()), (SETTLER_BOND_MIN, SETTLER_BOND_MIN));
    let keeper: Keeper = zoo.read(&settler.address);
    assert_eq!(keeper.status, KeeperStatus::Jailed);
    let jailed_until = case.decidable_at + i64::from(PARAMS.jail_secs);
    assert_eq!(keeper.jailed_until, jailed_until);
    let subject = settler.address;
    done.emitted_all(&[
        Emitted::of(&StakeHeld {
            position: settler.position(),
            requested: SETTLER_BOND_MIN,
            amount: SETTLER_BOND_MIN,
            held: SETTLER_BOND_MIN,
            held_delegated: 0,
        }),
        Emitted::of(&SubjectJailed { subject, old_jailed_until: 0, jailed_until }),
        Emitted::of(&KeeperStatusChanged {
            keeper: subject,
            from: KeeperStatus::Pending,
            to: KeeperStatus::Jailed,
            stake: SETTLER_BOND_MIN - 1_000,
            changed_at: now,
        }),
        Emitted::of(&CaseOpened {
            case: address,
            number: 0,
            kind: case.kind,
            subject,
            owner: settler.owner.pubkey(),
            mint: zoo.payment_mint,
            reporter: reporter.pubkey(),
            rewarded: case.rewarded,
            victim: case.victim,
            evidence: robbery.challenge,
            sequence: 0,
            epoch: 0,
            done_at: case.done_at,
            punishes_until: case.punishes_until,
            opened_at: now,
            restorable_at: case.restorable_at,
            decidable_at: case.decidable_at,
            bond_lamports: PARAMS.case_bond_lamports,
            penalty: case.penalty,
            held: case.held,
            epochs: Vec::new(),
        }),
    ]);
}
