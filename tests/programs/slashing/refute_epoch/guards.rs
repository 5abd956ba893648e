use super::flows::{frauds, tried};
use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::slashing::refute_epoch;
use heliograph_registry::state::{NetworkParams, OBSERVERS_MAX};
use heliograph_slashing::error::SlashingError;
use heliograph_slashing::state::Case;
use heliograph_tests::Zoo;
use heliograph_tests::observers::Panel;
use heliograph_tests::reason::in_slashing;
use heliograph_tests::world::PARAMS;

/// Changes the network's quorum.
fn ask_for(panel: &mut Panel, observer_quorum: u8) {
    panel.propose_params(NetworkParams { observer_quorum, ..PARAMS });
    panel.pass(PARAMS.timelock_secs);
    let apply = panel.apply_params_instruction();
    panel.run(&[apply], &[]);
}

#[test]
pub fn quorum_without_them_rejects() {
    let (mut panel, starts, address) = tried(0);
    let case: Case = panel.read(&address);
    let one = frauds(&mut panel, 1, starts[0]);
    // Four were heard: without one, three are left, which is the quorum.
    let refute = refute_epoch((address, &case), starts[0], &one);
    panel.refuse(&[refute], &[], SlashingError::QuorumStands);
}

/// Nor when the network asks for more observers than were heard then.
#[test]
fn epoch_without_fraud_stays() {
    let (mut panel, starts, address) = tried(0);
    ask_for(&mut panel, OBSERVERS_MAX);
    let case: Case = panel.read(&address);
    let refute = refute_epoch((address, &case), starts[0], &[]);
    panel.refuse(&[refute], &[], SlashingError::NotUpheldFraud);
}

/// An epoch is judged by the quorum it was scored with, whatever the network asks for today.
#[test]
fn todays_quorum_counts_for_nothing() {
    for (observer_quorum, convicted) in [(OBSERVERS_MAX, 1), (1, 2)] {
        let (mut panel, starts, address) = tried(0);
        let cases = frauds(&mut panel, convicted, starts[0]);
        ask_for(&mut panel, observer_quorum);
        let case: Case = panel.read(&address);
        let refute = refute_epoch((address, &case), starts[0], &cases);
        if convicted == 1 {
            panel.refuse(&[refute], &[], SlashingError::QuorumStands);
        } else {
            panel.run(&[refute], &[]);
        }
    }
}

#[test]
pub fn cases_that_prove_nothing_reject() {
    let (mut panel, starts, address) = tried(0);
    let case: Case = panel.read(&address);
    let one = frauds(&mut panel, 1, starts[0]);
    let refute = |epoch, cases: &[_]| refute_epoch((address, &case), epoch, cases);
    let not_upheld = SlashingError::NotUpheldFraud;
    // One case twice, one of another epoch, and the case itself.
    panel.refuse(&[refute(starts[0], &[one[0], one[0]])], &[], not_upheld);
    panel.refuse(&[refute(starts[1], &one)], &[], SlashingError::NotUpheldFraud);
    panel.refuse(&[refute(starts[0], &[address])], &[], SlashingError::NotUpheldFraud);
    let unsorted = {
        let mut sorted = refute(starts[0], &[one[0], address]);
        let len = sorted.accounts.len();
        sorted.accounts.swap(len - 1, len - 2);
        sorted
    };
    panel.refuse(&[unsorted], &[], SlashingError::NotUpheldFraud);
    let strange = refute(starts[0], &[panel.node.address]);
    panel.refuse(&[strange], &[], in_slashing(ErrorCode::AccountOwnedByWrongProgram));
}

#[test]
pub fn epoch_not_charged_rejects() {
    let (mut panel, starts, address) = tried(0);
    let case: Case = panel.read(&address);
    let refute = refute_epoch((address, &case), starts[0] + 1, &[]);
    panel.refuse(&[refute], &[], SlashingError::EpochNotCharged);
}

#[test]
pub fn case_of_another_kind_rejects() {
    let (mut panel, starts, _) = tried(0);
    let fraud = frauds(&mut panel, 1, starts[0])[0];
    let case: Case = panel.read(&fraud);
    let refute = refute_epoch((fraud, &case), starts[0], &[]);
    panel.refuse(&[refute], &[], SlashingError::OtherKind);
}

#[test]
fn decided_case_rejects() {
    let (mut panel, starts, address) = tried(0);
    let two = frauds(&mut panel, 2, starts[0]);
    let case: Case = panel.read(&address);
    panel.pass(PARAMS.case_window_secs);
    panel.decide(&address);
    let refute = refute_epoch((address, &case), starts[0], &two);
    panel.refuse(&[refute], &[], SlashingError::CaseDecided);
}

#[test]
fn every_substitute_rejects() {
    let (mut panel, starts, address) = tried(1);
    let two = frauds(&mut panel, 2, starts[0]);
    let case: Case = panel.read(&address);
    let refute = refute_epoch((address, &case), starts[0], &two);
    let names = [
        "network",
        "case",
        "record",
        "position",
        "slasher",
        "staking_event_authority",
        "staking_program",
        "event_authority",
        "program",
        "fraud",
        "second fraud",
    ];
    let mut animals: Vec<_> = Zoo::new().animals();
    let record = heliograph_client::pda::record;
    animals.extend([
        ("a fraud".to_owned(), two[0]),
        ("another".to_owned(), two[1]),
        ("observer's record".to_owned(), record(&panel.observers[0].address)),
        ("observer's position".to_owned(), panel.observers[0].position()),
    ]);
    let (mut last, _, last_address) = tried(0);
    let last_two = frauds(&mut last, 2, starts[0]);
    let case: Case = last.read(&last_address);
    let dismissing = refute_epoch((last_address, &case), starts[0], &last_two);
    let sweep = heliograph_tests::sweep::Sweep {
        instructions: &[dismissing],
        target: 0,
        signers: &[],
        names: &names,
        zoo: &animals,
        strangers: &[],
        meant: &[],
        cut: Some(SlashingError::QuorumStands.into()),
    };
    sweep.run(&last);
    panel.run(&[refute], &[]);
}
