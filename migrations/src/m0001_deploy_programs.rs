//! 0001: the programs, over the upgradeable loader.
//!
//! Bytes that are there already are left alone; other bytes are an upgrade, which needs the
//! program's upgrade authority.

use crate::error::During;
use crate::report::{Applied, Change, Progress};
use crate::{Error, Plan};
use heliograph_client::Rpc;
use heliograph_client::deploy::{Deployed, deploy};
use solana_signer::Signer;
use std::cell::RefCell;

/// Number and name.
pub const NAME: &str = "0001_deploy_programs";

/// Deploys what is missing and upgrades what differs.
pub async fn run(
    rpc: &Rpc,
    plan: &Plan<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Applied, Error> {
    progress(Progress::Step { migration: NAME });
    let mut applied = Applied::new(NAME);
    for program in &plan.programs.0 {
        let told = RefCell::new(&mut *progress);
        let uploading = |done_bytes, total_bytes| {
            let program = program.name;
            (told.borrow_mut())(Progress::Uploading { program, done_bytes, total_bytes });
        };
        let deployer = plan.deployer;
        let done = deploy(rpc, deployer, &program.key, deployer, &program.elf, uploading)
            .await
            .during(program.name)?;
        let change = match done {
            Deployed::Unchanged => Change::Unchanged,
            Deployed::Deployed => Change::Created,
            Deployed::Upgraded => Change::Upgraded,
        };
        applied.item(program.name, program.key.pubkey(), change);
    }
    Ok(applied)
}
