//! Starting the SFU worker.

use crate::config::CallsConfig;
use crate::error::Error;
use std::path::PathBuf;
use tokio::process::{Child, Command};

/// Name of the program when the configuration names none.
const PROGRAM: &str = "heliograph-sfu";

/// How to start the worker.
#[derive(Debug)]
pub struct Process {
    program: PathBuf,
    config: CallsConfig,
}

impl Process {
    /// Finds the program and its files, so that a wrong path is told at start.
    pub fn new(config: &CallsConfig) -> Result<Self, Error> {
        let program = match &config.worker {
            Some(path) => path.clone(),
            None => std::env::current_exe()
                .map(|keeper| keeper.with_file_name(PROGRAM))
                .unwrap_or_else(|_| PROGRAM.into()),
        };
        for path in [Some(&program), config.keys.as_ref()].into_iter().flatten() {
            if !path.is_file() {
                return Err(Error::Worker {
                    path: program.clone(),
                    reason: format!("{} does not exist", path.display()),
                });
            }
        }
        Ok(Self { program, config: config.clone() })
    }

    /// Starts the program. It is killed when the handle is dropped; its log goes to the keeper's.
    pub fn spawn(&self) -> Result<Child, String> {
        let config = &self.config;
        let mut command = Command::new(&self.program);
        command
            .arg("--socket")
            .arg(&config.socket)
            .arg("--listen")
            .arg(config.listen.to_string())
            .arg("--udp")
            .arg(config.udp.to_string())
            .arg("--participants-max")
            .arg(config.participants_max.to_string())
            // A keeper that is killed cannot stop it; an orphan would keep the ports.
            .arg("--exit-with-parent")
            .stdin(std::process::Stdio::null())
            // It tells there where it listens, which the socket tells too.
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true);
        if let Some(tcp) = &config.tcp {
            command.arg("--tcp").arg(tcp.to_string());
        }
        for address in &config.advertise {
            command.arg("--advertise").arg(address.to_string());
        }
        if let Some(threads) = config.threads {
            command.arg("--threads").arg(threads.to_string());
        }
        if let Some(keys) = &config.keys {
            command.arg("--keys").arg(keys);
        }
        let child = command.spawn().map_err(|e| format!("{}: {e}", self.program.display()))?;
        tracing::info!(program = %self.program.display(), pid = child.id(), "SFU worker started");
        Ok(child)
    }
}
