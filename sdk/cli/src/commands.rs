//! One file per command: its arguments, and what it does with them.

pub mod app;
pub mod audit;
pub mod batch;
pub mod bench;
pub mod call;
pub mod canary;
pub mod case;
pub mod challenge;
pub mod keeper;
pub mod key;
pub mod migrate;
pub mod network;
pub mod node;
pub mod observer;
pub mod replay;
pub mod reputation;
pub mod score;
pub mod session;
pub mod settler;
pub mod stake;
pub mod transcribe;
pub mod up;
pub mod voucher;

use crate::exit::usage;

/// Refuses an `--endpoint` that nobody could reach.
fn check_endpoint(endpoint: &str) -> anyhow::Result<()> {
    match url::Url::parse(endpoint) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) && url.has_host() => Ok(()),
        _ => Err(usage("--endpoint must be an http:// or https:// address")),
    }
}
