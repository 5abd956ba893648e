//! Command line: flag over environment over file over default.

use clap::Parser;
use std::io::IsTerminal;
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

/// Heliograph's keeper: runs a node's roles.
///
/// The configuration names the roles; `config.example.toml` in the keeper's sources shows every
/// setting. Paths in it count from the file's folder. SIGTERM and ctrl-c stop it in order: open
/// streams end with a reason, everything signed stays in the ledger and settles after the next
/// start.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    /// Configuration file
    #[arg(long, short, env = "HELIOGRAPH_CONFIG", default_value = "keeper.toml")]
    pub config: PathBuf,

    /// RPC URL of the Solana cluster; overrides the file
    #[arg(long, env = "HELIOGRAPH_RPC_URL")]
    pub rpc: Option<String>,

    /// What to log, as in `info,heliograph_node=debug`
    #[arg(long, env = "HELIOGRAPH_LOG", default_value = "info")]
    pub log: String,

    /// Log lines as JSON
    #[arg(long, env = "HELIOGRAPH_LOG_JSON")]
    pub log_json: bool,

    /// Print the configuration as it will be used and exit; secrets are hidden
    #[arg(long)]
    pub print_config: bool,
}

impl Cli {
    /// Logs to standard error.
    pub fn init_tracing(&self) {
        let filter = EnvFilter::try_new(&self.log).unwrap_or_else(|error| {
            eprintln!("heliograph-keeper: --log {}: {error}; using info", self.log);
            EnvFilter::new("info")
        });
        let logs = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        if self.log_json { logs.json().init() } else { logs.init() }
    }
}
