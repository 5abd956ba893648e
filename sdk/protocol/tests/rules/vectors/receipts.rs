//! Whether a receipt follows: one case for each refusal, and the edges of what is accepted.

use super::cases::{named, session_terms};
use super::document::{Fields, Hex, U64};
use heliograph_protocol::price::Usage;
use heliograph_protocol::receipt::{Receipt, ReceiptError, Terms, Tip};
use heliograph_protocol::service::{Service, ServiceSet};
use serde::Serialize;

#[derive(Serialize)]
pub struct ReceiptCheckVector {
    pub terms: TermsFields,
    /// `null` for a session's first receipt.
    pub previous: Option<TipFields>,
    pub receipt: Fields,
    /// `null` where the receipt follows.
    pub error: Option<&'static str>,
}

#[derive(Serialize)]
pub struct TermsFields {
    pub channel: Hex,
    pub session: Hex,
    pub services: Vec<&'static str>,
    pub prices_micro_usdc: Vec<U64>,
    pub cap_micro_usdc: U64,
}

#[derive(Serialize)]
pub struct TipFields {
    pub sequence: u32,
    pub cumulative_micro_usdc: U64,
    pub media_end_sample: U64,
    pub hash: Hex,
}

/// The refusal as the file has it.
fn word(error: ReceiptError) -> &'static str {
    match error {
        ReceiptError::OtherSession => "other_session",
        ReceiptError::Sequence { .. } => "sequence",
        ReceiptError::BrokenChain => "broken_chain",
        ReceiptError::ServiceNotBought(_) => "service_not_bought",
        ReceiptError::MinuteTooLong(_) => "minute_too_long",
        ReceiptError::Media => "media",
        ReceiptError::Times => "times",
        ReceiptError::Amount { .. } => "amount",
        ReceiptError::Cumulative { .. } => "cumulative",
        ReceiptError::OverCap => "over_cap",
        ReceiptError::Overflow => "overflow",
        other => panic!("{other:?} has no word in the vectors"),
    }
}

/// A receipt with what it is checked against.
#[derive(Clone)]
struct Case {
    terms: Terms,
    previous: Option<Tip>,
    receipt: Receipt,
}

impl Case {
    fn vector(&self) -> ReceiptCheckVector {
        let Self { terms, previous, receipt } = self;
        let bought = Service::ALL.iter().filter(|&&service| terms.services.has(service));
        ReceiptCheckVector {
            terms: TermsFields {
                channel: terms.channel.into(),
                session: terms.session.into(),
                services: bought.map(|service| service.name()).collect(),
                prices_micro_usdc: terms.prices.0.map(U64).into(),
                cap_micro_usdc: U64(terms.cap_micro_usdc),
            },
            previous: previous.as_ref().map(|tip| TipFields {
                sequence: tip.sequence,
                cumulative_micro_usdc: U64(tip.cumulative_micro_usdc),
                media_end_sample: U64(tip.media_end_sample),
                hash: tip.hash.into(),
            }),
            receipt: receipt.into(),
            error: receipt.check(terms, previous.as_ref()).err().map(word),
        }
    }

    /// The case after a change.
    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut case = self.clone();
        change(&mut case);
        case
    }

    /// The case with other seconds, priced and covered by audio as they should be.
    fn serving(&self, secs: [u32; 4]) -> Self {
        self.with(|case| {
            let receipt = &mut case.receipt;
            receipt.usage = Usage { secs, ..receipt.usage };
            receipt.media_end_sample = receipt.media_start_sample + u64::from(secs[3]) * 16_000;
            let before = case.previous.map_or(0, |tip| tip.cumulative_micro_usdc);
            receipt.amount_micro_usdc =
                case.terms.prices.amount_micro_usdc(&receipt.usage).unwrap();
            receipt.cumulative_micro_usdc = before + receipt.amount_micro_usdc;
        })
    }
}

pub fn receipt_checks(receipts: &[Receipt; 2]) -> Vec<ReceiptCheckVector> {
    let [first, second] = receipts;
    let first = Case { terms: session_terms(), previous: None, receipt: first.clone() };
    let tip = first.receipt.tip(second.previous_receipt_hash);
    let second = Case { terms: first.terms, previous: Some(tip), receipt: second.clone() }
        .serving([0, 0, 0, 47]);
    let cases = [accepted(&first, &second), refused(&first, &second), extremes(&first, &second)];
    let vectors: Vec<_> = cases.concat().iter().map(Case::vector).collect();
    let refusals = vectors.iter().filter_map(|vector| vector.error);
    let mut words: Vec<_> = refusals.collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), 11, "a refusal has no case: {words:?}");
    vectors
}

fn accepted(first: &Case, second: &Case) -> Vec<Case> {
    vec![
        first.clone(),
        second.clone(),
        // One sample more than whole seconds is another second.
        second.with(|case| case.receipt.media_end_sample -= 15_999),
        second.serving([0, 0, 0, 60]),
        // A minute of silence.
        second.serving([0; 4]),
        // As much as the cap, and closed as soon as it was opened.
        second.with(|case| {
            case.terms.cap_micro_usdc = case.receipt.cumulative_micro_usdc;
            case.receipt.opened_at_unix_ms = case.receipt.closed_at_unix_ms;
        }),
        // What was not bought is not used.
        second.with(|case| case.terms.services = ServiceSet::of(Service::Transcription)),
        // Participants' minutes are not limited to one.
        first.serving([7_200, 7_200, 7_200, 0]),
    ]
}

fn refused(first: &Case, second: &Case) -> Vec<Case> {
    let changed = |change: fn(&mut Case)| second.with(change);
    let long = first.serving([0, 0, 0, 61]);
    vec![
        changed(|case| case.terms.channel = named("another channel")),
        changed(|case| case.receipt.session = named("another session")),
        changed(|case| case.receipt.sequence = 0),
        changed(|case| case.receipt.sequence = 2),
        changed(|case| case.previous = None),
        first.with(|case| case.receipt.sequence = 1),
        changed(|case| case.receipt.previous_receipt_hash[31] ^= 1),
        first.with(|case| case.receipt.previous_receipt_hash = named("no receipt")),
        changed(|case| case.terms.services = ServiceSet::of(Service::Audio)),
        first.with(|case| case.terms.services = ServiceSet::of(Service::Transcription)),
        long,
        changed(|case| case.receipt.media_start_sample = 1),
        changed(|case| case.receipt.media_end_sample += 1),
        changed(|case| case.receipt.media_end_sample -= 16_000),
        changed(|case| {
            case.previous = case.previous.map(|tip| Tip { media_end_sample: 16_000, ..tip });
        }),
        // Audio that ends before it begins.
        changed(|case| {
            case.previous = case.previous.map(|tip| Tip { media_end_sample: 16_000, ..tip });
            case.receipt.media_start_sample = 16_000;
            case.receipt.media_end_sample = 0;
        }),
        changed(|case| case.receipt.opened_at_unix_ms = case.receipt.closed_at_unix_ms + 1),
        changed(|case| case.receipt.minute_index += 1),
        changed(|case| case.receipt.closed_at_unix_ms += 60_000),
        changed(|case| case.receipt.amount_micro_usdc += 1),
        changed(|case| case.receipt.amount_micro_usdc -= 1),
        changed(|case| case.receipt.cumulative_micro_usdc += 1),
        changed(|case| case.receipt.cumulative_micro_usdc = case.receipt.amount_micro_usdc),
        changed(|case| case.terms.cap_micro_usdc = case.receipt.cumulative_micro_usdc - 1),
        // The first fault is named: another session before its ordinal, usage before its price.
        changed(|case| {
            case.receipt.channel = named("another channel");
            case.receipt.sequence = 9;
        }),
        changed(|case| {
            case.receipt.media_end_sample += 1;
            case.receipt.minute_index += 1;
            case.receipt.amount_micro_usdc += 1;
        }),
    ]
}

fn extremes(first: &Case, second: &Case) -> Vec<Case> {
    vec![
        // No ordinal follows the last.
        second.with(|case| {
            case.previous = case.previous.map(|tip| Tip { sequence: u32::MAX, ..tip });
            case.receipt.sequence = u32::MAX;
        }),
        second.with(|case| {
            case.previous = case.previous.map(|tip| Tip { sequence: u32::MAX - 1, ..tip });
            case.receipt.sequence = u32::MAX;
        }),
        // A price, and a sum, beyond 64 bits.
        first.with(|case| case.terms.prices.0 = [u64::MAX; 4]),
        second.with(|case| {
            let tip = |tip| Tip { cumulative_micro_usdc: u64::MAX, ..tip };
            case.previous = case.previous.map(tip);
            case.receipt.cumulative_micro_usdc = case.receipt.amount_micro_usdc - 1;
        }),
        // The largest sum that fits.
        second.with(|case| {
            case.terms.cap_micro_usdc = u64::MAX;
            let before = u64::MAX - case.receipt.amount_micro_usdc;
            case.previous = case.previous.map(|tip| Tip { cumulative_micro_usdc: before, ..tip });
            case.receipt.cumulative_micro_usdc = u64::MAX;
        }),
    ]
}
