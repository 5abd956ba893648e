//! AI records: what a machine decided, and everything needed to run it again.

use crate::hash::{Hash, sha256};
use crate::merkle;
use alloc::string::String;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// One transcription segment. The records of a minute form the receipt's `records_root`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Record {
    /// Engine, such as `whisper.cpp`.
    pub engine: String,
    /// Version of the engine's library.
    pub engine_version: String,
    /// SHA-256 of the model file.
    pub model_sha256: Hash,
    /// Language decoded, ISO 639-1.
    pub language: String,
    /// Decoding parameters as `key=value`, sorted by key, separated by `;`.
    pub parameters: String,
    /// Filters applied before and after decoding, in order, separated by `;`.
    pub filters: String,
    /// SHA-256 of the segment's samples: 16 kHz mono signed 16-bit little-endian.
    pub audio_sha256: Hash,
    /// First sample of the segment, counted from the start of the session.
    pub audio_start_sample: u64,
    /// Sample after the last one.
    pub audio_end_sample: u64,
    /// SHA-256 of the text (UTF-8). The text itself goes to the app alone.
    pub text_sha256: Hash,
    /// Unix time in ms when decoding began.
    pub started_at_unix_ms: u64,
    /// Unix time in ms when the text was final.
    pub finished_at_unix_ms: u64,
}

impl Record {
    /// The record's leaf in the minute's tree.
    pub fn leaf(&self) -> Hash {
        let mut bytes = Vec::new();
        // Writing to a Vec fails only for strings longer than u32::MAX.
        if self.serialize(&mut bytes).is_err() {
            unreachable!("records are shorter than u32::MAX");
        }
        merkle::leaf(&bytes)
    }
}

/// The root of a minute's records, in the order they were made.
pub fn records_root(records: &[Record]) -> Hash {
    let leaves: Vec<Hash> = records.iter().map(Record::leaf).collect();
    merkle::root(&leaves)
}

/// SHA-256 of a segment's text, as stored in [`Record::text_sha256`].
pub fn text_sha256(text: &str) -> Hash {
    sha256(&[text.as_bytes()])
}
