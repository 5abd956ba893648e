//! One client's stream, from its first message to its last.

pub mod audio;
pub mod patience;
mod session;
pub mod socket;

use crate::auth;
use crate::speech;
use crate::state::{NodeState, Refused};
use crate::time::{unix_ms, unix_secs};
use axum::extract::ws::WebSocket;
use heliograph_client::pda;
use heliograph_client::speech::KeyConfig;
use heliograph_client::stream::{ClientMessage, ErrorCode};
use heliograph_protocol::Address;
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_settlement::state::Session;
use heliograph_store::Session as LedgerSession;
use heliograph_worker_ipc::StreamConfig;
use serde::Deserialize;
use session::StreamSession;
pub use session::check_language;
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
    let opened = match first(&mut socket).await {
        Ok(First::Key(config)) => return speech::serve_client(socket, &state, config).await,
        Ok(First::Session(config)) => open(config, &state).await,
        Err(refusal) => Err(refusal),
    };
    match opened {
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

/// The first message: who pays for the stream.
enum First {
    /// The client itself, from a session whose voucher signer it holds.
    Session(ClientMessage),
    /// The host of the session that the client's key is for.
    Key(KeyConfig),
}

/// Reads the first message.
async fn first(socket: &mut ClientSocket) -> Result<First, auth::Refusal> {
    #[derive(Deserialize)]
    struct Kind {
        r#type: String,
        session_key: Option<serde::de::IgnoredAny>,
    }
    let bad = |why: String| (ErrorCode::BadConfig, why);
    let read = tokio::time::timeout(CONFIG_LIMIT, socket.next::<serde_json::Value>()).await;
    let message = match read {
        Err(_) => return Err(bad("no config within 10 s".into())),
        Ok(Incoming::Message(message)) => message,
        Ok(Incoming::Invalid(why)) => return Err(bad(why)),
        Ok(_) => return Err(bad("the first message must be a config".into())),
    };
    let wrong = |error: serde_json::Error| bad(format!("message not understood: {error}"));
    let kind = Kind::deserialize(&message).map_err(wrong)?;
    if kind.r#type == "config" && kind.session_key.is_some() {
        return serde_json::from_value(message).map(First::Key).map_err(wrong);
    }
    serde_json::from_value(message).map(First::Session).map_err(wrong)
}

/// Checks everything before anything is allocated for it.
async fn open(first: ClientMessage, state: &NodeState) -> Result<Opened, auth::Refusal> {
    let ClientMessage::Config { open: signed, language, live: is_live } = first else {
        let why = "the first message must be a config".to_owned();
        return Err((ErrorCode::BadConfig, why));
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

/// Records that a session is found to end earlier than was known. The app may end it at any time, and
/// what it owes is paid for the grace time after that and no longer.
pub async fn record_end(
    state: &NodeState,
    address: &Address,
    known: &Session,
    found: &Session,
) -> Result<(), heliograph_store::Error> {
    if (found.expires_at, found.redeemable_until) == (known.expires_at, known.redeemable_until) {
        return Ok(());
    }
    tracing::info!(expires_at = found.expires_at, "session's end has come forward");
    record(state, address, found).await
}
