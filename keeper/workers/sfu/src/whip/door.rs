//! Who may come in with what, and how a refusal is said.

use crate::access::{Access, Admission, Denied};
use crate::rooms::JoinError;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// Letters of a room's name and of an identity, as in signalling.
const NAME_MAX: usize = 256;

/// Why a request comes to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    status: StatusCode,
    reason: String,
    /// When to try again.
    retry_after: Option<Duration>,
}

impl Refused {
    fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), retry_after: None }
    }

    /// The offer cannot be read.
    pub(super) fn bad_offer(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// The offer can be read, and is of no use here.
    pub(super) fn not_acceptable(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, reason)
    }

    /// The grants do not suffice.
    pub(super) fn forbidden(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason)
    }

    /// There is nothing to play yet.
    pub(super) fn nothing_yet(reason: impl Into<String>) -> Self {
        let retry_after = Some(Duration::from_secs(2));
        Self { retry_after, ..Self::new(StatusCode::CONFLICT, reason) }
    }

    /// The request makes sense, and is not followed.
    pub(super) fn unprocessable(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, reason)
    }

    /// The room does not answer.
    pub(super) fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the room takes nobody in")
    }

    /// There is no such session any more.
    pub(super) fn gone() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such session")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.reason).into_response();
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, after.as_secs().into());
        }
        response
    }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        let status = match denied {
            Denied::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Denied::Forbidden(_) => StatusCode::FORBIDDEN,
            Denied::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, denied.to_string())
    }
}

impl From<JoinError> for Refused {
    fn from(error: JoinError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

/// Looks at the token, and at whether it lets anybody into a room.
pub(super) async fn admit(access: &dyn Access, headers: &HeaderMap) -> Result<Admission, Refused> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(|| Denied::Unauthorized("there is no token".to_owned()))?;
    let admission = access.admit(bearer).await?;
    let claims = &admission.claims;
    let named = |name: &str| !name.is_empty() && name.chars().count() <= NAME_MAX;
    if !claims.grants.room_join {
        return Err(Refused::forbidden("the token does not allow joining a room"));
    }
    if !named(&claims.grants.room) || !named(&claims.identity) {
        return Err(Refused::forbidden("the token's room or identity is missing or endless"));
    }
    Ok(admission)
}

/// The body, if it is text of this type.
pub(super) fn body<'a>(
    headers: &HeaderMap,
    content_type: &str,
    body: &'a [u8],
) -> Result<&'a str, Refused> {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if named.and_then(|value| value.split(';').next()).map(str::trim) != Some(content_type) {
        let reason = format!("the content type must be {content_type}");
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
    }
    std::str::from_utf8(body).map_err(|_| Refused::bad_offer("the body is not text"))
}
