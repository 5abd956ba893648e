//! What the tasks of the role share.

use crate::chain;
use crate::config::SettleConfig;
use crate::error::Error;
use crate::fetch::Fetcher;
use heliograph_client::{RetryPolicy, Rpc, pda};
use heliograph_protocol::domain::Domain;
use heliograph_registry::state::KeeperRole;
use heliograph_store::{Archive, Batches};
use solana_keypair::{Keypair, read_keypair_file};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Patience of tasks that come back to everything anyway.
const PATIENCE: Duration = Duration::from_secs(15);

/// Shared by all tasks.
pub struct SettleState {
    pub config: SettleConfig,
    pub rpc: Rpc,
    pub batches: Batches,
    pub archive: Archive,
    pub fetcher: Fetcher,
    /// Cancelled when the role is to stop.
    pub shutdown: CancellationToken,
    /// Rung when vouchers have been collected.
    pub post_bell: Notify,
    key: Keypair,
}

impl std::fmt::Debug for SettleState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SettleState")
            .field("keeper", &self.keeper_address())
            .finish_non_exhaustive()
    }
}

impl SettleState {
    /// Opens everything; waits for the cluster as long as it takes.
    pub async fn open(
        config: SettleConfig,
        rpc: Rpc,
        shutdown: CancellationToken,
    ) -> Result<Self, Error> {
        let key = read_keypair_file(&config.keypair).map_err(|error| Error::SettlerKey {
            path: config.keypair.clone(),
            reason: error.to_string(),
        })?;
        let rpc = rpc.with_policy(RetryPolicy::within(PATIENCE));
        let keeper = pda::keeper(KeeperRole::Settler, &key.pubkey());
        let network = chain::connect(&rpc, &keeper, &shutdown).await?;
        let batches = Batches::open(&config.database, network.domain(), keeper.to_bytes()).await?;
        let archive = Archive::open(&config.archive)?;
        chain::require_book(&rpc, &config, &network, &key).await?;
        let fetcher = Fetcher::new()?;
        Ok(Self { config, rpc, batches, archive, fetcher, shutdown, post_bell: Notify::new(), key })
    }

    /// Signs batches, and pays fees.
    pub fn key(&self) -> &Keypair {
        &self.key
    }

    /// The settler's registry account.
    pub fn keeper_address(&self) -> Pubkey {
        pda::keeper(KeeperRole::Settler, &self.key.pubkey())
    }

    /// The settler's book.
    pub fn book_address(&self) -> Pubkey {
        pda::book(&self.key.pubkey())
    }

    /// The network.
    pub fn domain(&self) -> Domain {
        self.batches.domain()
    }

    /// Waits for `pause`; `false` when the role is to stop instead.
    pub async fn rest(&self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = self.shutdown.cancelled() => false,
        }
    }
}
