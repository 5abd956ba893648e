//! The folder of a run, and the keys in it.

use crate::keys;
use anyhow::{Context as _, Result, bail};
use solana_keypair::Keypair;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// Where everything of a run lies.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Removes the folder when dropped; `None` for a folder that stays.
    temporary: Mutex<Option<TempDir>>,
}

impl Folder {
    /// The folder at `path`, made if missing; a temporary one without `path`.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            let temporary = tempfile::Builder::new().prefix("heliograph-").tempdir()?;
            let root = temporary.path().to_owned();
            return Ok(Self { root, temporary: Mutex::new(Some(temporary)) });
        };
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self { root: std::path::absolute(path)?, temporary: Mutex::new(None) })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Whether it outlives the run, and the chain with it.
    pub fn is_kept(&self) -> bool {
        self.temporary.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Makes a temporary folder stay.
    pub fn keep(&self) -> PathBuf {
        let mut temporary = self.temporary.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(temporary) = temporary.take() {
            let _ = temporary.keep();
        }
        self.root.clone()
    }

    /// The domain id of the network on this folder's chain: random, and the same as long as the
    /// folder lives. The cluster's genesis hash would not do: it is another at every start.
    pub fn domain_id(&self) -> Result<[u8; 32]> {
        let path = self.path("domain-id");
        if !path.exists() {
            let id: [u8; 32] = rand::random();
            std::fs::write(&path, hex::encode(id))
                .with_context(|| format!("cannot write {}", path.display()))?;
            return Ok(id);
        }
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut id = [0; 32];
        if hex::decode_to_slice(text.trim(), &mut id).is_err() {
            bail!("{} does not hold 64 hex digits", path.display());
        }
        Ok(id)
    }
}

/// The keys of everybody who takes part.
#[derive(Debug)]
pub struct Keys {
    folder: PathBuf,
    /// Deploys the programs; authority of network, mints and treasury.
    pub deployer: Keypair,
    /// Owns the node and its stake.
    pub operator: Keypair,
    /// The node's identity.
    pub node: Keypair,
    /// Is paid.
    pub payout: Keypair,
    /// Owns the app and its escrow.
    pub app: Keypair,
    /// Signs the app's vouchers.
    pub voucher: Keypair,
}

impl Keys {
    /// Reads the keys in `folder`, and makes those that are missing.
    pub fn open(folder: &Folder) -> Result<Self> {
        let folder = folder.path("keys");
        let key = |name: &str| keys::read_or_create(&file(&folder, name));
        Ok(Self {
            deployer: key("deployer")?,
            operator: key("operator")?,
            node: key("node")?,
            payout: key("payout")?,
            app: key("app")?,
            voucher: key("voucher")?,
            folder,
        })
    }

    /// The file of a key.
    pub fn path(&self, name: &str) -> PathBuf {
        file(&self.folder, name)
    }
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension("json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_signer::Signer;

    #[test]
    fn folder_keeps_its_keys_and_its_domain() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("up");
        let open = || {
            let folder = Folder::open(Some(&path)).unwrap();
            let keys = Keys::open(&folder).unwrap();
            assert!(folder.is_kept());
            (folder.domain_id().unwrap(), keys.node.pubkey(), keys.operator.pubkey())
        };
        let first = open();
        assert_eq!(open(), first);
        assert_ne!(first.1, first.2);
    }

    #[test]
    fn temporary_folder_goes_unless_it_is_kept() {
        let gone = Folder::open(None).unwrap();
        let path = gone.root().to_owned();
        assert!(!gone.is_kept() && path.exists());
        drop(gone);
        assert!(!path.exists());

        let folder = Folder::open(None).unwrap();
        let path = folder.keep();
        drop(folder);
        assert!(path.exists());
        std::fs::remove_dir_all(path).unwrap();
    }
}
