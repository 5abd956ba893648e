//! The one thread that computes. whisper.cpp's threads spin while they wait for each other, so two
//! inferences at once are slower than one after the other; everything queues here.
//!
//! Round after round: take what the node wants, judge the voice activity of whatever audio there is,
//! then decode one thing, the most urgent by [`schedule`]. A decoding is never interrupted, so the
//! longest one is what anybody waits for at least.

use crate::front::Settings;
use crate::router::Route;
use crate::segment::SEGMENT_SAMPLES_MAX;
use crate::transcribe::Transcriber;
use crate::vad::{BLOCK_SAMPLES, VoiceActivity};
use heliograph_worker_ipc::{FromWorker, MAX_AUDIO_SAMPLES, SAMPLE_RATE_HZ, StreamConfig};
use lateness::Lateness;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;
use stream::{HungUp, Stream};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Semaphore, mpsc};

mod decode;
mod lateness;
mod listen;
mod schedule;
mod stream;

/// Samples of a stream that may be undone: 60 s, a little under 2 MiB.
pub const WINDOW_SAMPLES: usize = 60 * SAMPLE_RATE_HZ as usize;

// A stream whose window is used up must have work to do, or it would never free any of it: a
// segment may be open, and one more message must still fit.
const _: () =
    assert!(SEGMENT_SAMPLES_MAX as usize + MAX_AUDIO_SAMPLES + 2 * BLOCK_SAMPLES < WINDOW_SAMPLES);

/// Positions are added to without checks, so a stream starts where no sum can overflow. The limit
/// lies some nine million years into a session.
const START_SAMPLE_MAX: u64 = 1 << 62;

/// Commands taken before the next round, so that a flood of them cannot hold up all streams.
const COMMANDS_PER_ROUND: usize = 64;

/// From the connection to this thread.
#[derive(Debug)]
pub enum Command {
    /// Starts a stream.
    Open {
        /// The stream.
        stream: u64,
        /// As asked.
        config: StreamConfig,
        /// Position of its first sample.
        start_sample: u64,
        /// One permit per sample that may be undone; closed when the stream ends.
        window: Arc<Semaphore>,
    },
    /// Samples whose permits have been taken.
    Audio {
        /// The stream.
        stream: u64,
        /// 16 kHz mono.
        pcm: Vec<i16>,
        /// When they came.
        received: Instant,
    },
    /// No more audio will come.
    Finish {
        /// The stream.
        stream: u64,
    },
    /// The stream is abandoned.
    Close {
        /// The stream.
        stream: u64,
    },
}

/// One connection, as this thread sees it. Ends when the other end of either channel is dropped.
#[derive(Debug)]
pub struct Session {
    /// What the node wants.
    pub commands: mpsc::Receiver<Command>,
    /// What it gets.
    pub answers: mpsc::Sender<FromWorker>,
}

/// The models and what applies to all streams.
#[derive(Debug)]
pub struct Inference {
    /// Engines, router and gates.
    pub transcriber: Transcriber,
    /// Voice activity.
    pub voice: VoiceActivity,
    /// For streams that do not ask for a language; `None` detects it per segment.
    pub language: Option<&'static str>,
    /// Streams that may be open at once.
    pub streams_max: usize,
    /// Silence that ends a segment of a live stream, in samples.
    pub live_end_silence_samples: u64,
    /// For streams that do not say whether they want their noise taken off.
    pub suppresses_noise: bool,
}

/// One connection's streams and what is known of their lateness.
#[derive(Default)]
struct Desk {
    streams: VecDeque<Stream>,
    lateness: Lateness,
    /// No text that may change is decoded before this time: half of the thread is for others.
    interims_from: Option<Instant>,
}

impl Inference {
    /// Serves sessions one after the other until no more can come.
    pub fn run(mut self, mut sessions: mpsc::Receiver<Session>) {
        while let Some(session) = sessions.blocking_recv() {
            let mut desk = Desk::default();
            // The node hanging up is the only way a session ends, and needs no handling: its
            // streams are dropped with it.
            let _ = self.serve(session, &mut desk);
            for stream in desk.streams {
                tracing::info!(stream = stream.id, "stream dropped with its connection");
            }
        }
    }

    fn serve(&mut self, mut session: Session, desk: &mut Desk) -> Result<(), HungUp> {
        let mut idle = true;
        loop {
            if idle {
                let command = session.commands.blocking_recv().ok_or(HungUp)?;
                self.apply(command, desk, &session.answers)?;
            }
            for _ in 0..COMMANDS_PER_ROUND {
                match session.commands.try_recv() {
                    Ok(command) => self.apply(command, desk, &session.answers)?,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Err(HungUp),
                }
            }
            self.listen(desk, &session.answers)?;
            desk.note_lateness();
            let has_decoded = self.decode_one(desk, &session.answers)?;
            idle = !has_decoded && !desk.streams.iter().any(|stream| stream.runnable);
        }
    }

    fn apply(
        &self,
        command: Command,
        desk: &mut Desk,
        answers: &mpsc::Sender<FromWorker>,
    ) -> Result<(), HungUp> {
        match command {
            Command::Open { stream: id, start_sample, config, window } => {
                match self.admit(&config, start_sample, desk) {
                    Ok(route) => {
                        let settings = self.settings(&config);
                        tracing::info!(
                            stream = id,
                            start_sample,
                            language = route.language(),
                            is_live = settings.is_live,
                            suppresses_noise = settings.suppresses_noise,
                            "stream opened"
                        );
                        let stream = Stream::new(id, route, settings, start_sample, window);
                        desk.streams.push_back(stream);
                        stream::send(answers, FromWorker::Opened { stream: id })
                    }
                    Err((reason, retryable)) => {
                        window.close();
                        tracing::warn!(stream = id, reason, "stream refused");
                        stream::send(answers, FromWorker::Failed { stream: id, reason, retryable })
                    }
                }
            }
            // Audio for a stream that has just ended is late, not wrong.
            Command::Audio { stream: id, pcm, received } => {
                if let Some(stream) = desk.streams.iter_mut().find(|stream| stream.id == id) {
                    stream.front.push(&pcm, received);
                    stream.runnable = true;
                }
                Ok(())
            }
            Command::Finish { stream: id } => {
                if let Some(stream) = desk.streams.iter_mut().find(|stream| stream.id == id) {
                    stream.front.finish();
                    stream.runnable = true;
                }
                Ok(())
            }
            Command::Close { stream: id } => {
                if let Some(at) = desk.streams.iter().position(|stream| stream.id == id) {
                    desk.streams.remove(at);
                    tracing::info!(stream = id, "stream closed");
                }
                Ok(())
            }
        }
    }

    /// What a new stream is served by, or why there will be none and whether to try again.
    fn admit(
        &self,
        config: &StreamConfig,
        start_sample: u64,
        desk: &Desk,
    ) -> Result<Route, (String, bool)> {
        if start_sample > START_SAMPLE_MAX {
            return Err((format!("start sample {start_sample} is out of range"), false));
        }
        if desk.streams.len() >= self.streams_max {
            return Err((format!("all {} streams are in use", self.streams_max), true));
        }
        if let Some(late_ms) = desk.lateness.refuses(Instant::now()) {
            return Err((format!("the streams in use are served {late_ms} ms late"), true));
        }
        let admitted = self.transcriber.admit(config, self.language);
        admitted.map_err(|refusal| (refusal.to_string(), false))
    }

    fn settings(&self, config: &StreamConfig) -> Settings {
        let file = Settings::default();
        Settings {
            is_live: config.is_live,
            end_silence_samples: if config.is_live {
                self.live_end_silence_samples
            } else {
                file.end_silence_samples
            },
            suppresses_noise: config.suppresses_noise.unwrap_or(self.suppresses_noise),
        }
    }
}
