//! What keeps made-up text out of a transcript.
//!
//! Whisper was trained to write something for everything: out of silence it writes politeness, out
//! of music a loop. The gates run in a fixed order and the first that objects names the reason.
//! They are pure: numbers and text in, verdict out. The first gate, voice activity, runs before
//! the engine and lives in [`crate::segment`].

use crate::engine::Transcript;
use flate2::{Compression, write::ZlibEncoder};
use heliograph_worker_ipc::Gate;
use std::io::Write as _;

mod phrases;
#[cfg(test)]
mod tests;

/// Above this probability that nobody speaks, the text is not believed, however fluent. Measured
/// on multilingual base: silence 0.93, noise 0.84, a tone 0.75, speech 0.04.
pub const NO_SPEECH_MAX: f32 = 0.6;

/// Below this mean log probability the engine is guessing. OpenAI's `logprob_threshold`.
pub const LOG_PROBABILITY_MIN: f32 = -1.0;

/// Text that shrinks more than this under zlib repeats itself. OpenAI's
/// `compression_ratio_threshold`.
pub const COMPRESSION_RATIO_MAX: f32 = 2.4;

/// A known phrase is believed only above this mean log probability (e^−0.4 = 0.67 per token) ...
pub const PHRASE_LOG_PROBABILITY_MIN: f32 = -0.4;

/// ... and only below this probability that nobody speaks.
pub const PHRASE_NO_SPEECH_MAX: f32 = 0.3;

/// The first gate that objects to a transcript, or `None` if it may go out.
pub fn judge(transcript: &Transcript) -> Option<Gate> {
    // A NaN compares with nothing, so it is asked for by name: it must not pass.
    let no_speech = transcript.no_speech_probability;
    if no_speech.is_nan() || no_speech > NO_SPEECH_MAX {
        return Some(Gate::NoSpeech);
    }
    let log_probability = transcript.average_log_probability;
    if log_probability.is_nan() || log_probability < LOG_PROBABILITY_MIN {
        return Some(Gate::LowProbability);
    }
    if transcript.looped || compression_ratio(&transcript.text) > COMPRESSION_RATIO_MAX {
        return Some(Gate::Repetition);
    }
    let unsure = log_probability < PHRASE_LOG_PROBABILITY_MIN || no_speech > PHRASE_NO_SPEECH_MAX;
    if phrases::wordless(&transcript.text) || (unsure && phrases::known(&transcript.text)) {
        return Some(Gate::KnownPhrase);
    }
    None
}

/// The gates after decoding, for a record's `filters`.
pub fn description() -> String {
    format!(
        "{}<={NO_SPEECH_MAX};{}>={LOG_PROBABILITY_MIN};{}<={COMPRESSION_RATIO_MAX};\
         {}>={PHRASE_LOG_PROBABILITY_MIN},<={PHRASE_NO_SPEECH_MAX}",
        Gate::NoSpeech,
        Gate::LowProbability,
        Gate::Repetition,
        Gate::KnownPhrase
    )
}

/// Length of the text over its length under zlib, both in bytes; below 1 for short text.
fn compression_ratio(text: &str) -> f32 {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to a Vec cannot fail; if it did, an empty result is infinitely repetitive.
    let compressed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    text.len() as f32 / compressed.map_or(0, |bytes| bytes.len()) as f32
}
