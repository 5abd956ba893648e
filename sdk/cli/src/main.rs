//! The `heliograph` command. Everything is in the library, so that it can be tested.

use std::process::ExitCode;

fn main() -> ExitCode {
    heliograph_cli::run(std::env::args_os())
}
