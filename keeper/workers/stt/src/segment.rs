//! Where speech starts and ends, from the probabilities of voice activity alone.
//!
//! Pure: one probability per window goes in, spans come out. All positions are session samples.
//! The thresholds and the hysteresis are those of Silero's own iterator.

use crate::vad::WINDOW_SAMPLES;
use heliograph_worker_ipc::SAMPLE_RATE_HZ;
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

const WINDOW: u64 = WINDOW_SAMPLES as u64;

/// A window at least this likely starts or continues speech.
pub const SPEECH_MIN: f32 = 0.5;

/// A window below this starts silence. Between the two, things stay as they are.
pub const SILENCE_BELOW: f32 = 0.35;

/// Silence that ends a segment of a stream that nobody waits for. Shorter cuts split sentences,
/// longer ones delay the text.
pub const END_SILENCE_SAMPLES: u64 = samples(500);

/// Shortest silence that a configuration may end segments with: the padding must fit into it.
pub const END_SILENCE_SAMPLES_MIN: u64 = samples(224);

/// Longest one. Beyond, speech would not end between two sentences.
pub const END_SILENCE_SAMPLES_MAX: u64 = samples(2_000);

/// Shorter speech is a click or a cough.
pub const SPEECH_SAMPLES_MIN: u64 = samples(250);

/// Speech this long is told of. A click or two windows of a door are not.
pub const TOLD_SAMPLES: u64 = 3 * WINDOW;

/// Added on both sides of speech, as quiet consonants fall below the threshold. Shorter than
/// `END_SILENCE_SAMPLES_MIN`, so that it is there when the segment ends.
pub const PADDING_SAMPLES: u64 = samples(200);

/// Longest segment. Whisper's window is 30 s; what is left keeps the end of text in sight.
pub const SEGMENT_SAMPLES_MAX: u64 = samples(25_000);

/// A segment that is cut for its length leaves at least this much to the next one.
const REMAINDER_SAMPLES_MIN: u64 = samples(1_000);

/// Samples in so many milliseconds.
pub const fn samples(ms: u64) -> u64 {
    ms * SAMPLE_RATE_HZ as u64 / 1000
}

const _: () = assert!(PADDING_SAMPLES < END_SILENCE_SAMPLES_MIN);
const _: () = assert!(END_SILENCE_SAMPLES_MIN < END_SILENCE_SAMPLES);

/// A stretch of a stream, in session samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First sample.
    pub start: u64,
    /// Sample after the last one.
    pub end: u64,
}

/// What the segmenter has decided. Spans never overlap and only move forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// To be transcribed, padding included.
    Speech(Span),
    /// Sounded like speech, but for less than [`SPEECH_SAMPLES_MIN`].
    Burst(Span),
}

impl Event {
    /// Where it is.
    pub const fn span(self) -> Span {
        match self {
            Self::Speech(span) | Self::Burst(span) => span,
        }
    }
}

/// Somebody begins to speak or has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Start of the first window that was speech, or end of the last one.
    pub at_sample: u64,
    /// Whether it begins.
    pub is_speaking: bool,
}

/// What is heard of speech that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Somebody speaks; the span reaches to the last window judged.
    Speech(Span),
    /// Silent for as long as the padding: if it stays so, this span will be the segment, to the
    /// sample.
    Pause(Span),
}

impl Hearing {
    /// Where it is.
    pub const fn span(self) -> Span {
        match self {
            Self::Speech(span) | Self::Pause(span) => span,
        }
    }
}

/// Speech that has begun and not ended.
#[derive(Debug)]
struct Open {
    /// Start of the first window that was speech.
    start: u64,
    /// The same with padding.
    padded_start: u64,
    /// End of the last window that was speech.
    voiced_end: u64,
    /// Whether the windows since then are silence.
    silent: bool,
    /// Probabilities of the windows from `start` on.
    probabilities: Vec<f32>,
}

/// Turns the probabilities of one stream into spans.
#[derive(Debug)]
pub struct Segmenter {
    /// Start of the next window.
    next: u64,
    /// Nothing before this may become part of a span again.
    floor: u64,
    /// Silence that ends a segment.
    end_silence: u64,
    open: Option<Open>,
    /// Whether speech has been told of and not its end.
    speaking: bool,
    activity: VecDeque<Activity>,
}

impl Segmenter {
    /// A segmenter whose first window starts at `grid_start`, for a stream whose first sample is
    /// `start`, in or after that window. `end_silence` is the silence that ends a segment, in
    /// samples, kept within [`END_SILENCE_SAMPLES_MIN`] and [`END_SILENCE_SAMPLES_MAX`].
    pub fn new(grid_start: u64, start: u64, end_silence: u64) -> Self {
        Self {
            next: grid_start,
            floor: start,
            end_silence: end_silence.clamp(END_SILENCE_SAMPLES_MIN, END_SILENCE_SAMPLES_MAX),
            open: None,
            speaking: false,
            activity: VecDeque::new(),
        }
    }

    /// All before this position is decided: it is in a span already given out or is silence.
    pub fn done(&self) -> u64 {
        match &self.open {
            Some(open) => open.padded_start,
            None => self.floor.max(self.next.saturating_sub(PADDING_SAMPLES)),
        }
    }

    /// The oldest change between speech and silence not yet taken. They alternate, beginning with
    /// speech.
    pub fn take_activity(&mut self) -> Option<Activity> {
        self.activity.pop_front()
    }

    /// What is heard of speech that has not ended, once it is long enough to be some.
    pub fn hearing(&self) -> Option<Hearing> {
        let open = self.open.as_ref()?;
        let voiced = open.voiced_end - open.start;
        let quiet = self.next - open.voiced_end;
        if !open.silent && voiced >= TOLD_SAMPLES {
            Some(Hearing::Speech(Span { start: open.padded_start, end: self.next }))
        } else if open.silent && quiet >= PADDING_SAMPLES && voiced >= SPEECH_SAMPLES_MIN {
            let end = open.voiced_end + PADDING_SAMPLES;
            Some(Hearing::Pause(Span { start: open.padded_start, end }))
        } else {
            None
        }
    }

    /// Takes the next window's probability.
    pub fn push(&mut self, probability: f32) -> Option<Event> {
        let event = self.hear(probability);
        let told = self.open.as_ref().filter(|open| open.voiced_end - open.start >= TOLD_SAMPLES);
        if let Some(open) = told
            && !self.speaking
        {
            self.speaking = true;
            self.activity.push_back(Activity { at_sample: open.start, is_speaking: true });
        }
        event
    }

    fn hear(&mut self, probability: f32) -> Option<Event> {
        let window_start = self.next;
        self.next += WINDOW;
        let Some(open) = &mut self.open else {
            if probability >= SPEECH_MIN {
                self.open = Some(Open {
                    start: window_start.max(self.floor),
                    padded_start: self.floor.max(window_start.saturating_sub(PADDING_SAMPLES)),
                    voiced_end: self.next,
                    silent: false,
                    probabilities: vec![probability],
                });
            }
            return None;
        };
        open.probabilities.push(probability);
        if probability >= SPEECH_MIN || (!open.silent && probability >= SILENCE_BELOW) {
            open.voiced_end = self.next;
            open.silent = false;
        } else {
            open.silent = true;
        }
        if self.next - open.voiced_end >= self.end_silence {
            return self.close(self.next);
        }
        // One more window must not lead past the limit.
        if self.next + WINDOW - open.padded_start > SEGMENT_SAMPLES_MAX {
            return Some(self.cut());
        }
        None
    }

    /// No more audio: `end` is the sample after the last one.
    pub fn finish(&mut self, end: u64) -> Option<Event> {
        let event = self.close(end);
        self.floor = self.floor.max(end);
        event
    }

    /// Ends the open speech, if any, no later than `limit`.
    fn close(&mut self, limit: u64) -> Option<Event> {
        let open = self.open.take()?;
        self.tell_end(open.voiced_end.min(limit));
        let end = limit.min(open.voiced_end + PADDING_SAMPLES);
        self.floor = end;
        let span = Span { start: open.padded_start, end };
        // Length is judged without padding; the last window may reach past the end of the stream.
        let voiced = open.voiced_end.min(limit).saturating_sub(open.start);
        Some(if voiced < SPEECH_SAMPLES_MIN { Event::Burst(span) } else { Event::Speech(span) })
    }

    /// Splits speech that has grown to the limit, after its least likely window in the second half.
    fn cut(&mut self) -> Event {
        let Some(open) = self.open.take() else { unreachable!("only open speech is cut") };
        let first_window = self.next - open.probabilities.len() as u64 * WINDOW;
        let earliest = open.padded_start + SEGMENT_SAMPLES_MAX / 2;
        let latest = self.next - REMAINDER_SAMPLES_MIN;
        let mut cut = latest;
        let mut lowest = f32::INFINITY;
        for (index, probability) in open.probabilities.iter().enumerate() {
            let window_end = first_window + (index as u64 + 1) * WINDOW;
            // The last of equals: longer segments give the engine more context.
            if (earliest..=latest).contains(&window_end) && *probability <= lowest {
                lowest = *probability;
                cut = window_end;
            }
        }
        self.floor = cut;
        let kept = ((cut - first_window) / WINDOW) as usize;
        if open.voiced_end > cut {
            self.open = Some(Open {
                start: cut,
                padded_start: cut,
                voiced_end: open.voiced_end,
                silent: open.silent,
                probabilities: open.probabilities[kept..].to_vec(),
            });
        } else {
            self.tell_end(open.voiced_end);
        }
        Event::Speech(Span { start: open.padded_start, end: cut })
    }

    fn tell_end(&mut self, at_sample: u64) {
        if self.speaking {
            self.speaking = false;
            self.activity.push_back(Activity { at_sample, is_speaking: false });
        }
    }
}

/// The rules above, for a record's `filters`. `end_silence` is the silence that ends a segment.
pub fn description(end_silence: u64) -> String {
    format!(
        "segments=speech>={SPEECH_MIN},silence<{SILENCE_BELOW},end={end_silence},\
         min={SPEECH_SAMPLES_MIN},pad={PADDING_SAMPLES},max={SEGMENT_SAMPLES_MAX}"
    )
}
