use super::*;
use heliograph_client::call::speech;
use heliograph_protocol::service::ServiceSet;
use proptest::prelude::*;

const NOW_UNIX_MS: u64 = 1_800_000_000_000;

fn terms() -> Terms {
    Terms {
        channel: [1; 32],
        session: [2; 32],
        services: ServiceSet(0b1111),
        prices: Prices([1_000, 2_000, 500, 5_000]),
        cap_micro_usdc: u64::MAX,
    }
}

fn entry(identity: &str, audio_secs: u32, video_secs: u32) -> CallUsage {
    let (room, identity) = ("lobby".to_owned(), identity.to_owned());
    CallUsage { room, identity, audio_secs, video_secs, data_secs: 0, bytes_in: 5, bytes_out: 7 }
}

fn meter() -> CallMeter {
    CallMeter::new(terms(), None, NOW_UNIX_MS)
}

#[test]
fn a_minute_adds_up_and_follows_the_one_before() {
    let (mut meter, mut counted) = (meter(), Counted::default());
    let quality =
        CallQuality { rtt_p95_ms: 40, jitter_p95_ms: 3, packets: 1_000, packets_lost: 10 };
    counted.add(vec![entry("ann", 30, 30), entry("bob", 30, 0)], quality);
    counted.add(vec![entry("ann", 30, 30)], CallQuality::default());
    let closed = meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 60_000, false).unwrap();
    let receipt = &closed.receipt;
    assert_eq!(receipt.usage.secs, [90, 60, 0, 0]);
    assert_eq!((receipt.usage.bytes_in, receipt.usage.bytes_out), (15, 21));
    assert_eq!(receipt.amount_micro_usdc, 1_500 + 2_000);
    assert_eq!((receipt.quality.rtt_p95_ms, receipt.quality.loss_ppm), (40, 10_000));
    receipt.check(&terms(), None).unwrap();
    assert_eq!(total(&closed.participants), Some(receipt.usage));

    let tip = receipt.tip([3; 32]);
    meter.signed(tip, &closed);
    assert!(
        meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 120_000, false).is_none(),
        "charged once"
    );
    meter.idle_until(NOW_UNIX_MS + 120_000);
    counted.add(vec![entry("ann", 10, 0)], CallQuality::default());
    let next = meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 180_000, false).unwrap();
    next.receipt.check(&terms(), Some(&tip)).unwrap();
    assert_eq!(next.receipt.opened_at_unix_ms, NOW_UNIX_MS + 120_000);
    assert_eq!(next.receipt.cumulative_micro_usdc, 3_500 + 166);
}

#[test]
fn what_runs_ahead_of_the_clock_waits() {
    let (mut meter, mut counted) = (meter(), Counted::default());
    counted.add(vec![entry("ann", 100, 0)], CallQuality::default());
    let closed = meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 60_000, false).unwrap();
    assert_eq!(closed.receipt.usage.secs, [75, 0, 0, 0]);
    meter.signed(closed.receipt.tip([3; 32]), &closed);
    let rest = meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 120_000, false).unwrap();
    assert_eq!(rest.receipt.usage.secs, [25, 0, 0, 0]);
    assert_eq!(rest.receipt.usage.bytes_in, 0, "bytes are charged with the first part");
}

#[test]
fn bytes_alone_are_no_minute() {
    let mut counted = Counted::default();
    counted.add(vec![entry("ann", 0, 0)], CallQuality::default());
    assert!(meter().close(&mut counted, u64::MAX, NOW_UNIX_MS + 60_000, false).is_none());
}

#[test]
fn a_clock_set_back_makes_no_contradiction() {
    let mut counted = Counted::default();
    counted.add(vec![entry("ann", 5, 0)], CallQuality::default());
    let closed = meter().close(&mut counted, u64::MAX, NOW_UNIX_MS - 1, false).unwrap();
    closed.receipt.check(&terms(), None).unwrap();
}

fn heard(tap_start: u64, tap_end: u64) -> Option<Heard> {
    let record = Record {
        engine: "e".into(),
        engine_version: "1".into(),
        model_sha256: [1; 32],
        language: "en".into(),
        parameters: String::new(),
        filters: String::new(),
        audio_sha256: [2; 32],
        audio_start_sample: tap_start,
        audio_end_sample: tap_end,
        text_sha256: [3; 32],
        started_at_unix_ms: 1,
        finished_at_unix_ms: 2,
    };
    Some(Heard { record, latency_ms: 700 })
}

fn who(identity: &str) -> Whose {
    ("lobby".into(), identity.into())
}

/// Seconds as samples.
const fn samples(secs: u64) -> u64 {
    secs * SECOND_SAMPLES
}

fn unlimited() -> Counted {
    let mut counted = Counted::default();
    counted.limit_transcription(u64::MAX);
    counted
}

#[test]
fn speech_is_charged_with_the_rest_of_the_minute_and_has_its_records() {
    let (mut meter, mut counted) = (meter(), unlimited());
    let prices = terms().prices;
    counted.add(vec![entry("ann", 60, 0), entry("bob", 60, 0)], CallQuality::default());
    let second = heard(samples(2), samples(5) + 8_000);
    assert!(counted.transcribed(&prices, who("ann"), (0, samples(5) + 8_000), second));
    assert!(counted.transcribed(&prices, who("bob"), (0, samples(3)), heard(0, samples(3))));
    assert_eq!(counted.price_micro_usdc(&prices), 2_000 + 9 * 5_000 / 60);
    let closed = meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 60_000, false).unwrap();
    closed.receipt.check(&terms(), None).unwrap();
    assert_eq!(closed.receipt.usage.secs, [120, 0, 0, 8], "whole seconds, the rest later");
    assert_eq!(closed.receipt.quality.transcript_latency_p95_ms, 700);
    assert_eq!(closed.records.len(), 1, "bob's ends later");
    let of = |identity: &str, closed: &Closed| {
        let found = closed.participants.iter().find(|usage| usage.identity == identity);
        found.map_or(0, |usage| usage.transcribed_samples)
    };
    assert_eq!((of("ann", &closed), of("bob", &closed)), (samples(5) + 8_000, samples(2) + 8_000));
    let end = speech::check(&closed.receipt, &closed.records, &closed.participants, 0).unwrap();
    let tip = closed.receipt.tip([3; 32]);
    meter.signed(tip, &closed);

    let rest = meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 61_000, true).unwrap();
    rest.receipt.check(&terms(), Some(&tip)).unwrap();
    assert_eq!(rest.receipt.usage.secs, [0, 0, 0, 1], "a second begun counts in the end");
    assert_eq!((of("bob", &rest), rest.records.len()), (8_000, 1));
    speech::check(&rest.receipt, &rest.records, &rest.participants, end).unwrap();
    assert_eq!(counted.transcribed_samples(), 0);
}

#[test]
fn several_who_speak_at_once_make_several_receipts() {
    let (mut meter, mut counted) = (meter(), unlimited());
    for identity in ["ann", "bob", "cy"] {
        let whole = (0, samples(60));
        assert!(counted.transcribed(&terms().prices, who(identity), whole, heard(0, samples(60))));
    }
    let (mut tip, mut end, mut secs) = (None, 0, Vec::new());
    let now = NOW_UNIX_MS + 60_000;
    while let Some(closed) = meter.close(&mut counted, u64::MAX, now, false) {
        closed.receipt.check(&terms(), tip.as_ref()).unwrap();
        end = speech::check(&closed.receipt, &closed.records, &closed.participants, end).unwrap();
        secs.push(closed.receipt.usage.secs[3]);
        let next = closed.receipt.tip([secs.len() as u8; 32]);
        meter.signed(next, &closed);
        tip = Some(next);
    }
    assert_eq!((secs, end), (vec![60, 60, 60], samples(180)));
}

#[test]
fn speech_that_cannot_be_paid_is_not_taken() {
    let mut counted = Counted::default();
    let prices = terms().prices;
    // 5,000 a minute: 12 s cost 1,000.
    counted.limit_transcription(1_000);
    assert!(counted.transcribed(&prices, who("ann"), (0, samples(12)), None));
    assert!(!counted.transcribed(&prices, who("ann"), (samples(12), samples(1)), None));
    assert_eq!(counted.transcribed_samples(), samples(12));
    let closed = meter().close(&mut counted, 500, NOW_UNIX_MS + 60_000, true).unwrap();
    assert_eq!(closed.receipt.usage.secs[3], 6, "no receipt asks for more than there is");
    assert_eq!(closed.receipt.amount_micro_usdc, 500);
}

proptest! {
    /// Whatever is reported and whatever is left: the app's checks pass, the sum is the parts, what
    /// is charged can be paid, and nothing is charged that was not reported.
    #[test]
    fn receipts_are_what_the_app_accepts(
        entries in prop::collection::vec((0..5u8, 0..200u32, 0..200u32, 0..50u32), 0..40),
        left in prop_oneof![0..20_000u64, Just(u64::MAX)],
        spans_ms in prop::collection::vec(0..70_000u64, 1..6),
    ) {
        let (mut meter, mut counted) = (meter(), Counted::default());
        let (mut reported, mut charged) = ([0u64; 3], [0u64; 3]);
        let (mut now, mut tip) = (NOW_UNIX_MS, None);
        let mut app = Bounds::default();
        let chunk = entries.len().div_ceil(spans_ms.len()).max(1);
        let mut chunks = entries.chunks(chunk);
        for passed_ms in spans_ms {
            for &(who, audio, video, data) in chunks.next().unwrap_or_default() {
                let usage = CallUsage { data_secs: data, ..entry(&who.to_string(), audio, video) };
                counted.add(vec![usage], CallQuality::default());
                for (sum, secs) in reported.iter_mut().zip([audio, video, data]) {
                    *sum += u64::from(secs);
                }
            }
            now += passed_ms;
            let Some(closed) = meter.close(&mut counted, left, now, false) else {
                meter.idle_until(now);
                app.advance(&[], passed_ms);
                continue;
            };
            let receipt = &closed.receipt;
            prop_assert!(receipt.check(&terms(), tip.as_ref()).is_ok());
            prop_assert!(receipt.amount_micro_usdc <= left);
            prop_assert_eq!(total(&closed.participants), Some(receipt.usage));
            let span = span_ms(receipt.opened_at_unix_ms, receipt.closed_at_unix_ms);
            prop_assert!(app.check(&closed.participants, span).is_ok());
            app.advance(&closed.participants, span);
            for (sum, secs) in charged.iter_mut().zip(receipt.usage.secs) {
                *sum += u64::from(secs);
            }
            let next = receipt.tip([3; 32]);
            meter.signed(next, &closed);
            tip = Some(next);
        }
        for (charged, reported) in charged.iter().zip(reported) {
            prop_assert!(*charged <= reported);
        }
    }
}
