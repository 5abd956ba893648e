//! Texts of speech that has not ended. They decide nothing: no record is made of them, and the
//! final text is decoded without regard to them.

use super::{Transcriber, confidence_ppm, samples};
use crate::SAMPLE_RATE_HZ;
use crate::engine::{EngineError, Window};
use crate::front::Settings;
use crate::gates;
use crate::router::Route;

/// Encoder positions per second of audio.
const POSITIONS_PER_SEC: usize = 50;

/// Smallest window of a preview, in encoder positions: 5.1 s, half of what a final text gets. The
/// price is a loop now and then, and then there is no preview.
const WINDOW_MIN: usize = 256;

/// Windows are a multiple of this.
const WINDOW_STEP: usize = 64;

/// What speech under way seems to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// What was said, trimmed, never empty.
    pub text: String,
    /// Geometric mean of the tokens' probabilities, in parts per million.
    pub confidence_ppm: u32,
    /// Language decoded, ISO 639-1.
    pub language: &'static str,
}

impl Transcriber {
    /// Decodes speech that has not ended, more cheaply than a segment. `None` for what a gate would
    /// withhold. The route is not told what was heard.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn preview(
        &mut self,
        pcm: &[i16],
        route: &Route,
        settings: &Settings,
    ) -> Result<Option<Preview>, EngineError> {
        let language = route.language();
        let Some(index) = self.router.candidates(route, language).into_iter().next() else {
            return Err(EngineError::NoEngine);
        };
        let secs = pcm.len().div_ceil(SAMPLE_RATE_HZ as usize) + 1;
        let positions = (secs * POSITIONS_PER_SEC).next_multiple_of(WINDOW_STEP).max(WINDOW_MIN);
        let window = Window::Exactly(positions);
        let transcript =
            self.engines[index].transcribe(&samples(pcm, settings), language, window)?;
        Ok(gates::judge(&transcript).is_none().then(|| Preview {
            confidence_ppm: confidence_ppm(transcript.average_log_probability),
            language: transcript.language,
            text: transcript.text,
        }))
    }
}
