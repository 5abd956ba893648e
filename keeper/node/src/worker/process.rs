//! Starting and stopping the worker program.

use crate::config::TranscriptionConfig;
use crate::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::{Child, Command};

/// Name of the program when the configuration names none.
const PROGRAM: &str = "heliograph-stt";
/// How long a worker has to end by itself.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// How to start the worker.
#[derive(Debug)]
pub struct Process {
    program: PathBuf,
    config: TranscriptionConfig,
}

impl Process {
    /// Finds the program and the files it needs, so that a wrong path is told at start.
    pub fn new(config: &TranscriptionConfig) -> Result<Self, Error> {
        let program = match &config.worker {
            Some(path) => path.clone(),
            None => std::env::current_exe()
                .map(|keeper| keeper.with_file_name(PROGRAM))
                .unwrap_or_else(|_| PROGRAM.into()),
        };
        let models = config.models.iter().map(|model| &model.path);
        let files = [&program, &config.vad_model].into_iter().filter(|path| !path.is_file());
        // A model may be a folder.
        let models = std::iter::once(&config.model).chain(models).filter(|path| !path.exists());
        if let Some(path) = files.chain(models).next() {
            return Err(Error::Worker {
                path: program.clone(),
                reason: format!("{} does not exist", path.display()),
            });
        }
        Ok(Self { program, config: config.clone() })
    }

    /// The worker's socket.
    pub fn socket(&self) -> &Path {
        &self.config.socket
    }

    /// Starts the program. It is killed when the handle is dropped, however the keeper ends its
    /// tasks; its log goes to the keeper's.
    pub fn spawn(&self) -> Result<Child, String> {
        let mut command = Command::new(&self.program);
        command
            .arg("--socket")
            .arg(&self.config.socket)
            .arg("--model")
            .arg(&self.config.model)
            .arg("--vad-model")
            .arg(&self.config.vad_model)
            .arg("--threads")
            .arg(self.config.threads.to_string())
            // A keeper that is killed cannot stop it; an orphan would keep the socket.
            .arg("--exit-with-parent")
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        for model in &self.config.models {
            command.arg("--model").arg(&model.path);
        }
        let first = self.config.model_sha256.iter();
        // In the order of the models.
        for sha256 in first.chain(self.config.models.iter().filter_map(|m| m.sha256.as_ref())) {
            command.arg("--model-sha256").arg(sha256);
        }
        let child = command.spawn().map_err(|e| format!("{}: {e}", self.program.display()))?;
        tracing::info!(program = %self.program.display(), pid = child.id(), "worker started");
        Ok(child)
    }
}

/// Ends the process: asks, waits, kills.
pub async fn stop(mut child: Child) {
    if let Some(pid) = child.id()
        && matches!(child.try_wait(), Ok(None))
    {
        let asked = Command::new("kill").arg(pid.to_string()).status().await;
        let ended = tokio::time::timeout(STOP_GRACE, child.wait()).await;
        if asked.is_ok() && ended.is_ok() {
            return;
        }
    }
    if let Err(error) = child.kill().await {
        tracing::warn!(%error, "worker not killed");
    }
}
