//! What the tasks of the role share.

use crate::call::Calls;
use crate::chain::Chain;
use crate::config::NodeConfig;
use crate::due::Due;
use crate::error::Error;
use crate::promises::Promises;
use crate::speech::Speech;
use crate::worker::Worker;
use heliograph_client::Rpc;
use heliograph_protocol::Address;
use heliograph_protocol::domain::Domain;
use heliograph_store::{Archive, Ledger};
use solana_keypair::{Keypair, read_keypair_file};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Shared by all tasks.
pub struct NodeState {
    pub chain: Chain,
    pub ledger: Ledger,
    pub archive: Archive,
    pub worker: Arc<Worker>,
    /// The SFU worker and the sessions hosted on it, if calls are served.
    pub calls: Option<Calls>,
    /// The sessions that pay for who carries a session key.
    pub speech: Speech,
    /// Cancelled when the role is to stop: streams end.
    pub shutdown: CancellationToken,
    /// Cancelled when all streams have ended: what serves them ends too.
    pub drained: CancellationToken,
    /// Rung when there is something new to bring on chain.
    pub settle_bell: Notify,
    /// Rung when there is something new to archive.
    pub archive_bell: Notify,
    pub requests: crate::auth::Requests,
    /// When vouchers are due to be redeemed.
    pub due: Due,
    /// What streams have been let begin.
    pub promises: Promises,
    capacity: usize,
    key: Keypair,
    active: Mutex<HashSet<Address>>,
}

impl std::fmt::Debug for NodeState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeState").field("node", &self.node_key()).finish_non_exhaustive()
    }
}

impl NodeState {
    /// Opens everything; waits for the cluster as long as it takes.
    pub async fn open(
        config: &NodeConfig,
        rpc: Rpc,
        shutdown: CancellationToken,
    ) -> Result<Self, Error> {
        let key = read_keypair_file(&config.keypair).map_err(|error| Error::NodeKey {
            path: config.keypair.clone(),
            reason: error.to_string(),
        })?;
        let chain = Chain::connect(rpc, &shutdown).await?;
        let due = Due::new(config, chain.network().params.channel_bond_min_micro_usdc);
        let ledger = Ledger::open(&config.database, chain.domain()).await?;
        let archive = Archive::open(&config.archive)?;
        let drained = CancellationToken::new();
        let worker = Arc::new(Worker::start(&config.transcription, drained.clone())?);
        let calls = match &config.calls {
            Some(calls) => Some(Calls::start(calls, worker.clone(), drained.clone())?),
            None => None,
        };
        Ok(Self {
            chain,
            ledger,
            archive,
            worker,
            calls,
            speech: Speech::default(),
            shutdown,
            drained,
            settle_bell: Notify::new(),
            archive_bell: Notify::new(),
            requests: Default::default(),
            due,
            promises: Promises::default(),
            capacity: config.capacity as usize,
            key,
            active: Mutex::default(),
        })
    }

    /// The node's identity.
    pub fn node_key(&self) -> Pubkey {
        self.key.pubkey()
    }

    /// Signs receipts, and pays fees.
    pub fn key(&self) -> &Keypair {
        &self.key
    }

    /// The network.
    pub fn domain(&self) -> Domain {
        self.chain.domain()
    }

    /// Takes one of the node's places for a session.
    pub fn admit(&self, session: Address) -> Result<Place<'_>, Refused> {
        let mut active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        if active.contains(&session) {
            return Err(Refused::AlreadyConnected);
        }
        if active.len() >= self.capacity {
            return Err(Refused::NoCapacity { capacity: self.capacity });
        }
        active.insert(session);
        Ok(Place { state: self, session })
    }

    /// Streams being served.
    pub fn active_streams(&self) -> usize {
        self.active.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Why a session gets no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    AlreadyConnected,
    NoCapacity { capacity: usize },
}

/// A session's place, free again when dropped.
#[derive(Debug)]
pub struct Place<'a> {
    state: &'a NodeState,
    session: Address,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut active = self.state.active.lock().unwrap_or_else(PoisonError::into_inner);
        active.remove(&self.session);
        self.state.promises.end(&self.session);
    }
}
