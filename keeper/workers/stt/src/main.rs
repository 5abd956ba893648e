//! The worker's process: flags, log, exit status.

use clap::Parser;
use heliograph_stt::worker::WorkerError;
use heliograph_stt::{cli::Config, replay, worker};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// What `RUST_LOG` is without being set: the library narrates its loading at info level.
const LOG_DEFAULT: &str = "info,whisper_rs=warn";

const EXIT_FAILURE: u8 = 2;
const EXIT_USAGE: u8 = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    // Serving is the flags alone, as it was before there was anything else.
    if arguments.get(1).is_some_and(|first| first == "replay") {
        arguments.remove(1);
        return match replay::Config::try_parse_from(arguments) {
            Ok(config) => {
                log();
                ended(replay::run(config, std::io::stdin().lock(), std::io::stdout().lock()))
            }
            Err(error) => refuse(&error),
        };
    }
    match Config::try_parse_from(arguments) {
        Ok(config) => {
            log();
            ended(worker::run(config).await)
        }
        Err(error) => refuse(&error),
    }
}

/// Help and version are errors to clap, and are printed to standard output.
fn refuse(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { EXIT_USAGE.into() } else { ExitCode::SUCCESS }
}

fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| LOG_DEFAULT.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

fn ended(result: Result<(), WorkerError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "worker failed");
            EXIT_FAILURE.into()
        }
    }
}
