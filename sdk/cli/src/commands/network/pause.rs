//! `heliograph network pause|unpause`.

use super::signer_as;
use crate::context::Context;
use crate::exit::usage;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::{Args, ValueEnum};
use heliograph_client::instruction::registry;
use heliograph_registry::state::pause::{BATCHES, OBSERVATIONS, REGISTER, SESSIONS};
use serde_json::json;
use solana_signature::Signature;
use solana_signer::Signer;

/// A way into the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Function {
    /// Registering nodes, keepers and apps
    Register,
    /// Opening channels and sessions
    Sessions,
    /// Posting minute batches
    Batches,
    /// Posting roots of observations
    Observations,
    /// All of them
    All,
}

/// Each function by its bit.
const FUNCTIONS: [(u32, &str); 4] = [
    (REGISTER, "register"),
    (SESSIONS, "sessions"),
    (BATCHES, "batches"),
    (OBSERVATIONS, "observations"),
];

impl Function {
    const fn bits(self) -> u32 {
        match self {
            Self::Register => REGISTER,
            Self::Sessions => SESSIONS,
            Self::Batches => BATCHES,
            Self::Observations => OBSERVATIONS,
            Self::All => REGISTER | SESSIONS | BATCHES | OBSERVATIONS,
        }
    }
}

/// Names of the functions in a bit set.
pub fn names(bits: u32) -> Vec<&'static str> {
    FUNCTIONS.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect()
}

fn bits(functions: &[Function]) -> u32 {
    functions.iter().fold(0, |bits, function| bits | function.bits())
}

/// Stop registrations, sessions, batches or observations
#[derive(Debug, Args)]
#[command(
    long_about = "Stop registrations, sessions, batches or observations. --keypair is the guardian \
    or the authority. Payments, withdrawals, unbonding and disputes go on: they cannot be paused.",
    after_long_help = "EXAMPLES\n  \
    heliograph network pause sessions batches\n  \
    heliograph network pause all"
)]
pub struct Pause {
    /// What to pause
    #[arg(required = true, value_enum)]
    pub functions: Vec<Function>,
}

impl Pause {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let network = context.network().await?;
        let signer = context.signer()?;
        let key = signer.pubkey();
        if key != network.authority && key != network.guardian {
            return Err(usage(format!(
                "only the guardian ({}) and the authority ({}) can pause; --keypair is {key}",
                super::some_key(&network.guardian).unwrap_or_else(|| "nobody".into()),
                network.authority
            )));
        }
        let instruction = registry::pause(key, bits(&self.functions));
        let signature = context.send(&signer, &[], &[instruction]).await?;
        outcome(context, &signature).await
    }
}

/// Let them go on
#[derive(Debug, Args)]
#[command(
    long_about = "Let paused functions go on. --keypair is the network's authority; the guardian \
    cannot lift a pause.",
    after_long_help = "EXAMPLE\n  heliograph network unpause sessions"
)]
pub struct Unpause {
    /// What to let go on
    #[arg(required = true, value_enum)]
    pub functions: Vec<Function>,
}

impl Unpause {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let network = context.network().await?;
        let authority = signer_as(context, "authority", &network.authority)?;
        let instruction = registry::unpause(authority.pubkey(), bits(&self.functions));
        let signature = context.send(&authority, &[], &[instruction]).await?;
        outcome(context, &signature).await
    }
}

async fn outcome(context: &Context, signature: &Signature) -> Result<Outcome> {
    let paused = names(context.network().await?.paused);
    let document = json!({ "paused": paused, "transaction": signature.to_string() });
    let text = fields([
        ("paused", if paused.is_empty() { "nothing".into() } else { paused.join(", ") }),
        ("transaction", signature.to_string()),
    ]);
    Outcome::new(&document, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use heliograph_registry::state::pause::ALL;

    #[test]
    fn every_bit_has_a_name() {
        assert_eq!(bits(&[Function::All]), ALL);
        assert_eq!(names(ALL).len() as u32, ALL.count_ones());
        assert_eq!(names(bits(&[Function::Batches, Function::Register])), ["register", "batches"]);
    }
}
