//! The smallest honest node: serves audio it does not have, signs and archives what it served.

use heliograph_client::evidence::sign;
use heliograph_protocol::domain::Domain;
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::hash::sha256;
use heliograph_protocol::minute_index;
use heliograph_protocol::price::{TRANSCRIPTION_RATE_HZ, Usage};
use heliograph_protocol::receipt::{Receipt, Terms, Tip};
use heliograph_protocol::record::{Record, records_root, text_sha256};
use heliograph_protocol::service::Service;
use heliograph_protocol::voucher::Voucher;
use heliograph_store::Archive;
use solana_keypair::Keypair;

/// One session as its node keeps it.
pub struct Serving<'a> {
    pub terms: Terms,
    pub domain: Domain,
    pub archive: &'a Archive,
    pub node_key: &'a Keypair,
    pub voucher_signer: &'a Keypair,
    pub tip: Option<Tip>,
}

impl Serving<'_> {
    /// The next minute with `secs` of transcribed audio: two records, not yet archived.
    pub fn receipt(&self, secs: u32) -> ArchivedReceipt {
        let start = self.tip.map_or(0, |tip| tip.media_end_sample);
        let end = start + u64::from(secs) * u64::from(TRANSCRIPTION_RATE_HZ);
        let middle = (start + end) / 2;
        let archived = self.receipt_of([0, 0, 0, secs], &[(start, middle), (middle, end - 100)]);
        let receipt: Receipt = archived.signed.message(&self.domain).unwrap();
        receipt.check(&self.terms, self.tip.as_ref()).unwrap();
        archived
    }

    /// The next minute with these seconds of each kind and records of these samples, right or wrong.
    pub fn receipt_of(&self, secs: [u32; 4], spans: &[(u64, u64)]) -> ArchivedReceipt {
        let sequence = self.tip.map_or(0, |tip| tip.sequence + 1);
        let start = self.tip.map_or(0, |tip| tip.media_end_sample);
        let transcribed = u64::from(secs[Service::Transcription as usize]);
        let end = start + transcribed * u64::from(TRANSCRIPTION_RATE_HZ);
        let closed_at_unix_ms = 1_790_000_000_000 + u64::from(sequence) * 60_000;
        let records: Vec<Record> = spans
            .iter()
            .map(|&(start, end)| Record {
                engine: "whisper.cpp".into(),
                engine_version: "1.7.6".into(),
                model_sha256: sha256(&[b"model"]),
                language: "en".into(),
                parameters: "beam_size=5;temperature=0".into(),
                filters: "vad".into(),
                audio_sha256: sha256(&[&start.to_le_bytes()]),
                audio_start_sample: start,
                audio_end_sample: end,
                text_sha256: text_sha256(&format!("words from {start} to {end}")),
                started_at_unix_ms: closed_at_unix_ms - 900,
                finished_at_unix_ms: closed_at_unix_ms - 400,
            })
            .collect();
        let usage = Usage { secs, bytes_in: 2 * (end - start), ..Usage::default() };
        let amount_micro_usdc = self.terms.prices.amount_micro_usdc(&usage).unwrap();
        let receipt = Receipt {
            channel: self.terms.channel,
            session: self.terms.session,
            sequence,
            minute_index: minute_index(closed_at_unix_ms / 1_000),
            opened_at_unix_ms: closed_at_unix_ms - 60_000,
            closed_at_unix_ms,
            media_start_sample: start,
            media_end_sample: end,
            usage,
            quality: Default::default(),
            records_count: records.len() as u32,
            records_root: records_root(&records),
            amount_micro_usdc,
            cumulative_micro_usdc: self.tip.map_or(0, |tip| tip.cumulative_micro_usdc)
                + amount_micro_usdc,
            previous_receipt_hash: self.tip.map_or([0; 32], |tip| tip.hash),
        };
        ArchivedReceipt { signed: sign(&receipt, &self.domain, self.node_key).unwrap(), records }
    }

    /// Serves a minute and archives its receipt.
    pub async fn serve(&mut self, secs: u32) {
        let archived = self.receipt(secs);
        self.archive(&archived).await;
    }

    /// Archives a receipt; the next one follows it.
    pub async fn archive(&mut self, archived: &ArchivedReceipt) {
        let receipt: Receipt = archived.signed.message(&self.domain).unwrap();
        let hash = self.archive.put_receipt(archived).await.unwrap();
        self.tip = Some(receipt.tip(hash));
    }

    /// The app's voucher for the last minute, archived.
    pub async fn voucher(&self) -> Signed {
        let tip = self.tip.unwrap();
        let voucher = Voucher {
            channel: self.terms.channel,
            session: self.terms.session,
            sequence: tip.sequence,
            cumulative_micro_usdc: tip.cumulative_micro_usdc,
            receipt_hash: tip.hash,
        };
        let signed = sign(&voucher, &self.domain, self.voucher_signer).unwrap();
        self.archive.put_voucher(&signed).await.unwrap();
        signed
    }

    /// Serves a minute that the app answers.
    pub async fn minute(&mut self, secs: u32) -> Signed {
        self.serve(secs).await;
        self.voucher().await
    }
}
