use super::*;
use heliograph_protocol::price::Prices;
use heliograph_protocol::service::ServiceSet;
use proptest::prelude::*;

const START_UNIX_MS: u64 = 1_780_000_000_000;

fn terms() -> Terms {
    Terms {
        channel: [1; 32],
        session: [2; 32],
        services: ServiceSet::of(Service::Transcription),
        prices: Prices::DEFAULT,
        cap_micro_usdc: u64::MAX,
    }
}

fn record(end: u64) -> Record {
    Record {
        engine: "test".into(),
        engine_version: "1".into(),
        model_sha256: [3; 32],
        language: "en".into(),
        parameters: String::new(),
        filters: String::new(),
        audio_sha256: [4; 32],
        audio_start_sample: end.saturating_sub(100),
        audio_end_sample: end,
        text_sha256: [5; 32],
        started_at_unix_ms: START_UNIX_MS,
        finished_at_unix_ms: START_UNIX_MS,
    }
}

#[test]
fn whole_minute_costs_the_price() {
    let meter = Meter::new(terms(), None, START_UNIX_MS);
    let closed = meter.close(MINUTE_SAMPLES, START_UNIX_MS + 3_000).unwrap();
    assert_eq!(closed.receipt.check(&terms(), None), Ok(()));
    assert_eq!(closed.receipt.amount_micro_usdc, 5_000);
    assert_eq!(closed.receipt.usage.secs, [0, 0, 0, 60]);
}

/// Silence is listened to as speech is, and costs the same.
#[test]
fn silence_costs_what_speech_costs_by_the_started_second() {
    for (samples, secs, amount) in
        [(1, 1, 83), (16_000, 1, 83), (16_001, 2, 166), (959_999, 60, 5_000)]
    {
        let silent = Meter::new(terms(), None, START_UNIX_MS);
        let mut spoken = Meter::new(terms(), None, START_UNIX_MS);
        spoken.record(record(samples), 100);
        let [silent, spoken] = [&silent, &spoken]
            .map(|meter| meter.close(samples, START_UNIX_MS + 60_000).unwrap().receipt);
        assert_eq!((silent.records_count, spoken.records_count), (0, 1));
        for receipt in [silent, spoken] {
            assert_eq!(receipt.check(&terms(), None), Ok(()));
            assert_eq!(receipt.usage.secs, [0, 0, 0, secs], "{samples}");
            assert_eq!(receipt.amount_micro_usdc, amount, "{samples}");
        }
    }
}

#[test]
fn nothing_served_closes_nothing() {
    let meter = Meter::new(terms(), None, START_UNIX_MS);
    assert_eq!(meter.close(0, START_UNIX_MS), None);
}

#[test]
fn audio_past_the_minute_is_the_next_minutes() {
    let meter = Meter::new(terms(), None, START_UNIX_MS);
    let closed = meter.close(MINUTE_SAMPLES + 77, START_UNIX_MS).unwrap();
    assert_eq!(closed.receipt.media_end_sample, MINUTE_SAMPLES);
}

#[test]
fn record_belongs_to_the_minute_its_audio_ends_in() {
    let mut meter = Meter::new(terms(), None, START_UNIX_MS);
    meter.record(record(MINUTE_SAMPLES), 10);
    meter.record(record(MINUTE_SAMPLES + 1), 20);
    let closed = meter.close(MINUTE_SAMPLES, START_UNIX_MS).unwrap();
    assert_eq!(closed.records, [record(MINUTE_SAMPLES)]);
    let tip = closed.receipt.tip([9; 32]);
    meter.signed(tip, START_UNIX_MS);
    let next = meter.close(2 * MINUTE_SAMPLES, START_UNIX_MS).unwrap();
    assert_eq!(next.records, [record(MINUTE_SAMPLES + 1)]);
    assert_eq!(next.receipt.check(&terms(), Some(&tip)), Ok(()));
}

#[test]
fn clock_set_back_still_gives_a_valid_receipt() {
    let meter = Meter::new(terms(), None, START_UNIX_MS);
    let closed = meter.close(16_000, START_UNIX_MS - 100_000).unwrap();
    assert_eq!(closed.receipt.check(&terms(), None), Ok(()));
}

#[test]
fn percentile_is_the_nearest_rank() {
    assert_eq!(percentile_95(&[]), 0);
    assert_eq!(percentile_95(&[7]), 7);
    let hundred: Vec<u32> = (1..=100).rev().collect();
    assert_eq!(percentile_95(&hundred), 95);
}

proptest! {
    /// However a session is cut into minutes, each receipt passes the rule, nothing is charged
    /// twice, and the charge is at most a second a minute above the audio's length.
    #[test]
    fn receipts_cover_the_audio(steps in proptest::collection::vec(1..2 * MINUTE_SAMPLES, 1..20)) {
        let mut meter = Meter::new(terms(), None, START_UNIX_MS);
        let (mut position, mut tip, mut minutes, mut secs) = (0u64, None, 0u64, 0u64);
        for step in steps {
            position += step;
            while let Some(closed) = meter.close(position, START_UNIX_MS) {
                prop_assert_eq!(closed.receipt.check(&terms(), tip.as_ref()), Ok(()));
                let next = closed.receipt.tip([minutes as u8; 32]);
                secs += u64::from(closed.receipt.usage.secs[3]);
                meter.signed(next, START_UNIX_MS);
                tip = Some(next);
                minutes += 1;
            }
        }
        prop_assert_eq!(meter.minute_start(), position);
        prop_assert!(secs * 16_000 >= position);
        prop_assert!(secs * 16_000 < position + minutes * 16_000);
    }
}
