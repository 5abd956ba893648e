//! Calls are minutes like all others: replayed, added up, and wrong in the same ways.

use crate::scene::calls::{CallScene, MINUTES, PRICES};
use crate::scene::of;
use heliograph_audit::FindingKind as Kind;
use std::sync::OnceLock;

const SECOND: u64 = 16_000;
/// Where the transcribed audio of the true minutes ends.
const SPOKEN: u64 = 91 * SECOND;

fn scene() -> &'static CallScene {
    static SCENE: OnceLock<CallScene> = OnceLock::new();
    SCENE.get_or_init(|| {
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(Box::pin(CallScene::make()))
        })
        .join()
        .unwrap()
    })
}

fn price(secs: [u32; 4]) -> u64 {
    secs.iter().zip(PRICES).map(|(&secs, price)| u64::from(secs) * price / 60).sum()
}

#[test]
fn true_calls_are_clean_and_every_kind_is_billed() {
    let scene = scene();
    let report = scene.audit();
    assert!(report.findings.is_empty(), "{report}");
    let billed: u64 = MINUTES.into_iter().map(price).sum();
    assert_eq!(report.totals.billed_micro_usdc, billed);
    assert_eq!(report.totals.settled_micro_usdc, billed);
    assert_eq!(scene.tips.last().unwrap().cumulative_micro_usdc, billed);
    assert_eq!(scene.tips.last().unwrap().media_end_sample, SPOKEN);
    let rows: Vec<_> =
        report.minutes.iter().map(|minute| (minute.secs, minute.amount_micro_usdc)).collect();
    assert_eq!(rows, MINUTES.map(|secs| (secs.into_iter().max().unwrap(), price(secs))));
}

#[test]
fn more_speech_than_a_receipt_may_hold_is_found() {
    let report = scene().audit_with([60, 60, 0, 61], &[]);
    let found = of(&report, Kind::ReceiptWrong);
    assert_eq!(found.len(), 1, "{report}");
    assert_eq!((found[0].session, found[0].sequence), (Some(scene().session), Some(3)));
    // The same with a second less is a minute like others.
    assert!(scene().audit_with([60, 60, 0, 60], &[]).is_clean());
}

#[test]
fn records_that_overlap_or_lie_outside_are_found() {
    for spans in [
        &[(SPOKEN, SPOKEN + 500), (SPOKEN + 499, SPOKEN + 900)][..],
        &[(SPOKEN + 100, SPOKEN + 10 * SECOND + 1)],
        // Into what somebody else had said in the minute before.
        &[(SPOKEN - 101, SPOKEN + 500)],
    ] {
        let report = scene().audit_with([0, 0, 0, 10], spans);
        assert!(!of(&report, Kind::RecordsAudioWrong).is_empty(), "{spans:?}: {report}");
    }
    let spans = [(SPOKEN - 100, SPOKEN + 500), (SPOKEN + 500, SPOKEN + 900)];
    let report = scene().audit_with([0, 0, 0, 10], &spans);
    assert!(of(&report, Kind::RecordsAudioWrong).is_empty(), "{report}");
}
