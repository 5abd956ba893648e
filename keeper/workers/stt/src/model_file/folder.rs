//! Models that are several files: Parakeet's export to ONNX.

use super::{ModelError, read_bounded};
use heliograph_protocol::hash::Hash;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The encoder's graph, less the precision and the ending.
pub const ENCODER: &str = "encoder-model";
/// The prediction and joint networks' graph, likewise.
pub const DECODER: &str = "decoder_joint-model";
/// The tokens.
pub const VOCABULARY: &str = "vocab.txt";
/// The languages that the operator vouches for, ISO 639-1, between white space. Nothing in the
/// other files says them.
pub const LANGUAGES: &str = "languages.txt";

/// Bytes of [`LANGUAGES`] that are read.
const LANGUAGES_BYTES_MAX: u64 = 4096;

/// A model's files in memory, with the hash of exactly these bytes.
pub struct ModelFolder {
    /// Where they were read from.
    pub path: PathBuf,
    /// SHA-256 of the list of files: for each, sorted by name, a line of the file's SHA-256 in hex,
    /// two spaces, its name and a line feed. What `LC_ALL=C; sha256sum FILES... | sha256sum` prints
    /// in that folder for the files in that order. [`LANGUAGES`] is not one of them.
    pub sha256: Hash,
    /// `.int8` or nothing: which of the exports it is.
    pub precision: &'static str,
    /// Contents by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Languages by code as in [`LANGUAGES`].
    pub languages: Vec<String>,
}

impl std::fmt::Debug for ModelFolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelFolder")
            .field("path", &self.path)
            .field("sha256", &hex::encode(self.sha256))
            .field("files", &self.files.keys())
            .finish()
    }
}

impl ModelFolder {
    /// Reads and hashes a folder: `encoder-model.onnx`, `decoder_joint-model.onnx`, files of
    /// weights beside them (such as `encoder-model.onnx.data`), `vocab.txt` and `languages.txt`.
    /// Where both graphs are there as `.int8.onnx`, these are taken.
    ///
    /// # Errors
    /// `Unreadable`, `Folder` if something is missing, or `WrongHash` if the hash is not `expected`.
    pub fn read(path: &Path, expected: Option<Hash>) -> Result<Self, ModelError> {
        let names = names(path)?;
        let whole = |precision: &str| {
            [ENCODER, DECODER].iter().all(|graph| names.contains(&file_name(graph, precision)))
        };
        let precision = [".int8", ""].into_iter().find(|precision| whole(precision));
        let wrong = |reason: String| ModelError::Folder { path: path.to_owned(), reason };
        let precision = precision.ok_or_else(|| {
            wrong(format!(
                "no Parakeet model: {} and {} are not both there, nor as .int8.onnx",
                file_name(ENCODER, ""),
                file_name(DECODER, "")
            ))
        })?;
        let graphs = [ENCODER, DECODER].map(|graph| file_name(graph, precision));
        let mut files = BTreeMap::new();
        for name in names {
            // A graph's weights are kept in files whose names begin with the graph's.
            if name == VOCABULARY || graphs.iter().any(|graph| name.starts_with(graph.as_str())) {
                let bytes = read_bounded(&path.join(&name))?;
                files.insert(name, bytes);
            }
        }
        if !files.contains_key(VOCABULARY) {
            return Err(wrong(format!("{VOCABULARY} is missing")));
        }
        let found = sha256(&files);
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(ModelError::WrongHash { path: path.to_owned(), expected, found });
        }
        let languages = languages(path)?;
        Ok(Self { path: path.to_owned(), sha256: found, precision, files, languages })
    }

    /// The contents of [`VOCABULARY`].
    pub fn vocabulary(&self) -> &[u8] {
        self.files.get(VOCABULARY).map_or(&[], Vec::as_slice)
    }

    /// The folder's name, for people.
    pub fn name(&self) -> String {
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        path.file_name().unwrap_or_default().to_string_lossy().into_owned() + self.precision
    }
}

/// A graph's file.
pub fn file_name(graph: &str, precision: &str) -> String {
    format!("{graph}{precision}.onnx")
}

fn sha256(files: &BTreeMap<String, Vec<u8>>) -> Hash {
    let mut list = String::new();
    for (name, bytes) in files {
        // Writing to a string does not fail.
        let _ = writeln!(list, "{}  {name}", hex::encode(Sha256::digest(bytes)));
    }
    Sha256::digest(list.as_bytes()).into()
}

fn names(path: &Path) -> Result<Vec<String>, ModelError> {
    let unreadable = |source| ModelError::Unreadable { path: path.to_owned(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        names.extend(entry.map_err(unreadable)?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

fn languages(path: &Path) -> Result<Vec<String>, ModelError> {
    let wrong = |reason: &str| ModelError::Folder {
        path: path.to_owned(),
        reason: format!(
            "{LANGUAGES} {reason}; it lists the codes of the model's languages, such as 'en' for \
             parakeet-tdt-0.6b-v2, or for v3 'bg cs da de el en es et fi fr hr hu it lt lv mt nl pl \
             pt ro ru sk sl sv uk'"
        ),
    };
    let file = path.join(LANGUAGES);
    let text = match std::fs::metadata(&file) {
        Ok(metadata) if metadata.len() <= LANGUAGES_BYTES_MAX => read_bounded(&file)?,
        Ok(_) => return Err(wrong("is too long")),
        Err(_) => return Err(wrong("is missing")),
    };
    let text = String::from_utf8(text).map_err(|_| wrong("is not text"))?;
    let codes: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
    if codes.is_empty() { Err(wrong("is empty")) } else { Ok(codes) }
}
