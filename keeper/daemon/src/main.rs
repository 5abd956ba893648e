//! `heliograph-keeper`: reads one configuration, starts the roles it names, stops them in order.
//!
//! Exit codes: 0 after an orderly stop, 2 when a role fails, 64 for a wrong configuration, 75 when
//! starting again may help.

mod cli;
mod config;
mod supervise;

use clap::Parser;
use cli::Cli;
use config::Config;
use std::process::ExitCode;

/// Wrong usage or configuration (sysexits.h, EX_USAGE).
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.init_tracing();
    let config = match Config::load(&cli) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("heliograph-keeper: {error:#}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    if cli.print_config {
        print!("{}", config.redacted());
        return ExitCode::SUCCESS;
    }
    match supervise::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("heliograph-keeper: {}", failure.message);
            ExitCode::from(failure.exit_code)
        }
    }
}
