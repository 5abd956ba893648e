use super::*;
use heliograph_protocol::service::ServiceSet;
use proptest::prelude::*;

const NOW_UNIX_MS: u64 = 1_800_000_000_000;

fn terms() -> Terms {
    Terms {
        channel: [1; 32],
        session: [2; 32],
        services: ServiceSet(0b111),
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
    let closed = meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 60_000).unwrap();
    let receipt = &closed.receipt;
    assert_eq!(receipt.usage.secs, [90, 60, 0, 0]);
    assert_eq!((receipt.usage.bytes_in, receipt.usage.bytes_out), (15, 21));
    assert_eq!(receipt.amount_micro_usdc, 1_500 + 2_000);
    assert_eq!((receipt.quality.rtt_p95_ms, receipt.quality.loss_ppm), (40, 10_000));
    receipt.check(&terms(), None).unwrap();
    assert_eq!(total(&closed.participants), Some(receipt.usage));

    let tip = receipt.tip([3; 32]);
    meter.signed(tip, &closed);
    assert!(meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 120_000).is_none(), "charged once");
    meter.idle_until(NOW_UNIX_MS + 120_000);
    counted.add(vec![entry("ann", 10, 0)], CallQuality::default());
    let next = meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 180_000).unwrap();
    next.receipt.check(&terms(), Some(&tip)).unwrap();
    assert_eq!(next.receipt.opened_at_unix_ms, NOW_UNIX_MS + 120_000);
    assert_eq!(next.receipt.cumulative_micro_usdc, 3_500 + 166);
}

#[test]
fn what_runs_ahead_of_the_clock_waits() {
    let (mut meter, mut counted) = (meter(), Counted::default());
    counted.add(vec![entry("ann", 100, 0)], CallQuality::default());
    let closed = meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 60_000).unwrap();
    assert_eq!(closed.receipt.usage.secs, [75, 0, 0, 0]);
    meter.signed(closed.receipt.tip([3; 32]), &closed);
    let rest = meter.close(&mut counted, u64::MAX, NOW_UNIX_MS + 120_000).unwrap();
    assert_eq!(rest.receipt.usage.secs, [25, 0, 0, 0]);
    assert_eq!(rest.receipt.usage.bytes_in, 0, "bytes are charged with the first part");
}

#[test]
fn bytes_alone_are_no_minute() {
    let mut counted = Counted::default();
    counted.add(vec![entry("ann", 0, 0)], CallQuality::default());
    assert!(meter().close(&mut counted, u64::MAX, NOW_UNIX_MS + 60_000).is_none());
}

#[test]
fn a_clock_set_back_makes_no_contradiction() {
    let mut counted = Counted::default();
    counted.add(vec![entry("ann", 5, 0)], CallQuality::default());
    let closed = meter().close(&mut counted, u64::MAX, NOW_UNIX_MS - 1).unwrap();
    closed.receipt.check(&terms(), None).unwrap();
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
        for span_ms in spans_ms {
            for &(who, audio, video, data) in chunks.next().unwrap_or_default() {
                let usage = CallUsage { data_secs: data, ..entry(&who.to_string(), audio, video) };
                counted.add(vec![usage], CallQuality::default());
                for (sum, secs) in reported.iter_mut().zip([audio, video, data]) {
                    *sum += u64::from(secs);
                }
            }
            now += span_ms;
            let Some(closed) = meter.close(&mut counted, left, now) else {
                meter.idle_until(now);
                let span = u32::try_from(span_ms.div_ceil(1_000)).unwrap();
                app.advance(&[], span);
                continue;
            };
            let receipt = &closed.receipt;
            prop_assert!(receipt.check(&terms(), tip.as_ref()).is_ok());
            prop_assert!(receipt.amount_micro_usdc <= left);
            prop_assert_eq!(total(&closed.participants), Some(receipt.usage));
            let span = span_secs(receipt.opened_at_unix_ms, receipt.closed_at_unix_ms);
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
