//! Tokens at the door.

use super::Signalling;
use super::join::Parameters;
use crate::access::{Admission, Denied};
use crate::rooms::JoinError;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Letters of a room's name and of an identity.
const NAME_MAX: usize = 256;

/// Why somebody does not come in, as HTTP has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    status: StatusCode,
    reason: String,
}

impl Refused {
    pub(super) fn bad_request(reason: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason: reason.into() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, self.reason).into_response()
    }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        let status = match &denied {
            Denied::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Denied::Forbidden(_) => StatusCode::FORBIDDEN,
            Denied::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self { status, reason: denied.to_string() }
    }
}

impl From<JoinError> for Refused {
    fn from(error: JoinError) -> Self {
        let status = match error {
            JoinError::Full
            | JoinError::PayerFull
            | JoinError::Draining { .. }
            | JoinError::Moved { .. } => StatusCode::SERVICE_UNAVAILABLE,
            JoinError::Unknown => StatusCode::NOT_FOUND,
        };
        Self { status, reason: error.to_string() }
    }
}

/// Looks at the token, and at what it allows.
pub(super) async fn admit(
    signalling: &Signalling,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Admission, Refused> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let token = parameters
        .access_token
        .as_deref()
        .or(bearer)
        .ok_or_else(|| Denied::Unauthorized("no token".to_owned()))?;
    let admission = signalling.access.admit(token).await?;
    let claims = &admission.claims;
    let forbidden = |reason: &str| Err(Denied::Forbidden(reason.to_owned()).into());
    if !claims.grants.room_join {
        return forbidden("the token does not allow joining a room");
    }
    let named = |name: &str| !name.is_empty() && name.chars().count() <= NAME_MAX;
    if !named(&claims.grants.room) {
        return forbidden("the token names no room, or an endless one");
    }
    if !named(&claims.identity) {
        return forbidden("the token names no identity, or an endless one");
    }
    Ok(admission)
}
