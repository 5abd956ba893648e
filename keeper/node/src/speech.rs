//! Speech for who carries a session key: sessions that apps host, and the streams they pay for.
//!
//! ```text
//! host ⇄ host task ─ offers minutes, waits for vouchers     one task per hosted session
//!           ▲ minutes of keys
//! hosted: the session's chain of receipts, its keys, what they have used
//!           ▲ who pays                ▲ minutes
//! client (WebSocket), files (HTTP) ─▶ stream ⇄ speech worker
//! ```

mod admit;
mod client;
pub mod files;
mod host;
mod hosted;
mod keys;
mod stream;
mod stretch;

pub use client::serve as serve_client;
pub use hosted::Speech;

use crate::auth::{self, Refusal};
use crate::state::{NodeState, Refused};
use crate::stream::record;
use crate::stream::socket::{ClientSocket, Incoming};
use crate::time::{unix_ms, unix_secs};
use axum::extract::ws::WebSocket;
use heliograph_client::pda;
use heliograph_client::speech::SpeechHostMessage;
use heliograph_client::stream::{EndReason, ErrorCode};
use heliograph_protocol::Address;
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_settlement::state::Session;
use host::HostTask;
use hosted::NewHost;
use solana_pubkey::Pubkey;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::Instrument;

/// How long a host may take to say what it wants.
const FIRST_MESSAGE_LIMIT: Duration = Duration::from_secs(10);
/// Connections that may wait to take over a session.
const TAKEOVERS: usize = 4;

/// A request that may be served.
struct Wanted {
    address: Address,
    session: Session,
    authority: Address,
}

/// Serves one host's connection. Whatever goes wrong ends here, with a reason for the host.
pub async fn serve_host(socket: WebSocket, state: Arc<NodeState>) {
    let mut socket = ClientSocket::new(socket);
    match open(&mut socket, &state).await {
        Ok(wanted) => {
            let session = Pubkey::from(wanted.address);
            let span = tracing::info_span!("speech", %session);
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
    let first = tokio::time::timeout(FIRST_MESSAGE_LIMIT, socket.next::<SpeechHostMessage>()).await;
    let signed = match first {
        Err(_) => return Err(bad("no first message within 10 s")),
        Ok(Incoming::Message(SpeechHostMessage::Host { open })) => open,
        Ok(Incoming::Invalid(why)) => return Err((ErrorCode::BadConfig, why)),
        Ok(_) => return Err(bad("the first message must say what is hosted")),
    };
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
    let bought = ServiceSet::of(Service::Transcription);
    auth::check_session(&signed, &session, &node, bought, unix_secs())?;
    let app = state.chain.app(&session.app.to_bytes()).await.map_err(unread)?;
    let app = app
        .ok_or_else(|| (ErrorCode::NoSession, "the session's app is not registered".to_owned()))?;
    auth::accept_once(&state.requests, &signed, &request, now_unix_ms)?;
    Ok(Wanted { address: request.session, session, authority: app.authority.to_bytes() })
}

async fn admitted(mut socket: ClientSocket, state: &Arc<NodeState>, wanted: Wanted) {
    let busy = "the session is in use at this node".to_owned();
    if let Some(hosted) = state.speech.get(&wanted.address) {
        // The same app again, back before the end of its old connection was noticed.
        if let Err(error) = hosted.takeovers.try_send(socket) {
            error.into_inner().refuse(ErrorCode::AlreadyConnected, busy).await;
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
    let tip = match state.ledger.session_tip(&wanted.address).await {
        Ok(tip) => tip,
        Err(error) => {
            let (code, message) = unavailable(error);
            return socket.refuse(code, message).await;
        }
    };
    let (takeovers, taken) = mpsc::channel(TAKEOVERS);
    let (minutes, closed) = mpsc::unbounded_channel();
    let account = wanted.session.clone();
    let hosted = state.speech.add(NewHost {
        terms: wanted.session.terms(&Pubkey::from(wanted.address)),
        account: wanted.session,
        authority: wanted.authority,
        tip,
        takeovers,
        minutes,
    });
    HostTask::new(state, hosted, account, socket).serve(taken, closed).await;
    state.speech.remove(&wanted.address);
    drop(place);
}

const fn explain(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Finished => "the app has ended the session",
        EndReason::EscrowExhausted => "the app's escrow and bond do not cover more",
        EndReason::CapReached => "the session's cap is reached",
        EndReason::SessionExpired => "the session's time is over",
        EndReason::VoucherMissing => "the app has stopped paying",
        EndReason::Draining => "the node is shutting down",
    }
}

fn unavailable(error: impl std::fmt::Display) -> Refusal {
    tracing::error!(%error, "speech cannot go on");
    (ErrorCode::Unavailable, "the node has an internal problem; try again or elsewhere".into())
}
