//! The one thread that computes. whisper.cpp's threads spin while they wait for each other, so two
//! inferences at once are slower than one after the other; everything queues here.
//!
//! Streams take turns, a segment each, so that a file being transcribed does not starve a call.

use crate::engine::EngineError;
use crate::front::{Front, Step};
use crate::router::Route;
use crate::segment::{Event, SEGMENT_SAMPLES_MAX, Span};
use crate::transcribe::{Outcome, Transcriber};
use crate::vad::{BLOCK_SAMPLES, VoiceActivity};
use heliograph_worker_ipc::{FromWorker, Gate, MAX_AUDIO_SAMPLES, SAMPLE_RATE_HZ, StreamConfig};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Semaphore, mpsc};

/// Samples of a stream that may be undone: 60 s, a little under 2 MiB.
pub const WINDOW_SAMPLES: usize = 60 * SAMPLE_RATE_HZ as usize;

// A stream whose window is used up must have work to do, or it would never free any of it: a
// segment may be open, and one more message must still fit.
const _: () =
    assert!(SEGMENT_SAMPLES_MAX as usize + MAX_AUDIO_SAMPLES + 2 * BLOCK_SAMPLES < WINDOW_SAMPLES);

/// Positions are added to without checks, so a stream starts where no sum can overflow. The limit
/// lies some nine million years into a session.
const START_SAMPLE_MAX: u64 = 1 << 62;

/// Audio judged between two `Progress` messages: under the 2 s that the protocol promises.
const PROGRESS_SAMPLES: u64 = SAMPLE_RATE_HZ as u64;

/// Blocks judged in one turn that comes upon no speech: 8 s of audio.
const TURN_BLOCKS: usize = 32;

/// Commands taken before the next turn, so that a flood of them cannot hold up all streams.
const COMMANDS_PER_TURN: usize = 64;

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
}

/// The node has hung up.
struct HungUp;

struct Stream {
    id: u64,
    route: Route,
    front: Front,
    window: Arc<Semaphore>,
    /// Position up to which permits have been given back.
    released: u64,
    /// Position judged when `Progress` was last sent.
    progress_judged: u64,
    /// Whether a turn would find something to do.
    runnable: bool,
    segments: u64,
    withheld: [u64; Gate::ALL.len()],
}

/// What a stream's turn came to.
enum Turn {
    Goes,
    Ended,
}

impl Inference {
    /// Serves sessions one after the other until no more can come.
    pub fn run(mut self, mut sessions: mpsc::Receiver<Session>) {
        while let Some(session) = sessions.blocking_recv() {
            let mut streams = VecDeque::new();
            // The node hanging up is the only way a session ends, and needs no handling: its
            // streams are dropped with it.
            let _ = self.serve(session, &mut streams);
            for stream in streams {
                tracing::info!(stream = stream.id, "stream dropped with its connection");
            }
        }
    }

    fn serve(
        &mut self,
        mut session: Session,
        streams: &mut VecDeque<Stream>,
    ) -> Result<(), HungUp> {
        loop {
            if !streams.iter().any(|stream| stream.runnable) {
                let command = session.commands.blocking_recv().ok_or(HungUp)?;
                self.apply(command, streams, &session.answers)?;
            }
            for _ in 0..COMMANDS_PER_TURN {
                match session.commands.try_recv() {
                    Ok(command) => self.apply(command, streams, &session.answers)?,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Err(HungUp),
                }
            }
            // Round robin: whoever has had a turn goes to the back.
            let Some(next) = streams.iter().position(|stream| stream.runnable) else { continue };
            streams.rotate_left(next);
            let Some(mut stream) = streams.pop_front() else { continue };
            if let Turn::Goes = self.turn(&mut stream, &session.answers)? {
                streams.push_back(stream);
            }
        }
    }

    fn apply(
        &self,
        command: Command,
        streams: &mut VecDeque<Stream>,
        answers: &mpsc::Sender<FromWorker>,
    ) -> Result<(), HungUp> {
        match command {
            Command::Open { stream: id, start_sample, config, window } => {
                match self.admit(&config, start_sample, streams.len()) {
                    Ok(route) => {
                        let language = route.language();
                        tracing::info!(stream = id, start_sample, language, "stream opened");
                        streams.push_back(Stream::new(id, route, start_sample, window));
                        send(answers, FromWorker::Opened { stream: id })
                    }
                    Err((reason, retryable)) => {
                        window.close();
                        tracing::warn!(stream = id, reason, "stream refused");
                        send(answers, FromWorker::Failed { stream: id, reason, retryable })
                    }
                }
            }
            // Audio for a stream that has just ended is late, not wrong.
            Command::Audio { stream: id, pcm, received } => {
                if let Some(stream) = streams.iter_mut().find(|stream| stream.id == id) {
                    stream.front.push(&pcm, received);
                    stream.runnable = true;
                }
                Ok(())
            }
            Command::Finish { stream: id } => {
                if let Some(stream) = streams.iter_mut().find(|stream| stream.id == id) {
                    stream.front.finish();
                    stream.runnable = true;
                }
                Ok(())
            }
            Command::Close { stream: id } => {
                if let Some(at) = streams.iter().position(|stream| stream.id == id) {
                    streams.remove(at);
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
        open: usize,
    ) -> Result<Route, (String, bool)> {
        if start_sample > START_SAMPLE_MAX {
            return Err((format!("start sample {start_sample} is out of range"), false));
        }
        if open >= self.streams_max {
            return Err((format!("all {} streams are in use", self.streams_max), true));
        }
        let admitted = self.transcriber.admit(config, self.language);
        admitted.map_err(|refusal| (refusal.to_string(), false))
    }

    /// Lets a stream work until it has used up its turn or its audio.
    fn turn(
        &mut self,
        stream: &mut Stream,
        answers: &mpsc::Sender<FromWorker>,
    ) -> Result<Turn, HungUp> {
        for _ in 0..TURN_BLOCKS {
            match stream.front.advance(&mut self.voice) {
                Ok(Step::Judged) => stream.progress(answers, PROGRESS_SAMPLES)?,
                Ok(Step::Event(Event::Burst(span))) => {
                    stream.withhold(answers, span, Gate::VoiceActivity)?;
                    stream.front.settle();
                }
                Ok(Step::Event(Event::Speech(span))) => {
                    if let Err(error) = self.segment(stream, span, answers)? {
                        let reason = error.to_string();
                        return stream.fail(answers, reason, error.is_retryable());
                    }
                    stream.front.settle();
                    stream.progress(answers, 0)?;
                    break;
                }
                Ok(Step::Starved) => {
                    stream.runnable = false;
                    break;
                }
                Ok(Step::Ended) => return stream.finished(answers),
                Err(error) => return stream.fail(answers, error.to_string(), true),
            }
        }
        stream.release();
        Ok(Turn::Goes)
    }

    fn segment(
        &mut self,
        stream: &mut Stream,
        span: Span,
        answers: &mpsc::Sender<FromWorker>,
    ) -> Result<Result<(), EngineError>, HungUp> {
        let started = Instant::now();
        let pcm = stream.front.samples(span);
        let received = stream.front.received_at(span.end).unwrap_or(started);
        let outcome = match self.transcriber.transcribe(&pcm, span, &mut stream.route, received) {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Err(error)),
        };
        let elapsed_ms = started.elapsed().as_millis() as u64;
        let audio_ms = (span.end - span.start) * 1000 / u64::from(SAMPLE_RATE_HZ);
        match outcome {
            Outcome::Text(segment) => {
                stream.segments += 1;
                tracing::debug!(
                    stream = stream.id,
                    start_sample = span.start,
                    end_sample = span.end,
                    language = segment.language,
                    confidence_ppm = segment.confidence_ppm,
                    latency_ms = segment.latency_ms,
                    audio_ms,
                    elapsed_ms,
                    "segment transcribed"
                );
                send(answers, FromWorker::Final { stream: stream.id, segment: *segment })?;
            }
            Outcome::Withheld(gate, transcript) => {
                tracing::info!(
                    stream = stream.id,
                    start_sample = span.start,
                    end_sample = span.end,
                    %gate,
                    no_speech_probability = transcript.no_speech_probability,
                    average_log_probability = transcript.average_log_probability,
                    tokens = transcript.tokens,
                    elapsed_ms,
                    "segment withheld"
                );
                stream.withhold(answers, span, gate)?;
            }
        }
        Ok(Ok(()))
    }
}

impl Stream {
    fn new(id: u64, route: Route, start_sample: u64, window: Arc<Semaphore>) -> Self {
        Self {
            id,
            route,
            front: Front::new(start_sample),
            window,
            released: start_sample,
            progress_judged: start_sample,
            runnable: false,
            segments: 0,
            withheld: [0; Gate::ALL.len()],
        }
    }

    /// Gives back the permits of audio that is done.
    fn release(&mut self) {
        let done = self.front.done();
        self.window.add_permits((done - self.released) as usize);
        self.released = done;
        self.front.trim();
    }

    /// Reports progress if at least `every` samples have been judged since the last report.
    fn progress(&mut self, answers: &mpsc::Sender<FromWorker>, every: u64) -> Result<(), HungUp> {
        if self.front.judged() < self.progress_judged + every {
            return Ok(());
        }
        self.progress_judged = self.front.judged();
        let done_sample = self.front.done();
        send(answers, FromWorker::Progress { stream: self.id, done_sample })
    }

    fn withhold(
        &mut self,
        answers: &mpsc::Sender<FromWorker>,
        span: Span,
        gate: Gate,
    ) -> Result<(), HungUp> {
        self.withheld[gate as usize] += 1;
        let Span { start: start_sample, end: end_sample } = span;
        send(answers, FromWorker::Dropped { stream: self.id, start_sample, end_sample, gate })
    }

    fn finished(&self, answers: &mpsc::Sender<FromWorker>) -> Result<Turn, HungUp> {
        let withheld = |gate: Gate| self.withheld[gate as usize];
        tracing::info!(
            stream = self.id,
            segments = self.segments,
            withheld_voice_activity = withheld(Gate::VoiceActivity),
            withheld_no_speech = withheld(Gate::NoSpeech),
            withheld_low_probability = withheld(Gate::LowProbability),
            withheld_repetition = withheld(Gate::Repetition),
            withheld_known_phrase = withheld(Gate::KnownPhrase),
            "stream finished"
        );
        let done_sample = self.front.received();
        send(answers, FromWorker::Finished { stream: self.id, done_sample })?;
        Ok(Turn::Ended)
    }

    fn fail(
        &self,
        answers: &mpsc::Sender<FromWorker>,
        reason: String,
        retryable: bool,
    ) -> Result<Turn, HungUp> {
        tracing::error!(stream = self.id, reason, retryable, "stream failed");
        send(answers, FromWorker::Failed { stream: self.id, reason, retryable })?;
        Ok(Turn::Ended)
    }
}

/// However a stream ends, its audio is no longer wanted.
impl Drop for Stream {
    fn drop(&mut self) {
        self.window.close();
    }
}

fn send(answers: &mpsc::Sender<FromWorker>, answer: FromWorker) -> Result<(), HungUp> {
    answers.blocking_send(answer).map_err(|_| HungUp)
}
