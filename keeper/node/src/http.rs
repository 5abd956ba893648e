//! The node's HTTP: streams, and what anyone may know.

use crate::call;
use crate::error::Error;
use crate::speech;
use crate::state::NodeState;
use crate::stream;
use crate::time::unix_secs;
use axum::Json;
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use heliograph_client::call::CALLS_PATH;
use heliograph_client::speech::SPEECH_PATH;
use heliograph_client::stream::STREAM_PATH;
use heliograph_client::vouchers::{
    PAGE_SESSIONS_MAX, VOUCHERS_PATH, VoucheredMinute, VouchersPage,
};
use serde::Deserialize;
use serde_json::{Value, json};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Longest WebSocket message: 8 s of audio, and any voucher, fit many times over.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Takes the port.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// Serves until shutdown, then until every stream has ended.
pub async fn serve(listener: TcpListener, state: Arc<NodeState>) -> Result<(), Error> {
    let shutdown = state.shutdown.clone();
    let router = Router::new()
        .route("/health", get(health))
        .route("/v1/info", get(info))
        .route("/v1/sessions/{session}", get(session))
        .route(VOUCHERS_PATH, get(vouchers))
        .route(STREAM_PATH, get(open_stream))
        .route(SPEECH_PATH, get(host_speech))
        .route(CALLS_PATH, get(host_calls))
        .with_state(state);
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
        .map_err(Error::Http)
}

async fn open_stream(State(state): State<Arc<NodeState>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| stream::serve(socket, state))
}

async fn host_speech(State(state): State<Arc<NodeState>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| speech::serve_host(socket, state))
}

async fn host_calls(State(state): State<Arc<NodeState>>, upgrade: WebSocketUpgrade) -> Response {
    if state.calls.is_none() {
        let why = json!({ "error": "this node serves no calls" });
        return (StatusCode::NOT_FOUND, Json(why)).into_response();
    }
    upgrade.max_message_size(MESSAGE_BYTES_MAX).on_upgrade(move |socket| call::serve(socket, state))
}

/// 200 when everything configured can be served, 503 while a worker is being started.
async fn health(State(state): State<Arc<NodeState>>) -> Response {
    let word = |ready: bool| if ready { "ready" } else { "starting" };
    let worker = state.worker.info().is_some();
    let calls = state.calls.as_ref().map(|calls| calls.info().is_some());
    let ready = worker && calls.unwrap_or(true);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "worker": word(worker),
        "calls": calls.map(word),
        "streams": state.active_streams(),
    });
    (status, Json(body)).into_response()
}

async fn info(State(state): State<Arc<NodeState>>) -> Json<Value> {
    let worker = state.worker.info().map(|worker| {
        let models = worker.models.iter().map(|model| {
            json!({
                "engine": model.engine,
                "engine_version": model.engine_version,
                "name": model.name,
                "sha256": hex::encode(model.sha256),
                "languages": model.languages,
            })
        });
        json!({ "models": Vec::from_iter(models), "languages": worker.languages() })
    });
    Json(json!({
        "node_key": state.node_key().to_string(),
        "domain_id": hex::encode(state.domain().0),
        "streams": state.active_streams(),
        "transcription": worker,
        "calls": state.calls.as_ref().map(|calls| json!({ "url": calls.url() })),
    }))
}

/// Where a page of vouchers begins.
#[derive(Clone, Copy, Debug, Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

/// The newest voucher of each session and its receipt, for settlers.
async fn vouchers(
    State(state): State<Arc<NodeState>>,
    Query(After { after }): Query<After>,
) -> Result<Response, (StatusCode, Json<Value>)> {
    let failed = |error: heliograph_store::Error| {
        tracing::error!(%error, "ledger not read");
        let why = json!({ "error": "the ledger cannot be read" });
        (StatusCode::INTERNAL_SERVER_ERROR, Json(why))
    };
    // No position is above this one; whoever asks for more hears that there is nothing.
    let after = after.min(i64::MAX as u64);
    let newest = state.ledger.newest_position().await.map_err(failed)?;
    let found = state.ledger.newest_vouchers(after, unix_secs(), PAGE_SESSIONS_MAX).await;
    let found = found.map_err(failed)?;
    let last = found.last().map_or(after, |entry| entry.position);
    let is_all = found.len() < PAGE_SESSIONS_MAX as usize;
    let minutes = found.into_iter().map(|entry| {
        (entry.position, VoucheredMinute { receipt: entry.receipt, voucher: entry.signed })
    });
    let mut page = VouchersPage::of(minutes, after, newest);
    if is_all && page.next == last {
        // What lies between is paid or over.
        page.next = last.max(newest);
    }
    let bytes = page.to_bytes();
    Ok(([(CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

/// What a session has been charged, promised and paid, as this node knows it.
async fn session(
    State(state): State<Arc<NodeState>>,
    Path(session): Path<String>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let refuse = |status: StatusCode, why: String| (status, Json(json!({ "error": why })));
    let address: Pubkey = session
        .parse()
        .map_err(|_| refuse(StatusCode::BAD_REQUEST, format!("{session} is not an address")))?;
    let failed = |error: heliograph_store::Error| {
        tracing::error!(%error, "ledger not read");
        refuse(StatusCode::INTERNAL_SERVER_ERROR, "the ledger cannot be read".into())
    };
    let key = address.to_bytes();
    let Some(stored) = state.ledger.session(&key).await.map_err(failed)? else {
        return Err(refuse(StatusCode::NOT_FOUND, format!("no session {address} at this node")));
    };
    let redeems = state.ledger.redeems(&key).await.map_err(failed)?;
    let redeems: Vec<Value> = redeems
        .iter()
        .map(|redeem| {
            json!({
                "sequence": redeem.sequence,
                "cumulative_micro_usdc": redeem.cumulative_micro_usdc,
                "transaction": Signature::from(redeem.tx_signature).to_string(),
                "state": redeem.state.to_string(),
                "slot": redeem.slot,
                "prepared_at_unix_ms": redeem.created_at_unix_ms,
                "decided_at_unix_ms": redeem.updated_at_unix_ms,
                "error": redeem.error,
            })
        })
        .collect();
    Ok(Json(json!({
        "session": address.to_string(),
        "receipted_micro_usdc": stored.receipted_micro_usdc,
        "vouchered_micro_usdc": stored.vouchered_micro_usdc,
        "settled_micro_usdc": stored.settled_micro_usdc,
        "redeems": redeems,
    })))
}
