//! The table of minutes.

use super::settled::{Redeemed, payment_of};
use super::stream::Minute;
use crate::output::{short, table};
use heliograph_protocol::service::Service;
use serde::Serialize;

/// One minute, served, vouchered and perhaps paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Ordinal in the session, from 0.
    pub sequence: u32,
    pub secs: u32,
    pub amount_micro_usdc: u64,
    pub cumulative_micro_usdc: u64,
    pub receipt_hash: String,
    pub voucher_hash: String,
    /// The transaction that paid it, `None` if none has yet.
    pub transaction: Option<String>,
}

/// Joins minutes with the transactions that paid them.
pub fn rows(minutes: &[Minute], redeemed: &[Redeemed]) -> Vec<Row> {
    minutes
        .iter()
        .map(|minute| {
            let receipt = &minute.receipt;
            let payment = payment_of(redeemed, receipt.sequence);
            Row {
                sequence: receipt.sequence,
                secs: receipt.usage.secs(Service::Transcription),
                amount_micro_usdc: receipt.amount_micro_usdc,
                cumulative_micro_usdc: receipt.cumulative_micro_usdc,
                receipt_hash: hex::encode(minute.receipt_hash),
                voucher_hash: hex::encode(minute.voucher.hash()),
                transaction: payment.map(|payment| payment.transaction.to_string()),
            }
        })
        .collect()
}

/// The rows for people: hashes cut short, signatures whole, because they are looked up.
pub fn describe(rows: &[Row]) -> String {
    let headings = [
        ">minute",
        ">seconds",
        ">micro-USDC",
        ">cumulative",
        "receipt",
        "voucher",
        "paid by transaction",
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.sequence.to_string(),
            row.secs.to_string(),
            row.amount_micro_usdc.to_string(),
            row.cumulative_micro_usdc.to_string(),
            short(&row.receipt_hash),
            short(&row.voucher_hash),
            row.transaction.clone().unwrap_or_else(|| "not yet".into()),
        ]
    });
    table(&headings, cells)
}
