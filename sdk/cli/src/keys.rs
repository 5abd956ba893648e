//! Keypair files as Solana's tools write them, and arguments that name a key or its file.

use crate::exit::usage;
use anyhow::{Context as _, Result, bail};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Reads a keypair file: a JSON array of 64 bytes.
pub fn read(path: &Path) -> Result<Keypair> {
    match std::fs::File::open(path) {
        Ok(mut file) => solana_keypair::read_keypair(&mut file)
            .map_err(|error| usage(format!("{} is not a keypair: {error}", path.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(usage(format!(
            "there is no keypair at {0}; make one with `heliograph key new {0}`",
            path.display()
        ))),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Makes a keypair and writes it where nothing is yet, readable by its owner alone.
pub fn create(path: &Path) -> Result<Keypair> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let keypair = Keypair::new();
    let mut bytes = Vec::new();
    solana_keypair::write_keypair(&keypair, &mut bytes)
        .map_err(|error| anyhow::anyhow!("cannot write a keypair: {error}"))?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match file {
        Ok(mut file) => file
            .write_all(&bytes)
            .and_then(|()| file.sync_all())
            .with_context(|| format!("cannot write {}", path.display()))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} exists already; keys are never overwritten", path.display())
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot write {}", path.display()));
        }
    }
    Ok(keypair)
}

/// The keypair at `path`, made if nothing is there.
pub fn read_or_create(path: &Path) -> Result<Keypair> {
    if path.exists() { read(path) } else { create(path) }
}

/// A public key, given as base58 or as the path of a keypair file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// The key itself.
    Key(Pubkey),
    /// A file with it.
    File(PathBuf),
}

impl FromStr for KeyRef {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.parse() {
            Ok(key) => Self::Key(key),
            Err(_) => Self::File(text.into()),
        })
    }
}

impl KeyRef {
    /// The public key.
    pub fn pubkey(&self) -> Result<Pubkey> {
        match self {
            Self::Key(key) => Ok(*key),
            Self::File(path) if path.exists() => Ok(read(path)?.pubkey()),
            Self::File(path) => Err(usage(format!(
                "{} is neither a base58 public key nor a keypair file",
                path.display()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn new_key_is_private_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/key.json");
        let made = create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&path).unwrap().to_bytes(), made.to_bytes());
        let named: KeyRef = path.to_str().unwrap().parse().unwrap();
        assert_eq!(named.pubkey().unwrap(), made.pubkey());
    }

    #[test]
    fn existing_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        let first = create(&path).unwrap();
        assert!(create(&path).unwrap_err().to_string().contains("never overwritten"));
        assert_eq!(read(&path).unwrap().to_bytes(), first.to_bytes());
    }

    #[test]
    fn what_is_neither_key_nor_file_is_named() {
        let error = "nowhere.json".parse::<KeyRef>().unwrap().pubkey().unwrap_err();
        assert!(error.to_string().contains("nowhere.json"));
    }
}
