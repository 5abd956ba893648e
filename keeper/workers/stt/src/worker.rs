//! The worker as a whole: load and check the models, open the socket, serve until told to stop.

use crate::cli::Config;
use crate::engine::{Engine, EngineInfo, Whisper};
use crate::inference::{Inference, WINDOW_SAMPLES};
use crate::model_file::{ModelError, ModelFile};
use crate::router::Refusal;
use crate::segment;
use crate::server;
use crate::transcribe::Transcriber;
use crate::vad::VoiceActivity;
use heliograph_protocol::hash::Hash;
use heliograph_worker_ipc::socket::{self, BindError};
use heliograph_worker_ipc::{FromWorker, Model, VERSION};
use std::cmp::Reverse;
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How long a stop waits for the segment being decoded. Leaving earlier would run the C++
/// library's destructors under a thread that still computes.
const STOP_GRACE: Duration = Duration::from_secs(20);

/// Why the worker did not start or stopped on its own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// A model file.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The socket.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The configured language.
    #[error("--language: {0}")]
    Language(#[from] Refusal),
    /// The configured hashes.
    #[error("--model-sha256: {0}")]
    Hashes(String),
    /// The machine.
    #[error("this build needs a CPU with {0}, which this machine lacks")]
    Cpu(&'static str),
    /// Serving failed.
    #[error("serving failed: {0}")]
    Serve(#[from] std::io::Error),
}

/// Runs until a signal or the parent's end.
///
/// # Errors
/// See [`WorkerError`].
pub async fn run(config: Config) -> Result<(), WorkerError> {
    check_cpu()?;
    // First of all, so that a second worker fails before it has read gigabytes.
    let listener = socket::bind(&config.socket).await?;
    let socket = Socket(&config.socket);

    let loading = config.clone();
    let inference = tokio::task::spawn_blocking(move || load(&loading))
        .await
        .map_err(std::io::Error::other)??;
    let ready = ready(&inference);
    let (sessions, sessions_out) = mpsc::channel(1);
    let (stopped, mut stopped_out) = mpsc::channel::<()>(1);
    std::thread::Builder::new().name("inference".into()).spawn(move || {
        // Dropped when the thread ends, however it ends.
        let _stopped = stopped;
        inference.run(sessions_out);
    })?;
    tracing::info!(socket = %config.socket.display(), "ready");

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let result = tokio::select! {
        served = server::serve(listener, ready, sessions) => served.map_err(WorkerError::Serve),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        () = parent_gone(config.exit_with_parent) => {
            tracing::warn!("parent process has ended");
            Ok(())
        }
    };
    drop(socket);
    // `serve` is gone, its connection with it, and the thread notices between two segments.
    let _ = tokio::time::timeout(STOP_GRACE, stopped_out.recv()).await;
    tracing::info!("stopped");
    result
}

fn load(config: &Config) -> Result<Inference, WorkerError> {
    let voice_file = ModelFile::read(&config.vad_model, None)?;
    let voice = VoiceActivity::load(&voice_file)?;
    let mut engines: Vec<Box<dyn Engine>> = Vec::new();
    for (path, expected) in config.models().map_err(WorkerError::Hashes)? {
        let engine = load_engine(path, expected, config.threads)?;
        let info = engine.info();
        tracing::info!(
            engine = info.engine,
            model = info.model_name,
            model_sha256 = hex::encode(info.model_sha256),
            languages = info.languages.len(),
            threads = config.threads,
            "model loaded"
        );
        engines.push(engine);
    }
    let transcriber = Transcriber::new(engines, voice.description());
    let language = match config.language.as_str() {
        "auto" => None,
        asked => Some(transcriber.router().language(asked, None)?),
    };
    Ok(Inference {
        transcriber,
        voice,
        language,
        streams_max: config.streams_max,
        live_end_silence_samples: segment::samples(config.end_silence_ms),
        suppresses_noise: config.suppress_noise,
    })
}

/// Loads one model with the engine it is for.
pub(crate) fn load_engine(
    path: &Path,
    expected: Option<Hash>,
    threads: usize,
) -> Result<Box<dyn Engine>, ModelError> {
    let model = ModelFile::read(path, expected)?;
    let layout = model.whisper_layout(expected)?;
    Ok(Box::new(Whisper::load(&model, layout, threads)?))
}

/// The greeting. The node takes the first model for what serves when nothing is asked for: the one
/// that serves most languages.
fn ready(inference: &Inference) -> FromWorker {
    let mut models: Vec<Model> = inference.transcriber.models().map(model).collect();
    models.sort_by_key(|model| Reverse(model.languages.len()));
    FromWorker::Ready {
        version: VERSION,
        models,
        streams_max: u32::try_from(inference.streams_max).unwrap_or(u32::MAX),
        window_samples: WINDOW_SAMPLES as u64,
    }
}

fn model(info: &EngineInfo) -> Model {
    Model {
        engine: info.engine.to_owned(),
        engine_version: info.engine_version.clone(),
        name: info.model_name.clone(),
        sha256: info.model_sha256,
        languages: info.languages.iter().map(|&language| language.to_owned()).collect(),
    }
}

/// whisper.cpp is compiled for one set of instructions; without this check, a CPU that lacks one
/// ends the process with SIGILL in the middle of a call.
pub(crate) fn check_cpu() -> Result<(), WorkerError> {
    #[cfg(target_arch = "x86_64")]
    {
        let built = whisper_rs::SystemInfo::default();
        for (name, needed, present) in [
            ("AVX", built.avx, is_x86_feature_detected!("avx")),
            ("AVX2", built.avx2, is_x86_feature_detected!("avx2")),
            ("FMA", built.fma, is_x86_feature_detected!("fma")),
            ("F16C", built.f16c, is_x86_feature_detected!("f16c")),
        ] {
            if needed && !present {
                return Err(WorkerError::Cpu(name));
            }
        }
    }
    Ok(())
}

async fn parent_gone(watch: bool) {
    if watch { socket::parent_gone().await } else { std::future::pending().await }
}

/// Removes the socket's file when the worker leaves.
struct Socket<'a>(&'a std::path::Path);

impl Drop for Socket<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.0);
    }
}
