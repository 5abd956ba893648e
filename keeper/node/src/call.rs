//! Calls: sessions that apps host, the SFU worker that serves them, and what that costs.
//!
//! ```text
//! host ⇄ session ─ signs minutes, waits for vouchers     one task per hosted session
//!           ▲ counted
//! hosts: who pays for whose tokens
//!           ▲ reports, questions   │ orders
//! link ⇄ SFU worker process        ▼
//! ```

mod hosts;
mod link;
mod meter;
mod process;
mod session;
mod tap;
mod taps;
mod transcripts;
mod webhook;

use crate::auth::{self, Refusal};
use crate::config::CallsConfig;
use crate::error::Error;
use crate::state::{NodeState, Refused};
use crate::stream::record;
use crate::stream::socket::{ClientSocket, Incoming};
use crate::time::{unix_ms, unix_secs};
use crate::worker::Worker;
use axum::extract::ws::WebSocket;
use heliograph_client::call::{CALL_SERVICES, HostMessage};
use heliograph_client::pda;
use heliograph_client::stream::ErrorCode;
use heliograph_protocol::Address;
use heliograph_protocol::price::Prices;
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_settlement::state::Session;
use heliograph_worker_ipc::call::ToSfu;
use hosts::{Hosts, NewHost, Takeover};
use link::Link;
use process::Process;
use session::HostSession;
use solana_pubkey::Pubkey;
use std::sync::Arc;
use std::time::Duration;
use taps::Taps;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use url::Url;

/// How long a host may take to say what it wants.
const FIRST_MESSAGE_LIMIT: Duration = Duration::from_secs(10);
/// Connections that may wait to take over a session.
const TAKEOVERS: usize = 4;
/// Notes that may wait for a host.
const NOTES: usize = 256;

/// What the SFU worker said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SfuInfo {
    pub signalling: String,
    pub participants_max: u32,
}

/// The SFU worker and the sessions hosted on it.
#[derive(Debug)]
pub struct Calls {
    config: CallsConfig,
    hosts: Arc<Hosts>,
    orders: mpsc::UnboundedSender<ToSfu>,
    info: watch::Receiver<Option<SfuInfo>>,
    task: tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Calls {
    /// Starts the worker and keeps it running until `shutdown`.
    ///
    /// Speech in calls goes to `worker`.
    pub fn start(
        config: &CallsConfig,
        worker: Arc<Worker>,
        shutdown: CancellationToken,
    ) -> Result<Self, Error> {
        let process = Process::new(config)?;
        let (orders, queue) = mpsc::unbounded_channel();
        let (info_in, info) = watch::channel(None);
        let hosts = Arc::new(Hosts::default());
        let link = Link {
            process,
            socket: config.socket.clone(),
            participants_max: config.participants_max,
            taps: Taps::new(hosts.clone(), worker, orders.clone()),
            hosts: hosts.clone(),
            orders: queue,
            info: info_in,
            booked: ([0; 16], 0),
        };
        let task = tokio::sync::Mutex::new(Some(tokio::spawn(link.run(shutdown))));
        Ok(Self { config: config.clone(), hosts, orders, info, task })
    }

    /// What the worker is, `None` while it does not run.
    pub fn info(&self) -> Option<SfuInfo> {
        self.info.borrow().clone()
    }

    /// Where participants connect.
    pub fn url(&self) -> String {
        let made = || {
            let bound = self.info().map(|info| info.signalling);
            format!("ws://{}", bound.unwrap_or_else(|| self.config.listen.to_string()))
        };
        self.config.url.clone().unwrap_or_else(made)
    }

    /// How often a session's usage becomes a receipt, in ms.
    fn receipt_every_ms(&self) -> u64 {
        u64::from(self.config.receipt_every_secs) * 1_000
    }

    /// Has a session's participants leave.
    fn revoke(&self, session: Address, reason: String) {
        // A worker that is gone for good serves nobody.
        let _ = self.orders.send(ToSfu::Revoke { payer: session, reason });
    }

    /// Waits until the process is gone, after shutdown.
    pub async fn stopped(&self) {
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "supervisor of the SFU worker panicked");
        }
    }
}

/// A request that may be served.
struct Wanted {
    address: Address,
    session: Session,
    authority: Address,
    webhook: Option<Url>,
    captions: Option<String>,
}

/// Serves one connection. Whatever goes wrong ends here, with a reason for the host.
pub async fn serve(socket: WebSocket, state: Arc<NodeState>) {
    let mut socket = ClientSocket::new(socket);
    match open(&mut socket, &state).await {
        Ok(wanted) => {
            let session = Pubkey::from(wanted.address);
            let span = tracing::info_span!("calls", %session);
            admitted(socket, &state, wanted).instrument(span).await;
        }
        Err((code, message)) => {
            tracing::info!(?code, message, "host refused");
            socket.refuse(code, message).await;
        }
    }
}

/// Reads the first message and checks everything before anything is allocated for it.
async fn open(socket: &mut ClientSocket, state: &NodeState) -> Result<Wanted, Refusal> {
    let bad = |why: &str| (ErrorCode::BadConfig, why.to_owned());
    let first = tokio::time::timeout(FIRST_MESSAGE_LIMIT, socket.next::<HostMessage>()).await;
    let (signed, webhook, captions) = match first {
        Err(_) => return Err(bad("no first message within 10 s")),
        Ok(Incoming::Message(HostMessage::Host { open, webhook, captions })) => {
            (open, webhook, captions)
        }
        Ok(Incoming::Invalid(why)) => return Err((ErrorCode::BadConfig, why)),
        Ok(_) => return Err(bad("the first message must say what is hosted")),
    };
    let webhook = webhook
        .map(|url| webhook::check_url(&url))
        .transpose()
        .map_err(|why| (ErrorCode::BadConfig, why))?;
    let node_key = state.node_key();
    let now_unix_ms = unix_ms();
    let request = auth::read_request(&signed, &state.domain(), &node_key.to_bytes(), now_unix_ms)?;
    let unread = |error: heliograph_client::Error| {
        tracing::warn!(%error, "account not read");
        (ErrorCode::Unavailable, "the node cannot reach the cluster; try again".to_owned())
    };
    let session = state.chain.session(&request.session).await.map_err(unread)?;
    let session = session
        .ok_or_else(|| (ErrorCode::NoSession, "there is no such session on chain".to_owned()))?;
    let node = pda::node(&node_key).to_bytes();
    auth::check_session(&signed, &session, &node, CALL_SERVICES, unix_secs())?;
    if captions.is_some() && !services_of(&session).has(Service::Transcription) {
        return Err(bad("captions need a session that has bought transcription"));
    }
    let app = state.chain.app(&session.app.to_bytes()).await.map_err(unread)?;
    let app = app
        .ok_or_else(|| (ErrorCode::NoSession, "the session's app is not registered".to_owned()))?;
    auth::accept_once(&state.requests, &signed, &request, now_unix_ms)?;
    let authority = app.authority.to_bytes();
    let captions = captions.map(|captions| captions.language.unwrap_or_default());
    Ok(Wanted { address: request.session, session, authority, webhook, captions })
}

async fn admitted(mut socket: ClientSocket, state: &Arc<NodeState>, wanted: Wanted) {
    let Some(calls) = &state.calls else { return };
    let busy = "the session is in use at this node".to_owned();
    if let Some(hosted) = calls.hosts.get(&wanted.address) {
        // The same app again, back before the end of its old connection was noticed.
        let Wanted { webhook, captions, .. } = wanted;
        if let Err(error) = hosted.takeovers.try_send(Takeover { socket, webhook, captions }) {
            let Takeover { mut socket, .. } = error.into_inner();
            socket.refuse(ErrorCode::AlreadyConnected, busy).await;
        }
        return;
    }
    let place = match state.admit(wanted.address) {
        Ok(place) => place,
        Err(Refused::AlreadyConnected) => {
            return socket.refuse(ErrorCode::AlreadyConnected, busy).await;
        }
        Err(Refused::NoCapacity { capacity }) => {
            let why = format!("all {capacity} places of this node are taken");
            return socket.refuse(ErrorCode::NoCapacity, why).await;
        }
    };
    if let Err(error) = record(state, &wanted.address, &wanted.session).await {
        return socket.refuse(ErrorCode::Unavailable, error.to_string()).await;
    }
    let (takeovers, taken) = mpsc::channel(TAKEOVERS);
    let (events, told) = mpsc::channel(webhook::QUEUE);
    let (notes, noted) = mpsc::channel(NOTES);
    let (webhook, urls) = watch::channel(wanted.webhook);
    tokio::spawn(webhook::run(state.clone(), told, urls).in_current_span());
    let hosted = calls.hosts.add(NewHost {
        session: wanted.address,
        app: wanted.session.app.to_bytes(),
        signer: wanted.session.voucher_signer.to_bytes(),
        authority: wanted.authority,
        takeovers,
        events,
        notes,
        prices: Prices(wanted.session.prices_micro_usdc),
        is_transcription_bought: services_of(&wanted.session).has(Service::Transcription),
    });
    hosted.ask_captions(wanted.captions);
    let session = HostSession::new(state, calls, hosted, wanted.session, socket, (webhook, noted));
    session.serve(taken).await;
    calls.hosts.remove(&wanted.address);
    drop(place);
}

const fn services_of(session: &Session) -> ServiceSet {
    ServiceSet(session.services)
}
