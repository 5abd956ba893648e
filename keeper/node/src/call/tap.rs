//! One participant's speech on its way to the speech worker, and the texts back to the room.
//!
//! Nothing is delivered that cannot be paid: what was answered for is counted first, and where that
//! is refused the tap ends. A worker that dies is opened again where it had answered last.

use super::hosts::Hosted;
use super::transcripts::Heard;
use crate::stream::audio::AudioBuffer;
use crate::time::unix_ms;
use crate::worker::{Interim, Worker, WorkerEvent, WorkerInfo, WorkerStream};
use heliograph_client::call::NodeMessage;
use heliograph_protocol::Address;
use heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;
use heliograph_worker_ipc::call::ToSfu;
use heliograph_worker_ipc::{Segment, StreamConfig};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

const SAMPLES_PER_MS: u64 = TRANSCRIPTION_RATE_HZ as u64 / 1_000;
/// Audio of a tap that is not answered for at most; further audio is dropped and not charged. What
/// is in it is charged within docs/decisions/0034's bound.
const BEHIND_MAX_SAMPLES: u64 = 60 * TRANSCRIPTION_RATE_HZ as u64;
/// Samples in one message to the worker.
const CHUNK_SAMPLES: usize = TRANSCRIPTION_RATE_HZ as usize;
/// How long the end of what was said may take.
const FINISH_LIMIT: Duration = Duration::from_secs(30);
/// How long a worker that has no place for a stream is left alone.
const PLACE_PAUSE: Duration = Duration::from_secs(3);

/// Whose speech it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    pub number: u64,
    pub scope: Address,
    pub room: String,
    pub identity: String,
    pub track_sid: String,
    pub language: Option<String>,
}

impl Tap {
    /// Has the SFU worker end it.
    pub fn end(&self) -> ToSfu {
        ToSfu::EndTap { scope: self.scope, room: self.room.clone(), tap: self.number }
    }
}

/// What the loop waits for.
enum Event {
    Audio(Vec<i16>),
    Closed,
    Worker(WorkerEvent),
    WorkerReady(WorkerInfo),
    /// Nothing more is to be transcribed, or what was said takes too long.
    Over,
}

/// A tap that is transcribed.
#[derive(Debug)]
pub struct TapStream {
    host: Arc<Hosted>,
    worker: Arc<Worker>,
    orders: mpsc::UnboundedSender<ToSfu>,
    tap: Tap,
    audio: mpsc::Receiver<Vec<i16>>,
    buffer: AudioBuffer,
    /// When audio came: where it ended in the tap, and Unix time in ms.
    arrivals: VecDeque<(u64, u64)>,
    stream: Option<WorkerStream>,
    /// Not before then is a stream opened.
    open_at: Instant,
    window_samples: u64,
    /// Segments that are final.
    segments: u64,
    /// Until when what was said has to be answered for, once the tap has ended.
    finish_by: Option<Instant>,
    is_finish_sent: bool,
}

impl TapStream {
    pub fn new(
        host: Arc<Hosted>,
        worker: Arc<Worker>,
        orders: mpsc::UnboundedSender<ToSfu>,
        tap: Tap,
        audio: mpsc::Receiver<Vec<i16>>,
    ) -> Self {
        Self {
            host,
            worker,
            orders,
            tap,
            audio,
            buffer: AudioBuffer::new(0),
            arrivals: VecDeque::new(),
            stream: None,
            open_at: Instant::now(),
            window_samples: 0,
            segments: 0,
            finish_by: None,
            is_finish_sent: false,
        }
    }

    /// Serves until the tap has ended and what was said in it is answered for.
    pub async fn run(mut self) {
        loop {
            self.feed().await;
            let goes_on = match self.wait().await {
                Event::Audio(pcm) => {
                    self.on_audio(&pcm);
                    true
                }
                Event::Closed => {
                    self.finish_by = Some(Instant::now() + FINISH_LIMIT);
                    self.buffer.end() > self.buffer.done()
                }
                Event::Worker(event) => self.on_worker(event),
                Event::WorkerReady(info) => self.attach(&info).await,
                Event::Over => false,
            };
            if !goes_on {
                // Not where the SFU worker ended it: one started anew numbers its taps anew.
                if self.finish_by.is_none() {
                    let _ = self.orders.send(self.tap.end());
                }
                return;
            }
        }
    }

    async fn wait(&mut self) -> Event {
        let Self { audio, stream, worker, host, .. } = self;
        let is_lost = stream.is_none();
        let (open_at, finish_by) = (self.open_at, self.finish_by);
        let next = async {
            match stream {
                Some(stream) => stream.next().await,
                None => std::future::pending().await,
            }
        };
        let ready = async {
            sleep_until(open_at).await;
            worker.ready().await
        };
        let late = async {
            match finish_by {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            pcm = audio.recv(), if finish_by.is_none() => pcm.map_or(Event::Closed, Event::Audio),
            event = next => Event::Worker(event),
            info = ready, if is_lost => Event::WorkerReady(info),
            () = host.transcription_over() => Event::Over,
            () = late => Event::Over,
        }
    }

    fn on_audio(&mut self, pcm: &[i16]) {
        let behind = self.buffer.end() - self.buffer.done();
        if behind.saturating_add(pcm.len() as u64) > BEHIND_MAX_SAMPLES {
            tracing::warn!(samples = pcm.len(), "speech worker behind: audio dropped");
            return;
        }
        self.buffer.push(pcm);
        self.arrivals.push_back((self.buffer.end(), unix_ms()));
    }

    /// Opens the stream at a worker, where the last one left off; `false` if it does not serve the
    /// language.
    async fn attach(&mut self, info: &WorkerInfo) -> bool {
        if let Some(language) = &self.tap.language {
            let primary = language.split('-').next().unwrap_or(language).to_ascii_lowercase();
            if !info.languages().contains(primary.as_str()) {
                self.refuse(format!("language {language} is not served"));
                return false;
            }
        }
        self.buffer.rewind();
        self.window_samples = info.window_samples;
        self.is_finish_sent = false;
        let config = StreamConfig {
            language: self.tap.language.clone(),
            is_live: true,
            ..StreamConfig::default()
        };
        self.stream = Some(self.worker.open(config, self.buffer.done()).await);
        true
    }

    /// Hands the worker what it may have, and ends its stream once it has everything.
    async fn feed(&mut self) {
        let Some(stream) = &self.stream else { return };
        let bound = self.buffer.done().saturating_add(self.window_samples);
        loop {
            let chunk = self.buffer.feed(bound, CHUNK_SAMPLES);
            if chunk.is_empty() {
                break;
            }
            stream.audio(chunk).await;
        }
        let is_fed = self.buffer.fed() >= self.buffer.end();
        if self.finish_by.is_some() && is_fed && !self.is_finish_sent {
            stream.finish().await;
            self.is_finish_sent = true;
        }
    }

    /// `false` if that was the end.
    fn on_worker(&mut self, event: WorkerEvent) -> bool {
        match event {
            WorkerEvent::Opened | WorkerEvent::Speech { .. } => true,
            WorkerEvent::Interim(interim) => {
                self.on_interim(interim);
                true
            }
            WorkerEvent::Final(segment) => self.on_segment(*segment),
            WorkerEvent::Dropped { end_sample, gate } => {
                tracing::debug!(%gate, end_sample, "segment dropped");
                self.answered(end_sample, None)
            }
            WorkerEvent::Progress { done_sample } => self.answered(done_sample, None),
            WorkerEvent::Finished { done_sample } => {
                self.answered(done_sample, None);
                false
            }
            WorkerEvent::Failed { reason, retryable: false } => {
                self.refuse(reason);
                false
            }
            WorkerEvent::Failed { reason, .. } => {
                tracing::warn!(reason, "speech worker has no place: the tap waits");
                self.stream = None;
                self.open_at = Instant::now() + PLACE_PAUSE;
                true
            }
            WorkerEvent::Lost => {
                tracing::warn!(
                    done_sample = self.buffer.done(),
                    "speech worker lost: the tap waits"
                );
                self.stream = None;
                true
            }
        }
    }

    /// Nothing is charged for it.
    fn on_interim(&self, interim: Interim) {
        let Interim { start_sample, end_sample, text, language, .. } = interim;
        let times = (self.unix_ms_of(start_sample), self.unix_ms_of(end_sample));
        self.caption(text, language, times, false);
    }

    /// `false` if it cannot be paid.
    fn on_segment(&mut self, segment: Segment) -> bool {
        let Segment { text, start_sample, end_sample, language, latency_ms, record, .. } = segment;
        let times = (self.unix_ms_of(start_sample), self.unix_ms_of(end_sample));
        if !self.answered(end_sample, Some(Heard { record, latency_ms })) {
            return false;
        }
        self.caption(text, language, times, true);
        self.segments += 1;
        true
    }

    /// Audio before `position` is answered for: it is counted. `false` if it cannot be paid.
    fn answered(&mut self, position: u64, heard: Option<Heard>) -> bool {
        let start = self.buffer.done();
        self.buffer.answered(position);
        let samples = self.buffer.done() - start;
        while self.arrivals.front().is_some_and(|(end, _)| *end <= self.buffer.done()) {
            self.arrivals.pop_front();
        }
        if samples == 0 && heard.is_none() {
            return true;
        }
        let whose = (self.tap.room.clone(), self.tap.identity.clone());
        self.host.transcribed(whose, (start, samples), heard)
    }

    /// Texts of one segment have one id until it is final. Times are Unix time in ms.
    fn caption(
        &self,
        text: String,
        language: String,
        (start_unix_ms, end_unix_ms): (u64, u64),
        is_final: bool,
    ) {
        let Tap { number, scope, room, identity, track_sid, .. } = &self.tap;
        let caption = ToSfu::Caption {
            scope: *scope,
            room: room.clone(),
            identity: identity.clone(),
            track_sid: track_sid.clone(),
            segment: format!("SG_{number:x}_{}", self.segments),
            text,
            language,
            start_unix_ms,
            end_unix_ms,
            is_final,
        };
        let _ = self.orders.send(caption);
    }

    /// When a sample of the tap was heard.
    fn unix_ms_of(&self, sample: u64) -> u64 {
        let arrival = self.arrivals.iter().find(|(end, _)| *end >= sample);
        let (end, at) = arrival.copied().unwrap_or((sample, unix_ms()));
        at.saturating_sub((end - sample) / SAMPLES_PER_MS)
    }

    /// Tells the host that nothing comes of it.
    fn refuse(&self, reason: String) {
        let (room, identity) = (self.tap.room.clone(), self.tap.identity.clone());
        self.host.tell(NodeMessage::NotTranscribed { room, identity, reason });
    }
}
