//! Receipts with their records, from an archive or from what the app keeps. Nothing is believed
//! here: see [`super::rooted`].

use crate::speech::evidence::kept;
use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;
use heliograph_protocol::evidence::ArchivedReceipt;
use heliograph_store::{Archive, Error as StoreError};
use solana_pubkey::Pubkey;
use std::path::Path;

/// What there is about sessions.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Of all sessions that the source has, or of the one asked for.
    pub receipts: Vec<ArchivedReceipt>,
    /// Recordings that the app streamed: SHA-256 and position in the session. An archive has none.
    pub recordings: Vec<(String, u64)>,
}

/// Everything that an archive has.
pub async fn archived(url_or_path: &str) -> Result<Evidence> {
    let archive = Archive::open(url_or_path)?;
    let mut names = archive.list_receipts();
    let mut receipts = Vec::new();
    loop {
        let name = match names.try_next().await {
            Ok(Some(name)) => name,
            Ok(None) => break,
            // What is not named as receipts are is none; the audit says so.
            Err(StoreError::ArchiveName { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        match archive.receipt(&name).await {
            Ok(receipt) => receipts.extend(receipt),
            Err(StoreError::ArchiveDecode { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Evidence { receipts, recordings: Vec::new() })
}

/// What the app keeps of one session, or of all.
pub fn own(folder: &Path, session: Option<Pubkey>) -> Result<Evidence> {
    let mut files = Vec::new();
    match session {
        Some(session) => files.push(folder.join(format!("{session}.jsonl"))),
        None => {
            let listed = std::fs::read_dir(folder)
                .with_context(|| format!("cannot read the folder {}", folder.display()))?;
            for entry in listed {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "jsonl") {
                    files.push(path);
                }
            }
            files.sort();
        }
    }
    let mut evidence = Evidence::default();
    for file in files {
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let (receipts, recordings) =
            kept(&text).with_context(|| format!("{} is damaged", file.display()))?;
        evidence.receipts.extend(receipts);
        evidence.recordings.extend(recordings);
    }
    Ok(evidence)
}
