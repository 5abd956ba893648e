use crate::slashing::trials::watched;
use heliograph_client::instruction::slashing::{open_downtime_case, refute_epoch};
use heliograph_client::pda;
use heliograph_slashing::events::{CaseDismissed, EpochRefuted};
use heliograph_slashing::state::{Case, CaseKind, CaseStatus, Record};
use heliograph_staking::events::HoldReleased;
use heliograph_staking::state::Position;
use heliograph_tests::events::Emitted;
use heliograph_tests::observers::Panel;
use heliograph_tests::world::PARAMS;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// A panel whose node is tried for as many epochs as there must be, or `more`, and the case.
pub fn tried(more: usize) -> (Panel, Vec<u64>, Pubkey) {
    let (mut panel, starts) = watched(&vec![false; 3 + more]);
    let reporter = panel.wallet("reporter");
    let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &panel.node.address));
    let case = open.accounts[5].pubkey;
    panel.run(&[open], &[&reporter]);
    (panel, starts, case)
}

/// Convicts observers number 0 to `count` of fraud in `epoch`.
pub fn frauds(panel: &mut Panel, count: usize, epoch: u64) -> Vec<Pubkey> {
    let reporter = panel.wallet("reporter");
    let observers = std::mem::take(&mut panel.observers);
    let cases = observers[..count]
        .iter()
        .map(|observer| panel.convict_of_fraud(&reporter, observer, epoch))
        .collect();
    panel.observers = observers;
    cases
}

#[test]
fn epoch_without_quorum_of_honest_observers_dismisses_the_case() {
    let (mut panel, starts, address) = tried(0);
    let frauds = frauds(&mut panel, 2, starts[1]);
    let case: Case = panel.read(&address);
    let refute = refute_epoch((address, &case), starts[1], &frauds);

    let done = panel.run(&[refute], &[]);

    let now = panel.now();
    let dismissed: Case = panel.read(&address);
    assert_eq!((dismissed.status, dismissed.decided_at), (CaseStatus::Dismissed, now));
    assert_eq!((dismissed.held, dismissed.epochs.len()), (0, 2));
    let record: Record = panel.read(&pda::record(&panel.node.address));
    assert_eq!((record.kinds[2].dismissals, record.kinds[2].convictions), (1, 0));
    assert_eq!((record.kinds[2].open_case, record.kinds[2].punished_until), Default::default());
    let position: Position = panel.read(&panel.node.position());
    assert_eq!(position.held_total(), 0);
    done.emitted_all(&[
        Emitted::of(&HoldReleased {
            position: panel.node.position(),
            requested: case.held,
            amount: case.held,
            held: 0,
            held_delegated: 0,
        }),
        Emitted::of(&EpochRefuted { case: address, epoch: starts[1], frauds: 2, epochs_left: 2 }),
        Emitted::of(&CaseDismissed {
            case: address,
            subject: panel.node.address,
            kind: CaseKind::Downtime,
            released: case.held,
            decided_at: now,
        }),
    ]);
    // The bond is the operator's when the case is closed.
    let operator = panel.node.operator.pubkey();
    let before = panel.lamports(&operator);
    let close = panel.close_case_instruction(&address);
    panel.run(&[close], &[]);
    assert_eq!(panel.lamports(&operator) - before, PARAMS.case_bond_lamports);
}

#[test]
fn case_with_enough_other_epochs_goes_on() {
    let (mut panel, starts, address) = tried(1);
    let frauds = frauds(&mut panel, 2, starts[0]);
    let case: Case = panel.read(&address);
    let done = panel.run(&[refute_epoch((address, &case), starts[0], &frauds)], &[]);
    done.emitted(&EpochRefuted { case: address, epoch: starts[0], frauds: 2, epochs_left: 3 });
    let left: Case = panel.read(&address);
    assert_eq!((left.status, left.epochs), (CaseStatus::Open, case.epochs[1..].to_vec()));
    assert_eq!(left.held, case.held);
    panel.pass(PARAMS.case_window_secs);
    panel.decide(&address);
}
