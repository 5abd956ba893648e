//! The node role at the other end of a local socket: it says who pays, is told what was served,
//! and gives orders.
//!
//! The worker listens, as the speech worker does; the node role that started it connects. While
//! nobody is connected usage goes on being counted, tokens of wallets are answered with 503, and
//! tokens of local keys go on being good.

mod cache;
mod desk;
#[cfg(test)]
mod tests;

use crate::access::{Access, Admission, Captions, Denied, Payer, Scope};
use crate::outside::{Notice, Order};
use crate::token::{LocalKeys, Signer, public_key, unix_secs, verify};
use async_trait::async_trait;
use cache::Cache;
use desk::Desk;
use heliograph_worker_ipc::socket::{self, BindError};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Questions on their way to the node role. More are refused: somebody floods.
const ASKS_MAX: usize = 256;
/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// What the node role is told at the beginning.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// Where to listen.
    pub socket: PathBuf,
    /// Where signalling is taken, as bound.
    pub signalling: String,
    /// Participants that the worker holds at most.
    pub participants_max: u32,
}

/// Who pays, as the node role says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowed {
    scope: Scope,
    payer: Payer,
    participants_max: u32,
    captions: Captions,
}

/// A question to the node role.
#[derive(Debug)]
struct Ask {
    issuer: [u8; 32],
    payer: Option<[u8; 32]>,
    room: String,
    identity: String,
    answer: oneshot::Sender<Result<Allowed, Denied>>,
}

/// [`Access`] through the node role. Local keys are known here.
#[derive(Debug)]
pub struct Linked {
    keys: LocalKeys,
    asks: mpsc::Sender<Ask>,
    cache: Arc<Mutex<Cache>>,
}

impl Linked {
    /// Opens the socket and serves it until `shutdown`: notices go out, orders come in.
    ///
    /// # Errors
    /// If the socket cannot be opened.
    pub async fn start(
        config: LinkConfig,
        keys: LocalKeys,
        notices: mpsc::UnboundedReceiver<Notice>,
        orders: mpsc::UnboundedSender<Order>,
        shutdown: CancellationToken,
    ) -> Result<Self, BindError> {
        let listener = socket::bind(&config.socket).await?;
        let (asks, questions) = mpsc::channel(ASKS_MAX);
        let cache = Arc::new(Mutex::new(Cache::default()));
        let desk = Desk::new(&config, orders, cache.clone());
        tokio::spawn(async move {
            desk.run(listener, questions, notices, shutdown).await;
            // The next worker replaces a stale file; this only leaves none behind.
            let _ = std::fs::remove_file(&config.socket);
        });
        Ok(Self { keys, asks, cache })
    }

    /// Who pays for tokens of this key.
    async fn payer(
        &self,
        issuer: [u8; 32],
        payer: Option<[u8; 32]>,
        room: String,
        identity: String,
    ) -> Result<Allowed, Denied> {
        let unavailable = || Denied::Unavailable("nobody can say who pays at the moment".into());
        if let Some(allowed) = self.cached().get(issuer, payer, Instant::now()) {
            return Ok(allowed);
        }
        let (answer, answered) = oneshot::channel();
        self.asks
            .try_send(Ask { issuer, payer, room, identity, answer })
            .map_err(|_| unavailable())?;
        match tokio::time::timeout(ANSWER_LIMIT, answered).await {
            Ok(Ok(answer)) => answer,
            _ => Err(unavailable()),
        }
    }

    fn cached(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Access for Linked {
    async fn admit(&self, token: &str) -> Result<Admission, Denied> {
        let verified = verify(&self.keys, token, unix_secs())?;
        let claims = verified.claims;
        let issuer = match verified.signer {
            Signer::Local(name) => {
                let (payer, participants_max) = (None, None);
                let (scope, captions) = (Scope(name), Captions::default());
                return Ok(Admission { scope, payer, participants_max, captions, claims });
            }
            Signer::Key(issuer) => issuer,
        };
        let named = claims.session.as_deref().and_then(public_key);
        let (room, identity) = (claims.grants.room.clone(), claims.identity.clone());
        let allowed = self.payer(issuer, named, room, identity).await?;
        Ok(Admission {
            scope: allowed.scope,
            payer: Some(allowed.payer),
            participants_max: Some(allowed.participants_max),
            captions: allowed.captions,
            claims,
        })
    }
}
