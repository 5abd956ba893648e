//! A stream that a key pays for: audio in, what was heard out, minutes charged to the session.
//!
//! It knows no wire: `client` speaks to WebSockets, `files` to HTTP.

use super::hosted::{Ending, Hosted};
use super::keys::{Key, Seat};
use crate::auth::Refusal;
use crate::meter::MINUTE_SAMPLES;
use crate::state::NodeState;
use crate::stream::audio::AudioBuffer;
use crate::stream::check_language;
use crate::stream::patience::{Patience, WORKER_LIMIT};
use crate::time::until;
use crate::worker::{Interim, WorkerEvent, WorkerInfo, WorkerStream};
use heliograph_client::stream::{EndReason, ErrorCode};
use heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;
use heliograph_worker_ipc::{Segment, StreamConfig};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

const SAMPLES_PER_SEC: u64 = TRANSCRIPTION_RATE_HZ as u64;
/// Audio handed to the worker past the minute that is being paid: the longest segment (25 s) and
/// what the worker needs around it must fit, or a minute that ends inside a segment never closes.
const FEED_AHEAD_SAMPLES: u64 = 30 * SAMPLES_PER_SEC;
/// Audio that is kept before the client is no longer read: what the node serves unpaid.
const BUFFER_SAMPLES: u64 = MINUTE_SAMPLES + FEED_AHEAD_SAMPLES;
/// Samples in one message to the worker.
const CHUNK_SAMPLES: usize = TRANSCRIPTION_RATE_HZ as usize;
/// Seconds before its end at which a key's holder is told.
const WARN_AT_SECS: [u32; 2] = [60, 10];

/// Why a stream is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Everything is transcribed.
    Finished,
    /// The key is used up.
    Expired,
    /// The session that pays has ended, or cannot pay for more.
    Session(EndReason),
}

/// What the holder of the key is told.
#[derive(Debug)]
pub enum Heard {
    Final(Box<Segment>),
    Interim(Interim),
    Speech {
        at_sample: u64,
        is_speaking: bool,
    },
    /// Seconds that are left.
    Expiring(u32),
    /// Seconds that are left.
    Extended(u32),
    Over(Over),
}

/// What a stream waits for.
#[derive(Debug)]
pub enum Event {
    Worker(WorkerEvent),
    WorkerReady(WorkerInfo),
    /// A minute was paid.
    Paid,
    /// The key was extended.
    Extended,
    Ending(Ending),
    /// No worker has served the stream for too long.
    WorkerMissing,
}

/// One stream.
pub struct KeyStream<'a> {
    state: &'a NodeState,
    hosted: Arc<Hosted>,
    seat: Seat,
    config: StreamConfig,
    audio: AudioBuffer,
    worker: Option<WorkerStream>,
    window_samples: u64,
    patience: Patience,
    /// Where the minute under way began when the stream was opened, and the seconds that were charged
    /// by then.
    opened_with: (u64, u32),
    /// Where the session's means run out, and which.
    means: Option<(u64, EndReason)>,
    /// Where the first segment begins that was not delivered, because the means did not reach to
    /// its end: nothing from there on is charged.
    withheld_from: u64,
    ending: Option<Over>,
    finish_sent: bool,
    finished: bool,
    /// Seconds that were left when the holder was last told or asked.
    left_secs: u32,
    session_ending: watch::Receiver<Option<Ending>>,
    bought: watch::Receiver<u32>,
    answered: watch::Receiver<u32>,
    /// What the speech worker serves.
    pub info: WorkerInfo,
}

impl<'a> KeyStream<'a> {
    /// Begins where the key's audio stands.
    pub async fn open(
        state: &'a NodeState,
        hosted: Arc<Hosted>,
        seat: Seat,
        config: StreamConfig,
    ) -> Result<Self, Refusal> {
        let info = timeout(WORKER_LIMIT, state.worker.ready())
            .await
            .map_err(|_| (ErrorCode::Unavailable, "the speech worker is not running".to_owned()))?;
        check_language(config.language.as_deref(), &info)?;
        let (done, opened_with) = {
            let account = seat.key.account();
            (account.stretch.done(), (account.stretch.start(), account.used_secs))
        };
        let mut stream = Self {
            state,
            session_ending: hosted.ending.subscribe(),
            bought: seat.key.bought.subscribe(),
            answered: hosted.answered.subscribe(),
            hosted,
            seat,
            config,
            audio: AudioBuffer::new(done),
            worker: None,
            window_samples: 0,
            patience: Patience::new(Instant::now()),
            opened_with,
            means: None,
            withheld_from: u64::MAX,
            ending: None,
            finish_sent: false,
            finished: false,
            left_secs: 0,
            info: info.clone(),
        };
        stream.left_secs = stream.remaining_secs();
        if stream.left_secs == 0 {
            let why = "the session key is used up: extend it or buy another";
            return Err((ErrorCode::NoSession, why.to_owned()));
        }
        stream.begin_minute().await?;
        if let Some((0, reason)) =
            stream.means.map(|(at, reason)| (at.saturating_sub(done), reason))
        {
            return Err((ErrorCode::NoSession, super::explain(reason).to_owned()));
        }
        stream.attach(&info).await;
        Ok(stream)
    }

    /// Where in the key's audio the next sample lies that comes in.
    pub fn position(&self) -> u64 {
        self.audio.end()
    }

    /// Up to where the key's audio is served, heard or known to be silent.
    pub const fn done(&self) -> u64 {
        self.audio.done()
    }

    /// Samples of the key that are left after the audio received so far.
    pub fn remaining_samples(&self) -> u64 {
        self.bought_until().saturating_sub(self.audio.end())
    }

    /// The same in seconds, a started one included.
    pub fn remaining_secs(&self) -> u32 {
        let secs = self.remaining_samples().div_ceil(SAMPLES_PER_SEC);
        u32::try_from(secs).unwrap_or(u32::MAX)
    }

    /// Whether more audio is taken; if not, later.
    pub fn wants_audio(&self) -> bool {
        self.ending.is_none() && self.audio.end() - self.audio.done() < BUFFER_SAMPLES
    }

    /// Whether the stream is on its way to its end.
    pub const fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// Takes audio in, and says what the holder of the key is to be told.
    pub fn push(&mut self, pcm: &[i16]) -> Option<Heard> {
        // Audio on its way when the stream was ended is not served and not charged.
        if self.ending.is_some() {
            return None;
        }
        self.key().account().stretch.received(pcm.len() as u64 * 2);
        self.audio.push(pcm);
        let (before, left) = (self.left_secs, self.remaining_secs());
        self.left_secs = left;
        let warned = WARN_AT_SECS.iter().any(|at| before > *at && left <= *at && left > 0);
        warned.then_some(Heard::Expiring(left))
    }

    /// Counts a message that went out.
    pub fn sent(&self, bytes: u64) {
        self.key().account().stretch.sent(bytes);
    }

    /// Says that no more audio comes.
    pub fn finish(&mut self) {
        self.ending.get_or_insert(Over::Finished);
    }

    /// Hands the worker what it may have, and ends its stream once it has everything.
    pub async fn feed(&mut self) {
        let Some(worker) = &self.worker else { return };
        if self.finish_sent {
            return;
        }
        let (limit, over) = self.limit();
        let paid_until = {
            let account = self.seat.key.account();
            account.owed.front().map_or_else(|| account.stretch.start(), |owed| owed.start)
        };
        let bound = limit
            .min(paid_until.saturating_add(MINUTE_SAMPLES + FEED_AHEAD_SAMPLES))
            .min(self.audio.done().saturating_add(self.window_samples));
        loop {
            let chunk = self.audio.feed(bound, CHUNK_SAMPLES);
            if chunk.is_empty() {
                break;
            }
            worker.audio(chunk).await;
        }
        if self.audio.end().max(self.audio.fed()) >= limit {
            self.ending.get_or_insert(over);
        }
        if self.ending.is_some() && self.audio.fed() >= self.audio.end().min(limit) {
            worker.finish().await;
            self.finish_sent = true;
        }
    }

    /// The next thing to handle. Cancel safe.
    pub async fn event(&mut self) -> Event {
        let lost = self.worker.is_none() && !self.finished;
        // One that is on its way to its end is told when it takes too long.
        let is_told = matches!(self.ending, Some(Over::Session(_)));
        let is_news = |ending: &Option<Ending>| ending.is_some_and(|it| it.is_at_once || !is_told);
        let (open_at, deadline) = (self.patience.open_at(), self.patience.deadline());
        let Self { worker, state, session_ending, bought, answered, .. } = self;
        let next = async {
            match worker {
                Some(worker) => worker.next().await,
                None => std::future::pending().await,
            }
        };
        let again = async {
            sleep_until(open_at).await;
            state.worker.ready().await
        };
        tokio::select! {
            event = next => Event::Worker(event),
            () = until(deadline), if lost => Event::WorkerMissing,
            info = again, if lost => Event::WorkerReady(info),
            Some(ending) = told(session_ending, is_news) => Event::Ending(ending),
            Ok(()) = bought.changed() => Event::Extended,
            Ok(()) = answered.changed() => Event::Paid,
        }
    }

    /// Handles it, and says what the holder of the key is to be told.
    pub async fn on(&mut self, event: Event) -> Result<Option<Heard>, Refusal> {
        match event {
            Event::Worker(event) => return self.on_worker(event).await,
            Event::WorkerReady(info) => self.attach(&info).await,
            Event::Paid => {}
            Event::Extended => {
                if self.ending == Some(Over::Expired) && !self.finish_sent {
                    self.ending = None;
                }
                self.left_secs = self.remaining_secs();
                return Ok(Some(Heard::Extended(self.left_secs)));
            }
            Event::Ending(Ending { reason, is_at_once }) => {
                self.ending = Some(Over::Session(reason));
                if is_at_once {
                    self.worker = None;
                    return self.over(self.audio.done()).await;
                }
            }
            Event::WorkerMissing => {
                let why = "the speech worker does not run, or is overloaded".to_owned();
                return Err((ErrorCode::Unavailable, why));
            }
        }
        Ok(None)
    }

    async fn on_worker(&mut self, event: WorkerEvent) -> Result<Option<Heard>, Refusal> {
        let (limit, _) = self.limit();
        match event {
            WorkerEvent::Opened => Ok(None),
            // Past the limit nothing is paid, so nothing is delivered.
            WorkerEvent::Interim(interim) => {
                Ok((interim.end_sample <= limit).then_some(Heard::Interim(interim)))
            }
            WorkerEvent::Speech { at_sample, is_speaking } => {
                Ok(Some(Heard::Speech { at_sample, is_speaking }))
            }
            WorkerEvent::Final(segment) => {
                let end = segment.end_sample;
                if end > limit {
                    // Nor is any of it charged.
                    self.withheld_from = self.withheld_from.min(segment.start_sample);
                }
                let heard = (end <= limit).then(|| {
                    let (record, latency_ms) = (segment.record.clone(), segment.latency_ms);
                    self.key().account().stretch.record(record, latency_ms);
                    Heard::Final(segment)
                });
                self.answered(end).await?;
                Ok(heard)
            }
            WorkerEvent::Dropped { end_sample, gate } => {
                tracing::debug!(%gate, end_sample, "segment dropped");
                self.answered(end_sample).await.map(|()| None)
            }
            WorkerEvent::Progress { done_sample } => {
                self.answered(done_sample).await.map(|()| None)
            }
            WorkerEvent::Finished { done_sample } => {
                self.answered(done_sample).await?;
                self.worker = None;
                // Extended while the last second was being transcribed.
                if self.ending == Some(Over::Expired) && self.limit().0 > self.audio.done() {
                    (self.ending, self.finish_sent) = (None, false);
                    return Ok(None);
                }
                self.over(self.audio.done().min(self.limit().0)).await
            }
            WorkerEvent::Failed { reason, retryable: false } => Err((ErrorCode::BadConfig, reason)),
            WorkerEvent::Failed { reason, .. } => {
                tracing::warn!(done_sample = self.audio.done(), reason, "no worker, stream waits");
                self.worker = None;
                self.patience.refused(Instant::now());
                Ok(None)
            }
            WorkerEvent::Lost => {
                tracing::warn!(done_sample = self.audio.done(), "worker lost, stream waits");
                self.worker = None;
                self.patience.lost(Instant::now());
                Ok(None)
            }
        }
    }

    /// Everything is served: the minute under way is charged, unless its holder may come back.
    async fn over(&mut self, end: u64) -> Result<Option<Heard>, Refusal> {
        let over = self.ending.unwrap_or(Over::Finished);
        self.finished = true;
        if over != Over::Finished {
            self.hosted.charge(self.state, &self.seat.key, end).await?;
        }
        Ok(Some(Heard::Over(over)))
    }

    /// Opens the stream at a worker, where the last one left off.
    async fn attach(&mut self, info: &WorkerInfo) {
        self.audio.rewind();
        self.window_samples = info.window_samples;
        self.finish_sent = false;
        let opened = self.state.worker.open(self.config.clone(), self.audio.done()).await;
        self.worker = Some(opened);
        self.patience.opened(Instant::now());
    }

    /// Audio before `position` is answered for: charges the minutes that are over.
    async fn answered(&mut self, position: u64) -> Result<(), Refusal> {
        let before = self.audio.done();
        self.audio.answered(position);
        if self.audio.done() > before {
            self.patience.served();
        }
        let payable = self.payable();
        self.key().account().stretch.answered(self.audio.done().min(payable));
        loop {
            let full = self.key().account().stretch.full();
            let Some(end) = full else { return Ok(()) };
            self.hosted.charge(self.state, &self.seat.key, end).await?;
            self.begin_minute().await?;
            // Less may be paid than was served, now that a started second counted whole or the
            // means were looked at.
            let payable = self.payable();
            self.key().account().stretch.bound(payable);
        }
    }

    async fn begin_minute(&mut self) -> Result<(), Refusal> {
        let limit = self.hosted.begin(self.state, &self.seat.key).await?;
        let start = self.key().account().stretch.start();
        self.means = limit.map(|(secs, reason)| (start + secs * SAMPLES_PER_SEC, reason));
        Ok(())
    }

    /// Up to where the key's audio may be served, and what ends it there.
    fn limit(&self) -> (u64, Over) {
        let bought = self.bought_until();
        match self.means {
            Some((means, reason)) if means < bought => (means, Over::Session(reason)),
            _ => (bought, Over::Expired),
        }
    }

    /// Where what the key had left ends, when the stream was opened or the key extended since. Unlike
    /// what can be charged, it does not shrink where a minute takes a started second: that was paid,
    /// and its audio comes at the end.
    fn bought_until(&self) -> u64 {
        let (start, used_secs) = self.opened_with;
        let left = u64::from(self.key().bought.borrow().saturating_sub(used_secs));
        start.saturating_add(left * SAMPLES_PER_SEC)
    }

    /// Up to where the key's audio may be charged.
    fn payable(&self) -> u64 {
        self.limit().0.min(self.key().limit()).min(self.withheld_from)
    }

    fn key(&self) -> &Key {
        &self.seat.key
    }
}

impl Drop for KeyStream<'_> {
    fn drop(&mut self) {
        // With a minute under way the promise stays until it is charged.
        if self.key().account().stretch.is_empty() {
            self.hosted.release(self.state, &self.seat.key);
        }
    }
}

/// How the session ends, once that is news.
async fn told(
    ending: &mut watch::Receiver<Option<Ending>>,
    is_news: impl FnMut(&Option<Ending>) -> bool,
) -> Option<Ending> {
    ending.wait_for(is_news).await.ok().and_then(|ending| *ending)
}
