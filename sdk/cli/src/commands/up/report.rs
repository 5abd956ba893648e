//! What `heliograph up` says in the end.

use super::call::HeldCall;
use super::folder::Keys;
use super::money::Balances;
use crate::commands::transcribe::Transcript;
use crate::exit::Exit;
use crate::output::{Outcome, fields};
use crate::speech::table;
use anyhow::Result;
use serde::Serialize;
use std::path::PathBuf;

/// Everything that was done.
#[derive(Debug, Serialize)]
pub struct Report {
    pub rpc_url: String,
    pub node_url: String,
    pub folder: PathBuf,
    pub archive: PathBuf,
    pub migrations: heliograph_migrations::Report,
    pub before: Balances,
    pub after: Balances,
    pub transcript: Transcript,
    /// `None` without the ffmpeg program, or if none was wanted.
    pub call: Option<HeldCall>,
    pub audit: heliograph_audit::Report,
}

impl Report {
    /// Whether every minute that was vouchered has a transaction that paid it, and there is one.
    fn is_paid(&self) -> bool {
        let minutes = &self.transcript.minutes;
        self.transcript.exit == Exit::Ok
            && !minutes.is_empty()
            && minutes.iter().all(|minute| minute.transaction.is_some())
            && self.call.as_ref().is_none_or(HeldCall::is_paid)
    }

    fn exit(&self) -> Exit {
        match (self.is_paid(), self.audit.is_clean()) {
            (false, _) => Exit::Failure,
            (true, false) => Exit::Finding,
            (true, true) => Exit::Ok,
        }
    }

    /// The final tables.
    pub fn outcome(&self) -> Result<Outcome> {
        let call = self.call.as_ref().map(|call| call.describe() + "\n").unwrap_or_default();
        let mut text = format!(
            "\n{}\n{call}{}\nAudit: {}",
            table::describe(&self.transcript.minutes),
            self.before.describe_change(&self.after),
            self.audit
        );
        if !self.is_paid() {
            text.push_str("\nFAILED: not every minute was served and paid");
        }
        Ok(Outcome::new(self, text)?.exiting(self.exit()))
    }

    /// What can be done from a second terminal.
    pub fn next_steps(&self, keys: &Keys) -> String {
        let key = |name: &str| keys.path(name).display().to_string();
        let rpc = format!("--rpc {}", self.rpc_url);
        let running = fields([
            ("RPC", self.rpc_url.clone()),
            ("node", self.node_url.clone()),
            ("folder", self.folder.display().to_string()),
            ("keys", keys.path("*").display().to_string()),
        ]);
        format!(
            "The network stays up until ctrl-c.\n\n{running}\n\nFrom a second terminal:\n  \
             heliograph node status {node} {rpc}\n  \
             heliograph app status --keypair {app} {rpc}\n  \
             heliograph transcribe FILE --keypair {app} --voucher-signer {voucher} {rpc}\n  \
             heliograph app withdraw 1 --keypair {app} {rpc}\n  \
             heliograph stake unbond {node} 500 --keypair {operator} {rpc}\n  \
             heliograph audit --archive {archive} {rpc}",
            node = key("node"),
            app = key("app"),
            voucher = key("voucher"),
            operator = key("operator"),
            archive = self.archive.display(),
        )
    }
}
