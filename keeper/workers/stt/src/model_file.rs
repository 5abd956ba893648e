//! Model files: read once, hashed, and checked end to end before a C++ loader sees them.
//!
//! whisper.cpp trusts its input. A file cut short inside a tensor loads without complaint and
//! transcribes nonsense; an unknown layer count throws through the language boundary and takes the
//! process down. So the whole structure is walked here first. What cannot be seen this way is a
//! flipped bit inside a weight: that is what the expected hash is for.

use heliograph_protocol::hash::Hash;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

pub mod folder;
mod layout;
#[cfg(test)]
mod tests;

pub use folder::ModelFolder;
pub use layout::{LayoutError, SileroLayout, WhisperLayout};

/// A model file in memory, with the hash of exactly these bytes.
#[derive(Clone)]
pub struct ModelFile {
    /// Where it was read from.
    pub path: PathBuf,
    /// SHA-256 of `bytes`.
    pub sha256: Hash,
    /// The file.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for ModelFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelFile")
            .field("path", &self.path)
            .field("sha256", &hex::encode(self.sha256))
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

/// Why a model file cannot be used. Every message names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not there, or not readable.
    #[error("model file {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another file than the operator pinned.
    #[error(
        "model file {path} is not the expected one: expected SHA-256 {}, found {}",
        hex::encode(expected),
        hex::encode(found)
    )]
    WrongHash {
        /// The file.
        path: PathBuf,
        /// Hash that was asked for.
        expected: Hash,
        /// Hash of the file.
        found: Hash,
    },
    /// Not a whole model.
    #[error(
        "model file {path} is damaged or of another kind: {reason} (expected SHA-256 {}, found {})",
        expected.map_or_else(|| "not given".to_owned(), hex::encode),
        hex::encode(found)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Hash that was asked for, if any.
        expected: Option<Hash>,
        /// Hash of the file.
        found: Hash,
        /// What is wrong with it.
        reason: LayoutError,
    },
    /// Larger than any model, or no file at all.
    #[error("model file {path}: {reason}")]
    Unlikely {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder that does not hold a whole model.
    #[error("model folder {path}: {reason}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Whole as far as can be seen, and still refused by the library.
    #[error("model {path} (SHA-256 {}) was refused by {by}: {reason}", hex::encode(found))]
    Refused {
        /// The file or folder.
        path: PathBuf,
        /// Hash of it.
        found: Hash,
        /// The library.
        by: &'static str,
        /// What the library said.
        reason: String,
    },
}

/// Bytes of the largest file believed to be a model: 8 GiB.
const BYTES_MAX: u64 = 8 << 30;

/// Reads a whole file, of which a device or a pipe has no end.
fn read_bounded(path: &Path) -> Result<Vec<u8>, ModelError> {
    let unreadable = |source| ModelError::Unreadable { path: path.to_owned(), source };
    let unlikely = |reason: String| ModelError::Unlikely { path: path.to_owned(), reason };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unlikely("it is not a file".to_owned()));
    }
    if metadata.len() > BYTES_MAX {
        return Err(unlikely(format!("{} bytes exceed the limit of {BYTES_MAX}", metadata.len())));
    }
    std::fs::read(path).map_err(unreadable)
}

impl ModelFile {
    /// Reads and hashes a file.
    ///
    /// # Errors
    /// `Unreadable`, or `WrongHash` if the hash is not `expected`.
    pub fn read(path: &Path, expected: Option<Hash>) -> Result<Self, ModelError> {
        let bytes = read_bounded(path)?;
        let found: Hash = Sha256::digest(&bytes).into();
        match expected {
            Some(expected) if expected != found => {
                Err(ModelError::WrongHash { path: path.to_owned(), expected, found })
            }
            _ => Ok(Self { path: path.to_owned(), sha256: found, bytes }),
        }
    }

    /// Walks the file as a Whisper model in ggml format.
    ///
    /// # Errors
    /// `Damaged` with the first thing that is wrong.
    pub fn whisper_layout(&self, expected: Option<Hash>) -> Result<WhisperLayout, ModelError> {
        WhisperLayout::parse(&self.bytes).map_err(|reason| self.damaged(expected, reason))
    }

    /// Walks the file as a Silero voice-activity model in ggml format.
    ///
    /// # Errors
    /// `Damaged` with the first thing that is wrong.
    pub fn silero_layout(&self) -> Result<SileroLayout, ModelError> {
        SileroLayout::parse(&self.bytes).map_err(|reason| self.damaged(None, reason))
    }

    /// The file's name without its folder, for people.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn damaged(&self, expected: Option<Hash>, reason: LayoutError) -> ModelError {
        ModelError::Damaged { path: self.path.clone(), expected, found: self.sha256, reason }
    }
}
