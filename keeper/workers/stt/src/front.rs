//! The front end of one stream: its buffered audio, what voice activity made of it, and what is
//! done. It decides what to transcribe; it transcribes nothing.

use crate::noise::Suppressor;
use crate::segment::{Activity, END_SILENCE_SAMPLES, Event, Hearing, Segmenter, Span};
use crate::vad::{
    BLOCK_SAMPLES, BLOCK_WINDOWS, VoiceActivity, VoiceActivityError, WARM_UP_SAMPLES,
    WINDOW_SAMPLES,
};
use std::collections::VecDeque;
use std::time::Instant;

#[cfg(test)]
mod tests;

const BLOCK: u64 = BLOCK_SAMPLES as u64;
const WARM_UP: u64 = WARM_UP_SAMPLES as u64;
const WINDOW: u64 = WINDOW_SAMPLES as u64;

/// A block that stays within ± this is silence without asking the model: −66 dB below full scale,
/// far under the noise of any open microphone. Muted participants, most of a meeting, cost nothing.
pub const QUIET_AMPLITUDE: i16 = 16;

/// Windows of a live stream that are judged together: 64 ms. Each such step repeats the block's
/// warm-up, so half as many would cost almost twice the work to notice things 32 ms earlier.
const LIVE_STEP_WINDOWS: usize = 2;

const _: () = assert!(BLOCK_WINDOWS.is_multiple_of(LIVE_STEP_WINDOWS));

/// How one stream is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether windows are judged as they come instead of by the block, and silence that somebody
    /// waits for ends a segment sooner. The first changes no result, the second is in the records.
    pub is_live: bool,
    /// Silence that ends a segment, in samples.
    pub end_silence_samples: u64,
    /// Whether noise is taken off before anything listens.
    pub suppresses_noise: bool,
}

impl Default for Settings {
    /// A file, as it is.
    fn default() -> Self {
        Self { is_live: false, end_silence_samples: END_SILENCE_SAMPLES, suppresses_noise: false }
    }
}

/// What [`Front::advance`] ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A decision. Call [`Front::settle`] once it has been dealt with.
    Event(Event),
    /// Some windows were judged and there may be more.
    Judged,
    /// More audio is needed.
    Starved,
    /// The stream is finished and everything in it is decided.
    Ended,
}

/// Audio and decisions of one stream. Positions are session samples.
#[derive(Debug)]
pub struct Front {
    settings: Settings,
    /// First sample of the stream.
    start: u64,
    /// First sample still in `pcm`.
    pcm_start: u64,
    pcm: VecDeque<i16>,
    /// End of each chunk still of interest, and when it came.
    arrivals: VecDeque<(u64, Instant)>,
    /// Start of the next window to judge.
    next_window: u64,
    /// The block under way without its noise, if that is asked for.
    cleaned: Option<Cleaned>,
    segmenter: Segmenter,
    /// Decisions made and not yet handed out, oldest first: a block holds a few windows.
    decided: VecDeque<Event>,
    /// Start of the event handed out and not yet settled.
    unsettled: Option<u64>,
    finishing: bool,
    flushed: bool,
}

/// A block of voice activity, warm-up included, after noise suppression.
#[derive(Debug)]
struct Cleaned {
    /// Start of the block.
    block: u64,
    suppressor: Suppressor,
    /// From the start of the warm-up to the last window asked for. A little late, by
    /// [`crate::noise::DELAY_SAMPLES`]: less than a window, and the padding of a segment is eight
    /// times that.
    audio: Vec<f32>,
}

impl Front {
    /// A stream whose first sample is at `start`.
    pub fn new(start: u64, settings: Settings) -> Self {
        let grid_start = start / BLOCK * BLOCK;
        Self {
            settings,
            start,
            pcm_start: start,
            pcm: VecDeque::new(),
            arrivals: VecDeque::new(),
            next_window: grid_start,
            cleaned: None,
            segmenter: Segmenter::new(grid_start, start, settings.end_silence_samples),
            decided: VecDeque::new(),
            unsettled: None,
            finishing: false,
            flushed: false,
        }
    }

    /// How it is listened to.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes the next samples.
    pub fn push(&mut self, pcm: &[i16], received: Instant) {
        self.pcm.extend(pcm);
        self.arrivals.push_back((self.received(), received));
    }

    /// No more audio will come.
    pub fn finish(&mut self) {
        self.finishing = true;
    }

    /// The sample after the last one received.
    pub fn received(&self) -> u64 {
        self.pcm_start + self.pcm.len() as u64
    }

    /// Up to where voice activity has judged the audio.
    pub fn judged(&self) -> u64 {
        self.next_window.clamp(self.start, self.received())
    }

    /// All before this position is settled or silence. Never moves back.
    pub fn done(&self) -> u64 {
        let pending = self.decided.front().map(|event| event.span().start);
        let done = self.unsettled.or(pending).unwrap_or_else(|| self.segmenter.done());
        done.clamp(self.start, self.received())
    }

    /// Does one small piece of work: hands out a decision, or else judges a little audio.
    ///
    /// # Errors
    /// If voice activity fails. The stream is of no use afterwards.
    pub fn advance(&mut self, voice: &mut VoiceActivity) -> Result<Step, VoiceActivityError> {
        debug_assert!(self.unsettled.is_none(), "settle comes first");
        match self.next_event() {
            Some(event) => Ok(Step::Event(event)),
            None => self.judge(voice),
        }
    }

    /// The oldest decision not yet handed out. Call [`Front::settle`] once it has been dealt with.
    pub fn next_event(&mut self) -> Option<Event> {
        debug_assert!(self.unsettled.is_none(), "settle comes first");
        let event = self.decided.pop_front()?;
        self.unsettled = Some(event.span().start);
        Some(event)
    }

    /// Judges a little audio, whether or not there are decisions to hand out. Never
    /// [`Step::Event`]; [`Step::Ended`] says that there will be no further decisions.
    ///
    /// # Errors
    /// If voice activity fails. The stream is of no use afterwards.
    pub fn judge(&mut self, voice: &mut VoiceActivity) -> Result<Step, VoiceActivityError> {
        let received = self.received();
        let windows = self.judgeable();
        if windows > 0 {
            let quiet = self.quiet_windows(windows);
            let mut probabilities = vec![0.0; quiet];
            if quiet < windows {
                let audio = self.audio(windows);
                probabilities.extend(voice.judge(&audio, windows - quiet)?);
            }
            self.decide(&probabilities);
            return Ok(Step::Judged);
        }
        if !self.finishing {
            return Ok(Step::Starved);
        }
        if !self.flushed {
            self.flushed = true;
            self.decided.extend(self.segmenter.finish(received));
            return Ok(Step::Judged);
        }
        Ok(Step::Ended)
    }

    /// When the oldest audio came that could be judged and is not; `None` if there is none.
    pub fn waiting_since(&self) -> Option<Instant> {
        if self.judgeable() == 0 { None } else { self.received_at(self.judged() + 1) }
    }

    /// The oldest change between speech and silence not yet taken.
    pub fn take_activity(&mut self) -> Option<Activity> {
        self.segmenter.take_activity()
    }

    /// What is heard of speech that has not ended; its span lies within what was received.
    pub fn hearing(&self) -> Option<Hearing> {
        self.segmenter.hearing().filter(|hearing| hearing.span().end <= self.received())
    }

    /// The event handed out last has been dealt with.
    pub fn settle(&mut self) {
        self.unsettled = None;
    }

    /// The samples of a span handed out by `advance`.
    pub fn samples(&self, span: Span) -> Vec<i16> {
        let at = |position: u64| (position - self.pcm_start) as usize;
        self.pcm.range(at(span.start)..at(span.end)).copied().collect()
    }

    /// When the last sample before `end` came.
    pub fn received_at(&self, end: u64) -> Option<Instant> {
        self.arrivals.iter().find(|(chunk_end, _)| *chunk_end >= end).map(|(_, at)| *at)
    }

    /// Lets go of audio that nothing will look at again.
    pub fn trim(&mut self) {
        let block = self.next_window / BLOCK * BLOCK;
        let keep = self.done().min(block.saturating_sub(WARM_UP)).max(self.pcm_start);
        self.pcm.drain(..(keep - self.pcm_start) as usize);
        self.pcm_start = keep;
        while self.arrivals.front().is_some_and(|(end, _)| *end < keep) {
            self.arrivals.pop_front();
        }
    }

    /// Windows that are judged next, together and of one block; 0 if more audio is needed.
    fn judgeable(&self) -> usize {
        let audio = self.received().saturating_sub(self.next_window);
        let in_block = (BLOCK - self.next_window % BLOCK) / WINDOW;
        if self.finishing && audio.div_ceil(WINDOW) <= in_block {
            return audio.div_ceil(WINDOW) as usize;
        }
        let whole = (audio / WINDOW).min(in_block);
        let step = if self.settings.is_live { LIVE_STEP_WINDOWS as u64 } else { BLOCK };
        if whole >= step.min(in_block) { whole as usize } else { 0 }
    }

    /// How many of the next windows are silence without asking the model: those up to whose end
    /// everything in their block is quiet. By the block, because the model rings on after speech;
    /// up to their end, so that it does not matter how much of the block is there yet.
    fn quiet_windows(&self, windows: usize) -> usize {
        let at =
            |position: u64| (position.saturating_sub(self.pcm_start) as usize).min(self.pcm.len());
        let block = self.next_window / BLOCK * BLOCK;
        let end = self.next_window + windows as u64 * WINDOW;
        let mut samples = self.pcm.range(at(block)..at(end));
        let loud =
            samples.position(|sample| !(-QUIET_AMPLITUDE..=QUIET_AMPLITUDE).contains(sample));
        loud.map_or(windows, |loud| {
            let position = block.max(self.pcm_start) + loud as u64;
            (position.saturating_sub(self.next_window) / WINDOW) as usize
        })
    }

    /// The block of the next windows up to their end, after its warm-up. Silence stands in for what
    /// lies before the stream's start in its first block, and after its end in the last.
    fn audio(&mut self, windows: usize) -> Vec<f32> {
        let block = self.next_window / BLOCK * BLOCK;
        let grid_start = self.start / BLOCK * BLOCK;
        let from = block.saturating_sub(WARM_UP).max(grid_start);
        let end = self.next_window + windows as u64 * WINDOW;
        if !self.settings.suppresses_noise {
            return self.floats(from, end);
        }
        if self.cleaned.as_ref().is_none_or(|cleaned| cleaned.block != block) {
            let suppressor = Suppressor::default();
            self.cleaned = Some(Cleaned { block, suppressor, audio: Vec::new() });
        }
        let judged = self.cleaned.as_ref().map_or(0, |cleaned| cleaned.audio.len());
        let new = self.floats(from + judged as u64, end);
        let Some(cleaned) = &mut self.cleaned else { unreachable!("it was just put there") };
        cleaned.audio.extend(cleaned.suppressor.push(&new));
        cleaned.audio.clone()
    }

    /// Samples of the stream; 0 where there are none.
    fn floats(&self, from: u64, end: u64) -> Vec<f32> {
        let sample = |position: u64| {
            let index = position.checked_sub(self.pcm_start).map(|index| index as usize);
            index.and_then(|index| self.pcm.get(index)).copied().map_or(0.0, to_float)
        };
        (from..end).map(sample).collect()
    }

    fn decide(&mut self, probabilities: &[f32]) {
        for probability in probabilities {
            self.decided.extend(self.segmenter.push(*probability));
            self.next_window += WINDOW;
        }
    }
}

/// A sample in −1..1.
pub fn to_float(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}
