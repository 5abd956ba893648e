use crate::slashing::trials::watched;
use heliograph_client::instruction::slashing::open_downtime_case;
use heliograph_slashing::state::{Case, CaseKind};
use heliograph_tests::world::{PARAMS, STAKE_MIN};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn bad_epochs_open_a_case() {
    let (mut panel, starts) = watched(&[false, true, false, false]);
    let reporter = panel.wallet("reporter");
    let accusation = panel.accusation(&reporter.pubkey(), &panel.node.address);
    let open = open_downtime_case(&accusation);
    let address = open.accounts[5].pubkey;
    panel.run(&[open], &[&reporter]);
    let case: Case = panel.read(&address);
    let now = panel.now();
    assert_eq!(case.kind, CaseKind::Downtime);
    assert_eq!(case.penalty, STAKE_MIN / 100);
    assert_eq!(case.decidable_at, now + i64::from(PARAMS.case_window_secs));
    assert_eq!(case.victim, Pubkey::default());
    let charged: Vec<(u64, u8)> =
        case.epochs.iter().map(|bad| (bad.epoch, bad.observers)).collect();
    assert_eq!(charged, [(starts[0], 4), (starts[2], 4), (starts[3], 4)]);
    assert!(case.epochs.iter().all(|bad| bad.score_ppm < PARAMS.score_min_ppm));
    assert_eq!(case.done_at, starts[3] as i64);
}

/// Of all epochs only the newest ones count.
#[test]
fn only_the_newest_epochs_are_judged() {
    let (mut panel, starts) = watched(&[false, false, true, true, false, false, false]);
    let reporter = panel.wallet("reporter");
    let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &panel.node.address));
    let address = open.accounts[5].pubkey;
    panel.run(&[open], &[&reporter]);
    let case: Case = panel.read(&address);
    let charged: Vec<u64> = case.epochs.iter().map(|bad| bad.epoch).collect();
    assert_eq!(charged, starts[4..]);
}
