//! LiveKit's room service: what an app's backend asks of rooms, over Twirp.
//!
//! `POST /twirp/livekit.RoomService/METHOD` with a token in `Authorization: Bearer`. A token reaches
//! the rooms of its own scope and no others.
//!
//! | method | grant |
//! |---|---|
//! | `CreateRoom`, `DeleteRoom` | `roomCreate` |
//! | `ListRooms` | `roomList` |
//! | `ListParticipants`, `GetParticipant`, `RemoveParticipant`, `MutePublishedTrack`, `UpdateParticipant`, `UpdateSubscriptions`, `SendData`, `UpdateRoomMetadata` | `roomAdmin` for the room |
//!
//! `ForwardParticipant`, `MoveParticipant` and `PerformRpc` are said to be unimplemented, as is
//! recording that a new room asks for.

mod guard;
mod methods;
#[cfg(test)]
mod tests;
mod twirp;

use crate::access::Access;
use crate::rooms::Rooms;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use guard::Caller;
use std::sync::Arc;
use tower_http::cors::{AllowOrigin, CorsLayer};
use twirp::{Code, Encoding, Error};

/// Bytes of a request. The longest that make sense are messages and metadata of 64 KiB, half as
/// much again in JSON.
pub const REQUEST_BYTES_MAX: usize = 256 << 10;

/// What requests are served with.
#[derive(Clone, Debug)]
pub struct Service {
    /// Who may ask.
    pub access: Arc<dyn Access>,
    /// Of what.
    pub rooms: Rooms,
}

/// The routes.
pub fn router(service: Service) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::any())
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE]);
    Router::new()
        .route("/twirp/{service}/{method}", any(serve))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(cors)
        .with_state(service)
}

async fn serve(
    State(service): State<Service>,
    Path((name, method)): Path<(String, String)>,
    verb: Method,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    if verb != Method::POST || name != "livekit.RoomService" {
        let message = format!("no such route: {verb} /twirp/{name}/{method}");
        return Error::new(Code::BadRoute, message).into_response();
    }
    let encoding = match Encoding::of(&headers) {
        Ok(encoding) => encoding,
        Err(error) => return error.into_response(),
    };
    let caller = match Caller::of(service.access.as_ref(), &headers).await {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    let Ok(body) = body else {
        let message = format!("a request has {REQUEST_BYTES_MAX} bytes at most");
        return Error::new(Code::ResourceExhausted, message).into_response();
    };
    match methods::call(&service.rooms, &caller, &method, encoding, &body).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}
