use heliograph_client::pda;
use heliograph_protocol::reputation::Phase;
use heliograph_reputation::state::Observation;
use heliograph_slashing::state::{Case, CaseKind};
use heliograph_tests::World;
use heliograph_tests::cases::statement;
use heliograph_tests::observers::{GOOD, Panel};
use heliograph_tests::world::OBSERVER_STAKE_MIN;
use solana_signer::Signer;

/// A panel in which every observer has posted a root, and the crank as reporter.
pub fn posted() -> Panel {
    let mut panel = Panel::new(3);
    let mint = panel.stake_mint;
    panel.pot(&mint);
    panel.post_all(&[GOOD; 3]);
    panel.enter_phase(Phase::Posting);
    panel
}

#[test]
fn statement_that_differs_from_what_was_posted_opens_a_case() {
    let mut panel = posted();
    let reporter = panel.wallet("reporter");
    let epoch = panel.epoch;
    let posted: Observation = panel.read(&panel.observation(0));
    // Another root, or another count under the same.
    for (root, count) in [([9; 32], posted.leaves_count), (posted.root, posted.leaves_count + 1)] {
        let mut branch = World::clone(&panel);
        let statement = statement(&panel.observers[0], epoch, root, count);
        let observer = &panel.observers[0];
        let open = branch.fraud_instructions(&reporter.pubkey(), observer, epoch, &statement);
        branch.run(&open, &[&reporter]);
        let case: Case = branch.read(&pda::case(&observer.address, 0));
        assert_eq!((case.kind, case.epoch), (CaseKind::ObserverFraud, epoch));
        assert_eq!((case.penalty, case.held), (OBSERVER_STAKE_MIN / 5, OBSERVER_STAKE_MIN / 5));
        assert_eq!((case.done_at, case.decidable_at), (posted.posted_at, branch.now()));
        assert_eq!(case.evidence, panel.observation(0));
    }
}
