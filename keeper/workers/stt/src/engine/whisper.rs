//! Whisper through whisper.cpp.
//!
//! The encoder runs once per segment. One decoder step on the start token then gives two things
//! that whisper.cpp's own loop does not: a no-speech probability that means something for
//! multilingual models (its own is read after the language token, where it is always near 0), and
//! the language posterior without a second encoder run. The text follows greedily from there:
//! temperature 0, no fallback, nothing carried over from earlier segments.

use super::logits::{argmax, log_probability};
use super::{Engine, EngineError, EngineInfo, Transcript, Window, parameters, repetition, text};
use crate::SAMPLE_RATE_HZ;
use crate::model_file::{ModelError, ModelFile, WhisperLayout};
use whisper_rs::{
    FullParams, SamplingStrategy, SystemInfo, WHISPER_CPP_VERSION, WhisperContext,
    WhisperContextParameters, WhisperError, WhisperState, WhisperTokenId,
};

/// Encoder positions per second of audio: 100 spectrum frames, halved by the second convolution.
const POSITIONS_PER_SEC: usize = 50;

/// Fitted windows are a multiple of this, so that segments of similar length share one shape.
const WINDOW_STEP: usize = 64;

/// Smallest fitted window: 10.2 s. In tighter ones the decoder does not see the speech end and says
/// it again: of 54 prompts of 2 to 20 s, 9 looped without this floor, 2 with 384, none with 512, and
/// with 512 the word error rate is that of the full window (2.9 %) at a quarter of the work.
const WINDOW_MIN: usize = 512;

/// Fewest samples for a spectrum: whisper.cpp mirrors the first 200 after the first at the beginning,
/// without looking whether there are so many.
const SPECTRUM_SAMPLES_MIN: usize = 201;

/// Most tokens of one segment: half the decoder's context, as in OpenAI's reference decoder. More
/// only lengthens loops.
const TOKENS_MAX: usize = 224;

/// A loaded Whisper model.
pub struct Whisper {
    context: WhisperContext,
    state: WhisperState,
    info: EngineInfo,
    threads: usize,
    multilingual: bool,
    audio_context: usize,
    special: Special,
    /// Served languages in the model's order, which is that of their tokens.
    languages: Vec<&'static str>,
    /// What the library's state holds: the last segment, encoded, with the start token decoded.
    held: Option<Held>,
}

/// A segment that has been listened to.
struct Held {
    pcm: Vec<f32>,
    positions: usize,
    no_speech_probability: f32,
    /// Probabilities of the languages in their order.
    languages: Vec<f32>,
}

impl std::fmt::Debug for Whisper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whisper").field("info", &self.info).field("threads", &self.threads).finish()
    }
}

/// Tokens that steer the decoder.
struct Special {
    start: WhisperTokenId,
    end: WhisperTokenId,
    transcribe: WhisperTokenId,
    no_timestamps: WhisperTokenId,
    no_speech: WhisperTokenId,
    blank: WhisperTokenId,
}

impl Whisper {
    /// Loads a model whose layout has been checked.
    ///
    /// # Errors
    /// [`ModelError::Refused`] if whisper.cpp does not take it.
    pub fn load(
        file: &ModelFile,
        layout: WhisperLayout,
        threads: usize,
    ) -> Result<Self, ModelError> {
        let refused = |reason: WhisperError| ModelError::Refused {
            path: file.path.clone(),
            found: file.sha256,
            by: "whisper.cpp",
            reason: reason.to_string(),
        };
        whisper_rs::install_logging_hooks();
        // Flash attention pads the keys with zeros that it does not mask on the CPU, which would
        // let the window's rounding leak into the result.
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(cfg!(feature = "cuda")).flash_attn(false);
        let context = WhisperContext::new_from_buffer_with_params(&file.bytes, parameters)
            .map_err(refused)?;
        let state = context.create_state().map_err(refused)?;
        let languages = languages(layout);
        let mut sorted = languages.clone();
        sorted.sort_unstable();
        let special = Special {
            start: context.token_sot(),
            end: context.token_eot(),
            transcribe: context.token_transcribe(),
            no_timestamps: context.token_not(),
            no_speech: context.token_nosp(),
            blank: context.tokenize(" ", 4).map_err(refused)?.first().copied().unwrap_or(-1),
        };
        Ok(Self {
            context,
            state,
            info: EngineInfo {
                engine: "whisper.cpp",
                engine_version: WHISPER_CPP_VERSION.to_owned(),
                model_name: file.name(),
                model_sha256: file.sha256,
                languages: sorted,
            },
            threads,
            multilingual: layout.multilingual(),
            audio_context: layout.audio_context as usize,
            special,
            languages,
            held: None,
        })
    }

    /// Encoder positions for a segment: at least a second more than it lasts. With less, an 11 s
    /// clip was seen to loop over 191 tokens at full confidence.
    fn positions(&self, samples: usize, window: Window) -> usize {
        let wanted = match window {
            Window::Full => self.audio_context,
            Window::Exactly(positions) => positions.max(1),
            Window::Fitted => {
                let secs = samples.div_ceil(SAMPLE_RATE_HZ as usize) + 1;
                (secs * POSITIONS_PER_SEC).next_multiple_of(WINDOW_STEP).max(WINDOW_MIN)
            }
        };
        wanted.min(self.audio_context)
    }

    /// Computes the spectrum and runs the encoder on `positions` of its context.
    fn encode(&mut self, pcm: &[f32], positions: usize) -> Result<(), EngineError> {
        let threads = self.threads;
        let mut padded = Vec::new();
        let pcm = if pcm.len() < SPECTRUM_SAMPLES_MIN {
            padded.extend_from_slice(pcm);
            padded.resize(SPECTRUM_SAMPLES_MIN, 0.0);
            &padded
        } else {
            pcm
        };
        // The only way to shorten the encoder's context is a full run. Limited to 100 ms, such a
        // run computes the spectrum of everything, stores the context's length, and returns before
        // its first encoder step (`seek + delta_min >= seek_end` in whisper_full_with_state).
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        parameters.set_n_threads(threads as i32);
        parameters.set_audio_ctx(positions as i32);
        parameters.set_duration_ms(100);
        parameters.set_no_context(true);
        parameters.set_print_progress(false);
        parameters.set_print_timestamps(false);
        self.state.full(parameters, pcm).map_err(library("spectrum"))?;
        self.state.encode(0, threads).map_err(library("encoder"))
    }

    /// Feeds one token to the decoder and returns the logits after it. Several at once would leave
    /// the last one's logits in a row that whisper-rs does not reach.
    fn step(&mut self, token: WhisperTokenId, past: usize) -> Result<&[f32], EngineError> {
        self.state.decode(&[token], past, self.threads).map_err(library("decoder"))?;
        self.state.get_logits().map_err(library("logits"))
    }

    /// Runs the encoder and the start token, unless that is what was done last: its logits say
    /// how likely it is that nobody speaks, and which language it is.
    fn listen(&mut self, pcm: &[f32], window: Window) -> Result<&Held, EngineError> {
        let samples_max = self.audio_context / POSITIONS_PER_SEC * SAMPLE_RATE_HZ as usize;
        if pcm.len() > samples_max {
            return Err(EngineError::TooLong { samples: pcm.len(), samples_max });
        }
        let positions = self.positions(pcm.len(), window);
        let held = self.held.take();
        let held = match held.filter(|held| held.positions == positions && held.pcm == pcm) {
            Some(held) => held,
            None => {
                self.encode(pcm, positions)?;
                let first = self.special.start as usize + 1;
                let spoken = first..first + self.languages.len();
                let no_speech = self.special.no_speech as usize;
                let multilingual = self.multilingual;
                let logits = self.step(self.special.start, 0)?;
                let no_speech = log_probability(logits, logits[no_speech]).exp();
                let languages = if multilingual {
                    let logits = &logits[spoken];
                    let probability = |logit: &f32| log_probability(logits, *logit).exp() as f32;
                    logits.iter().map(probability).collect()
                } else {
                    vec![1.0]
                };
                Held {
                    pcm: pcm.to_vec(),
                    positions,
                    no_speech_probability: no_speech as f32,
                    languages,
                }
            }
        };
        Ok(self.held.insert(held))
    }

    fn decode(&mut self, language: &'static str) -> Result<Decoded, EngineError> {
        let (end, blank) = (self.special.end, self.special.blank);
        // The start token was fed while listening.
        let mut past = 1;
        let mut next = self.special.no_timestamps;
        if self.multilingual {
            let index = self.languages.iter().position(|l| *l == language).unwrap_or(0);
            // Their logits are not asked for.
            let prompt = [self.special.start + 1 + index as i32, self.special.transcribe];
            self.state.decode(&prompt, 1, self.threads).map_err(library("decoder"))?;
            past = 3;
        }
        let mut decoded = Decoded::default();
        while decoded.tokens.len() < TOKENS_MAX {
            // Text tokens come first in the vocabulary, then end of text, then everything that
            // steers: cutting there suppresses all of that at once.
            let mut logits = self.step(next, past)?[..=end as usize].to_vec();
            past += 1;
            if decoded.tokens.is_empty() {
                // As in the reference decoder: a transcript does not start with its own end.
                logits[end as usize] = f32::NEG_INFINITY;
                if let Some(logit) = logits.get_mut(blank as usize) {
                    *logit = f32::NEG_INFINITY;
                }
            }
            let best = argmax(&logits);
            decoded.log_probability += log_probability(&logits, logits[best]);
            decoded.steps += 1;
            if best == end as usize {
                break;
            }
            next = best as i32;
            decoded.tokens.push(next);
            if repetition::ends_in_loop(&decoded.tokens) {
                decoded.looped = true;
                break;
            }
        }
        Ok(decoded)
    }

    fn parameters(&self, positions: usize, detected: bool) -> String {
        let simd = SystemInfo::default();
        let simd: Vec<&str> =
            [("avx", simd.avx), ("avx2", simd.avx2), ("f16c", simd.f16c), ("fma", simd.fma)]
                .into_iter()
                .filter_map(|(name, has)| has.then_some(name))
                .collect();
        parameters::join([
            ("audio_ctx", positions.to_string().as_str()),
            ("backend", if cfg!(feature = "cuda") { "cuda" } else { "cpu" }),
            ("language_from", if detected { "audio" } else { "request" }),
            ("loop_stop", repetition::DESCRIPTION),
            ("max_tokens", TOKENS_MAX.to_string().as_str()),
            ("prompt", "none"),
            ("sampling", "greedy"),
            ("simd", simd.join("+").as_str()),
            ("task", "transcribe"),
            ("temperature", "0"),
            ("timestamps", "none"),
        ])
    }
}

#[derive(Default)]
struct Decoded {
    tokens: Vec<WhisperTokenId>,
    /// Sum over all steps, the one that ended the text included.
    log_probability: f64,
    steps: usize,
    looped: bool,
}

impl Engine for Whisper {
    fn info(&self) -> &EngineInfo {
        &self.info
    }

    fn hear(
        &mut self,
        pcm: &[f32],
        window: Window,
    ) -> Result<Option<Vec<(&'static str, f32)>>, EngineError> {
        if !self.multilingual {
            return Ok(None);
        }
        let probabilities = self.listen(pcm, window)?.languages.clone();
        Ok(Some(self.languages.iter().copied().zip(probabilities).collect()))
    }

    fn transcribe(
        &mut self,
        pcm: &[f32],
        language: Option<&str>,
        window: Window,
    ) -> Result<Transcript, EngineError> {
        let asked = language.map(|asked| self.info.language(asked)).transpose()?;
        let held = self.listen(pcm, window)?;
        let (positions, no_speech_probability) = (held.positions, held.no_speech_probability);
        let heard = argmax(&held.languages);
        let language = asked.unwrap_or(self.languages[heard]);
        let decoded = self.decode(language)?;

        let mut bytes = Vec::new();
        for token in &decoded.tokens {
            bytes.extend_from_slice(
                self.context.token_to_bytes(*token).map_err(library("vocabulary"))?,
            );
        }
        Ok(Transcript {
            text: text::from_token_bytes(&bytes),
            language,
            no_speech_probability,
            average_log_probability: (decoded.log_probability / decoded.steps.max(1) as f64) as f32,
            tokens: decoded.tokens.len(),
            looped: decoded.looped,
            full_window: positions == self.audio_context,
            parameters: self.parameters(positions, asked.is_none()),
        })
    }
}

/// The languages of a model, in the order of its tokens.
fn languages(layout: WhisperLayout) -> Vec<&'static str> {
    if !layout.multilingual() {
        return vec!["en"];
    }
    (0..layout.languages() as i32).filter_map(whisper_rs::get_lang_str).collect()
}

fn library(step: &'static str) -> impl FnOnce(WhisperError) -> EngineError {
    move |error| EngineError::Library { step, reason: error.to_string() }
}
