use super::*;
use heliograph_protocol::price::Prices;
use heliograph_protocol::record::Record;
use heliograph_protocol::service::ServiceSet;

const SEC: u64 = SAMPLES_PER_SEC;

fn terms(cap_micro_usdc: u64) -> Terms {
    Terms {
        channel: [1; 32],
        session: [2; 32],
        services: ServiceSet::of(Service::Transcription),
        prices: Prices::DEFAULT,
        cap_micro_usdc,
    }
}

fn key(bought_secs: u32) -> Key {
    let token = "token".to_owned();
    Key::new("ann", KeyState { bought_secs, token, used_secs: 0, end_sample: 0 })
}

/// A segment from `start` to `end`, in tenths of a second, is heard and answered for.
fn hear(key: &Key, start: u64, end: u64) {
    let record = Record {
        engine: "whisper.cpp".into(),
        engine_version: "1".into(),
        model_sha256: [3; 32],
        language: "en".into(),
        parameters: String::new(),
        filters: String::new(),
        audio_sha256: [4; 32],
        audio_start_sample: start * SEC / 10,
        audio_end_sample: end * SEC / 10,
        text_sha256: [5; 32],
        started_at_unix_ms: 1,
        finished_at_unix_ms: 2,
    };
    let mut account = key.account();
    account.stretch.record(record, 100);
    account.stretch.answered(end * SEC / 10);
}

/// Charges up to `end`, as a session does; returns the seconds and records that it charges.
fn charge(key: &Key, terms: &Terms, tip: &mut Option<Tip>, end: u64) -> Option<(u32, usize)> {
    let (closed, start) = key.close(terms, tip.as_ref(), end, 2_000)?;
    let receipt = closed.receipt;
    receipt.check(terms, tip.as_ref()).expect("follows");
    let secs = receipt.usage.secs(Service::Transcription);
    let end = start + receipt.media_end_sample - receipt.media_start_sample;
    key.charged(receipt.sequence, secs, end, 2_000);
    *tip = Some(receipt.tip([receipt.sequence as u8 + 1; 32]));
    Some((secs, closed.records.len()))
}

#[test]
fn a_key_is_charged_no_more_than_it_bought() {
    let (key, terms, mut tip) = (key(70), terms(1_000_000), None);
    hear(&key, 0, 205);
    hear(&key, 205, 453);
    hear(&key, 453, 700);
    // Speech without a pause: the minute ends with the second segment, and takes a started second.
    let full = key.account().stretch.full().expect("a minute");
    assert_eq!(charge(&key, &terms, &mut tip, full), Some((46, 2)));
    assert_eq!(key.limit(), 693 * SEC / 10);
    let done = key.account().stretch.done();
    assert_eq!(charge(&key, &terms, &mut tip, done), Some((24, 0)), "its segment reaches out");
    // A minute later nobody has come back, and nothing is left to charge.
    let done = key.account().stretch.done();
    assert_eq!(charge(&key, &terms, &mut tip, done), None);
    assert!(key.account().stretch.is_empty());
    assert_eq!(key.account().used_secs, 70);
}

#[test]
fn a_key_is_charged_no_more_than_the_cap_leaves() {
    // A minute costs 5,000 micro-USDC: the cap is for one.
    let (key, terms, mut tip) = (key(600), terms(5_000), None);
    hear(&key, 0, 500);
    hear(&key, 500, 700);
    let full = key.account().stretch.full().expect("a minute");
    assert_eq!(charge(&key, &terms, &mut tip, full), Some((50, 1)));
    let done = key.account().stretch.done();
    assert_eq!(charge(&key, &terms, &mut tip, done), Some((10, 0)));
    let done = key.account().stretch.done();
    assert_eq!(charge(&key, &terms, &mut tip, done), None);
    // Fractions of a micro-USDC are nobody's.
    assert_eq!(tip.map(|tip| tip.cumulative_micro_usdc), Some(4_166 + 833));
}

#[test]
fn a_segment_served_past_what_is_paid_is_in_no_receipt() {
    let (key, terms, mut tip) = (key(10), terms(1_000_000), None);
    hear(&key, 80, 105);
    assert_eq!(charge(&key, &terms, &mut tip, u64::MAX), Some((10, 0)));
    // Extended, the key goes on after it, and the segment after that is where it was heard.
    key.bought.send_replace(20);
    hear(&key, 110, 120);
    let (closed, start) = key.close(&terms, tip.as_ref(), u64::MAX, 2_000).expect("two seconds");
    assert_eq!((start, closed.records.len()), (10 * SEC, 1));
    let record = &closed.records[0];
    assert_eq!(record.audio_start_sample, closed.receipt.media_start_sample + SEC);
    assert_eq!(record.audio_end_sample, closed.receipt.media_end_sample);
}
