//! What the app keeps of a session: every receipt it paid and every voucher it signed.
//!
//! One file of JSON lines per session. It is the app's proof of what it was charged for, it knows
//! the last receipt, from which a session continues, and it remembers how far a recording got when
//! the program was interrupted. A line cut off by a crash is left out when reading.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use heliograph_client::stream::tip_of;
use heliograph_protocol::domain::Domain;
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::receipt::{Receipt, Tip};
use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    /// A recording begins at this position of the session's audio.
    Recording { sha256: String, base_sample: u64 },
    /// Borsh of the receipt with its records, and of the voucher; base64.
    Minute { sequence: u32, receipt: String, voucher: String },
    /// The recording was served to its end.
    Finished,
}

/// A session's file.
#[derive(Debug)]
pub struct Evidence {
    path: PathBuf,
    file: File,
    tip: Option<Tip>,
    /// When the last receipt was closed, Unix time in ms.
    closed_at_unix_ms: u64,
    unfinished: Option<(String, u64)>,
}

impl Evidence {
    /// Opens the file of `session` in `folder`; makes both if missing.
    pub fn open(folder: &Path, session: &Pubkey, domain: &Domain) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let path = folder.join(format!("{session}.jsonl"));
        let mut text = String::new();
        match File::open(&path) {
            Ok(mut file) => {
                file.read_to_string(&mut text)
                    .with_context(|| format!("cannot read {}", path.display()))?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
        let (tip, closed_at_unix_ms, unfinished) =
            replay(&text, domain).with_context(|| format!("{} is damaged", path.display()))?;
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        if !text.is_empty() && !text.ends_with('\n') {
            // A line that a crash cut off must not swallow the next one.
            file.write_all(b"\n").with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(Self { path, file, tip, closed_at_unix_ms, unfinished })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last receipt paid.
    pub const fn tip(&self) -> Option<Tip> {
        self.tip
    }

    /// When the last receipt paid was closed, Unix time in ms; 0 if there is none.
    pub const fn closed_at_unix_ms(&self) -> u64 {
        self.closed_at_unix_ms
    }

    /// Where a recording began that was interrupted, if it is this one.
    pub fn interrupted_at(&self, sha256: &str) -> Option<u64> {
        self.unfinished.as_ref().filter(|(recording, _)| recording == sha256).map(|(_, base)| *base)
    }

    /// Notes that a recording begins.
    pub fn begin(&mut self, sha256: &str, base_sample: u64) -> Result<()> {
        self.write(&Line::Recording { sha256: sha256.to_owned(), base_sample })?;
        self.unfinished = Some((sha256.to_owned(), base_sample));
        Ok(())
    }

    /// Notes a minute that was paid.
    pub fn minute(&mut self, tip: Tip, receipt: &ArchivedReceipt, voucher: &Signed) -> Result<()> {
        self.write(&Line::Minute {
            sequence: tip.sequence,
            receipt: STANDARD.encode(borsh::to_vec(receipt)?),
            voucher: STANDARD.encode(borsh::to_vec(voucher)?),
        })?;
        self.tip = Some(tip);
        Ok(())
    }

    /// Notes that the recording was served to its end.
    pub fn finish(&mut self) -> Result<()> {
        self.write(&Line::Finished)?;
        self.unfinished = None;
        Ok(())
    }

    fn write(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data())
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// The last receipt, when it was closed, and the recording under way.
fn replay(text: &str, domain: &Domain) -> Result<(Option<Tip>, u64, Option<(String, u64)>)> {
    let (mut tip, mut closed_at_unix_ms, mut unfinished) = (None, 0, None);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    for line in &lines {
        let line: Line = match serde_json::from_str(line) {
            Ok(line) => line,
            // Cut off by a crash, here or before an earlier continuation.
            Err(error) if error.is_eof() => continue,
            Err(error) => return Err(error.into()),
        };
        match line {
            Line::Recording { sha256, base_sample } => unfinished = Some((sha256, base_sample)),
            Line::Finished => unfinished = None,
            Line::Minute { receipt, .. } => {
                let receipt: ArchivedReceipt = borsh::from_slice(&STANDARD.decode(receipt)?)?;
                tip = Some(tip_of(&receipt.signed, domain)?);
                let receipt: Receipt = receipt.signed.message(domain)?;
                closed_at_unix_ms = receipt.closed_at_unix_ms;
            }
        }
    }
    Ok((tip, closed_at_unix_ms, unfinished))
}

/// What a session's file holds: its receipts, and its recordings with their positions.
pub fn kept(text: &str) -> Result<(Vec<ArchivedReceipt>, Vec<(String, u64)>)> {
    let (mut receipts, mut recordings) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(Line::Recording { sha256, base_sample }) => recordings.push((sha256, base_sample)),
            Ok(Line::Minute { receipt, .. }) => {
                receipts.push(borsh::from_slice(&STANDARD.decode(receipt)?)?);
            }
            Ok(Line::Finished) => {}
            // Cut off by a crash, here or before an earlier continuation.
            Err(error) if error.is_eof() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((receipts, recordings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use heliograph_protocol::domain::Message as _;
    use heliograph_protocol::price::Usage;
    use heliograph_protocol::receipt::Quality;

    const DOMAIN: Domain = Domain([3; 32]);

    fn receipt(sequence: u32) -> (Tip, ArchivedReceipt, Signed) {
        let receipt = Receipt {
            channel: [1; 32],
            session: [2; 32],
            sequence,
            minute_index: 0,
            opened_at_unix_ms: 0,
            closed_at_unix_ms: 0,
            media_start_sample: 0,
            media_end_sample: 960_000,
            usage: Usage::default(),
            quality: Quality::default(),
            records_count: 0,
            records_root: [0; 32],
            amount_micro_usdc: 5_000,
            cumulative_micro_usdc: 5_000 * (u64::from(sequence) + 1),
            previous_receipt_hash: [0; 32],
        };
        let bytes = receipt.signing_bytes(&DOMAIN);
        let signed = Signed { bytes, public_key: [4; 32], signature: [5; 64] };
        let tip = receipt.tip(signed.hash());
        let archived = ArchivedReceipt { signed: signed.clone(), records: Vec::new() };
        (tip, archived, signed)
    }

    #[test]
    fn interrupted_recording_is_found_again_with_its_last_receipt() {
        let folder = tempfile::tempdir().unwrap();
        let session = Pubkey::default();
        let mut evidence = Evidence::open(folder.path(), &session, &DOMAIN).unwrap();
        assert_eq!(evidence.tip(), None);
        evidence.begin("aa", 160).unwrap();
        let (_, first, voucher) = receipt(0);
        let (tip, second, _) = receipt(1);
        evidence.minute(receipt(0).0, &first, &voucher).unwrap();
        evidence.minute(tip, &second, &voucher).unwrap();

        let evidence = Evidence::open(folder.path(), &session, &DOMAIN).unwrap();
        assert_eq!(evidence.tip(), Some(tip));
        assert_eq!(evidence.interrupted_at("aa"), Some(160));
        assert_eq!(evidence.interrupted_at("bb"), None);
    }

    #[test]
    fn finished_recording_does_not_continue() {
        let folder = tempfile::tempdir().unwrap();
        let session = Pubkey::default();
        let mut evidence = Evidence::open(folder.path(), &session, &DOMAIN).unwrap();
        evidence.begin("aa", 0).unwrap();
        evidence.finish().unwrap();
        let evidence = Evidence::open(folder.path(), &session, &DOMAIN).unwrap();
        assert_eq!(evidence.interrupted_at("aa"), None);
    }

    #[test]
    fn line_cut_off_by_a_crash_is_left_out_and_damage_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let session = Pubkey::default();
        let mut evidence = Evidence::open(folder.path(), &session, &DOMAIN).unwrap();
        let (tip, archived, voucher) = receipt(0);
        evidence.minute(tip, &archived, &voucher).unwrap();
        let path = evidence.path().to_owned();
        drop(evidence);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{}", &whole[..40])).unwrap();
        let mut evidence = Evidence::open(folder.path(), &session, &DOMAIN).unwrap();
        assert_eq!(evidence.tip(), Some(tip));
        evidence.finish().unwrap();
        assert_eq!(Evidence::open(folder.path(), &session, &DOMAIN).unwrap().tip(), Some(tip));

        std::fs::write(&path, "{\"type\":\"minute\",\"sequence\":\"x\"}\n").unwrap();
        let error = Evidence::open(folder.path(), &session, &DOMAIN).unwrap_err();
        assert!(error.to_string().contains("is damaged"), "{error}");
    }
}
