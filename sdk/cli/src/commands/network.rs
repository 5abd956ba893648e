//! `heliograph network`: the network's parameters, who may change them, and what is paused.

mod apply;
mod authority;
mod cancel;
mod guardian;
mod params;
mod pause;
mod propose;
mod show;

use crate::context::Context;
use crate::exit::usage;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;
use heliograph_client::{account, pda};
use heliograph_registry::state::ParamsChange;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Show the network, change its parameters behind the timelock, pause its ways in
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Show the network, change its parameters behind the timelock, pause its ways in.\n\n\
    Parameters change in the open: the network's authority (--keypair) proposes, the timelock that \
    is in force then runs, and afterwards anybody can apply. Until then the authority can cancel. \
    The guardian can pause registrations, new sessions, batches and observations; nobody can pause \
    a way out. Only the authority lifts a pause.",
    after_long_help = "EXAMPLES\n  \
    heliograph network show\n  \
    heliograph network propose --observer-quorum 5 --epoch-secs 1800 --dry-run\n  \
    heliograph network propose --observer-quorum 5 --epoch-secs 1800\n  \
    heliograph network apply\n  \
    heliograph network pause sessions batches"
)]
pub enum Network {
    /// Show parameters, roles, pauses, and the change that is under way
    Show(show::Show),
    /// Announce new parameters or another treasury; the timelock begins
    Propose(Box<propose::Propose>),
    /// Take an announced change back
    Cancel(cancel::Cancel),
    /// Put an announced change in force once its timelock is over
    Apply(apply::Apply),
    /// Name the key that may become the authority
    ProposeAuthority(authority::ProposeAuthority),
    /// Become the authority
    AcceptAuthority(authority::AcceptAuthority),
    /// Name the key that may pause
    SetGuardian(guardian::SetGuardian),
    /// Stop registrations, sessions, batches or observations
    Pause(pause::Pause),
    /// Let them go on
    Unpause(pause::Unpause),
}

impl Network {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Show(show) => show.execute(context).await,
            Self::Propose(propose) => propose.execute(context).await,
            Self::Cancel(cancel) => cancel.execute(context).await,
            Self::Apply(apply) => apply.execute(context).await,
            Self::ProposeAuthority(propose) => propose.execute(context).await,
            Self::AcceptAuthority(accept) => accept.execute(context).await,
            Self::SetGuardian(set) => set.execute(context).await,
            Self::Pause(pause) => pause.execute(context).await,
            Self::Unpause(unpause) => unpause.execute(context).await,
        }
    }
}

/// `--keypair`, if it is `role`, whose key is `expected`; else an error that names both.
fn signer_as(context: &Context, role: &str, expected: &Pubkey) -> Result<Keypair> {
    let signer = context.signer()?;
    if signer.pubkey() == *expected {
        return Ok(signer);
    }
    let key = signer.pubkey();
    Err(usage(format!("the network's {role} is {expected}; --keypair is {key}")))
}

/// The change under way.
async fn change(context: &Context) -> Result<Option<ParamsChange>> {
    Ok(account::find(&context.rpc, &pda::params_change()).await?)
}

/// The change under way, which somebody must have proposed.
async fn pending_change(context: &Context) -> Result<ParamsChange> {
    let change = change(context).await?;
    change.ok_or_else(|| usage("no change is announced; `heliograph network propose` does it"))
}

/// A key, `None` where it is zero.
fn some_key(key: &Pubkey) -> Option<String> {
    (*key != Pubkey::default()).then(|| key.to_string())
}
