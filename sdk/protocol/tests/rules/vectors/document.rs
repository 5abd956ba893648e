//! Shape of `vectors/messages.json`. Its README describes it for readers in other languages.

use super::quality::{
    ObservationVector, ObservationsRootVector, QuorumVector, ScoreVector, SmoothingVector,
};
use super::receipts::ReceiptCheckVector;
use super::samples::SamplesVector;
use heliograph_protocol::Address;
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::observation::RootStatement;
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::record::Record;
use heliograph_protocol::stream::StreamOpen;
use heliograph_protocol::voucher::Voucher;
use serde::{Serialize, Serializer};
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Bytes as lower-case hex.
pub struct Hex(pub Vec<u8>);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl From<Hash> for Hex {
    fn from(hash: Hash) -> Self {
        Self(hash.to_vec())
    }
}

/// A 64-bit number as a decimal string: JSON readers with doubles would round it.
pub struct U64(pub u64);

impl Serialize for U64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Serialize)]
pub struct Document {
    pub protocol: &'static str,
    pub version: u8,
    pub messages: Vec<MessageVector>,
    pub receipt_checks: Vec<ReceiptCheckVector>,
    pub records: Vec<RecordVector>,
    pub records_roots: Vec<RecordsRootVector>,
    pub archive: Vec<ArchiveVector>,
    pub merkle: Vec<MerkleVector>,
    pub prices: Vec<PriceVector>,
    pub shares: Vec<ShareVector>,
    pub settles: Vec<SettleVector>,
    pub batches: Vec<BatchVector>,
    pub claims: Vec<ClaimVector>,
    pub claim_records: Vec<ClaimRecordVector>,
    pub samples: Vec<SamplesVector>,
    pub observations: Vec<ObservationVector>,
    pub observations_roots: Vec<ObservationsRootVector>,
    pub root_statements: Vec<MessageVector>,
    pub scores: Vec<ScoreVector>,
    pub smoothing: Vec<SmoothingVector>,
    pub quorums: Vec<QuorumVector>,
}

#[derive(Serialize)]
pub struct MessageVector {
    pub name: &'static str,
    pub kind: &'static str,
    pub kind_number: u8,
    pub domain: Hex,
    pub secret_seed: Hex,
    pub public_key: Hex,
    pub fields: Fields,
    pub signing_bytes: Hex,
    pub hash: Hex,
    pub signature: Hex,
}

impl MessageVector {
    pub fn new<M: Message>(
        name: &'static str,
        kind: &'static str,
        message: &M,
        domain: &Domain,
        seed: [u8; 32],
    ) -> Self
    where
        for<'a> Fields: From<&'a M>,
    {
        let signed = sign(message, domain, seed);
        Self {
            name,
            kind,
            kind_number: M::KIND as u8,
            domain: domain.0.into(),
            secret_seed: seed.into(),
            public_key: signed.public_key.into(),
            fields: message.into(),
            hash: signed.hash().into(),
            signature: Hex(signed.signature.to_vec()),
            signing_bytes: Hex(signed.bytes),
        }
    }
}

/// Signs as a node or an app does.
pub fn sign<M: Message>(message: &M, domain: &Domain, seed: [u8; 32]) -> Signed {
    let keypair = Keypair::new_from_array(seed);
    let bytes = message.signing_bytes(domain);
    let signature = keypair.sign_message(&bytes);
    let public_key: Address = keypair.pubkey().to_bytes();
    assert!(signature.verify(&public_key, &bytes));
    Signed { bytes, public_key, signature: signature.into() }
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Fields {
    Receipt {
        channel: Hex,
        session: Hex,
        sequence: u32,
        minute_index: U64,
        opened_at_unix_ms: U64,
        closed_at_unix_ms: U64,
        media_start_sample: U64,
        media_end_sample: U64,
        usage: UsageFields,
        quality: QualityFields,
        records_count: u32,
        records_root: Hex,
        amount_micro_usdc: U64,
        cumulative_micro_usdc: U64,
        previous_receipt_hash: Hex,
    },
    Voucher {
        channel: Hex,
        session: Hex,
        sequence: u32,
        cumulative_micro_usdc: U64,
        receipt_hash: Hex,
    },
    StreamOpen {
        session: Hex,
        node_key: Hex,
        issued_at_unix_ms: U64,
        nonce: Hex,
    },
    RootStatement {
        observer: Hex,
        epoch: U64,
        root: Hex,
        leaves_count: u32,
    },
}

#[derive(Serialize)]
pub struct UsageFields {
    pub secs: [u32; 4],
    pub bytes_in: U64,
    pub bytes_out: U64,
}

#[derive(Serialize)]
pub struct QualityFields {
    pub rtt_p95_ms: u32,
    pub jitter_p95_ms: u32,
    pub loss_ppm: u32,
    pub transcript_latency_p95_ms: u32,
}

impl From<&Receipt> for Fields {
    fn from(receipt: &Receipt) -> Self {
        Self::Receipt {
            channel: receipt.channel.into(),
            session: receipt.session.into(),
            sequence: receipt.sequence,
            minute_index: U64(receipt.minute_index),
            opened_at_unix_ms: U64(receipt.opened_at_unix_ms),
            closed_at_unix_ms: U64(receipt.closed_at_unix_ms),
            media_start_sample: U64(receipt.media_start_sample),
            media_end_sample: U64(receipt.media_end_sample),
            usage: UsageFields {
                secs: receipt.usage.secs,
                bytes_in: U64(receipt.usage.bytes_in),
                bytes_out: U64(receipt.usage.bytes_out),
            },
            quality: QualityFields {
                rtt_p95_ms: receipt.quality.rtt_p95_ms,
                jitter_p95_ms: receipt.quality.jitter_p95_ms,
                loss_ppm: receipt.quality.loss_ppm,
                transcript_latency_p95_ms: receipt.quality.transcript_latency_p95_ms,
            },
            records_count: receipt.records_count,
            records_root: receipt.records_root.into(),
            amount_micro_usdc: U64(receipt.amount_micro_usdc),
            cumulative_micro_usdc: U64(receipt.cumulative_micro_usdc),
            previous_receipt_hash: receipt.previous_receipt_hash.into(),
        }
    }
}

impl From<&Voucher> for Fields {
    fn from(voucher: &Voucher) -> Self {
        Self::Voucher {
            channel: voucher.channel.into(),
            session: voucher.session.into(),
            sequence: voucher.sequence,
            cumulative_micro_usdc: U64(voucher.cumulative_micro_usdc),
            receipt_hash: voucher.receipt_hash.into(),
        }
    }
}

impl From<&StreamOpen> for Fields {
    fn from(request: &StreamOpen) -> Self {
        Self::StreamOpen {
            session: request.session.into(),
            node_key: request.node_key.into(),
            issued_at_unix_ms: U64(request.issued_at_unix_ms),
            nonce: Hex(request.nonce.to_vec()),
        }
    }
}

impl From<&RootStatement> for Fields {
    fn from(statement: &RootStatement) -> Self {
        Self::RootStatement {
            observer: statement.observer.into(),
            epoch: U64(statement.epoch),
            root: statement.root.into(),
            leaves_count: statement.leaves_count,
        }
    }
}

#[derive(Serialize)]
pub struct RecordVector {
    pub name: &'static str,
    pub fields: RecordFields,
    pub borsh: Hex,
    pub leaf: Hex,
}

#[derive(Serialize)]
pub struct RecordFields {
    pub engine: String,
    pub engine_version: String,
    pub model_sha256: Hex,
    pub language: String,
    pub parameters: String,
    pub filters: String,
    pub audio_sha256: Hex,
    pub audio_start_sample: U64,
    pub audio_end_sample: U64,
    /// The text is given beside its hash, so that the hash can be checked too.
    pub text: &'static str,
    pub text_sha256: Hex,
    pub started_at_unix_ms: U64,
    pub finished_at_unix_ms: U64,
}

impl RecordVector {
    pub fn new(name: &'static str, text: &'static str, record: &Record) -> Self {
        Self {
            name,
            fields: RecordFields {
                engine: record.engine.clone(),
                engine_version: record.engine_version.clone(),
                model_sha256: record.model_sha256.into(),
                language: record.language.clone(),
                parameters: record.parameters.clone(),
                filters: record.filters.clone(),
                audio_sha256: record.audio_sha256.into(),
                audio_start_sample: U64(record.audio_start_sample),
                audio_end_sample: U64(record.audio_end_sample),
                text,
                text_sha256: record.text_sha256.into(),
                started_at_unix_ms: U64(record.started_at_unix_ms),
                finished_at_unix_ms: U64(record.finished_at_unix_ms),
            },
            borsh: Hex(borsh::to_vec(record).unwrap()),
            leaf: record.leaf().into(),
        }
    }
}

#[derive(Serialize)]
pub struct RecordsRootVector {
    pub records: Vec<&'static str>,
    pub root: Hex,
}

#[derive(Serialize)]
pub struct ArchiveVector {
    pub message: &'static str,
    /// Absent for a voucher, whose object is the signed message alone.
    pub records: Option<Vec<&'static str>>,
    pub path: String,
    pub object: Hex,
}

#[derive(Serialize)]
pub struct MerkleVector {
    pub leaves: Vec<&'static str>,
    pub leaf_hashes: Vec<Hex>,
    pub root: Hex,
    /// The path of each leaf, in order.
    pub paths: Vec<Vec<Hex>>,
    /// Every range of two leaves or more.
    pub ranges: Vec<RangeVector>,
}

#[derive(Serialize)]
pub struct RangeVector {
    pub first: u32,
    pub end: u32,
    pub path: Vec<Hex>,
}

#[derive(Serialize)]
pub struct BatchVector {
    pub domain: Hex,
    pub settler: Hex,
    pub minute_index: U64,
    pub leaves: Vec<LeafVector>,
    pub root: Hex,
    pub total_micro_usdc: U64,
    pub header_bytes: Hex,
    /// The chain before this batch and up to it.
    pub previous_chain: Hex,
    pub chain: Hex,
}

#[derive(Serialize)]
pub struct LeafVector {
    pub app: Hex,
    pub node: Hex,
    pub session: Hex,
    pub cumulative_micro_usdc: U64,
    pub receipt_hash: Hex,
    pub voucher_hash: Hex,
    pub evidence: Hex,
    pub hash: Hex,
}

#[derive(Serialize)]
pub struct ClaimVector {
    pub settled_micro_usdc: U64,
    pub cap_micro_usdc: U64,
    pub escrow_available_micro_usdc: U64,
    pub batch_left_micro_usdc: U64,
    pub leaf_cumulative_micro_usdc: U64,
    pub claims_micro_usdc: Option<U64>,
    pub error: Option<&'static str>,
}

/// A session's record, step by step.
#[derive(Serialize)]
pub struct ClaimRecordVector {
    pub steps: Vec<ClaimStepVector>,
}

#[derive(Serialize)]
pub struct ClaimStepVector {
    /// `claim`, `prove` or `restore`.
    pub deed: &'static str,
    /// Of a proof: all zeros.
    pub settler: Hex,
    /// Claimed; left unproven; restored.
    pub micro_usdc: U64,
    pub now: U64,
    pub refused: bool,
    /// Of a claim: its batch's period.
    pub period_secs: u32,
    /// The record afterwards: settler, recent, earlier, since, period.
    pub after: Vec<(Hex, U64, U64, U64, U64)>,
}

#[derive(Serialize)]
pub struct PriceVector {
    pub prices_micro_usdc: Vec<U64>,
    pub secs: [u32; 4],
    /// `null` where the sum does not fit 64 bits.
    pub amount_micro_usdc: Option<U64>,
}

#[derive(Serialize)]
pub struct ShareVector {
    pub operator_bps: u16,
    pub settler_bps: u16,
    pub before_micro_usdc: U64,
    pub after_micro_usdc: U64,
    pub settler: bool,
    /// `null` where the shares or the totals are refused.
    pub split: Option<SplitFields>,
}

#[derive(Serialize)]
pub struct SplitFields {
    pub operator_micro_usdc: U64,
    pub settler_micro_usdc: U64,
    pub treasury_micro_usdc: U64,
}

#[derive(Serialize)]
pub struct SettleVector {
    pub settled_micro_usdc: U64,
    pub cap_micro_usdc: U64,
    pub escrow_available_micro_usdc: U64,
    pub channel_bond_micro_usdc: U64,
    pub voucher_cumulative_micro_usdc: U64,
    pub settles_micro_usdc: Option<U64>,
    /// The part of it that comes out of the bond.
    pub from_bond_micro_usdc: Option<U64>,
    pub error: Option<&'static str>,
}
