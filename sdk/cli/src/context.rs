//! What every command needs: the chain, the person's key, and how to answer.

use crate::args::Global;
use crate::exit::usage;
use crate::keys;
use anyhow::{Context as _, Result};
use heliograph_client::send::{Options, send};
use heliograph_client::{RetryPolicy, Rpc, account};
use heliograph_registry::state::Network;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signature::Signature;
use solana_signer::Signer;
use std::path::{Path, PathBuf};

/// Made once from the global flags.
#[derive(Clone, Debug)]
pub struct Context {
    /// The cluster.
    pub rpc: Rpc,
    /// Whether to answer in JSON.
    pub json: bool,
    keypair: Option<PathBuf>,
}

impl Context {
    pub fn new(global: &Global) -> Result<Self> {
        check_url(&global.rpc)?;
        let rpc = Rpc::new(&global.rpc, RetryPolicy::INTERACTIVE);
        Ok(Self { rpc, json: global.json, keypair: global.keypair.clone() })
    }

    /// The same person at another cluster.
    pub fn at(&self, rpc: Rpc) -> Self {
        Self { rpc, ..self.clone() }
    }

    /// Another person at the same cluster.
    pub fn signing_with(&self, keypair: PathBuf) -> Self {
        Self { keypair: Some(keypair), ..self.clone() }
    }

    /// Reads `--keypair`.
    pub fn signer(&self) -> Result<Keypair> {
        keys::read(&self.keypair_path()?)
    }

    /// Where `--keypair` is.
    pub fn keypair_path(&self) -> Result<PathBuf> {
        match &self.keypair {
            Some(path) => Ok(path.clone()),
            None => Ok(home()?.join(".config/solana/id.json")),
        }
    }

    /// The network's parameters.
    pub async fn network(&self) -> Result<Network> {
        match account::network(&self.rpc).await {
            Err(heliograph_client::Error::Missing { .. }) => Err(usage(format!(
                "there is no Heliograph network on {}; initialise it with `heliograph migrate`",
                self.rpc.display_url()
            ))),
            other => Ok(other?),
        }
    }

    /// Sends one transaction and waits for it.
    pub async fn send(
        &self,
        payer: &Keypair,
        signers: &[&Keypair],
        instructions: &[Instruction],
    ) -> Result<Signature> {
        let signers: Vec<&(dyn Signer + Sync)> =
            signers.iter().map(|signer| *signer as &(dyn Signer + Sync)).collect();
        Ok(send(&self.rpc, payer, &signers, instructions, Options::default()).await?)
    }
}

/// The person's folder.
pub fn home() -> Result<PathBuf> {
    std::env::home_dir()
        .filter(|path| path != Path::new(""))
        .context("this user has no home folder; name files explicitly")
}

/// Where the app keeps what it signed, unless told otherwise.
pub fn data_folder() -> Result<PathBuf> {
    match std::env::var_os("HELIOGRAPH_HOME").filter(|value| !value.is_empty()) {
        Some(folder) => Ok(folder.into()),
        None => Ok(home()?.join(".heliograph")),
    }
}

fn check_url(text: &str) -> Result<()> {
    match url::Url::parse(text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) && url.has_host() => Ok(()),
        _ => Err(usage("--rpc must be an http:// or https:// address")),
    }
}
