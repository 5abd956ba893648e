//! What the node reads from the chain, and what it remembers while the chain is silent.

use heliograph_client::{Error, RetryPolicy, Rpc, account, pda};
use heliograph_protocol::Address;
use heliograph_protocol::domain::Domain;
use heliograph_registry::state::{App, Network};
use heliograph_settlement::state::{Channel, Escrow, Session};
use solana_pubkey::Pubkey;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Patience of a question asked while a stream waits.
const STREAM_PATIENCE: Duration = Duration::from_secs(5);
/// Patience of the settling task, which comes back to everything anyway.
const SETTLE_PATIENCE: Duration = Duration::from_secs(15);
/// How often a cluster without the network's programs is asked again.
const NETWORK_POLL: Duration = Duration::from_secs(2);

/// The node's view of the chain.
#[derive(Debug)]
pub struct Chain {
    rpc: Rpc,
    network: Network,
    /// Escrows and bonds as last seen, by channel: what a stream goes by while no RPC answers.
    seen: Mutex<HashMap<Pubkey, (Escrow, u64)>>,
}

impl Chain {
    /// Reads the network's parameters; waits for the RPC and for the network to be initialised.
    pub async fn connect(rpc: Rpc, shutdown: &CancellationToken) -> Result<Self, Error> {
        let patient = rpc.with_policy(RetryPolicy::within(SETTLE_PATIENCE));
        loop {
            let wait = match account::network(&patient).await {
                Ok(network) => {
                    return Ok(Self { rpc, network, seen: Mutex::default() });
                }
                Err(error @ Error::Missing { .. }) => error,
                Err(error) if error.is_retryable() => error,
                Err(error) => return Err(error),
            };
            tracing::warn!(rpc = rpc.display_url(), error = %wait, "waiting for the network");
            tokio::select! {
                () = tokio::time::sleep(NETWORK_POLL) => {}
                () = shutdown.cancelled() => return Err(wait),
            }
        }
    }

    /// The network's parameters, which do not change yet.
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// The network's domain.
    pub fn domain(&self) -> Domain {
        self.network.domain()
    }

    /// For the settling task.
    pub fn settle_rpc(&self) -> Rpc {
        self.rpc.with_policy(RetryPolicy::within(SETTLE_PATIENCE))
    }

    fn stream_rpc(&self) -> Rpc {
        self.rpc.with_policy(RetryPolicy::within(STREAM_PATIENCE))
    }

    /// A session's account, `None` if there is none.
    pub async fn session(&self, session: &Address) -> Result<Option<Session>, Error> {
        account::find(&self.stream_rpc(), &Pubkey::from(*session)).await
    }

    /// An app's account, `None` if there is none.
    pub async fn app(&self, app: &Address) -> Result<Option<App>, Error> {
        account::find(&self.stream_rpc(), &Pubkey::from(*app)).await
    }

    /// The escrow behind a session and the bond of its channel in micro-USDC: as they are now, or as
    /// they were last seen if the RPC is silent.
    pub async fn backing(&self, session: &Session) -> Result<(Escrow, u64), Error> {
        let rpc = self.stream_rpc();
        let read = async {
            let escrow: Escrow = account::get(&rpc, &pda::escrow(&session.app)).await?;
            let channel: Channel = account::get(&rpc, &session.channel).await?;
            Ok::<_, Error>((escrow, channel.bond_micro_usdc))
        };
        match read.await {
            Ok(found) => {
                self.seen().insert(session.channel, found.clone());
                Ok(found)
            }
            Err(error) if error.is_retryable() => {
                let known = self.seen().get(&session.channel).cloned();
                tracing::warn!(%error, remembered = known.is_some(), "escrow not read");
                known.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the network asks for a bond behind each channel.
    pub const fn bonds_required(&self) -> bool {
        self.network.params.channel_bond_min_micro_usdc > 0
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, HashMap<Pubkey, (Escrow, u64)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
