//! The keeper as a child process.

use super::folder::Folder;
use crate::exit::RetryError;
use crate::progress::Spinner;
use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// Loading a model from a cold disk takes most of it.
const HEALTHY_LIMIT: Duration = Duration::from_secs(180);
/// The keeper ends its streams, stores what is signed and stops its worker meanwhile.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// Lines of the log that are shown when the keeper fails.
const LOG_LINES: usize = 12;

/// What the keeper is told.
#[derive(Debug)]
pub struct Config {
    pub rpc_url: String,
    pub port: u16,
    /// Where participants of calls connect; `None` without calls.
    pub calls_port: Option<u16>,
    pub model: PathBuf,
    pub vad_model: PathBuf,
}

impl Config {
    /// Where clients reach the node.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn to_toml(&self) -> Result<String> {
        #[derive(Serialize)]
        struct File<'a> {
            rpc_url: &'a str,
            node: Node<'a>,
        }
        #[derive(Serialize)]
        struct Node<'a> {
            keypair: &'a str,
            listen: SocketAddr,
            database: &'a str,
            archive: &'a str,
            capacity: u32,
            transcription: Transcription<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            calls: Option<Calls>,
        }
        #[derive(Serialize)]
        struct Calls {
            listen: SocketAddr,
            udp: SocketAddr,
            threads: u32,
            receipt_every_secs: u32,
        }
        #[derive(Serialize)]
        struct Transcription<'a> {
            model: &'a Path,
            vad_model: &'a Path,
            threads: usize,
            socket: &'a str,
        }
        let threads = std::thread::available_parallelism().map_or(2, |threads| threads.get());
        let file = File {
            rpc_url: &self.rpc_url,
            node: Node {
                keypair: "keys/node.json",
                listen: (Ipv4Addr::LOCALHOST, self.port).into(),
                database: "node.db",
                archive: "archive",
                capacity: 4,
                transcription: Transcription {
                    model: &self.model,
                    vad_model: &self.vad_model,
                    threads: threads.min(8),
                    socket: "stt.sock",
                },
                calls: self.calls_port.map(|port| Calls {
                    listen: (Ipv4Addr::LOCALHOST, port).into(),
                    udp: (Ipv4Addr::LOCALHOST, 0).into(),
                    threads: 1,
                    // Short minutes, so that a demonstration has some.
                    receipt_every_secs: 10,
                }),
            },
        };
        Ok(toml::to_string(&file)?)
    }
}

/// A running keeper. Dropping it kills it; [`stop`](Self::stop) is the orderly way.
#[derive(Debug)]
pub struct Keeper {
    child: Child,
    endpoint: String,
    log: PathBuf,
}

impl Keeper {
    /// Writes the configuration and starts the program.
    pub fn start(program: &Path, folder: &Folder, config: &Config) -> Result<Self> {
        let path = folder.path("keeper.toml");
        std::fs::write(&path, config.to_toml()?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        let log = folder.path("keeper.log");
        let file = std::fs::File::create(&log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let child = Command::new(program)
            .arg("--config")
            .arg(&path)
            // The address in the file is the one that counts.
            .env_remove("HELIOGRAPH_RPC_URL")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            // ctrl-c in the terminal is ours to pass on, once streams have ended.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, endpoint: config.endpoint(), log })
    }

    /// Waits until the node says that it can serve.
    pub async fn wait_healthy(&mut self) -> Result<()> {
        let spinner = Spinner::new("loading the speech model");
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let url = format!("{}/health", self.endpoint);
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                drop(spinner);
                bail!("the keeper ended ({status}):\n{}", self.log_tail());
            }
            let healthy = match client.get(&url).send().await {
                Ok(answer) => answer.status().is_success(),
                Err(_) => false,
            };
            if healthy {
                return Ok(());
            }
            if started.elapsed() >= HEALTHY_LIMIT {
                drop(spinner);
                let secs = HEALTHY_LIMIT.as_secs();
                bail!("the node is not ready after {secs} s:\n{}", self.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Asks the keeper to end, and waits; kills it when it does not.
    pub async fn stop(mut self) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        // It has ended and been waited for.
        let Some(pid) = pid else { return };
        if kill(Pid::from_raw(pid), Signal::SIGTERM).is_err() {
            return;
        }
        let waited: Option<std::io::Result<ExitStatus>> =
            tokio::time::timeout(STOP_LIMIT, self.child.wait()).await.ok();
        if waited.is_none() {
            eprintln!("warning: the keeper did not end within {} s: killed", STOP_LIMIT.as_secs());
            let _ = self.child.kill().await;
        }
    }

    fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let start = lines.len().saturating_sub(LOG_LINES);
        lines[start..].join("\n")
    }
}

/// The port asked for, if it is free; a free one for 0.
pub fn free_port(port: u16) -> Result<u16> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(listener) => Ok(listener.local_addr()?.port()),
        Err(error) => Err(RetryError(format!(
            "node port {port} cannot be used ({error}); choose another with --node-port, 0 picks \
             a free one"
        ))
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_port_is_named() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let error = free_port(port).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("--node-port"), "{error}");
        assert_ne!(free_port(0).unwrap(), 0);
    }
}
