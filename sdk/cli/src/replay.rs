//! Replaying records: from what a node signed to what its model says again.
//!
//! A record is found in evidence that nobody has to be trusted with ([`evidence`]), held against
//! the receipt that its node signed ([`rooted`]), its samples are cut out of the session's audio
//! ([`Recording`]), a worker decodes them as the record says ([`worker`]), and what comes out is
//! compared ([`verdict`]).

pub mod evidence;
pub mod rooted;
pub mod selection;
pub mod verdict;
pub mod worker;

use anyhow::Result;
use heliograph_protocol::record::Record;
use heliograph_worker_ipc::replay::{CONTEXT_SAMPLES, Job};
use rooted::Rooted;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use verdict::Verdict;
use worker::{Setup, Worker};

/// A stretch of a session's audio.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Position in the session of the first sample.
    pub start_sample: u64,
    /// 16 kHz, mono.
    pub pcm: Vec<i16>,
}

impl Recording {
    /// The samples from one position to another, if they are all there.
    fn between(&self, start: u64, end: u64) -> Option<&[i16]> {
        let at = |position: u64| usize::try_from(position.checked_sub(self.start_sample)?).ok();
        self.pcm.get(at(start)?..at(end)?)
    }

    /// The job that decodes a record again, or why the audio is not what it was made from.
    fn job(&self, record: &Record) -> Result<Job, String> {
        let (start, end) = (record.audio_start_sample, record.audio_end_sample);
        let samples = self.between(start, end).ok_or_else(|| {
            let here = self.start_sample..self.start_sample + self.pcm.len() as u64;
            format!(
                "the record is about the samples {start} to {end}, the audio about {} to {}",
                here.start, here.end
            )
        })?;
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let found = Sha256::digest(bytes);
        if found[..] != record.audio_sha256 {
            return Err(format!(
                "the audio at the samples {start} to {end} has SHA-256 {}, the record {}: it is not \
                 what the node says it heard, or begins elsewhere in the session (--offset)",
                hex::encode(found),
                hex::encode(record.audio_sha256)
            ));
        }
        let from = start.saturating_sub(CONTEXT_SAMPLES).max(self.start_sample);
        Ok(Job {
            model_sha256: record.model_sha256,
            language: record.language.clone(),
            parameters: record.parameters.clone(),
            filters: record.filters.clone(),
            pcm_start_sample: from,
            pcm: self.between(from, end).unwrap_or_default().to_vec(),
            start_sample: start,
            end_sample: end,
        })
    }
}

/// What came of one segment.
#[derive(Clone, Debug, Serialize)]
pub struct Replayed {
    pub session: String,
    pub sequence: u32,
    /// Place among the minute's records.
    pub index: usize,
    /// The record's leaf in the receipt's tree.
    pub leaf: String,
    pub receipt_hash: String,
    /// Hashes from the leaf up to the receipt's root.
    pub proof: Vec<String>,
    pub start_sample: u64,
    pub end_sample: u64,
    /// As the record names it.
    pub engine: String,
    pub model_sha256: String,
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Texts as the app received them, by first sample.
pub type Texts = BTreeMap<u64, String>;

/// Replays segments that are rooted in their receipts.
pub async fn run(
    segments: Vec<Rooted>,
    recording: Recording,
    texts: Texts,
    setup: Setup,
) -> Result<Vec<Replayed>> {
    // The worker's pipes block, and so does this for as long as it decodes.
    tokio::task::spawn_blocking(move || {
        let mut worker = None;
        segments.iter().map(|rooted| one(rooted, &recording, &texts, &setup, &mut worker)).collect()
    })
    .await?
}

fn one(
    rooted: &Rooted,
    recording: &Recording,
    texts: &Texts,
    setup: &Setup,
    worker: &mut Option<Worker>,
) -> Result<Replayed> {
    let record = &rooted.record;
    let verdict = match recording.job(record) {
        Err(reason) => Verdict::NotReplayed { reason },
        Ok(job) => {
            let worker = match worker {
                Some(worker) => worker,
                none => none.insert(Worker::start(setup)?),
            };
            let received = texts.get(&record.audio_start_sample).map(String::as_str);
            verdict::of(record, worker.decode(&job)?, received)
        }
    };
    Ok(Replayed {
        session: rooted.session.to_string(),
        sequence: rooted.sequence,
        index: rooted.index,
        leaf: hex::encode(record.leaf()),
        receipt_hash: hex::encode(rooted.receipt_hash),
        proof: rooted.proof.iter().map(hex::encode).collect(),
        start_sample: record.audio_start_sample,
        end_sample: record.audio_end_sample,
        engine: format!("{} {}", record.engine, record.engine_version),
        model_sha256: hex::encode(record.model_sha256),
        verdict,
    })
}
