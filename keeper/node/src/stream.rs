//! One client's stream, from its first message to its last.

pub mod audio;
mod session;
pub mod socket;

use crate::auth;
use crate::state::{NodeState, Refused};
use crate::time::{unix_ms, unix_secs};
use axum::extract::ws::WebSocket;
use heliograph_client::pda;
use heliograph_client::stream::{ClientMessage, ErrorCode};
use heliograph_protocol::Address;
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_settlement::state::Session;
use heliograph_store::Session as LedgerSession;
use heliograph_worker_ipc::StreamConfig;
use session::StreamSession;
use socket::{ClientSocket, Incoming};
use solana_pubkey::Pubkey;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// How long a client may take to say what it wants.
const CONFIG_LIMIT: Duration = Duration::from_secs(10);

/// Serves one connection. Whatever goes wrong ends here, with a reason for the client.
pub async fn serve(socket: WebSocket, state: Arc<NodeState>) {
    let mut socket = ClientSocket::new(socket);
    match open(&mut socket, &state).await {
        Ok(opened) => {
            let session = Pubkey::from(opened.address);
            let span = tracing::info_span!("stream", %session);
            admitted(socket, &state, opened).instrument(span).await;
        }
        Err((code, message)) => {
            tracing::info!(?code, message, "stream refused");
            socket.refuse(code, message).await;
        }
    }
}

/// A request that may be served.
struct Opened {
    address: Address,
    session: Session,
    config: StreamConfig,
}

/// Reads the first message and checks everything before anything is allocated for it.
async fn open(socket: &mut ClientSocket, state: &NodeState) -> Result<Opened, auth::Refusal> {
    let bad = |why: &str| (ErrorCode::BadConfig, why.to_owned());
    let (signed, language, is_live) = match tokio::time::timeout(CONFIG_LIMIT, socket.next()).await
    {
        Err(_) => return Err(bad("no config within 10 s")),
        Ok(Incoming::Message(ClientMessage::Config { open, language, live })) => {
            (open, language, live)
        }
        Ok(Incoming::Invalid(why)) => return Err((ErrorCode::BadConfig, why)),
        Ok(_) => return Err(bad("the first message must be a config")),
    };
    let node_key = state.node_key();
    let now_unix_ms = unix_ms();
    let request = auth::read_request(&signed, &state.domain(), &node_key.to_bytes(), now_unix_ms)?;
    let session = state.chain.session(&request.session).await.map_err(|error| {
        tracing::warn!(%error, "session not read");
        (ErrorCode::Unavailable, "the node cannot reach the cluster; try again".to_owned())
    })?;
    let session = session
        .ok_or_else(|| (ErrorCode::NoSession, "there is no such session on chain".to_owned()))?;
    let node = pda::node(&node_key).to_bytes();
    let bought = ServiceSet::of(Service::Transcription);
    auth::check_session(&signed, &session, &node, bought, unix_secs())?;
    auth::accept_once(&state.requests, &signed, &request, now_unix_ms)?;
    let config = StreamConfig {
        language: language.filter(|language| language != "auto"),
        is_live,
        ..StreamConfig::default()
    };
    Ok(Opened { address: request.session, session, config })
}

async fn admitted(mut socket: ClientSocket, state: &NodeState, opened: Opened) {
    let place = match state.admit(opened.address) {
        Ok(place) => place,
        Err(Refused::AlreadyConnected) => {
            let why = "the session has a stream already".to_owned();
            return socket.refuse(ErrorCode::AlreadyConnected, why).await;
        }
        Err(Refused::NoCapacity { capacity }) => {
            let why = format!("all {capacity} places of this node are taken");
            return socket.refuse(ErrorCode::NoCapacity, why).await;
        }
    };
    let recorded = record(state, &opened.address, &opened.session).await;
    let served = match recorded {
        Ok(()) => {
            StreamSession::new(state, &mut socket, opened.address, &opened.session)
                .serve(opened.config)
                .await
        }
        Err(error) => Err((ErrorCode::Unavailable, error.to_string())),
    };
    drop(place);
    match served {
        Ok(()) => socket.close().await,
        Err((code, message)) => {
            tracing::warn!(?code, message, "stream broken off");
            socket.refuse(code, message).await;
        }
    }
}

/// Records the session before its first minute is served.
pub async fn record(
    state: &NodeState,
    address: &Address,
    session: &Session,
) -> Result<(), heliograph_store::Error> {
    let secs = |time: i64| u64::try_from(time).unwrap_or(0);
    let recorded = LedgerSession {
        terms: session.terms(&Pubkey::from(*address)),
        app: session.app.to_bytes(),
        voucher_signer: session.voucher_signer.to_bytes(),
        opened_at_unix_secs: secs(session.opened_at),
        expires_at_unix_secs: secs(session.expires_at),
        redeemable_until_unix_secs: secs(session.redeemable_until),
    };
    state.ledger.record_session(&recorded).await.map(|_| ())
}
