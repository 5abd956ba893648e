//! WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): one participant over HTTP, without signalling.
//!
//! | request | what comes of it |
//! |---|---|
//! | `POST /whip/v1` | the offer's audio and video are published; `201`, an answer, `Location` |
//! | `POST /whep/v1?participant=IDENTITY&track=SID` | tracks are sent in the sections that the offer would receive in; both parameters may be left out |
//! | `PATCH` at that location | candidates, which this server has no use for: `204`; a restart of ICE: `422` |
//! | `DELETE` at that location | the participant leaves |
//!
//! The token is LiveKit's, in `Authorization: Bearer`. The participant is one like any other: it has
//! the token's identity and grants, the room service sees it, it is metered.

mod door;
mod offer;
mod play;
mod publish;
mod session;
#[cfg(test)]
mod tests;

use crate::access::Access;
use crate::rooms::Rooms;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{patch, post};
use door::Refused;
use session::Sessions;
use std::sync::Arc;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Bytes of an offer. OBS and ffmpeg send some 2 kB, browsers 10 kB.
pub const OFFER_BYTES_MAX: usize = 128 << 10;

const TRICKLE: &str = "application/trickle-ice-sdpfrag";

/// What requests are served with.
#[derive(Clone, Debug)]
pub struct Whip {
    access: Arc<dyn Access>,
    rooms: Rooms,
    sessions: Arc<Sessions>,
}

/// The routes. Any page may use them: a token is all the authority there is.
pub fn router(access: Arc<dyn Access>, rooms: Rooms) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::any())
        .allow_methods([Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH])
        .expose_headers([header::LOCATION, header::ETAG, header::RETRY_AFTER]);
    let whip = Whip { access, rooms, sessions: Arc::default() };
    Router::new()
        .route("/whip/v1", post(publish_offered))
        .route("/whep/v1", post(play_offered))
        .route("/whip/v1/{session}", patch(trickle).delete(end))
        .route("/whep/v1/{session}", patch(trickle).delete(end))
        .layer(DefaultBodyLimit::max(OFFER_BYTES_MAX))
        .layer(cors)
        .with_state(whip)
}

async fn publish_offered(
    State(whip): State<Whip>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let admission = door::admit(whip.access.as_ref(), &headers).await?;
    let sdp = door::body(&headers, "application/sdp", &body)?;
    let opened = publish::open(&whip.rooms, admission, sdp).await?;
    Ok(created("/whip/v1/", whip.sessions.keep(opened)))
}

async fn play_offered(
    State(whip): State<Whip>,
    Query(wish): Query<play::Wish>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let admission = door::admit(whip.access.as_ref(), &headers).await?;
    let sdp = door::body(&headers, "application/sdp", &body)?;
    let opened = play::open(&whip.rooms, admission, sdp, &wish).await?;
    Ok(created("/whep/v1/", whip.sessions.keep(opened)))
}

/// `201` with the answer. The tag names the state of ICE, which never changes here.
fn created(path: &str, kept: session::Kept) -> Response {
    let headers: [(HeaderName, String); 4] = [
        (header::CONTENT_TYPE, "application/sdp".to_owned()),
        (header::LOCATION, format!("{path}{}", kept.id)),
        (header::ETAG, format!("\"{}\"", kept.id)),
        (HeaderName::from_static("accept-patch"), TRICKLE.to_owned()),
    ];
    (StatusCode::CREATED, headers, kept.answer).into_response()
}

/// The server's candidates are all in its answer, and it learns the client's from the packets that
/// come: there is nothing to do about a candidate.
async fn trickle(
    State(whip): State<Whip>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refused> {
    let fragment = door::body(&headers, TRICKLE, &body)?;
    let Some(ufrag) = whip.sessions.ufrag(&id) else { return Err(Refused::gone()) };
    let named = fragment.lines().find_map(|line| line.trim_end().strip_prefix("a=ice-ufrag:"));
    if named.is_some_and(|named| named != ufrag) {
        return Err(Refused::unprocessable(
            "this server does not restart ICE: start a new session",
        ));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever knows the location may end the session: it is as hard to guess as a token.
async fn end(State(whip): State<Whip>, Path(id): Path<String>) -> Result<StatusCode, Refused> {
    if whip.sessions.end(&id) { Ok(StatusCode::OK) } else { Err(Refused::gone()) }
}
