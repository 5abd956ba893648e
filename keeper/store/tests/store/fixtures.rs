//! Sessions, receipts and vouchers with real signatures.

use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::minute_index;
use heliograph_protocol::price::{Prices, Usage};
use heliograph_protocol::receipt::{Quality, Receipt, Terms, Tip};
use heliograph_protocol::record::{Record, records_root, text_sha256};
use heliograph_protocol::service::ServiceSet;
use heliograph_protocol::voucher::Voucher;
use heliograph_store::{Ledger, NewRedeem, Session};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::path::PathBuf;
use tempfile::TempDir;

pub const DOMAIN: Domain = Domain([0xd0; 32]);
pub const NOW_UNIX_MS: u64 = 1_780_000_000_000;
pub const APP: [u8; 32] = [0xa0; 32];
/// Seven minutes at the prices of [`receipt`], and a little.
pub const CAP_MICRO_USDC: u64 = 43_000;

pub fn node() -> Keypair {
    Keypair::new_from_array([0x11; 32])
}

pub fn voucher_signer() -> Keypair {
    Keypair::new_from_array([0x22; 32])
}

/// A ledger in a folder of its own.
pub async fn ledger() -> (TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(file_in(&folder), DOMAIN).await.unwrap();
    (folder, ledger)
}

pub fn file_in(folder: &TempDir) -> PathBuf {
    folder.path().join("ledger.sqlite")
}

/// A ledger that knows `session(1)`.
pub async fn ledger_with_session() -> (TempDir, Ledger, Session) {
    let (folder, ledger) = ledger().await;
    let session = session(1);
    ledger.record_session(&session).await.unwrap();
    (folder, ledger, session)
}

pub fn session(number: u8) -> Session {
    Session {
        terms: Terms {
            channel: [number | 0x80; 32],
            session: [number; 32],
            services: ServiceSet::ALL,
            prices: Prices::DEFAULT,
            cap_micro_usdc: CAP_MICRO_USDC,
        },
        app: APP,
        voucher_signer: voucher_signer().pubkey().to_bytes(),
        opened_at_unix_secs: 1_780_000_000,
        expires_at_unix_secs: 1_780_003_600,
        redeemable_until_unix_secs: 1_780_090_000 + u64::from(number),
    }
}

pub fn sign<M: Message>(keypair: &Keypair, message: &M) -> Signed {
    let bytes = message.signing_bytes(&DOMAIN);
    let signature = keypair.sign_message(&bytes).into();
    Signed { bytes, public_key: keypair.pubkey().to_bytes(), signature }
}

/// A minute with one record that follows `tip`; `salt` makes it differ from others like it.
pub fn receipt(session: &Session, tip: Option<&Tip>, salt: u64) -> ArchivedReceipt {
    let records = vec![record(salt)];
    let usage = Usage { secs: [60, 0, 0, 60], bytes_in: salt, bytes_out: 0 };
    let message = receipt_message(session, tip, usage, &records);
    ArchivedReceipt { signed: sign(&node(), &message), records }
}

pub fn record(salt: u64) -> Record {
    Record {
        engine: "whisper.cpp".into(),
        engine_version: "1.7.6".into(),
        model_sha256: [1; 32],
        language: "en".into(),
        parameters: "beam_size=5".into(),
        filters: String::new(),
        audio_sha256: [2; 32],
        audio_start_sample: salt,
        audio_end_sample: salt.wrapping_add(960_000),
        text_sha256: text_sha256("text"),
        started_at_unix_ms: NOW_UNIX_MS,
        finished_at_unix_ms: NOW_UNIX_MS + 400,
    }
}

pub fn receipt_message(
    session: &Session,
    tip: Option<&Tip>,
    usage: Usage,
    records: &[Record],
) -> Receipt {
    let sequence = tip.map_or(0, |tip| tip.sequence + 1);
    let opened_at_unix_ms = NOW_UNIX_MS + 60_000 * u64::from(sequence);
    let closed_at_unix_ms = opened_at_unix_ms + 60_000;
    let media_start_sample = tip.map_or(0, |tip| tip.media_end_sample);
    let amount_micro_usdc = session.terms.prices.amount_micro_usdc(&usage).unwrap();
    Receipt {
        channel: session.terms.channel,
        session: session.terms.session,
        sequence,
        minute_index: minute_index(closed_at_unix_ms / 1_000),
        opened_at_unix_ms,
        closed_at_unix_ms,
        media_start_sample,
        media_end_sample: media_start_sample + u64::from(usage.secs[3]) * 16_000,
        usage,
        quality: Quality::default(),
        records_count: u32::try_from(records.len()).unwrap(),
        records_root: records_root(records),
        amount_micro_usdc,
        cumulative_micro_usdc: tip.map_or(0, |tip| tip.cumulative_micro_usdc) + amount_micro_usdc,
        previous_receipt_hash: tip.map_or([0; 32], |tip| tip.hash),
    }
}

pub fn message(archived: &ArchivedReceipt) -> Receipt {
    archived.signed.message(&DOMAIN).unwrap()
}

/// The receipt as the one that the next receipt follows.
pub fn tip_of(archived: &ArchivedReceipt) -> Tip {
    message(archived).tip(archived.signed.hash())
}

pub fn voucher_message(archived: &ArchivedReceipt) -> Voucher {
    let receipt = message(archived);
    Voucher {
        channel: receipt.channel,
        session: receipt.session,
        sequence: receipt.sequence,
        cumulative_micro_usdc: receipt.cumulative_micro_usdc,
        receipt_hash: archived.signed.hash(),
    }
}

/// The voucher that answers the receipt.
pub fn voucher(archived: &ArchivedReceipt) -> Signed {
    sign(&voucher_signer(), &voucher_message(archived))
}

/// Records `count` more minutes and returns them.
pub async fn record_minutes(
    ledger: &Ledger,
    session: &Session,
    count: usize,
) -> Vec<ArchivedReceipt> {
    let mut receipts = Vec::new();
    for _ in 0..count {
        let tip = ledger.session_tip(&session.terms.session).await.unwrap();
        let receipt = receipt(session, tip.as_ref(), 7);
        ledger.record_receipt(&receipt, NOW_UNIX_MS).await.unwrap();
        receipts.push(receipt);
    }
    receipts
}

/// A redeem of the voucher `sequence` in a transaction told apart by `number`.
pub fn redeem(session: &Session, sequence: u32, number: u8) -> NewRedeem {
    NewRedeem {
        session: session.terms.session,
        sequence,
        tx_signature: [number; 64],
        tx: vec![number; 300],
        last_valid_block_height: 1_000 + u64::from(number),
    }
}
