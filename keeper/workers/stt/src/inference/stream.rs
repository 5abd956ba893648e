//! One stream as the inference thread sees it: its front end, what waits to be decoded, and what its
//! node has been told.

use super::schedule::{Candidate, Task};
use crate::front::{Front, Settings};
use crate::interim::Interim;
use crate::router::Route;
use crate::segment::{Hearing, Span, samples};
use crate::transcribe::Outcome;
use heliograph_worker_ipc::{FromWorker, Gate, SAMPLE_RATE_HZ};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};

/// Speech that its first interim text is made of, padding included.
const FIRST_INTERIM_SAMPLES: u64 = samples(600);

/// Further speech that the next one is made of.
const NEXT_INTERIM_SAMPLES: u64 = samples(400);

/// A live stream may be ahead of the clock by this much: what a client had buffered while it was
/// away. One that is further ahead is a file, whatever it says, and waits like one.
const AHEAD_MAX: Duration = Duration::from_secs(5);

/// The node has hung up.
pub struct HungUp;

/// A segment that waits for its text.
#[derive(Clone, Copy)]
pub struct Waiting {
    pub span: Span,
    pub since: Instant,
}

/// A segment decoded before it was certain to be one.
pub struct Draft {
    pub span: Span,
    pub outcome: Outcome,
    /// The stream's route after it.
    pub route: Route,
}

/// See the module.
pub struct Stream {
    pub id: u64,
    pub route: Route,
    pub front: Front,
    window: Arc<Semaphore>,
    opened: Instant,
    /// First sample of the stream.
    start: u64,
    /// Position up to which permits have been given back.
    released: u64,
    /// Position judged when `Progress` was last sent.
    progress_judged: u64,
    /// Whether listening would find something to do.
    pub runnable: bool,
    pub waiting: Option<Waiting>,
    pub draft: Option<Draft>,
    /// The last pause that a draft was tried for.
    pub drafted: Option<Span>,
    pub interim: Interim,
    /// What was last listened to for a text that may change.
    heard: Option<Span>,
    pub segments: u64,
    withheld: [u64; Gate::ALL.len()],
}

impl Stream {
    pub fn new(
        id: u64,
        route: Route,
        settings: Settings,
        start_sample: u64,
        window: Arc<Semaphore>,
    ) -> Self {
        Self {
            id,
            route,
            front: Front::new(start_sample, settings),
            window,
            opened: Instant::now(),
            start: start_sample,
            released: start_sample,
            progress_judged: start_sample,
            runnable: false,
            waiting: None,
            draft: None,
            drafted: None,
            interim: Interim::default(),
            heard: None,
            segments: 0,
            withheld: [0; Gate::ALL.len()],
        }
    }

    /// Whether somebody waits for the text of what was just said.
    pub fn is_live(&self, now: Instant) -> bool {
        let sent = (self.front.received() - self.start) / u64::from(SAMPLE_RATE_HZ);
        let ahead_max = (now - self.opened) + AHEAD_MAX;
        self.front.settings().is_live && Duration::from_secs(sent) <= ahead_max
    }

    /// For how long the oldest thing has been waiting that a live stream should have got at once.
    pub fn late(&self, now: Instant) -> Duration {
        let since = [self.waiting.map(|waiting| waiting.since), self.front.waiting_since()];
        let oldest = since.into_iter().flatten().min().filter(|_| self.is_live(now));
        oldest.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// What could be decoded for it now.
    pub fn candidate(&self, now: Instant) -> Option<Candidate> {
        let is_live = self.is_live(now);
        if let Some(Waiting { since, .. }) = self.waiting {
            return Some(Candidate { task: Task::Final, is_live, since });
        }
        if !is_live {
            return None;
        }
        let (task, span) = match self.front.hearing()? {
            Hearing::Pause(span) => (self.drafted != Some(span)).then_some((Task::Draft, span))?,
            Hearing::Speech(span) => {
                let heard = self.heard.filter(|heard| heard.start == span.start);
                let (task, from) = match heard {
                    None => (Task::FirstInterim, span.start + FIRST_INTERIM_SAMPLES),
                    Some(heard) => (Task::Interim, heard.end + NEXT_INTERIM_SAMPLES),
                };
                (span.end >= from).then_some((task, span))?
            }
        };
        Some(Candidate { task, is_live, since: self.front.received_at(span.end).unwrap_or(now) })
    }

    /// Gives back the permits of audio that is done.
    pub fn release(&mut self) {
        let done = self.front.done();
        self.window.add_permits((done - self.released) as usize);
        self.released = done;
        self.front.trim();
    }

    /// Reports progress if at least `every` samples have been judged since the last report.
    pub fn progress(
        &mut self,
        answers: &mpsc::Sender<FromWorker>,
        every: u64,
    ) -> Result<(), HungUp> {
        if self.front.judged() < self.progress_judged + every {
            return Ok(());
        }
        self.progress_judged = self.front.judged();
        let done_sample = self.front.done();
        send(answers, FromWorker::Progress { stream: self.id, done_sample })
    }

    /// Tells where speech begins and ends, if somebody wants to know.
    pub fn tell_activity(&mut self, answers: &mpsc::Sender<FromWorker>) -> Result<(), HungUp> {
        while let Some(activity) = self.front.take_activity() {
            if self.front.settings().is_live {
                let (at_sample, is_speaking) = (activity.at_sample, activity.is_speaking);
                send(answers, FromWorker::Speech { stream: self.id, at_sample, is_speaking })?;
            }
        }
        Ok(())
    }

    /// Shows a text that may change, if it is news.
    pub fn show(
        &mut self,
        answers: &mpsc::Sender<FromWorker>,
        span: Span,
        text: &str,
        confidence_ppm: u32,
        language: &str,
    ) -> Result<(), HungUp> {
        self.pass_over(span);
        let Some(text) = self.interim.take(text).filter(|text| !text.is_empty()) else {
            return Ok(());
        };
        let Span { start: start_sample, end: end_sample } = span;
        let language = language.to_owned();
        let stream = self.id;
        send(
            answers,
            FromWorker::Interim {
                stream,
                start_sample,
                end_sample,
                text,
                confidence_ppm,
                language,
            },
        )
    }

    /// This much of the speech under way has been listened to, whatever came of it.
    pub fn pass_over(&mut self, span: Span) {
        if self.heard.is_none_or(|heard| heard.start != span.start) {
            self.interim = Interim::default();
        }
        self.heard = Some(span);
    }

    pub fn withhold(
        &mut self,
        answers: &mpsc::Sender<FromWorker>,
        span: Span,
        gate: Gate,
    ) -> Result<(), HungUp> {
        self.withheld[gate as usize] += 1;
        let Span { start: start_sample, end: end_sample } = span;
        send(answers, FromWorker::Dropped { stream: self.id, start_sample, end_sample, gate })
    }

    pub fn finished(&self, answers: &mpsc::Sender<FromWorker>) -> Result<(), HungUp> {
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
        send(answers, FromWorker::Finished { stream: self.id, done_sample })
    }

    pub fn fail(
        &self,
        answers: &mpsc::Sender<FromWorker>,
        reason: String,
        retryable: bool,
    ) -> Result<(), HungUp> {
        tracing::error!(stream = self.id, reason, retryable, "stream failed");
        send(answers, FromWorker::Failed { stream: self.id, reason, retryable })
    }
}

/// However a stream ends, its audio is no longer wanted.
impl Drop for Stream {
    fn drop(&mut self) {
        self.window.close();
    }
}

/// Waits while the node does not read.
pub fn send(answers: &mpsc::Sender<FromWorker>, answer: FromWorker) -> Result<(), HungUp> {
    answers.blocking_send(answer).map_err(|_| HungUp)
}
