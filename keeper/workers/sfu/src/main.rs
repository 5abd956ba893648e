//! The worker's process: flags, log, exit status.

use clap::Parser;
use heliograph_sfu::{config::Flags, worker};
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// What `RUST_LOG` is without being set: the WebRTC library narrates every connection at info
/// level.
const LOG_DEFAULT: &str = "info,str0m=warn";

const EXIT_FAILURE: u8 = 2;
const EXIT_USAGE: u8 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => {
            // Help and version are errors to clap, and are printed to standard output.
            let _ = error.print();
            return if error.use_stderr() { EXIT_USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| LOG_DEFAULT.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let config = match flags.resolve() {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(%error, "wrong usage");
            return EXIT_USAGE.into();
        }
    };
    match worker::run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "worker failed");
            EXIT_FAILURE.into()
        }
    }
}
