//! The table of a call's minutes.

use crate::output::{short, table};
use crate::speech::settled::{Redeemed, payment_of};
use heliograph_client::call::PaidCallMinute;
use heliograph_protocol::service::Service;
use serde::Serialize;

/// One minute, served, vouchered and perhaps paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Ordinal in the session, from 0.
    pub sequence: u32,
    /// Who was served.
    pub participants: usize,
    /// Participant-seconds.
    pub audio_secs: u32,
    pub video_secs: u32,
    pub data_secs: u32,
    /// Seconds of speech.
    pub transcription_secs: u32,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub amount_micro_usdc: u64,
    pub cumulative_micro_usdc: u64,
    pub receipt_hash: String,
    pub voucher_hash: String,
    /// The transaction that paid it, `None` if none has yet.
    pub transaction: Option<String>,
}

/// Joins minutes with the transactions that paid them.
pub fn rows(minutes: &[PaidCallMinute], redeemed: &[Redeemed]) -> Vec<Row> {
    let row = |minute: &PaidCallMinute| {
        let receipt = &minute.receipt;
        let payment = payment_of(redeemed, receipt.sequence);
        Row {
            sequence: receipt.sequence,
            participants: minute.participants.len(),
            audio_secs: receipt.usage.secs(Service::Audio),
            video_secs: receipt.usage.secs(Service::Video),
            data_secs: receipt.usage.secs(Service::Data),
            transcription_secs: receipt.usage.secs(Service::Transcription),
            bytes_in: receipt.usage.bytes_in,
            bytes_out: receipt.usage.bytes_out,
            amount_micro_usdc: receipt.amount_micro_usdc,
            cumulative_micro_usdc: receipt.cumulative_micro_usdc,
            receipt_hash: hex::encode(minute.archived.signed.hash()),
            voucher_hash: hex::encode(minute.voucher.hash()),
            transaction: payment.map(|payment| payment.transaction.to_string()),
        }
    };
    minutes.iter().map(row).collect()
}

/// The rows for people: hashes cut short, signatures whole, because they are looked up.
pub fn describe(rows: &[Row]) -> String {
    let headings = [
        ">minute",
        ">people",
        ">audio s",
        ">video s",
        ">data s",
        ">captions s",
        ">micro-USDC",
        ">cumulative",
        "receipt",
        "paid by transaction",
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.sequence.to_string(),
            row.participants.to_string(),
            row.audio_secs.to_string(),
            row.video_secs.to_string(),
            row.data_secs.to_string(),
            row.transcription_secs.to_string(),
            row.amount_micro_usdc.to_string(),
            row.cumulative_micro_usdc.to_string(),
            short(&row.receipt_hash),
            row.transaction.clone().unwrap_or_else(|| "not yet".into()),
        ]
    });
    table(&headings, cells)
}
