//! Who may stream with a key, and what for.

use super::hosted::Hosted;
use super::keys::Seat;
use crate::auth::Refusal;
use crate::state::{NodeState, Place, Refused};
use crate::time::unix_secs;
use heliograph_client::speech::SessionKey;
use heliograph_client::stream::ErrorCode;
use heliograph_protocol::Address;
use heliograph_protocol::hash::sha256;
use heliograph_worker_ipc::StreamConfig;
use std::sync::Arc;

/// A key that was let in, with one of the node's places.
pub struct Admitted<'a> {
    pub hosted: Arc<Hosted>,
    pub seat: Seat,
    pub key: SessionKey,
    pub place: Place<'a>,
}

/// Checks a key and takes its place, and one of the node's.
pub async fn admit<'a>(state: &'a NodeState, token: &str) -> Result<Admitted<'a>, Refusal> {
    let (key, issuer) = SessionKey::read(token, unix_secs())
        .map_err(|error| (ErrorCode::Unauthorized, error.to_string()))?;
    let hosted = state.speech.payer(&key, &issuer)?;
    let seat = hosted.seat(state, &key, token).await?;
    let place = state.admit(place_of(&key)).map_err(|refused| match refused {
        Refused::AlreadyConnected => {
            (ErrorCode::AlreadyConnected, "the session key is in use".to_owned())
        }
        Refused::NoCapacity { capacity } => {
            (ErrorCode::NoCapacity, format!("all {capacity} places of this node are taken"))
        }
    })?;
    Ok(Admitted { hosted, seat, key, place })
}

/// Places are by address; a key's is one that no account has.
fn place_of(key: &SessionKey) -> Address {
    sha256(&[b"session key", &key.session, key.id.as_bytes()])
}

/// What a stream with this key asks the worker for.
pub fn worker_config(key: &SessionKey, language: Option<String>, is_live: bool) -> StreamConfig {
    let asked = language.or_else(|| key.language.clone());
    let language = asked.filter(|language| !language.is_empty() && language != "auto");
    StreamConfig { language, is_live, ..StreamConfig::default() }
}
