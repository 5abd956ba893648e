//! Local keys: names and the secrets shared with them.

use super::public_key;
use std::collections::HashMap;
use std::fmt;

/// Shortest secret, in bytes: as long as the digest of HS256 (RFC 7518, 3.2).
const SECRET_BYTES_MIN: usize = 32;

/// Secrets by the name that tokens carry as `iss`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LocalKeys(HashMap<String, Vec<u8>>);

/// Why a file of keys is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A line that is not `name: secret`.
    #[error("line {line}: expected `name: secret`")]
    Line {
        /// Its number, from 1.
        line: usize,
    },
    /// A short secret can be guessed from any token.
    #[error("line {line}: the secret of {name} is shorter than {SECRET_BYTES_MIN} characters")]
    Short {
        /// Number of the line, from 1.
        line: usize,
        /// The key's name.
        name: String,
    },
    /// A name that is also an Ed25519 key: tokens of that wallet would be taken for this key's.
    #[error(
        "line {line}: {name} is the text of an Ed25519 key, which a local key may not be named"
    )]
    NamedLikeWallet {
        /// Number of the line, from 1.
        line: usize,
        /// The key's name.
        name: String,
    },
    /// Two secrets for one name.
    #[error("line {line}: {name} is there twice")]
    Twice {
        /// Number of the second line, from 1.
        line: usize,
        /// The key's name.
        name: String,
    },
}

impl LocalKeys {
    /// Reads `name: secret` lines, the form of LiveKit's key files. Empty lines and those that
    /// begin with `#` are skipped.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let mut keys = HashMap::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (name, secret) = text.split_once(':').ok_or(KeysError::Line { line })?;
            let (name, secret) = (name.trim().to_owned(), secret.trim());
            if name.is_empty() || secret.is_empty() {
                return Err(KeysError::Line { line });
            }
            if secret.len() < SECRET_BYTES_MIN {
                return Err(KeysError::Short { line, name });
            }
            if public_key(&name).is_some() {
                return Err(KeysError::NamedLikeWallet { line, name });
            }
            if keys.insert(name.clone(), secret.as_bytes().to_vec()).is_some() {
                return Err(KeysError::Twice { line, name });
            }
        }
        Ok(Self(keys))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The secret of a name.
    pub fn secret(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }
}

// Names only: this ends up in logs.
impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
