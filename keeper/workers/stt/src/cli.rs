//! Flags. Each has an environment twin; the flag wins.

use clap::{ArgAction, Parser};
use heliograph_protocol::hash::Hash;
use std::iter;
use std::path::{Path, PathBuf};

/// Most threads for one inference by default. Beyond four, the decoder's small matrices gain
/// nothing and the spinning costs the rest of the machine.
const THREADS_DEFAULT_MAX: usize = 4;

/// Silence that ends a segment of a live stream. See decision 0036 for what shorter and longer ones
/// cost.
const END_SILENCE_MS_DEFAULT: u64 = 416;

/// What it may be: [`crate::segment::END_SILENCE_SAMPLES_MIN`] to the maximum beside it.
const END_SILENCE_MS: std::ops::RangeInclusive<u64> = 224..=2_000;

/// Transcribes streams of audio that a Heliograph node sends over a local socket.
///
/// Exit status: 0 stopped, 2 failure, 64 wrong usage.
#[derive(Clone, Debug, Parser)]
#[command(name = "heliograph-stt", version)]
pub struct Config {
    /// Unix socket to listen on; created for this user alone
    #[arg(long, env = "HELIOGRAPH_STT_SOCKET", value_name = "PATH")]
    pub socket: PathBuf,

    /// Whisper model in ggml format; several: repeat the flag, or separate them by commas
    #[arg(
        long,
        env = "HELIOGRAPH_STT_MODEL",
        value_name = "PATH",
        value_delimiter = ',',
        required = true
    )]
    pub model: Vec<PathBuf>,

    /// SHA-256 that the model must have; of several models: one for each, in their order
    #[arg(long, env = "HELIOGRAPH_STT_MODEL_SHA256", value_name = "HEX", value_delimiter = ',',
          value_parser = sha256)]
    pub model_sha256: Vec<Hash>,

    /// Silero voice-activity model in ggml format
    #[arg(long, env = "HELIOGRAPH_STT_VAD_MODEL", value_name = "PATH")]
    pub vad_model: PathBuf,

    /// Threads per inference; capped at the processors there are
    #[arg(long, env = "HELIOGRAPH_STT_THREADS", value_name = "N", value_parser = threads,
          default_value_t = default_threads())]
    pub threads: usize,

    /// Language of streams that do not ask for one: `auto` detects it per segment
    #[arg(long, env = "HELIOGRAPH_STT_LANGUAGE", value_name = "auto|CODE", default_value = "auto")]
    pub language: String,

    /// Streams served at once; one more is refused
    #[arg(long, env = "HELIOGRAPH_STT_STREAMS_MAX", value_name = "N", default_value_t = 16,
          value_parser = streams)]
    pub streams_max: usize,

    /// Milliseconds of silence that end a segment of a live stream; files have 500
    #[arg(long, env = "HELIOGRAPH_STT_END_SILENCE_MS", value_name = "MS",
          default_value_t = END_SILENCE_MS_DEFAULT,
          value_parser = clap::value_parser!(u64).range(END_SILENCE_MS))]
    pub end_silence_ms: u64,

    /// Whether noise is taken off streams that do not say whether they want it
    #[arg(long, env = "HELIOGRAPH_STT_SUPPRESS_NOISE", value_name = "on|off",
          default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub suppress_noise: bool,

    /// Stop when the process that started this one ends
    #[arg(long, env = "HELIOGRAPH_STT_EXIT_WITH_PARENT")]
    pub exit_with_parent: bool,
}

impl Config {
    /// The models, each with the hash it must have.
    ///
    /// # Errors
    /// If there are hashes, but not one for each model.
    pub fn models(&self) -> Result<Vec<(&Path, Option<Hash>)>, String> {
        let (models, hashes) = (self.model.len(), self.model_sha256.len());
        if hashes != 0 && hashes != models {
            return Err(format!("{hashes} hashes for {models} models; give one for each, or none"));
        }
        let expected = self.model_sha256.iter().copied().map(Some).chain(iter::repeat(None));
        Ok(self.model.iter().map(PathBuf::as_path).zip(expected).collect())
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn default_threads() -> usize {
    processors().min(THREADS_DEFAULT_MAX)
}

fn threads(value: &str) -> Result<usize, String> {
    Ok(positive(value)?.min(processors()))
}

fn streams(value: &str) -> Result<usize, String> {
    match positive(value)? {
        // Each may hold about 2 MiB of audio.
        streams @ ..=1024 => Ok(streams),
        _ => Err("at most 1024".to_owned()),
    }
}

fn switch(value: &str) -> Result<bool, String> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("on or off".to_owned()),
    }
}

fn positive(value: &str) -> Result<usize, String> {
    match value.parse() {
        Ok(0) => Err("at least 1".to_owned()),
        Ok(value) => Ok(value),
        Err(error) => Err(format!("{error}")),
    }
}

fn sha256(value: &str) -> Result<Hash, String> {
    let mut hash = Hash::default();
    hex::decode_to_slice(value.trim(), &mut hash)
        .map_err(|_| "64 hexadecimal digits expected".to_owned())?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment;
    use clap::CommandFactory;

    fn parse(extra: &[&str]) -> Result<Config, clap::Error> {
        let base = ["heliograph-stt", "--socket", "s", "--model", "m", "--vad-model", "v"];
        Config::try_parse_from(base.iter().chain(extra))
    }

    #[test]
    fn flags_are_well_formed_and_each_has_an_environment_twin() {
        Config::command().debug_assert();
        for arg in Config::command()
            .get_arguments()
            .filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()))
        {
            let twin = format!("HELIOGRAPH_STT_{}", arg.get_id().as_str().to_ascii_uppercase());
            assert_eq!(arg.get_env().and_then(|env| env.to_str()), Some(twin.as_str()));
        }
    }

    #[test]
    fn threads_are_capped_and_never_zero() {
        assert_eq!(parse(&["--threads", "100000"]).unwrap().threads, processors());
        assert!(parse(&["--threads", "0"]).is_err());
        assert!(parse(&[]).unwrap().threads >= 1);
    }

    #[test]
    fn noise_and_silence_are_configured_within_bounds() {
        let config = parse(&["--suppress-noise", "on", "--end-silence-ms", "320"]).unwrap();
        assert!(config.suppress_noise && !parse(&[]).unwrap().suppress_noise);
        assert_eq!(config.end_silence_ms, 320);
        assert!(parse(&["--suppress-noise", "maybe"]).is_err());
        assert!(parse(&["--end-silence-ms", "223"]).is_err());
        assert!(parse(&["--end-silence-ms", "2001"]).is_err());
        assert_eq!(segment::samples(*END_SILENCE_MS.start()), segment::END_SILENCE_SAMPLES_MIN);
        assert_eq!(segment::samples(*END_SILENCE_MS.end()), segment::END_SILENCE_SAMPLES_MAX);
    }

    #[test]
    fn hash_is_64_digits() {
        let digits = "0f".repeat(32);
        assert_eq!(parse(&["--model-sha256", &digits]).unwrap().model_sha256, [[0x0f; 32]]);
        assert!(parse(&["--model-sha256", "0f0f"]).is_err());
    }

    #[test]
    fn models_go_with_their_hashes_or_with_none() {
        let (first, second) = ("0f".repeat(32), "f0".repeat(32));
        let two = |extra: &[&str]| parse(&[&["--model", "n,o"], extra].concat()).unwrap();
        let paths = ["m", "n", "o"].map(Path::new);
        assert_eq!(two(&[]).models().unwrap(), paths.map(|path| (path, None)));
        let all = two(&["--model-sha256", &[&*first, &second, &first].join(",")]);
        let hashes: Vec<_> =
            all.models().unwrap().iter().map(|model| model.1.unwrap()[0]).collect();
        assert_eq!(hashes, [0x0f, 0xf0, 0x0f]);
        let error = two(&["--model-sha256", &first]).models().unwrap_err();
        assert_eq!(error, "1 hashes for 3 models; give one for each, or none");
    }
}
