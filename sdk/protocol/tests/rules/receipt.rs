//! What the app checks before it pays, and the auditor afterwards: one mutation for each refusal.

use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::price::{Prices, Usage};
use heliograph_protocol::receipt::{Quality, Receipt, ReceiptError, Terms, Tip};
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_protocol::{merkle, minute_index};
use proptest::collection::vec;
use proptest::prelude::*;

const DOMAIN: Domain = Domain([0xd0; 32]);
const OPENED_AT_UNIX_MS: u64 = 1_780_000_020_000;

fn terms() -> Terms {
    Terms {
        channel: [1; 32],
        session: [2; 32],
        services: ServiceSet::of(Service::Audio).with(ServiceSet::of(Service::Transcription)),
        prices: Prices::DEFAULT,
        cap_micro_usdc: 20_000,
    }
}

fn tip() -> Tip {
    Tip { sequence: 6, cumulative_micro_usdc: 12_000, media_end_sample: 5_000_123, hash: [6; 32] }
}

/// The receipt of a full minute that follows from `terms` and `previous`.
fn following(terms: &Terms, previous: Option<&Tip>, secs: [u32; 4]) -> Receipt {
    let usage = Usage { secs, bytes_in: 480_000, bytes_out: 1_440_000 };
    let amount = terms.prices.amount_micro_usdc(&usage).unwrap();
    let sequence = previous.map_or(0, |tip| tip.sequence + 1);
    let opened_at_unix_ms = OPENED_AT_UNIX_MS + 60_000 * u64::from(sequence);
    let closed_at_unix_ms = opened_at_unix_ms + 60_000;
    let media_start_sample = previous.map_or(0, |tip| tip.media_end_sample);
    Receipt {
        channel: terms.channel,
        session: terms.session,
        sequence,
        minute_index: minute_index(closed_at_unix_ms / 1_000),
        opened_at_unix_ms,
        closed_at_unix_ms,
        media_start_sample,
        media_end_sample: media_start_sample + u64::from(secs[3]) * 16_000,
        usage,
        quality: Quality { rtt_p95_ms: 48, ..Quality::default() },
        records_count: 0,
        records_root: merkle::root(&[]),
        amount_micro_usdc: amount,
        cumulative_micro_usdc: previous.map_or(0, |tip| tip.cumulative_micro_usdc) + amount,
        previous_receipt_hash: previous.map_or([0; 32], |tip| tip.hash),
    }
}

fn valid() -> Receipt {
    following(&terms(), Some(&tip()), [60, 0, 0, 60])
}

/// The refusal of the valid receipt after one change to it, its terms or the receipt before it.
fn refusal(change: impl FnOnce(&mut Receipt, &mut Terms, &mut Tip)) -> ReceiptError {
    let (mut receipt, mut terms, mut tip) = (valid(), terms(), tip());
    assert_eq!(receipt.check(&terms, Some(&tip)), Ok(()));
    change(&mut receipt, &mut terms, &mut tip);
    receipt.check(&terms, Some(&tip)).unwrap_err()
}

#[test]
fn valid_receipts_pass() {
    assert_eq!(valid().check(&terms(), Some(&tip())), Ok(()));
    assert_eq!(valid().amount_micro_usdc, 6_000);
    let first = following(&terms(), None, [60, 0, 0, 59]);
    assert_eq!(first.check(&terms(), None), Ok(()));
    // Exactly the cap is not over it.
    let exact = Terms { cap_micro_usdc: 18_000, ..terms() };
    assert_eq!(valid().check(&exact, Some(&tip())), Ok(()));
    // A minute in which nothing was served costs nothing and keeps the chain whole.
    let idle = following(&terms(), Some(&tip()), [0; 4]);
    assert_eq!(idle.amount_micro_usdc, 0);
    assert_eq!(idle.check(&terms(), Some(&tip())), Ok(()));
}

#[test]
fn other_channel_or_session_is_refused() {
    assert_eq!(refusal(|r, _, _| r.channel[0] ^= 1), ReceiptError::OtherSession);
    assert_eq!(refusal(|r, _, _| r.session[31] ^= 1), ReceiptError::OtherSession);
    assert_eq!(refusal(|_, t, _| t.session[0] ^= 1), ReceiptError::OtherSession);
}

#[test]
fn repeated_or_skipped_sequence_is_refused() {
    for found in [0, 6, 8, u32::MAX] {
        let error = ReceiptError::Sequence { expected: 7, found };
        assert_eq!(refusal(|r, _, _| r.sequence = found), error);
    }
    let first = following(&terms(), None, [60, 0, 0, 0]);
    assert_eq!(
        first.check(&terms(), Some(&tip())),
        Err(ReceiptError::Sequence { expected: 7, found: 0 })
    );
    assert_eq!(
        valid().check(&terms(), None),
        Err(ReceiptError::Sequence { expected: 0, found: 7 })
    );
}

#[test]
fn broken_chain_is_refused() {
    assert_eq!(refusal(|r, _, _| r.previous_receipt_hash[9] ^= 1), ReceiptError::BrokenChain);
    assert_eq!(refusal(|_, _, tip| tip.hash[9] ^= 1), ReceiptError::BrokenChain);
    let mut first = following(&terms(), None, [60, 0, 0, 0]);
    first.previous_receipt_hash = [1; 32];
    assert_eq!(first.check(&terms(), None), Err(ReceiptError::BrokenChain));
}

#[test]
fn service_not_bought_is_refused() {
    for service in [Service::Video, Service::Data] {
        let error = refusal(|r, _, _| r.usage.secs[service as usize] = 1);
        assert_eq!(error, ReceiptError::ServiceNotBought(service));
    }
    let error = refusal(|_, t, _| t.services = ServiceSet::of(Service::Audio));
    assert_eq!(error, ReceiptError::ServiceNotBought(Service::Transcription));
}

#[test]
fn more_than_a_minute_of_transcription_is_refused() {
    let error = refusal(|r, _, _| r.usage.secs[Service::Transcription as usize] = 61);
    assert_eq!(error, ReceiptError::MinuteTooLong(61));
    // Participant-seconds of audio add up over participants and have no such bound.
    let crowd = following(&terms(), None, [600, 0, 0, 0]);
    assert_eq!(crowd.check(&terms(), None), Ok(()));
}

#[test]
fn audio_other_than_charged_is_refused() {
    assert_eq!(refusal(|r, _, _| r.media_start_sample += 1), ReceiptError::Media);
    assert_eq!(refusal(|r, _, _| r.media_end_sample += 1), ReceiptError::Media);
    assert_eq!(refusal(|r, _, _| r.media_end_sample -= 16_000), ReceiptError::Media);
    assert_eq!(refusal(|r, _, _| r.media_end_sample = 0), ReceiptError::Media);
    assert_eq!(refusal(|_, _, tip| tip.media_end_sample -= 1), ReceiptError::Media);
    // A started second is charged whole.
    let mut partial = valid();
    partial.media_end_sample -= 15_999;
    assert_eq!(partial.check(&terms(), Some(&tip())), Ok(()));
}

#[test]
fn contradictory_times_are_refused() {
    assert_eq!(refusal(|r, _, _| r.minute_index += 1), ReceiptError::Times);
    assert_eq!(refusal(|r, _, _| r.minute_index -= 1), ReceiptError::Times);
    assert_eq!(
        refusal(|r, _, _| r.opened_at_unix_ms = r.closed_at_unix_ms + 1),
        ReceiptError::Times
    );
    assert_eq!(refusal(|r, _, _| r.closed_at_unix_ms += 60_000), ReceiptError::Times);
}

#[test]
fn amount_that_is_not_the_price_is_refused() {
    for found in [0, 5_999, 6_001, u64::MAX] {
        let error = ReceiptError::Amount { expected: 6_000, found };
        assert_eq!(refusal(|r, _, _| r.amount_micro_usdc = found), error);
    }
    let error = refusal(|r, _, _| r.usage.secs[0] = 59);
    assert_eq!(error, ReceiptError::Amount { expected: 5_983, found: 6_000 });
    let error = refusal(|_, t, _| t.prices.0[0] = 900);
    assert_eq!(error, ReceiptError::Amount { expected: 5_900, found: 6_000 });
}

#[test]
fn cumulative_that_is_not_the_sum_is_refused() {
    for found in [0, 12_000, 17_999, 18_001] {
        let error = ReceiptError::Cumulative { expected: 18_000, found };
        assert_eq!(refusal(|r, _, _| r.cumulative_micro_usdc = found), error);
    }
    let error = refusal(|_, _, tip| tip.cumulative_micro_usdc -= 1);
    assert_eq!(error, ReceiptError::Cumulative { expected: 17_999, found: 18_000 });
}

#[test]
fn receipt_over_the_cap_is_refused() {
    assert_eq!(refusal(|_, t, _| t.cap_micro_usdc = 17_999), ReceiptError::OverCap);
    assert_eq!(refusal(|_, t, _| t.cap_micro_usdc = 0), ReceiptError::OverCap);
}

#[test]
fn overflow_is_refused_wherever_it_arises() {
    // The price of the minute, the sum, the ordinal.
    assert_eq!(refusal(|_, t, _| t.prices.0 = [u64::MAX; 4]), ReceiptError::Overflow);
    assert_eq!(refusal(|_, _, tip| tip.cumulative_micro_usdc = u64::MAX), ReceiptError::Overflow);
    assert_eq!(refusal(|_, _, tip| tip.sequence = u32::MAX), ReceiptError::Overflow);
}

#[test]
fn refusals_read_differently() {
    let errors = [
        ReceiptError::OtherSession,
        ReceiptError::Sequence { expected: 1, found: 2 },
        ReceiptError::BrokenChain,
        ReceiptError::ServiceNotBought(Service::Video),
        ReceiptError::MinuteTooLong(61),
        ReceiptError::Times,
        ReceiptError::Amount { expected: 1, found: 2 },
        ReceiptError::Cumulative { expected: 1, found: 2 },
        ReceiptError::OverCap,
        ReceiptError::Overflow,
    ];
    let texts: std::collections::BTreeSet<String> =
        errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), errors.len());
    assert!(texts.iter().any(|text| text.contains("video")));
}

proptest! {
    /// A session of any length: each receipt follows from the one before, adds its price, and
    /// stands nowhere else in the chain.
    #[test]
    fn chain_adds_up(minutes in vec((0..=600u32, 0..=60u32), 1..20), cap in 0..200_000u64) {
        let terms = Terms { cap_micro_usdc: cap, ..terms() };
        let mut previous: Option<Tip> = None;
        let mut sum = 0;
        for (audio_secs, transcribed_secs) in minutes {
            let receipt = following(&terms, previous.as_ref(), [audio_secs, 0, 0, transcribed_secs]);
            sum += u64::from(audio_secs) * 1_000 / 60 + u64::from(transcribed_secs) * 5_000 / 60;
            let result = receipt.check(&terms, previous.as_ref());
            if sum > cap {
                prop_assert_eq!(result, Err(ReceiptError::OverCap));
                break;
            }
            prop_assert_eq!(result, Ok(()));
            prop_assert_eq!(receipt.cumulative_micro_usdc, sum);
            let tip = receipt.tip(receipt.message_hash(&DOMAIN));
            prop_assert!(receipt.check(&terms, Some(&tip)).is_err());
            previous = Some(tip);
        }
    }
}
