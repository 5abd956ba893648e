//! Who may open a stream.

use heliograph_client::evidence::is_genuine;
use heliograph_client::stream::ErrorCode;
use heliograph_protocol::Address;
use heliograph_protocol::domain::Domain;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_protocol::stream::{STREAM_OPEN_WINDOW_MS, StreamOpen};
use heliograph_settlement::state::Session;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A refusal: what kind, and why in words.
pub type Refusal = (ErrorCode, String);

/// Requests accepted within the window, so that none is accepted twice.
#[derive(Debug, Default)]
pub struct Requests(Mutex<HashMap<Hash, u64>>);

/// Requests remembered at most. Each was signed for a session of this node, so only paying apps
/// fill the list; past it new streams are refused for up to a minute.
const REMEMBERED_MAX: usize = 100_000;

impl Requests {
    /// Remembers a request; `false` if it is known already, or there is no room.
    fn remember(&self, request: Hash, issued_at_unix_ms: u64, now_unix_ms: u64) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, issued| issued.saturating_add(STREAM_OPEN_WINDOW_MS) >= now_unix_ms);
        seen.len() < REMEMBERED_MAX && seen.insert(request, issued_at_unix_ms).is_none()
    }
}

/// Reads a request and checks everything that needs no chain.
pub fn read_request(
    signed: &Signed,
    domain: &Domain,
    node_key: &Address,
    now_unix_ms: u64,
) -> Result<StreamOpen, Refusal> {
    let unauthorized = |why: &str| (ErrorCode::Unauthorized, why.to_owned());
    let request: StreamOpen =
        signed.message(domain).map_err(|error| (ErrorCode::BadConfig, error.to_string()))?;
    if !is_genuine(signed) {
        return Err(unauthorized("the request's signature does not verify"));
    }
    if request.node_key != *node_key {
        return Err(unauthorized("the request is for another node"));
    }
    if request.issued_at_unix_ms.abs_diff(now_unix_ms) > STREAM_OPEN_WINDOW_MS {
        return Err(unauthorized("the request is stale, or clocks differ by over a minute"));
    }
    Ok(request)
}

/// Checks a request for `bought` against the session's account.
pub fn check_session(
    signed: &Signed,
    session: &Session,
    node: &Address,
    bought: ServiceSet,
    now_unix_secs: u64,
) -> Result<(), Refusal> {
    let no_session = |why: &str| (ErrorCode::NoSession, why.to_owned());
    if session.node.to_bytes() != *node {
        return Err(no_session("the session is with another node"));
    }
    let missing =
        |service: &&Service| bought.has(**service) && !ServiceSet(session.services).has(**service);
    if let Some(service) = Service::ALL.iter().find(missing) {
        return Err(no_session(&format!("the session did not buy {}", service.name())));
    }
    if u64::try_from(session.expires_at).unwrap_or(0) <= now_unix_secs {
        return Err(no_session("the session has ended"));
    }
    if signed.public_key != session.voucher_signer.to_bytes() {
        return Err((
            ErrorCode::Unauthorized,
            "the request is not signed by the session's voucher signer".into(),
        ));
    }
    Ok(())
}

/// Accepts a checked request once.
pub fn accept_once(
    requests: &Requests,
    signed: &Signed,
    request: &StreamOpen,
    now_unix_ms: u64,
) -> Result<(), Refusal> {
    if requests.remember(signed.hash(), request.issued_at_unix_ms, now_unix_ms) {
        Ok(())
    } else {
        Err((ErrorCode::Unauthorized, "the request was used before".into()))
    }
}
