use crate::{eventually, program};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A keeper process. Killed when dropped.
#[derive(Debug)]
pub struct Keeper {
    process: Child,
    log: PathBuf,
}

impl Keeper {
    /// Starts it with a configuration file; its log lies beside that.
    pub fn start(config: &Path) -> Self {
        let log = config.with_extension("log");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log);
        let process = Command::new(program("heliograph-keeper"))
            .arg("--config")
            .arg(config)
            .env("HELIOGRAPH_LOG", "info,heliograph_node=debug")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file.expect("a log file"))
            .spawn()
            .expect("the keeper starts");
        Self { process, log }
    }

    /// Waits until streams are served.
    pub async fn healthy(&self, endpoint: &str) {
        let url = format!("{endpoint}/health");
        eventually("healthy keeper", Duration::from_secs(90), async || {
            let answer = reqwest::get(&url).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits for a log line that contains `text`.
    pub async fn logs(&self, text: &str) {
        eventually(text, Duration::from_secs(90), async || self.log().contains(text).then_some(()))
            .await;
    }

    /// Kills it as a power failure would.
    pub fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it was started here");
    }

    /// Asks it to stop in order.
    pub fn ask_to_stop(&self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").arg(pid).status().expect("kill runs").success());
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        eventually("end of the keeper", Duration::from_secs(60), async || {
            self.process.try_wait().expect("it was started here")
        })
        .await
    }

    /// Kills its SFU worker, as a fault in it would.
    pub fn kill_sfu(&self) {
        let parent = self.process.id().to_string();
        let killed =
            Command::new("pkill").args(["-KILL", "-P", &parent, "-f", "heliograph-sfu"]).status();
        assert!(killed.expect("pkill runs").success(), "the keeper has no SFU worker");
    }

    /// Kills its speech worker alone.
    pub fn kill_speech(&self) {
        self.signal_speech("-KILL");
    }

    /// Has its speech worker stand still.
    pub fn freeze_speech(&self) {
        self.signal_speech("-STOP");
    }

    /// Has it go on.
    pub fn thaw_speech(&self) {
        self.signal_speech("-CONT");
    }

    fn signal_speech(&self, signal: &str) {
        let parent = self.process.id().to_string();
        let sent =
            Command::new("pkill").args([signal, "-P", &parent, "-f", "heliograph-stt"]).status();
        assert!(sent.expect("pkill runs").success(), "the keeper has no speech worker");
    }

    /// Kills its workers, as the system does when memory runs out.
    pub fn kill_worker(&self) {
        let parent = self.process.id().to_string();
        let killed = Command::new("pkill").args(["-KILL", "-P", &parent]).status();
        assert!(killed.expect("pkill runs").success(), "the keeper has no worker");
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(60).collect();
            eprintln!("--- end of the keeper's log ---");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}
