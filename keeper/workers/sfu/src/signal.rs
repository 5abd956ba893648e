//! Signalling: HTTP and websockets on one side, rooms on the other.
//!
//! `/rtc` serves clients with two peer connections, `/rtc/v1` those with one. Both have a
//! `validate` beside them, which browsers ask when a websocket fails, since those do not say why.
//! Nothing is allocated before a token has been found good.

mod admission;
mod join;
mod rate;
mod socket;
#[cfg(test)]
mod tests;

pub use join::JOIN_REQUEST_BYTES_MAX;
pub use socket::FRAME_BYTES_MAX;

use crate::access::Access;
use crate::room::Transport;
use crate::rooms::Rooms;
use admission::{Refused, admit};
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use join::{Asked, Parameters};
use std::sync::Arc;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// What requests are served with.
#[derive(Clone, Debug)]
pub struct Signalling {
    /// Who may come in.
    pub access: Arc<dyn Access>,
    /// Where to.
    pub rooms: Rooms,
}

/// The routes. Any page may use them: a token is all the authority there is.
pub fn router(signalling: Signalling) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::any())
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE]);
    Router::new()
        .route("/", get(|| async { "OK" }))
        .route("/rtc", get(rtc_dual))
        .route("/rtc/validate", get(validate_dual))
        .route("/rtc/v1", get(rtc_single))
        .route("/rtc/v1/validate", get(validate_single))
        .layer(cors)
        .with_state(signalling)
}

type Upgrade = Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>;

async fn rtc_dual(
    State(signalling): State<Signalling>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    connect(signalling, Transport::Dual, parameters, &headers, upgrade).await
}

async fn rtc_single(
    State(signalling): State<Signalling>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    connect(signalling, Transport::Single, parameters, &headers, upgrade).await
}

async fn connect(
    signalling: Signalling,
    transport: Transport,
    parameters: Parameters,
    headers: &HeaderMap,
    upgrade: Upgrade,
) -> Response {
    let admitted = admit(&signalling, &parameters, headers).await;
    let asked = admitted.and_then(|admission| {
        let asked = Asked::read(admission, transport, parameters)?;
        if !asked.resumes() {
            signalling.rooms.could_join(asked.admission())?;
        }
        Ok(asked)
    });
    let asked = match asked {
        Ok(asked) => asked,
        Err(refused) => return refused.into_response(),
    };
    match upgrade {
        Ok(upgrade) => upgrade
            .max_message_size(FRAME_BYTES_MAX)
            .max_frame_size(FRAME_BYTES_MAX)
            .on_upgrade(move |socket| socket::serve(socket, signalling.rooms, asked)),
        Err(rejection) => rejection.into_response(),
    }
}

async fn validate_dual(
    State(signalling): State<Signalling>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<&'static str, Refused> {
    validate(&signalling, Transport::Dual, parameters, &headers).await
}

async fn validate_single(
    State(signalling): State<Signalling>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<&'static str, Refused> {
    validate(&signalling, Transport::Single, parameters, &headers).await
}

async fn validate(
    signalling: &Signalling,
    transport: Transport,
    parameters: Parameters,
    headers: &HeaderMap,
) -> Result<&'static str, Refused> {
    let admission = admit(signalling, &parameters, headers).await?;
    let asked = Asked::read(admission, transport, parameters)?;
    if !asked.resumes() {
        signalling.rooms.could_join(asked.admission())?;
    }
    Ok("success")
}
