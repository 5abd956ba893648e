//! Arbitrary messages for the property tests.

use heliograph_protocol::batch::{BatchHeader, Leaf};
use heliograph_protocol::domain::Domain;
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::observation::{self, Figures, NOT_MEASURED, PPM};
use heliograph_protocol::price::{Prices, Usage};
use heliograph_protocol::receipt::{Quality, Receipt};
use heliograph_protocol::record::Record;
use heliograph_protocol::sample::{SAMPLE_LEN, SAMPLES_MAX, Sample};
use heliograph_protocol::stream::StreamOpen;
use heliograph_protocol::voucher::Voucher;
use proptest::collection::vec;
use proptest::prelude::*;

pub fn domain() -> impl Strategy<Value = Domain> {
    any::<[u8; 32]>().prop_map(Domain)
}

pub fn prices() -> impl Strategy<Value = Prices> {
    any::<[u64; 4]>().prop_map(Prices)
}

pub fn usage() -> impl Strategy<Value = Usage> {
    (any::<[u32; 4]>(), any::<u64>(), any::<u64>()).prop_map(|(secs, bytes_in, bytes_out)| Usage {
        secs,
        bytes_in,
        bytes_out,
    })
}

pub fn receipt() -> impl Strategy<Value = Receipt> {
    let names = (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<u32>());
    let times = any::<(u64, u64, u64, u64, u64)>();
    let served = (usage(), any::<[u32; 4]>(), any::<u32>(), any::<[u8; 32]>());
    let money = (any::<u64>(), any::<u64>(), any::<[u8; 32]>());
    (names, times, served, money).prop_map(|(names, times, served, money)| Receipt {
        channel: names.0,
        session: names.1,
        sequence: names.2,
        minute_index: times.0,
        opened_at_unix_ms: times.1,
        closed_at_unix_ms: times.2,
        media_start_sample: times.3,
        media_end_sample: times.4,
        usage: served.0,
        quality: Quality {
            rtt_p95_ms: served.1[0],
            jitter_p95_ms: served.1[1],
            loss_ppm: served.1[2],
            transcript_latency_p95_ms: served.1[3],
        },
        records_count: served.2,
        records_root: served.3,
        amount_micro_usdc: money.0,
        cumulative_micro_usdc: money.1,
        previous_receipt_hash: money.2,
    })
}

pub fn voucher() -> impl Strategy<Value = Voucher> {
    (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<u32>(), any::<u64>(), any::<[u8; 32]>()).prop_map(
        |(channel, session, sequence, cumulative_micro_usdc, receipt_hash)| Voucher {
            channel,
            session,
            sequence,
            cumulative_micro_usdc,
            receipt_hash,
        },
    )
}

pub fn stream_open() -> impl Strategy<Value = StreamOpen> {
    (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<u64>(), any::<[u8; 16]>()).prop_map(
        |(session, node_key, issued_at_unix_ms, nonce)| StreamOpen {
            session,
            node_key,
            issued_at_unix_ms,
            nonce,
        },
    )
}

pub fn leaf() -> impl Strategy<Value = Leaf> {
    (any::<[[u8; 32]; 4]>(), any::<u64>()).prop_map(|(names, cumulative_micro_usdc)| Leaf {
        app: names[0],
        node: names[1],
        session: names[2],
        cumulative_micro_usdc,
        evidence: names[3],
    })
}

pub fn batch_header() -> impl Strategy<Value = BatchHeader> {
    (any::<[[u8; 32]; 2]>(), any::<u64>(), any::<u32>(), any::<u64>()).prop_map(
        |(names, minute_index, count, total_micro_usdc)| BatchHeader {
            settler: names[0],
            minute_index,
            root: names[1],
            count,
            total_micro_usdc,
        },
    )
}

pub fn record() -> impl Strategy<Value = Record> {
    let text = || "\\PC{0,24}";
    let strings = (text(), text(), text(), text(), text());
    let hashes = (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 32]>());
    (strings, hashes, any::<[u64; 4]>()).prop_map(|(strings, hashes, numbers)| Record {
        engine: strings.0,
        engine_version: strings.1,
        model_sha256: hashes.0,
        language: strings.2,
        parameters: strings.3,
        filters: strings.4,
        audio_sha256: hashes.1,
        audio_start_sample: numbers[0],
        audio_end_sample: numbers[1],
        text_sha256: hashes.2,
        started_at_unix_ms: numbers[2],
        finished_at_unix_ms: numbers[3],
    })
}

pub fn signed() -> impl Strategy<Value = Signed> {
    (vec(any::<u8>(), 0..400), any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(
        |(bytes, public_key, r, s)| {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&r);
            signature[32..].copy_from_slice(&s);
            Signed { bytes, public_key, signature }
        },
    )
}

pub fn archived_receipt() -> impl Strategy<Value = ArchivedReceipt> {
    (signed(), vec(record(), 0..4))
        .prop_map(|(signed, records)| ArchivedReceipt { signed, records })
}

/// Figures with every one measured; extremes drawn often.
pub fn measured() -> impl Strategy<Value = Figures> {
    let part = || prop_oneof![Just(0), Just(PPM), 900_000..=PPM, 0..=PPM];
    let micros = || prop_oneof![Just(0), 0..1_000_000u32, 0..NOT_MEASURED];
    let loss = prop_oneof![Just(0), 0..50_000u32, 0..=PPM];
    (1..=u32::MAX, part(), micros(), micros(), loss, micros(), micros()).prop_map(
        |(samples, availability_ppm, rtt, jitter, loss_ppm, setup, wer_ppm)| Figures {
            samples,
            availability_ppm,
            rtt_p95_us: rtt,
            jitter_p95_us: jitter,
            loss_ppm,
            setup_p95_us: setup,
            wer_ppm,
        },
    )
}

/// Any valid figures, some of them not measured.
pub fn figures() -> impl Strategy<Value = Figures> {
    (measured(), any::<[bool; 5]>()).prop_map(|(figures, absent)| {
        let of = |figure, absent| if absent { NOT_MEASURED } else { figure };
        Figures {
            rtt_p95_us: of(figures.rtt_p95_us, absent[0]),
            jitter_p95_us: of(figures.jitter_p95_us, absent[1]),
            loss_ppm: of(figures.loss_ppm, absent[2]),
            setup_p95_us: of(figures.setup_p95_us, absent[3]),
            wer_ppm: of(figures.wer_ppm, absent[4]),
            ..figures
        }
    })
}

pub fn observation() -> impl Strategy<Value = observation::Leaf> {
    (any::<[u8; 32]>(), any::<u64>(), any::<[u8; 32]>(), figures(), any::<[u8; 32]>()).prop_map(
        |(observer, epoch, node, figures, samples_root)| observation::Leaf {
            observer,
            epoch,
            node,
            figures,
            samples_root,
        },
    )
}

/// Any sample whatever.
pub fn sample() -> impl Strategy<Value = Sample> {
    any::<[u8; SAMPLE_LEN]>().prop_map(|bytes| borsh::from_slice(&bytes).unwrap())
}

/// What probes could have been: in order and within an epoch of an hour, good and bad ones, each
/// measuring some things.
pub fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let probe = (
        1..=14_u32,
        any::<[bool; 4]>(),
        [1..20_000_000_u32, 1..5_000_000_u32, 0..5_000_000_u32, 0..60_000_000_u32],
        (0..4_000_u32, 0..=1_000_u32),
        (0..100_u32, 0..200_u32),
    );
    vec(probe, 1..=SAMPLES_MAX).prop_map(|probes| {
        let mut at_secs = 0;
        let of = |(gap, absent, measured, (sent, lost_permille), (spoken, wrong)): (
            u32,
            [bool; 4],
            [u32; 4],
            (u32, u32),
            (u32, u32),
        )| {
            let figure = |n: usize| if absent[n] { NOT_MEASURED } else { measured[n] };
            at_secs += gap;
            Sample {
                at_secs: at_secs - 1,
                setup_us: figure(0),
                rtt_us: figure(1),
                jitter_us: figure(2),
                packets_sent: sent,
                packets_lost: sent * lost_permille / 1_000,
                words_spoken: spoken,
                words_wrong: wrong,
                latency_us: figure(3),
            }
        };
        probes.into_iter().map(of).collect()
    })
}

pub fn root_statement() -> impl Strategy<Value = observation::RootStatement> {
    (any::<[u8; 32]>(), any::<u64>(), any::<[u8; 32]>(), any::<u32>()).prop_map(
        |(observer, epoch, root, leaves_count)| observation::RootStatement {
            observer,
            epoch,
            root,
            leaves_count,
        },
    )
}
