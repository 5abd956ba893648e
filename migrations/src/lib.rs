//! Bringing a cluster to a working network: numbered steps that look at the chain first.
//!
//! Every step is idempotent: what is done already is reported as unchanged, what is half done is
//! continued, and a state that contradicts the plan is an error that changes nothing. So the same
//! plan can be run again at any time, on an embedded cluster and on a public one.
//!
//! 1. [`m0001_deploy_programs`]: the programs, over the upgradeable loader.
//! 2. [`m0002_create_mints`]: payment and stake mint, on throw-away clusters only.
//! 3. [`m0003_initialize_network`]: the network account with its parameters.
#![deny(missing_docs)]

mod error;
pub mod m0001_deploy_programs;
pub mod m0002_create_mints;
pub mod m0003_initialize_network;
mod params;
mod plan;
mod programs;
mod report;

pub use error::Error;
pub use params::Params;
pub use plan::{Domain, Plan, Tokens};
pub use programs::{Program, Programs};
pub use report::{Applied, Change, Progress, Report};

use heliograph_client::Rpc;

/// Runs every migration in order. `progress` is told what is going on, for people.
pub async fn run(
    rpc: &Rpc,
    plan: &Plan<'_>,
    mut progress: impl FnMut(Progress),
) -> Result<Report, Error> {
    let mut report = Report::default();
    report.applied.push(m0001_deploy_programs::run(rpc, plan, &mut progress).await?);
    let (applied, mints) = m0002_create_mints::run(rpc, plan, &mut progress).await?;
    report.applied.push(applied);
    let (applied, network) =
        m0003_initialize_network::run(rpc, plan, &mints, &mut progress).await?;
    report.applied.push(applied);
    report.network = Some(network);
    Ok(report)
}
