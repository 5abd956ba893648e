use crate::slashing::refute_epoch::flows::{frauds, tried};
use crate::slashing::trials::equivocation;
use heliograph_protocol::reputation::SCORES_MAX;
use heliograph_slashing::error::SlashingError;
use heliograph_tests::observers::EPOCH_SECS;
use heliograph_tests::world::PARAMS;
use std::slice::from_ref;

#[test]
pub fn open_case_rejects() {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session) = (zoo.stranger.insecure_clone(), zoo.session);
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    let close = zoo.close_case_instruction(&case);
    zoo.refuse(from_ref(&close), &[], SlashingError::CaseInUse);
    zoo.pass(PARAMS.unbonding_secs);
    zoo.refuse(from_ref(&close), &[], SlashingError::CaseInUse);
    zoo.decide(&case);
    zoo.run(&[close], &[]);
}

/// A node that is tried for downtime may need it.
#[test]
fn conviction_for_fraud_stays_while_its_epoch_is_in_scores() {
    let (mut panel, starts, _) = tried(0);
    let fraud = frauds(&mut panel, 1, starts[0])[0];
    let close = panel.close_case_instruction(&fraud);
    let kept = SCORES_MAX as i64 * EPOCH_SECS as i64 + i64::from(PARAMS.case_window_secs);
    for secs in [0, kept - 1] {
        panel.pass(secs);
        panel.refuse(from_ref(&close), &[], SlashingError::CaseInUse);
    }
    panel.pass(1);
    panel.run(&[close], &[]);
}

#[test]
pub fn lamports_to_somebody_else_reject() {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session) = (zoo.stranger.insecure_clone(), zoo.session);
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    zoo.decide(&case);
    for place in [1, 2] {
        let mut close = zoo.close_case_instruction(&case);
        close.accounts[place].pubkey = zoo.other_node.payout;
        zoo.refuse(&[close], &[], SlashingError::OtherWallet);
    }
}

#[test]
fn every_substitute_rejects() {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session) = (zoo.stranger.insecure_clone(), zoo.session);
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    zoo.decide(&case);
    let close = zoo.close_case_instruction(&case);
    let names = ["case", "reporter", "owner", "event_authority", "program"];
    zoo.more.push(("case".into(), case));
    zoo.sweep(&[close], &[], &names, &[]);
}
