//! Who asks, and what the token allows.

use super::twirp::{Code, Error};
use crate::access::{Access, Admission, Denied};
use axum::http::{HeaderMap, header};

/// Somebody with a good token.
#[derive(Debug)]
pub(super) struct Caller(pub Admission);

impl Caller {
    /// Verifies the token in the headers.
    pub(super) async fn of(access: &dyn Access, headers: &HeaderMap) -> Result<Self, Error> {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| Error::new(Code::Unauthenticated, "there is no token"))?;
        access.admit(bearer).await.map(Self).map_err(Error::from)
    }

    /// May make and end rooms.
    pub(super) fn may_create(&self) -> Result<(), Error> {
        allowed(self.0.claims.grants.room_create, "roomCreate")
    }

    /// May list rooms.
    pub(super) fn may_list(&self) -> Result<(), Error> {
        allowed(self.0.claims.grants.room_list, "roomList")
    }

    /// May do as it likes in this room.
    pub(super) fn may_admin(&self, room: &str) -> Result<(), Error> {
        let grants = &self.0.claims.grants;
        allowed(grants.room_admin, "roomAdmin")?;
        if grants.room != room {
            let message = "the token's roomAdmin is for another room";
            return Err(Error::new(Code::PermissionDenied, message));
        }
        Ok(())
    }
}

fn allowed(granted: bool, name: &str) -> Result<(), Error> {
    if granted {
        return Ok(());
    }
    Err(Error::new(Code::PermissionDenied, format!("the token does not grant {name}")))
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        let code = match denied {
            Denied::Unauthorized(_) => Code::Unauthenticated,
            Denied::Forbidden(_) => Code::PermissionDenied,
            Denied::Unavailable(_) => Code::Unavailable,
        };
        Self::new(code, denied.to_string())
    }
}
