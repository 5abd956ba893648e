//! LiveKit's signalling: a websocket of protobuf messages.

use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use futures_util::{SinkExt, StreamExt};
use livekit_protocol::{
    ClientInfo, JoinRequest, SignalRequest, SignalResponse, WrappedJoinRequest, client_info,
    signal_request, signal_response,
};
use prost::Message as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use url::Url;

/// Version of LiveKit's client protocol that this client speaks.
const PROTOCOL: i32 = 16;

/// An open signalling connection.
#[derive(Debug)]
pub(crate) struct Signal {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Signal {
    /// Connects to `url` (`ws`, `wss`, `http` or `https`, with or without a path).
    pub(crate) async fn connect(url: &str, token: &str, join: JoinRequest) -> Result<Self, Error> {
        let url = join_url(url, token, join)?;
        match connect_async(url.as_str()).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(tungstenite::Error::Http(answer)) => Err(Error::Refused {
                status: answer.status().as_u16(),
                reason: answer
                    .body()
                    .as_deref()
                    .map(|body| String::from_utf8_lossy(body).trim().to_string())
                    .unwrap_or_default(),
            }),
            Err(error) => Err(Error::Signalling(error.to_string())),
        }
    }

    /// The next message; `None` when the connection is over.
    pub(crate) async fn recv(&mut self) -> Option<signal_response::Message> {
        loop {
            match self.socket.next().await? {
                Ok(Message::Binary(bytes)) => match SignalResponse::decode(&bytes[..]) {
                    // A message newer than this client is passed over.
                    Ok(SignalResponse { message: None }) => {}
                    Ok(SignalResponse { message: Some(message) }) => return Some(message),
                    Err(error) => tracing::warn!(%error, "message of the server's not understood"),
                },
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub(crate) async fn send(&mut self, message: signal_request::Message) -> Result<(), Error> {
        let bytes = SignalRequest { message: Some(message) }.encode_to_vec();
        self.socket
            .send(Message::Binary(bytes.into()))
            .await
            .map_err(|error| Error::Signalling(error.to_string()))
    }

    pub(crate) async fn close(mut self) {
        // The other end may be gone already.
        let _ = self.socket.close(None).await;
    }
}

/// What every client says of itself.
pub(crate) fn client_info() -> ClientInfo {
    ClientInfo {
        sdk: client_info::Sdk::Rust as i32,
        version: env!("CARGO_PKG_VERSION").to_string(),
        protocol: PROTOCOL,
        os: std::env::consts::OS.to_string(),
        ..ClientInfo::default()
    }
}

/// `/rtc/v1` below the server's URL; the join request is in the query, base64 with padding.
fn join_url(url: &str, token: &str, join: JoinRequest) -> Result<Url, Error> {
    let mut url = Url::parse(url).map_err(|error| Error::Url(error.to_string()))?;
    let scheme = match url.scheme() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        other => return Err(Error::Url(format!("{other}: wants ws or wss"))),
    };
    url.set_scheme(scheme).map_err(|()| Error::Url("wants ws or wss".to_string()))?;
    url.path_segments_mut()
        .map_err(|()| Error::Url("has no host".to_string()))?
        .pop_if_empty()
        .extend(["rtc", "v1"]);
    let wrapped = WrappedJoinRequest { join_request: join.encode_to_vec(), ..Default::default() };
    url.query_pairs_mut()
        .append_pair("access_token", token)
        .append_pair("join_request", &URL_SAFE.encode(wrapped.encode_to_vec()));
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_leads_to_the_joining_path() {
        for (server, expected) in [
            ("ws://127.0.0.1:7880", "ws://127.0.0.1:7880/rtc/v1"),
            ("https://node.example/", "wss://node.example/rtc/v1"),
            ("wss://node.example/calls", "wss://node.example/calls/rtc/v1"),
        ] {
            let url = join_url(server, "a.b.c", JoinRequest::default()).unwrap();
            let (path, query) = url.as_str().split_once('?').unwrap();
            assert_eq!(path, expected);
            assert!(query.starts_with("access_token=a.b.c&join_request="));
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for server in ["node.example", "ftp://node.example", "data:,x"] {
            join_url(server, "", JoinRequest::default()).unwrap_err();
        }
    }
}
