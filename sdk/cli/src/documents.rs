//! Documents that commands read from files and archives: signed messages, the leaves of batches, and
//! reports of observers.

pub mod report;

use crate::exit::usage;
use anyhow::{Context as _, Result};
use heliograph_protocol::Address;
use heliograph_protocol::batch::{Leaf, is_sorted};
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::hash::Hash;
use heliograph_store::Archive;
use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;
use std::path::{Path, PathBuf};

/// Reads a signed message of any kind. Says nothing about its signature.
pub fn signed(path: &Path) -> Result<Signed> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    borsh::from_slice(&bytes).map_err(|_| {
        usage(format!("{} is no signed message as archives keep it (Borsh)", path.display()))
    })
}

/// Reads a signed voucher: `name` is a file, or with an archive the voucher's hash. Says nothing
/// about its signature.
pub async fn voucher(name: &str, archive: Option<&str>) -> Result<Signed> {
    let Some(archive) = archive else { return signed(Path::new(name)) };
    let mut hash: Hash = [0; 32];
    hex::decode_to_slice(name, &mut hash)
        .map_err(|_| usage(format!("{name} is no hash: with --archive give 64 hex digits")))?;
    let found = Archive::open(archive)?.voucher(&hash).await?;
    found.ok_or_else(|| usage(format!("the archive has no voucher {name}")))
}

/// A leaf as leaf files have it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeafEntry {
    app: String,
    node: String,
    session: String,
    cumulative_micro_usdc: u64,
    /// Hex.
    evidence: String,
}

impl LeafEntry {
    fn leaf(&self) -> Result<Leaf, String> {
        let key = |text: &str| -> Result<Address, String> {
            let key: Pubkey = text.parse().map_err(|_| format!("{text} is no address"))?;
            Ok(key.to_bytes())
        };
        let mut evidence = [0; 32];
        hex::decode_to_slice(&self.evidence, &mut evidence)
            .map_err(|_| format!("{} is not 64 hex digits", self.evidence))?;
        Ok(Leaf {
            app: key(&self.app)?,
            node: key(&self.node)?,
            session: key(&self.session)?,
            cumulative_micro_usdc: self.cumulative_micro_usdc,
            evidence,
        })
    }
}

/// The leaves of a batch, in their order.
pub fn leaves(path: &Path) -> Result<Vec<Leaf>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let named = |error: String| usage(format!("{}: {error}", path.display()));
    let entries: Vec<LeafEntry> =
        serde_json::from_str(&text).map_err(|error| named(error.to_string()))?;
    let leaves: Result<Vec<Leaf>, String> = entries.iter().map(LeafEntry::leaf).collect();
    let leaves = leaves.map_err(named)?;
    if leaves.is_empty() {
        return Err(named("there is no leaf in it".into()));
    }
    if !is_sorted(&leaves) {
        return Err(named(
            "leaves are not in the order of app, node and session, or repeat".into(),
        ));
    }
    Ok(leaves)
}

/// Where a batch's leaves are.
#[derive(Clone, Debug, clap::Args)]
pub struct LeavesFile {
    /// The batch's leaves: JSON, a list of app, node, session, cumulative_micro_usdc, evidence
    #[arg(long, value_name = "FILE")]
    pub leaves: PathBuf,
}

/// Where a voucher is.
#[derive(Clone, Debug, clap::Args)]
pub struct VoucherSource {
    /// The signed voucher: an archive's file, or with --archive its hash
    pub voucher: String,
    /// The archive: a folder, or the URL of an object store
    #[arg(long, value_name = "FOLDER_OR_URL")]
    pub archive: Option<String>,
}

impl VoucherSource {
    /// Reads it.
    pub async fn read(&self) -> Result<Signed> {
        voucher(&self.voucher, self.archive.as_deref()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(session: u8) -> String {
        let key = |byte| Pubkey::new_from_array([byte; 32]);
        format!(
            r#"{{"app": "{}", "node": "{}", "session": "{}", "cumulative_micro_usdc": 5000, "evidence": "{}"}}"#,
            key(1),
            key(2),
            key(session),
            "07".repeat(32)
        )
    }

    #[test]
    fn leaves_are_read_in_order_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leaves.json");
        let read = |text: String| {
            std::fs::write(&path, text).unwrap();
            leaves(&path)
        };
        let found = read(format!("[{}, {}]", entry(3), entry(4))).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].session, found[1].evidence), ([3; 32], [7; 32]));
        for (text, named) in [
            (format!("[{}, {}]", entry(4), entry(3)), "order"),
            (format!("[{}, {}]", entry(3), entry(3)), "order"),
            ("[]".into(), "no leaf"),
            ("{}".into(), "expected"),
            (format!("[{}]", entry(3).replace("0707", "zz07")), "hex"),
            (format!("[{}]", entry(3).replace("node\": \"", "node\": \"0")), "address"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
