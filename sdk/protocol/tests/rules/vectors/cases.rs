//! The cases in `vectors/messages.json`: ordinary ones, and the edges of every field.

use super::batches::{batches, claim_records, claim_vectors};
use super::document::{
    ArchiveVector, Document, Hex, MerkleVector, MessageVector, PriceVector, RangeVector,
    RecordVector, RecordsRootVector, SettleVector, ShareVector, SplitFields, U64, sign,
};
use super::receipts::receipt_checks;
use super::{quality, samples};
use crate::merkle::CT_LEAVES;
use heliograph_protocol::domain::{Domain, Message, PROTOCOL, VERSION};
use heliograph_protocol::evidence::ArchivedReceipt;
use heliograph_protocol::hash::{Hash, sha256};
use heliograph_protocol::observation::RootStatement;
use heliograph_protocol::price::{Prices, Usage};
use heliograph_protocol::receipt::{Quality, Receipt, Terms};
use heliograph_protocol::record::{Record, records_root, text_sha256};
use heliograph_protocol::service::ServiceSet;
use heliograph_protocol::settle::{SettleError, SettleState, draws};
use heliograph_protocol::shares::{BPS, Shares};
use heliograph_protocol::stream::StreamOpen;
use heliograph_protocol::voucher::Voucher;
use heliograph_protocol::{merkle, minute_index};

const NODE_SEED: [u8; 32] = [0x11; 32];
const APP_SEED: [u8; 32] = [0x22; 32];
const TEXTS: [&str; 3] = ["the quick brown fox", "გამარჯობა, მსოფლიო", ""];

/// 32 bytes that say in which field they are.
pub fn named(field: &str) -> [u8; 32] {
    sha256(&[b"heliograph test vector: ", field.as_bytes()])
}

fn record(text: &str, start_sample: u64, end_sample: u64) -> Record {
    Record {
        engine: "whisper.cpp".into(),
        engine_version: "1.7.6".into(),
        model_sha256: named("model"),
        language: "en".into(),
        parameters: "beam_size=5;temperature=0".into(),
        filters: "vad:0.5;no_speech:0.6".into(),
        audio_sha256: named("audio"),
        audio_start_sample: start_sample,
        audio_end_sample: end_sample,
        text_sha256: text_sha256(text),
        started_at_unix_ms: 1_780_000_061_250,
        finished_at_unix_ms: 1_780_000_061_900,
    }
}

struct Session {
    domain: Domain,
    records: Vec<Record>,
    receipts: [Receipt; 2],
}

/// What the session was opened for.
pub fn session_terms() -> Terms {
    Terms {
        channel: named("channel"),
        session: named("session"),
        services: ServiceSet::ALL,
        prices: Prices::DEFAULT,
        cap_micro_usdc: 1_000_000,
    }
}

/// Two minutes of a session, the second with records; checked like any other receipts.
fn session() -> Session {
    let domain = Domain(named("domain"));
    let records = vec![
        record(TEXTS[0], 0, 38_400),
        Record { language: "ka".into(), ..record(TEXTS[1], 38_400, 96_000) },
    ];
    let terms = session_terms();
    let first = Receipt {
        channel: terms.channel,
        session: terms.session,
        sequence: 0,
        minute_index: minute_index(1_780_000_060),
        opened_at_unix_ms: 1_780_000_000_000,
        closed_at_unix_ms: 1_780_000_060_000,
        media_start_sample: 0,
        media_end_sample: 0,
        usage: Usage { secs: [120, 120, 60, 0], bytes_in: 1_234_567, bytes_out: 2_345_678 },
        quality: Quality {
            rtt_p95_ms: 48,
            jitter_p95_ms: 7,
            loss_ppm: 1_200,
            ..Quality::default()
        },
        records_count: 0,
        records_root: records_root(&[]),
        amount_micro_usdc: 5_000,
        cumulative_micro_usdc: 5_000,
        previous_receipt_hash: [0; 32],
    };
    let tip = first.tip(first.message_hash(&domain));
    let second = Receipt {
        sequence: 1,
        minute_index: minute_index(1_780_000_120),
        opened_at_unix_ms: 1_780_000_060_000,
        closed_at_unix_ms: 1_780_000_120_000,
        media_start_sample: 0,
        media_end_sample: 46 * 16_000 + 1,
        usage: Usage { secs: [0, 0, 0, 47], bytes_in: 1_504_000, bytes_out: 512 },
        quality: Quality { transcript_latency_p95_ms: 650, ..Quality::default() },
        records_count: 2,
        records_root: records_root(&records),
        amount_micro_usdc: 3_916,
        cumulative_micro_usdc: 8_916,
        previous_receipt_hash: tip.hash,
        ..first.clone()
    };
    assert_eq!(first.check(&terms, None), Ok(()));
    assert_eq!(second.check(&terms, Some(&tip)), Ok(()));
    Session { domain, records, receipts: [first, second] }
}

fn voucher_for(receipt: &Receipt, domain: &Domain) -> Voucher {
    Voucher {
        channel: receipt.channel,
        session: receipt.session,
        sequence: receipt.sequence,
        cumulative_micro_usdc: receipt.cumulative_micro_usdc,
        receipt_hash: receipt.message_hash(domain),
    }
}

/// Every field at its largest value.
fn largest_receipt() -> Receipt {
    Receipt {
        channel: [0xff; 32],
        session: [0xff; 32],
        sequence: u32::MAX,
        minute_index: u64::MAX,
        opened_at_unix_ms: u64::MAX,
        closed_at_unix_ms: u64::MAX,
        media_start_sample: u64::MAX,
        media_end_sample: u64::MAX,
        usage: Usage { secs: [u32::MAX; 4], bytes_in: u64::MAX, bytes_out: u64::MAX },
        quality: Quality {
            rtt_p95_ms: u32::MAX,
            jitter_p95_ms: u32::MAX,
            loss_ppm: u32::MAX,
            transcript_latency_p95_ms: u32::MAX,
        },
        records_count: u32::MAX,
        records_root: [0xff; 32],
        amount_micro_usdc: u64::MAX,
        cumulative_micro_usdc: u64::MAX,
        previous_receipt_hash: [0xff; 32],
    }
}

pub fn document() -> Document {
    let session = session();
    let (records, records_roots) = records(&session);
    let (observations, observations_roots) = quality::leaves();
    Document {
        protocol: std::str::from_utf8(&PROTOCOL).unwrap(),
        version: VERSION,
        messages: messages(&session),
        receipt_checks: receipt_checks(&session.receipts),
        records,
        records_roots,
        archive: archive(&session),
        merkle: (0..=CT_LEAVES.len()).map(merkle_vector).collect(),
        prices: prices(),
        shares: shares(),
        settles: settle_vectors(),
        batches: batches(),
        claims: claim_vectors(),
        claim_records: claim_records(),
        samples: samples::samples(),
        observations,
        observations_roots,
        root_statements: root_statements(&session),
        scores: quality::scores(),
        smoothing: quality::smoothing(),
        quorums: quality::quorums(),
    }
}

fn messages(session: &Session) -> Vec<MessageVector> {
    let domain = &session.domain;
    let zero = Domain([0; 32]);
    let [first, second] = &session.receipts;
    let open = StreamOpen {
        session: first.session,
        node_key: named("node key"),
        issued_at_unix_ms: 1_780_000_000_123,
        nonce: std::array::from_fn(|i| i as u8),
    };
    let receipt = |name, receipt: &Receipt, domain| {
        MessageVector::new(name, "receipt", receipt, domain, NODE_SEED)
    };
    let voucher = |name, receipt: &Receipt, domain| {
        MessageVector::new(name, "voucher", &voucher_for(receipt, domain), domain, APP_SEED)
    };
    vec![
        receipt("first minute", first, domain),
        receipt("second minute", second, domain),
        receipt("first minute, other domain", first, &zero),
        receipt("largest receipt", &largest_receipt(), domain),
        voucher("first voucher", first, domain),
        voucher("second voucher", second, domain),
        voucher("first voucher, other domain", first, &zero),
        voucher("largest voucher", &largest_receipt(), domain),
        MessageVector::new("stream open", "stream_open", &open, domain, APP_SEED),
    ]
}

fn root_statements(session: &Session) -> Vec<MessageVector> {
    let statement = |name, epoch, leaves_count| {
        let observer = named("observer");
        let statement = RootStatement { observer, epoch, root: named("root"), leaves_count };
        MessageVector::new(name, "root_statement", &statement, &session.domain, NODE_SEED)
    };
    vec![
        statement("root of an epoch", 1_780_002_000, 3),
        statement("largest root statement", u64::MAX, u32::MAX),
    ]
}

fn records(session: &Session) -> (Vec<RecordVector>, Vec<RecordsRootVector>) {
    let empty = Record {
        engine: String::new(),
        engine_version: String::new(),
        language: String::new(),
        parameters: String::new(),
        filters: String::new(),
        started_at_unix_ms: u64::MAX,
        ..record(TEXTS[2], u64::MAX, 0)
    };
    let vectors = vec![
        RecordVector::new("english", TEXTS[0], &session.records[0]),
        RecordVector::new("georgian", TEXTS[1], &session.records[1]),
        RecordVector::new("empty strings", TEXTS[2], &empty),
    ];
    let all = [&session.records[..], &[empty]].concat();
    let roots = [0, 1, 2, 3]
        .map(|count| RecordsRootVector {
            records: vectors[..count].iter().map(|vector| vector.name).collect(),
            root: records_root(&all[..count]).into(),
        })
        .into();
    (vectors, roots)
}

fn archive(session: &Session) -> Vec<ArchiveVector> {
    let [first, second] = &session.receipts;
    let receipt = |message, receipt: &Receipt, records: &[Record], names| {
        let signed = sign(receipt, &session.domain, NODE_SEED);
        let path = object_path("receipts", &signed.hash());
        let object = ArchivedReceipt { signed, records: records.to_vec() };
        let object = Hex(borsh::to_vec(&object).unwrap());
        ArchiveVector { message, records: Some(names), path, object }
    };
    let voucher = sign(&voucher_for(first, &session.domain), &session.domain, APP_SEED);
    vec![
        receipt("first minute", first, &[], vec![]),
        receipt("second minute", second, &session.records, vec!["english", "georgian"]),
        ArchiveVector {
            message: "first voucher",
            records: None,
            path: object_path("vouchers", &voucher.hash()),
            object: Hex(borsh::to_vec(&voucher).unwrap()),
        },
    ]
}

fn object_path(folder: &str, hash: &Hash) -> String {
    let name = hex::encode(hash);
    format!("{folder}/{}/{name}", &name[..2])
}

fn merkle_vector(count: usize) -> MerkleVector {
    let leaves: Vec<Hash> =
        CT_LEAVES[..count].iter().map(|data| merkle::leaf(&hex::decode(data).unwrap())).collect();
    let path = |index| {
        let path = merkle::proof(&leaves, index).unwrap();
        path.into_iter().map(Hex::from).collect()
    };
    MerkleVector {
        leaves: CT_LEAVES[..count].to_vec(),
        root: merkle::root(&leaves).into(),
        paths: (0..count).map(path).collect(),
        ranges: (0..count)
            .flat_map(|first| (first + 2..=count).map(move |end| first..end))
            .map(|range| RangeVector {
                first: range.start as u32,
                end: range.end as u32,
                path: merkle::range_proof(&leaves, range)
                    .unwrap()
                    .into_iter()
                    .map(Hex::from)
                    .collect(),
            })
            .collect(),
        leaf_hashes: leaves.into_iter().map(Hex::from).collect(),
    }
}

fn prices() -> Vec<PriceVector> {
    [
        ([1_000, 1_000, 1_000, 5_000], [60, 60, 60, 60]),
        ([1_000, 1_000, 1_000, 5_000], [1, 1, 1, 1]),
        ([1_000, 1_000, 1_000, 5_000], [0, 0, 0, 0]),
        ([7, 11, 13, 17], [59, 61, 119, 7]),
        ([u64::MAX, 0, 0, 0], [60, 0, 0, 0]),
        ([u64::MAX, 0, 0, 0], [61, 0, 0, 0]),
        ([u64::MAX; 4], [59, 0, 0, 1]),
        ([u64::MAX; 4], [u32::MAX; 4]),
        ([1; 4], [u32::MAX; 4]),
    ]
    .map(|(prices, secs)| PriceVector {
        prices_micro_usdc: prices.map(U64).into(),
        secs,
        amount_micro_usdc: Prices(prices)
            .amount_micro_usdc(&Usage { secs, bytes_in: 0, bytes_out: 0 })
            .map(U64),
    })
    .into()
}

fn shares() -> Vec<ShareVector> {
    let default = (Shares::DEFAULT.operator_bps, Shares::DEFAULT.settler_bps);
    [
        (default, 0, 1_000_000, true),
        (default, 0, 1_000_000, false),
        (default, 0, 1, true),
        (default, 1, 2, true),
        (default, 3, 4, true),
        (default, 12_345, 67_890, true),
        (default, 0, u64::MAX, true),
        (default, u64::MAX - 1, u64::MAX, true),
        ((BPS, 0), 0, u64::MAX, true),
        ((0, BPS), 0, u64::MAX, true),
        ((3_333, 3_333), 1, 10_000, true),
        ((5_001, 5_000), 0, 100, true),
        (default, 2, 1, true),
        (default, 5, 5, true),
    ]
    .map(|((operator_bps, settler_bps), before, after, settler)| ShareVector {
        operator_bps,
        settler_bps,
        before_micro_usdc: U64(before),
        after_micro_usdc: U64(after),
        settler,
        split: Shares { operator_bps, settler_bps }.split(before, after, settler).map(|split| {
            SplitFields {
                operator_micro_usdc: U64(split.operator_micro_usdc),
                settler_micro_usdc: U64(split.settler_micro_usdc),
                treasury_micro_usdc: U64(split.treasury_micro_usdc),
            }
        }),
    })
    .into()
}

fn settle_vectors() -> Vec<SettleVector> {
    [
        (0, 100, 1_000, 0, 60),
        (60, 100, 1_000, 0, 100),
        (60, 100, 7, 0, 100),
        (60, 100, 7, 0, 60),
        (60, 100, 7, 0, 101),
        (60, 100, 0, 0, 100),
        (0, u64::MAX, u64::MAX, 0, u64::MAX),
        (0, 99, 0, 0, 100),
        // The escrow pays first, the bond what it cannot.
        (0, 100, 1_000, 50, 60),
        (60, 100, 7, 50, 100),
        (60, 100, 7, 20, 100),
        (60, 100, 0, 20, 100),
        (60, 100, 0, 20, 60),
        (0, 99, 0, 20, 100),
    ]
    .map(|(settled, cap, escrow, bond, cumulative)| {
        let state = SettleState {
            settled_micro_usdc: settled,
            cap_micro_usdc: cap,
            escrow_available_micro_usdc: escrow,
        };
        let voucher = Voucher {
            cumulative_micro_usdc: cumulative,
            ..voucher_for(&largest_receipt(), &Domain([0; 32]))
        };
        let result = draws(&state, bond, &voucher);
        SettleVector {
            settled_micro_usdc: U64(settled),
            cap_micro_usdc: U64(cap),
            escrow_available_micro_usdc: U64(escrow),
            channel_bond_micro_usdc: U64(bond),
            voucher_cumulative_micro_usdc: U64(cumulative),
            settles_micro_usdc: result.ok().map(|drawn| U64(drawn.micro_usdc())),
            from_bond_micro_usdc: result.ok().map(|drawn| U64(drawn.bond_micro_usdc)),
            error: result.err().map(|error| match error {
                SettleError::Stale => "stale",
                SettleError::OverCap => "over_cap",
                SettleError::EscrowEmpty => "escrow_empty",
                other => panic!("{other:?} has no word in the vectors"),
            }),
        }
    })
    .into()
}
