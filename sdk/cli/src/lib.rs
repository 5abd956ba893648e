//! `heliograph`: the network from a terminal.
//!
//! Owns arguments, output and the wiring of the other crates; rules and chain access are theirs.
//! Every command is a file under `commands`: its arguments, and `execute`, which returns an
//! [`output::Outcome`]. Results go to stdout (one JSON document with `--json`), progress to stderr.

pub mod amount;
mod args;
pub mod audio;
mod chain;
mod commands;
mod context;
mod documents;
mod duration;
pub mod exit;
pub mod keys;
mod manifest;
pub mod output;
mod progress;
mod replay;
mod speech;

use args::Cli;
use clap::Parser;
use clap::error::ErrorKind;
use context::Context;
use exit::{Exit, Failure};
use std::ffi::OsString;
use std::process::ExitCode;

/// Parses arguments, runs the command and prints its outcome.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &arguments),
    };
    let json = cli.global.json;
    let outcome = start(cli);
    match outcome {
        Ok(outcome) => {
            outcome.print(json);
            outcome.exit.into()
        }
        Err(error) => {
            let failure = Failure::of(&error);
            failure.print(json);
            failure.exit.into()
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<output::Outcome> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HELIOGRAPH_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let context = Context::new(&cli.global)?;
        Box::pin(cli.command.execute(&context)).await
    });
    // A cluster that is being stopped may still hold a blocking thread.
    runtime.shutdown_timeout(std::time::Duration::from_secs(10));
    outcome
}

/// What clap has to say: help and version are answers, everything else is a usage error.
fn refuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if answer {
        // A closed pipe (`heliograph --help | head`) is no failure.
        let _ = error.print();
        return Exit::Ok.into();
    }
    if arguments.iter().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let message = text.trim().trim_start_matches("error: ").to_owned();
        Failure { message, kind: "usage", exit: Exit::Usage }.print(true);
    } else {
        let _ = error.print();
    }
    Exit::Usage.into()
}
