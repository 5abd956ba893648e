//! Parakeet-TDT (NVIDIA): a FastConformer encoder with a token-and-duration transducer, in the ONNX
//! export that onnx-asr and others use. The operator brings the folder; see
//! [`ModelFolder`](crate::model_file::ModelFolder).
//!
//! A transducer says nothing where it hears nothing, so it needs no fitted window and does not
//! loop. It cannot tell what language it hears.

use super::{Engine, EngineError, EngineInfo, Transcript, UNDETERMINED, Window, parameters};
use crate::SAMPLE_RATE_HZ;
use crate::model_file::{ModelError, ModelFolder};
use mel::Mel;
use network::Network;
use tdt::Decoded;
use vocabulary::Vocabulary;

pub mod mel;
pub mod network;
pub mod tdt;
pub mod vocabulary;

/// Name of the engine, for records.
pub const ENGINE: &str = "parakeet-tdt/rten";

/// Version of rten, which the workspace pins; a test compares it with the lock file.
const RTEN_VERSION: &str = "0.27.0";

/// Mel bands of all Parakeet-TDT models.
const BANDS: usize = 128;

/// Longest segment: attention's memory grows with its square, and training clips end at 40 s.
const SAMPLES_MAX: usize = 40 * SAMPLE_RATE_HZ as usize;

/// A loaded Parakeet-TDT model.
pub struct Parakeet {
    network: Network,
    vocabulary: Vocabulary,
    mel: Mel,
    info: EngineInfo,
    precision: &'static str,
}

impl std::fmt::Debug for Parakeet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parakeet").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Parakeet {
    /// Loads a model and runs it once.
    ///
    /// # Errors
    /// `Folder` for text files that are wrong, `Refused` if the graphs are no TDT model.
    pub fn load(folder: ModelFolder, threads: usize) -> Result<Self, ModelError> {
        let (path, found) = (folder.path.clone(), folder.sha256);
        let wrong = |reason: String| ModelError::Folder { path: path.clone(), reason };
        let vocabulary = Vocabulary::parse(folder.vocabulary())
            .map_err(|reason| wrong(format!("vocab.txt: {reason}")))?;
        let mut languages = Vec::new();
        for code in &folder.languages {
            let language = language(code)
                .ok_or_else(|| wrong(format!("languages.txt: '{code}' is no language's code")))?;
            languages.push(language);
        }
        languages.sort_unstable();
        languages.dedup();
        let info = EngineInfo {
            engine: ENGINE,
            engine_version: RTEN_VERSION.to_owned(),
            model_name: folder.name(),
            model_sha256: folder.sha256,
            languages,
        };
        let precision = if folder.precision.is_empty() { "f32" } else { "int8" };
        let network =
            Network::load(folder, BANDS, vocabulary.blank() + 1, threads).map_err(|reason| {
                ModelError::Refused { path: path.clone(), found, by: "rten", reason }
            })?;
        Ok(Self { network, vocabulary, mel: Mel::new(BANDS), info, precision })
    }

    /// Decodes a segment to tokens with their encoder frames; `None` of less than 20 ms.
    ///
    /// # Errors
    /// If the graphs cannot be run.
    pub fn decode(&self, pcm: &[f32]) -> Result<Option<Decoded>, EngineError> {
        let library = |step| move |reason| EngineError::Library { step, reason };
        let Some(spectrum) = self.mel.spectrum(pcm) else { return Ok(None) };
        let encoded = self.network.encode(spectrum).map_err(library("encoder"))?;
        let mut walk = self.network.walk(&encoded);
        tdt::decode(&mut walk, encoded.frames, self.vocabulary.blank())
            .map(Some)
            .map_err(library("decoder"))
    }

    fn parameters(&self, asked: bool) -> String {
        parameters::join([
            ("language_from", if asked { "request" } else { "none" }),
            ("max_symbols", tdt::SYMBOLS_MAX.to_string().as_str()),
            ("precision", self.precision),
            ("sampling", "greedy"),
            ("simd", simd()),
        ])
    }
}

impl Engine for Parakeet {
    fn info(&self) -> &EngineInfo {
        &self.info
    }

    fn transcribe(
        &mut self,
        pcm: &[f32],
        language: Option<&str>,
        _: Window,
    ) -> Result<Transcript, EngineError> {
        if pcm.len() > SAMPLES_MAX {
            return Err(EngineError::TooLong { samples: pcm.len(), samples_max: SAMPLES_MAX });
        }
        let asked = language.map(|asked| self.info.language(asked)).transpose()?;
        let language = match (asked, self.info.languages.as_slice()) {
            (Some(asked), _) => asked,
            (None, [only]) => only,
            (None, _) => UNDETERMINED,
        };
        let decoded = self.decode(pcm)?;
        let (tokens, blank_min) = match &decoded {
            Some(decoded) => (decoded.tokens.as_slice(), decoded.blank_min),
            None => (&[][..], 1.0),
        };
        let log_probability: f64 = tokens.iter().map(|token| token.log_probability).sum();
        Ok(Transcript {
            text: self.vocabulary.text(tokens.iter().map(|token| token.id)),
            language,
            // The chance of the blank where it was least likely: had anybody spoken, a token would
            // have been more likely there.
            no_speech_probability: blank_min as f32,
            average_log_probability: (log_probability / tokens.len().max(1) as f64) as f32,
            tokens: tokens.len(),
            looped: false,
            full_window: true,
            parameters: self.parameters(asked.is_some()),
        })
    }
}

/// The language of a code, if there is one.
fn language(code: &str) -> Option<&'static str> {
    // The look-up takes a C string and panics over what cannot be one.
    if !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    whisper_rs::get_lang_str(whisper_rs::get_lang_id(code)?)
}

/// The instructions that rten chooses its kernels by; sums come out differently by the last bits.
fn simd() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq");
        if wide && is_x86_feature_detected!("avx512vnni") {
            return "avx512+vnni";
        }
        if wide {
            return "avx512";
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return "avx2+fma";
        }
    }
    "other"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records name the version that decoded.
    #[test]
    fn version_is_the_lock_files() {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../Cargo.lock");
        let lock = std::fs::read_to_string(lock).unwrap();
        let entry = format!("name = \"rten\"\nversion = \"{RTEN_VERSION}\"\n");
        assert!(lock.contains(&entry), "the lock file has another version of rten");
    }

    #[test]
    fn languages_of_parakeet_v3_are_known() {
        let codes = "bg cs da de el en es et fi fr hr hu it lt lv mt nl pl pt ro ru sk sl sv uk";
        assert_eq!(codes.split(' ').filter_map(language).count(), 25);
        assert_eq!(language("xx"), None);
        assert_eq!(language("e\0n"), None);
    }
}
