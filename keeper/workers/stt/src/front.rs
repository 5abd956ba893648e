//! The front end of one stream: its buffered audio, what voice activity made of it, and what is
//! done. It decides what to transcribe; it transcribes nothing.

use crate::segment::{Event, Segmenter, Span};
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

/// What [`Front::advance`] ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A decision. Call [`Front::settle`] once it has been dealt with.
    Event(Event),
    /// A block was judged and there may be more.
    Judged,
    /// More audio is needed.
    Starved,
    /// The stream is finished and everything in it is decided.
    Ended,
}

/// Audio and decisions of one stream. Positions are session samples.
#[derive(Debug)]
pub struct Front {
    /// First sample of the stream.
    start: u64,
    /// First sample still in `pcm`.
    pcm_start: u64,
    pcm: VecDeque<i16>,
    /// End of each chunk still of interest, and when it came.
    arrivals: VecDeque<(u64, Instant)>,
    /// Start of the next block to judge.
    next_block: u64,
    segmenter: Segmenter,
    /// Decisions made and not yet handed out, oldest first: a block holds a few windows.
    decided: VecDeque<Event>,
    /// Start of the event handed out and not yet settled.
    unsettled: Option<u64>,
    finishing: bool,
    flushed: bool,
}

impl Front {
    /// A stream whose first sample is at `start`.
    pub fn new(start: u64) -> Self {
        let grid_start = start / BLOCK * BLOCK;
        Self {
            start,
            pcm_start: start,
            pcm: VecDeque::new(),
            arrivals: VecDeque::new(),
            next_block: grid_start,
            segmenter: Segmenter::new(grid_start, start),
            decided: VecDeque::new(),
            unsettled: None,
            finishing: false,
            flushed: false,
        }
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
        self.next_block.clamp(self.start, self.received())
    }

    /// All before this position is settled or silence. Never moves back.
    pub fn done(&self) -> u64 {
        let pending = self.decided.front().map(|event| event.span().start);
        let done = self.unsettled.or(pending).unwrap_or_else(|| self.segmenter.done());
        done.clamp(self.start, self.received())
    }

    /// Does one small piece of work.
    ///
    /// # Errors
    /// If voice activity fails. The stream is of no use afterwards.
    pub fn advance(&mut self, voice: &mut VoiceActivity) -> Result<Step, VoiceActivityError> {
        debug_assert!(self.unsettled.is_none(), "settle comes first");
        if let Some(event) = self.decided.pop_front() {
            self.unsettled = Some(event.span().start);
            return Ok(Step::Event(event));
        }
        let received = self.received();
        if self.next_block + BLOCK <= received || (self.finishing && self.next_block < received) {
            let probabilities = if self.block_is_quiet() {
                [0.0; BLOCK_WINDOWS]
            } else {
                voice.block(&self.block_audio())?
            };
            self.judge(probabilities);
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
        let keep = self.done().min(self.next_block.saturating_sub(WARM_UP)).max(self.pcm_start);
        self.pcm.drain(..(keep - self.pcm_start) as usize);
        self.pcm_start = keep;
        while self.arrivals.front().is_some_and(|(end, _)| *end < keep) {
            self.arrivals.pop_front();
        }
    }

    fn block_is_quiet(&self) -> bool {
        let at =
            |position: u64| (position.saturating_sub(self.pcm_start) as usize).min(self.pcm.len());
        let mut block = self.pcm.range(at(self.next_block)..at(self.next_block + BLOCK));
        block.all(|sample| (-QUIET_AMPLITUDE..=QUIET_AMPLITUDE).contains(sample))
    }

    /// The next block after its warm-up. Silence stands in for what lies before the stream's start
    /// in its first block, and after its end in the last.
    fn block_audio(&self) -> Vec<f32> {
        let grid_start = self.start / BLOCK * BLOCK;
        let from = self.next_block.saturating_sub(WARM_UP).max(grid_start);
        (from..self.next_block + BLOCK)
            .map(|position| {
                let index = position.checked_sub(self.pcm_start).map(|index| index as usize);
                index.and_then(|index| self.pcm.get(index)).copied().map_or(0.0, to_float)
            })
            .collect()
    }

    fn judge(&mut self, probabilities: [f32; BLOCK_WINDOWS]) {
        let received = self.received();
        for (index, probability) in probabilities.into_iter().enumerate() {
            // A window of nothing but padding is not part of the stream.
            if self.next_block + index as u64 * WINDOW < received {
                self.decided.extend(self.segmenter.push(probability));
            }
        }
        self.next_block += BLOCK;
    }
}

/// A sample in −1..1.
pub fn to_float(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}
