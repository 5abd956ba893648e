//! Voice activity: how likely each 32 ms of a stream is speech, by Silero through whisper.cpp.
//!
//! whisper.cpp's Silero only takes whole buffers: every call starts from an empty memory. A stream
//! is therefore judged in blocks, each preceded by half a second of the audio before it, whose only use
//! is to fill that memory. Blocks lie on a fixed grid of session samples. So a probability depends
//! on the audio around it and on nothing else: not on how the audio was cut on its way here, not on
//! where the stream began, and anyone can compute it again.

use crate::front::QUIET_AMPLITUDE;
use crate::model_file::{ModelError, ModelFile};
use whisper_rs::{WhisperVadContext, WhisperVadContextParams};

/// Samples per probability: 32 ms.
pub const WINDOW_SAMPLES: usize = 512;

/// Probabilities per block. A block is also the step in which live audio is noticed, so more
/// windows save work (the warm-up is repeated per block) and cost latency.
pub const BLOCK_WINDOWS: usize = 8;

/// Samples per block: 256 ms.
pub const BLOCK_SAMPLES: usize = BLOCK_WINDOWS * WINDOW_SAMPLES;

/// Samples before a block that fill the model's memory: 0.5 s. Over 158 s of speech, 1.2 % of windows
/// fall on the other side of 0.5 than without cuts; a second of warm-up makes it 0.9 % at almost twice
/// the work, none makes it 15 %.
pub const WARM_UP_SAMPLES: usize = 16 * WINDOW_SAMPLES;

/// A loaded Silero model. One serves all streams, as nothing is kept between calls.
#[derive(Debug)]
pub struct VoiceActivity {
    context: WhisperVadContext,
    description: String,
}

/// The model could not judge a block.
#[derive(Debug, thiserror::Error)]
#[error("voice activity detection failed: {0}")]
pub struct VoiceActivityError(String);

impl VoiceActivity {
    /// Loads the model.
    ///
    /// # Errors
    /// `Damaged` if the file is not a whole Silero model with 512-sample windows, `Refused` if
    /// whisper.cpp does not take it.
    pub fn load(file: &ModelFile) -> Result<Self, ModelError> {
        whisper_rs::install_logging_hooks();
        let layout = file.silero_layout()?;
        let refused = |reason: String| ModelError::Refused {
            path: file.path.clone(),
            found: file.sha256,
            reason,
        };
        if layout.window_samples as usize != WINDOW_SAMPLES {
            return Err(refused(format!("windows of {} samples", layout.window_samples)));
        }
        let path = file.path.to_str().ok_or_else(|| refused("its path is not UTF-8".to_owned()))?;
        let mut parameters = WhisperVadContextParams::new();
        // The model is so small that a second thread costs more in waiting than it computes.
        parameters.set_n_threads(1);
        let context = WhisperVadContext::new(path, parameters)
            .map_err(|reason| refused(reason.to_string()))?;
        let [major, minor, patch] = layout.version;
        let description = format!(
            "silero=v{major}.{minor}.{patch},sha256:{},block={BLOCK_SAMPLES},\
             warm_up={WARM_UP_SAMPLES},quiet={QUIET_AMPLITUDE}",
            hex::encode(file.sha256)
        );
        Ok(Self { context, description })
    }

    /// The model and how it is run, for a record's `filters`.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Probabilities of the last `windows` windows of `audio`, which begins with the warm-up of
    /// the block that they are in: [`WARM_UP_SAMPLES`], or less at the start of a stream, in whole
    /// windows.
    ///
    /// # Errors
    /// If the library fails.
    pub fn judge(&mut self, audio: &[f32], windows: usize) -> Result<&[f32], VoiceActivityError> {
        debug_assert!(audio.len().is_multiple_of(WINDOW_SAMPLES));
        self.context.detect_speech(audio).map_err(|error| VoiceActivityError(error.to_string()))?;
        let all = self.context.probabilities();
        all.len().checked_sub(windows).map(|from| &all[from..]).ok_or_else(|| {
            VoiceActivityError(format!("{} probabilities for {} samples", all.len(), audio.len()))
        })
    }
}
