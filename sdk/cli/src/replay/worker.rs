//! A speech worker that decodes again.

use anyhow::{Context as _, Result, bail};
use heliograph_worker_ipc::replay::{Answer, Job, read, write};
use std::io::{BufReader, ErrorKind, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Which program with which models.
#[derive(Clone, Debug)]
pub struct Setup {
    pub program: PathBuf,
    pub models: Vec<PathBuf>,
}

/// The process. It ends with this one, whose end closes its input.
#[derive(Debug)]
pub struct Worker {
    process: Child,
    jobs: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts it; models are read when the first record names one.
    pub fn start(setup: &Setup) -> Result<Self> {
        let mut command = Command::new(&setup.program);
        command.arg("replay");
        for model in &setup.models {
            command.arg("--model").arg(model);
        }
        let mut process = command
            .env("RUST_LOG", "error")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", setup.program.display()))?;
        let (Some(jobs), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            bail!("the worker has no pipes");
        };
        Ok(Self { process, jobs, answers: BufReader::new(answers) })
    }

    /// Has one segment decoded.
    pub fn decode(&mut self, job: &Job) -> Result<Answer> {
        let answer = match write(&mut self.jobs, job) {
            Ok(()) => read(&mut self.answers).context("what the worker answered")?,
            // Nothing was written, and the worker waits for the next one.
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                return Ok(Answer::Refused { reason: format!("the segment is too long: {error}") });
            }
            Err(_) => None,
        };
        match answer {
            Some(answer) => Ok(answer),
            None => bail!("the worker ended: {}", self.last_words()),
        }
    }

    fn last_words(&mut self) -> String {
        let mut words = String::new();
        // Its errors end when it does. It may have ended by itself.
        let _ = self.process.kill();
        if let Some(mut stderr) = self.process.stderr.take() {
            // Whatever it was, there is nothing better to say.
            let _ = stderr.read_to_string(&mut words);
        }
        words.trim().to_owned()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
