use super::*;
use heliograph_protocol::price::Prices;
use heliograph_protocol::service::ServiceSet;

const SEC: u64 = SAMPLES_PER_SEC;

fn terms() -> Terms {
    Terms {
        channel: [1; 32],
        session: [2; 32],
        services: ServiceSet::of(Service::Transcription),
        prices: Prices::DEFAULT,
        cap_micro_usdc: 1_000_000,
    }
}

fn record(start: u64, end: u64) -> Record {
    Record {
        engine: "whisper.cpp".into(),
        engine_version: "1".into(),
        model_sha256: [3; 32],
        language: "en".into(),
        parameters: String::new(),
        filters: String::new(),
        audio_sha256: [4; 32],
        audio_start_sample: start,
        audio_end_sample: end,
        text_sha256: [5; 32],
        started_at_unix_ms: 1,
        finished_at_unix_ms: 2,
    }
}

/// A minute in which these segments were heard, answered for up to `done`.
fn stretch(start: u64, segments: &[(u64, u64)], done: u64) -> Stretch {
    let mut stretch = Stretch::new(start, 1_000);
    for (from, to) in segments {
        stretch.record(record(*from, *to), 100);
    }
    stretch.answered(done);
    stretch
}

/// Closes the minute and begins the next; the receipt follows from the one before by the rule.
fn charge(stretch: &mut Stretch, tip: &mut Option<Tip>, end: u64) -> Closed {
    let closed = stretch.close(&terms(), tip.as_ref(), end, 2_000).expect("audio to charge");
    closed.receipt.check(&terms(), tip.as_ref()).expect("follows");
    *tip = Some(closed.receipt.tip([closed.receipt.sequence as u8 + 1; 32]));
    stretch.cut(end, 2_000);
    closed
}

#[test]
fn silence_is_charged_by_whole_minutes() {
    assert_eq!(stretch(0, &[], 59 * SEC).full(), None);
    assert_eq!(stretch(0, &[], 60 * SEC).full(), Some(60 * SEC));
    assert_eq!(stretch(777, &[], 777 + 75 * SEC).full(), Some(777 + 60 * SEC));
}

#[test]
fn no_minute_ends_inside_a_segment() {
    // The last segment of the minute begins 2.5 s before its end.
    let segments = [(10 * SEC, 20 * SEC), (57 * SEC + SEC / 2, 66 * SEC)];
    assert_eq!(stretch(0, &segments, 66 * SEC).full(), Some(57 * SEC));
    // One that touches the second does not span it.
    let segments = [(50 * SEC, 60 * SEC), (60 * SEC, 70 * SEC)];
    assert_eq!(stretch(0, &segments, 70 * SEC).full(), Some(60 * SEC));
}

#[test]
fn speech_without_a_pause_is_cut_between_segments() {
    let segments: Vec<(u64, u64)> =
        (0..4).map(|n| (n * 17 * SEC + 100, (n + 1) * 17 * SEC + 100)).collect();
    let mut stretch = stretch(0, &segments, 68 * SEC + 100);
    let end = stretch.full().unwrap();
    assert_eq!(end, 51 * SEC + 100, "the third segment's end");
    let mut tip = None;
    let closed = charge(&mut stretch, &mut tip, end);
    assert_eq!(closed.receipt.usage.secs[3], 52, "a started second counts");
    assert_eq!(closed.records.len(), 3);
    assert_eq!(stretch.full(), None);
    // What was heard after it belongs to the next one, and is within it.
    let closed = charge(&mut stretch, &mut tip, 68 * SEC + 100);
    assert_eq!(closed.records.len(), 1);
    assert_eq!(closed.records[0].audio_start_sample, closed.receipt.media_start_sample);
    assert_eq!(closed.records[0].audio_end_sample, closed.receipt.media_end_sample);
}

#[test]
fn minutes_of_two_keys_make_one_chain_without_overlap() {
    let mut tip = None;
    let mut ann = stretch(0, &[(SEC, 9 * SEC)], 10 * SEC);
    let mut bob = stretch(500 * SEC, &[(503 * SEC, 504 * SEC)], 505 * SEC);
    let mut ends = 0;
    for (who, end) in [(&mut ann, 10 * SEC), (&mut bob, 505 * SEC)] {
        let closed = charge(who, &mut tip, end);
        for record in &closed.records {
            assert!(record.audio_start_sample >= ends, "{record:?}");
            assert!(record.audio_end_sample <= closed.receipt.media_end_sample);
            ends = record.audio_end_sample;
        }
    }
    assert_eq!(ends, 14 * SEC, "bob's second second to fourth, after ann's ten");
    ann.record(record(11 * SEC, 12 * SEC), 7);
    ann.answered(12 * SEC + 1);
    let closed = charge(&mut ann, &mut tip, 12 * SEC + 1);
    assert_eq!(closed.receipt.sequence, 2);
    assert_eq!(closed.receipt.usage.secs[3], 3);
    assert_eq!(closed.records[0].audio_start_sample, 16 * SEC);
}

#[test]
fn nothing_is_charged_for_nothing() {
    let stretch = stretch(5, &[], 5);
    assert!(stretch.is_empty());
    assert!(stretch.close(&terms(), None, 5, 0).is_none());
    assert!(stretch.close(&terms(), None, 0, 0).is_none());
}

#[test]
fn a_clock_set_back_makes_no_impossible_receipt() {
    let stretch = Stretch::new(0, 9_000);
    let receipt = stretch.close(&terms(), None, SEC, 1_000).unwrap().receipt;
    assert_eq!(receipt.check(&terms(), None), Ok(()));
}

proptest::proptest! {
    /// Whatever is said when: every receipt is at most a minute, records lie in it in order, no
    /// audio is charged twice and none that was answered for is left out.
    #[test]
    fn any_speech_is_charged_once(
        lengths in proptest::collection::vec((0u64..40 * SEC, 1u64..25 * SEC), 1..40),
    ) {
        let (mut stretch, mut tip, mut at, mut charged) = (Stretch::new(0, 0), None, 0, 0);
        let mut records = 0;
        let mut take = |stretch: &mut Stretch, tip: &mut Option<Tip>, end: u64| {
            let start = stretch.start();
            let closed = charge(stretch, tip, end);
            charged += closed.receipt.media_end_sample - closed.receipt.media_start_sample;
            assert!(closed.receipt.usage.secs[3] <= 60);
            assert_eq!(end - start, closed.receipt.media_end_sample - closed.receipt.media_start_sample);
            let mut last = closed.receipt.media_start_sample;
            for record in &closed.records {
                assert!(record.audio_start_sample >= last, "overlap");
                last = record.audio_end_sample;
            }
            assert!(last <= closed.receipt.media_end_sample);
            records += closed.records.len();
        };
        for (silence, speech) in &lengths {
            stretch.answered(at + silence);
            while let Some(end) = stretch.full() {
                take(&mut stretch, &mut tip, end);
            }
            stretch.record(record(at + silence, at + silence + speech), 1);
            at += silence + speech;
            stretch.answered(at);
            while let Some(end) = stretch.full() {
                take(&mut stretch, &mut tip, end);
            }
        }
        if !stretch.is_empty() {
            take(&mut stretch, &mut tip, at);
        }
        proptest::prop_assert_eq!(charged, at);
        proptest::prop_assert_eq!(records, lengths.len());
    }
}
