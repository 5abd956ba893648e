//! The settler's HTTP: whatever is needed to look at a batch, claim it or challenge it.

use crate::error::Error;
use crate::state::SettleState;
use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::merkle;
use heliograph_store::{Batch, StoredLeaf};
use serde::Deserialize;
use serde_json::{Value, json};
use solana_pubkey::Pubkey;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Leaves of one answer at most.
const LEAVES_AT_ONCE: u32 = 512;

type Refusal = (StatusCode, Json<Value>);

/// Takes the port.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// Serves until shutdown.
pub async fn serve(listener: TcpListener, state: Arc<SettleState>) -> Result<(), Error> {
    let shutdown = state.shutdown.clone();
    let router = Router::new()
        .route("/health", get(async || StatusCode::OK))
        .route("/v1/info", get(info))
        .route("/v1/batches/{minute}", get(batch))
        .route("/v1/batches/{minute}/leaves", get(leaves))
        .route("/v1/batches/{minute}/proof", get(proof))
        .route("/v1/vouchers/{hash}", get(voucher))
        .route("/v1/receipts/{hash}", get(receipt))
        .with_state(state);
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
        .map_err(|error| Error::Http(error.to_string()))
}

fn refuse(status: StatusCode, why: impl Into<String>) -> Refusal {
    (status, Json(json!({ "error": why.into() })))
}

fn failed(error: heliograph_store::Error) -> Refusal {
    tracing::error!(%error, "database or archive not read");
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "the settler's data cannot be read")
}

async fn info(State(state): State<Arc<SettleState>>) -> Result<Json<Value>, Refusal> {
    let newest = state.batches.newest_minute().await.map_err(failed)?;
    Ok(Json(json!({
        "keeper": state.keeper_address().to_string(),
        "book": state.book_address().to_string(),
        "domain_id": hex::encode(state.domain().0),
        "newest_minute": newest,
    })))
}

async fn find(state: &SettleState, minute: u64) -> Result<Batch, Refusal> {
    let found = state.batches.batch(minute).await.map_err(failed)?;
    found.ok_or_else(|| refuse(StatusCode::NOT_FOUND, format!("no batch of minute {minute} here")))
}

/// A batch's header, and how far it has come as this settler knows it.
async fn batch(
    State(state): State<Arc<SettleState>>,
    Path(minute): Path<u64>,
) -> Result<Json<Value>, Refusal> {
    let Batch { header, state: progress, created_at_unix_ms } = find(&state, minute).await?;
    Ok(Json(json!({
        "settler": Pubkey::from(header.settler).to_string(),
        "minute_index": header.minute_index,
        "root": hex::encode(header.root),
        "count": header.count,
        "total_micro_usdc": header.total_micro_usdc,
        "state": progress.to_string(),
        "written_at_unix_ms": created_at_unix_ms,
    })))
}

/// Which leaves: `count` of them from position `from`.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Window {
    #[serde(default)]
    from: u32,
    #[serde(default = "one")]
    count: u32,
}

const fn one() -> u32 {
    1
}

impl Window {
    /// The positions asked for, all of which the batch has.
    fn positions(self, batch: &Batch) -> Result<std::ops::Range<u32>, Refusal> {
        let Self { from, count } = self;
        if !(1..=LEAVES_AT_ONCE).contains(&count) {
            let why = format!("count must be from 1 to {LEAVES_AT_ONCE}");
            return Err(refuse(StatusCode::BAD_REQUEST, why));
        }
        let end = from.checked_add(count).filter(|end| *end <= batch.header.count);
        let why = || format!("the batch has {} leaves", batch.header.count);
        end.map(|end| from..end).ok_or_else(|| refuse(StatusCode::NOT_FOUND, why()))
    }
}

async fn leaves(
    State(state): State<Arc<SettleState>>,
    Path(minute): Path<u64>,
    Query(window): Query<Window>,
) -> Result<Json<Value>, Refusal> {
    let positions = window.positions(&find(&state, minute).await?)?;
    let first = positions.start;
    let leaves = state.batches.leaves(minute, positions).await.map_err(failed)?;
    let leaves: Vec<Value> =
        (first..).zip(&leaves).map(|(index, stored)| leaf_json(index, stored)).collect();
    Ok(Json(json!({ "minute_index": minute, "leaves": leaves })))
}

fn leaf_json(index: u32, stored: &StoredLeaf) -> Value {
    let leaf = &stored.leaf;
    json!({
        "index": index,
        "app": Pubkey::from(leaf.app).to_string(),
        "node": Pubkey::from(leaf.node).to_string(),
        "session": Pubkey::from(leaf.session).to_string(),
        "cumulative_micro_usdc": leaf.cumulative_micro_usdc,
        "evidence": hex::encode(leaf.evidence),
        "voucher_hash": hex::encode(stored.voucher_hash),
    })
}

/// The range proof of leaves, as `claim` takes it.
async fn proof(
    State(state): State<Arc<SettleState>>,
    Path(minute): Path<u64>,
    Query(window): Query<Window>,
) -> Result<Json<Value>, Refusal> {
    let batch = find(&state, minute).await?;
    let positions = window.positions(&batch)?;
    let all = state.batches.leaves(minute, 0..batch.header.count).await.map_err(failed)?;
    let hashes: Vec<Hash> = all.iter().map(|stored| stored.leaf.hash()).collect();
    let range = positions.start as usize..positions.end as usize;
    let proof = merkle::range_proof(&hashes, range)
        .ok_or_else(|| refuse(StatusCode::NOT_FOUND, "no such leaves"))?;
    let proof: Vec<String> = proof.iter().map(hex::encode).collect();
    Ok(Json(json!({
        "minute_index": minute,
        "first_index": positions.start,
        "count": positions.len(),
        "proof": proof,
    })))
}

fn hash_of(text: &str) -> Result<Hash, Refusal> {
    let mut hash = Hash::default();
    hex::decode_to_slice(text, &mut hash)
        .map_err(|_| refuse(StatusCode::BAD_REQUEST, "not the hex of a hash"))?;
    Ok(hash)
}

/// A voucher as the archive keeps it.
async fn voucher(
    State(state): State<Arc<SettleState>>,
    Path(hash): Path<String>,
) -> Result<Response, Refusal> {
    let hash = hash_of(&hash)?;
    let mut found = state.batches.voucher(&hash).await.map_err(failed)?;
    if found.is_none() {
        found = state.archive.voucher(&hash).await.map_err(failed)?;
    }
    canonical(found)
}

/// A receipt with its records as the archive keeps it.
async fn receipt(
    State(state): State<Arc<SettleState>>,
    Path(hash): Path<String>,
) -> Result<Response, Refusal> {
    let hash = hash_of(&hash)?;
    canonical(state.archive.receipt(&hash).await.map_err(failed)?)
}

fn canonical<T: borsh::BorshSerialize>(found: Option<T>) -> Result<Response, Refusal> {
    let object = found.ok_or_else(|| refuse(StatusCode::NOT_FOUND, "no such message here"))?;
    let bytes = borsh::to_vec(&object)
        .map_err(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}
