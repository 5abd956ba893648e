//! Streaming a recording through a node, over as many connections as it takes.
//!
//! The node says how far audio may be sent (credit) and where it continues after a lost connection
//! (the end of the last minute paid), so nothing is kept here but the recording and a position.

use super::evidence::Evidence;
use anyhow::Result;
use heliograph_client::stream::{
    EndReason, PaidMinute, Ready, Stream, StreamConfig, StreamError, StreamEvent,
};
use heliograph_protocol::domain::Domain;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;
use heliograph_protocol::receipt::{Receipt, Terms};
use serde::Serialize;
use sha2::{Digest, Sha256};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use std::time::{Duration, Instant};

/// The first pause after a lost connection; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(15);
/// Without a new minute or text for this long the node is given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(180);
/// A node that says nothing for this long has lost the connection without noticing: a minute of
/// audio takes a slow machine about that long.
const SILENCE_MAX: Duration = Duration::from_secs(120);
/// Texts of a minute that is served again after a lost connection end within this of the first.
const REPEATED_SECS: f64 = 0.05;

/// What to stream, where, on whose account.
#[derive(Debug)]
pub struct Job<'a> {
    pub endpoint: String,
    pub node_key: Pubkey,
    pub domain: Domain,
    pub terms: Terms,
    pub voucher_signer: &'a Keypair,
    pub language: Option<String>,
    /// 16 kHz, mono.
    pub pcm: &'a [i16],
}

/// A segment of text; times in seconds from the start of the recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    pub start: f64,
    pub end: f64,
    pub text: String,
    pub language: String,
    pub confidence: f64,
}

/// A minute that was served and vouchered.
#[derive(Clone, Debug)]
pub struct Minute {
    pub receipt: Receipt,
    pub receipt_hash: [u8; 32],
    pub voucher: Signed,
}

/// What happens meanwhile, for people.
#[derive(Debug)]
pub enum Event<'a> {
    Ready(&'a Ready),
    Segment(&'a Segment),
    Minute(&'a Minute),
    Lost { reason: &'a str, retry_in: Duration },
}

/// How it went. Minutes that are not in `error`'s way are paid, whatever comes after.
#[derive(Debug)]
pub struct Streamed {
    pub segments: Vec<Segment>,
    pub minutes: Vec<Minute>,
    /// Why the node ended the stream, and its words.
    pub ended: Option<(EndReason, String)>,
    /// Why there was no end.
    pub error: Option<StreamError>,
    pub connections: u32,
}

impl Streamed {
    /// Whether the whole recording was served.
    pub fn is_complete(&self) -> bool {
        matches!(self.ended, Some((EndReason::Finished, _)))
    }
}

/// Name of a recording in the evidence file.
pub fn recording_sha256(pcm: &[i16]) -> String {
    let mut hasher = Sha256::new();
    for sample in pcm {
        hasher.update(sample.to_le_bytes());
    }
    hex::encode(hasher.finalize())
}

/// Streams the recording to its end, or until the node says that there is no going on.
///
/// Errors are those of the evidence file; what the node does wrong is in the result, together with
/// what was paid before.
pub async fn run(
    job: &Job<'_>,
    evidence: &mut Evidence,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<Streamed> {
    let mut run = Run {
        job,
        sha256: recording_sha256(job.pcm),
        base_sample: None,
        streamed: Streamed {
            segments: Vec::new(),
            minutes: Vec::new(),
            ended: None,
            error: None,
            connections: 0,
        },
        progressed: Instant::now(),
    };
    run.base_sample = evidence.interrupted_at(&run.sha256);
    let mut pause = PAUSE_MIN;
    loop {
        let progress_before = run.progressed;
        let reason = match run.connection(evidence, on_event).await? {
            // A node that shuts down in order comes back, as one that was killed does.
            Ok((EndReason::Draining, message)) => StreamError::Connection {
                url: job.endpoint.clone(),
                reason: format!("the node is shutting down: {message}"),
            },
            Ok(ended) => {
                if ended.0 == EndReason::Finished {
                    evidence.finish()?;
                }
                run.streamed.ended = Some(ended);
                return Ok(run.streamed);
            }
            Err(error) => error,
        };
        if !reason.is_retryable() || run.progressed.elapsed() > GIVE_UP_AFTER {
            run.streamed.error = Some(reason);
            return Ok(run.streamed);
        }
        if run.progressed > progress_before {
            pause = PAUSE_MIN;
        }
        on_event(Event::Lost { reason: &reason.to_string(), retry_in: pause });
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

struct Run<'a> {
    job: &'a Job<'a>,
    sha256: String,
    /// Position of the recording's first sample in the session's audio.
    base_sample: Option<u64>,
    streamed: Streamed,
    /// When there was something new last.
    progressed: Instant,
}

impl Run<'_> {
    /// One connection, to the end of the stream or of the connection.
    async fn connection(
        &mut self,
        evidence: &mut Evidence,
        on_event: &mut dyn FnMut(Event<'_>),
    ) -> Result<Result<(EndReason, String), StreamError>> {
        let job = self.job;
        let config = StreamConfig {
            endpoint: job.endpoint.clone(),
            node_key: job.node_key,
            domain: job.domain,
            terms: job.terms,
            language: job.language.clone(),
            live: false,
            tip: evidence.tip(),
        };
        let open = Stream::open(config, job.voucher_signer);
        let mut stream = match tokio::time::timeout(SILENCE_MAX, open).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Ok(Err(error)),
            Err(_) => return Ok(Err(self.silent())),
        };
        self.streamed.connections += 1;
        on_event(Event::Ready(&stream.ready));
        let base = match self.base_sample {
            Some(base) => base,
            None => {
                evidence.begin(&self.sha256, stream.ready.next_sample)?;
                stream.ready.next_sample
            }
        };
        self.base_sample = Some(base);
        let end = base + job.pcm.len() as u64;
        if stream.ready.next_sample < base {
            let why = "the node lost minutes that were paid".to_owned();
            return Ok(Err(StreamError::Protocol(why)));
        }
        let mut credit = stream.sent_until();
        let mut finished = false;
        loop {
            // The node never stops reading to hold audio back, so all that the credit allows can
            // be sent before the next event is read.
            let until = credit.min(end);
            if until > stream.sent_until() {
                let from = (stream.sent_until() - base) as usize;
                if let Err(error) = stream.send_audio(&job.pcm[from..(until - base) as usize]).await
                {
                    return Ok(Err(error));
                }
            }
            if stream.sent_until() >= end && !finished {
                if let Err(error) = stream.finish().await {
                    return Ok(Err(error));
                }
                finished = true;
            }
            let event = match tokio::time::timeout(SILENCE_MAX, stream.next()).await {
                Ok(Ok(event)) => event,
                Ok(Err(error)) => return Ok(Err(error)),
                Err(_) => return Ok(Err(self.silent())),
            };
            match event {
                StreamEvent::Credit { until_sample } => credit = credit.max(until_sample),
                StreamEvent::Transcription { text, start, end, confidence, language, .. } => {
                    let offset = base as f64 / f64::from(TRANSCRIPTION_RATE_HZ);
                    let (start, end) = (start - offset, end - offset);
                    self.segment(Segment { start, end, text, language, confidence }, on_event);
                }
                StreamEvent::Vad { .. } => {}
                StreamEvent::Minute(paid) => {
                    let PaidMinute { receipt, archived, voucher } = *paid;
                    let receipt_hash = archived.signed.hash();
                    // A voucher that was lost with the connection is asked for again.
                    if self.streamed.minutes.iter().any(|m| m.receipt_hash == receipt_hash) {
                        continue;
                    }
                    evidence.minute(receipt.tip(receipt_hash), &archived, &voucher)?;
                    let minute = Minute { receipt, receipt_hash, voucher };
                    self.progressed = Instant::now();
                    on_event(Event::Minute(&minute));
                    self.streamed.minutes.push(minute);
                }
                StreamEvent::Ended { reason, message } => return Ok(Ok((reason, message))),
            }
        }
    }

    /// Keeps a segment, unless it was served before the connection was lost.
    fn segment(&mut self, segment: Segment, on_event: &mut dyn FnMut(Event<'_>)) {
        let served_until = self.streamed.segments.last().map_or(f64::MIN, |last| last.end);
        if segment.end <= served_until + REPEATED_SECS {
            return;
        }
        self.progressed = Instant::now();
        on_event(Event::Segment(&segment));
        self.streamed.segments.push(segment);
    }

    fn silent(&self) -> StreamError {
        let reason = format!("no answer for {} s", SILENCE_MAX.as_secs());
        StreamError::Connection { url: self.job.endpoint.clone(), reason }
    }
}
