//! A client's websocket and its room.

use super::join::Asked;
use super::rate::Rate;
use crate::room::leave_message;
use crate::rooms::{JoinError, Line, Outgoing, Rooms};
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use livekit_protocol as proto;
use prost::Message as _;
use proto::leave_request::Action;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Bytes of a message from a client. An offer with a thousand sections is some hundred kB.
pub const FRAME_BYTES_MAX: usize = 1 << 20;
/// How long a client may be silent: it is told to say that it lives every five seconds, and to give
/// up after fifteen.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// How long one message may take to be written: a client that reads nothing is dropped.
const WRITE_MAX: Duration = Duration::from_secs(10);

/// How long a client that has been told to leave may take to close the connection.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// Serves a connection to its end.
pub(super) async fn serve(mut socket: WebSocket, rooms: Rooms, asked: Asked) {
    let joined = match asked {
        Asked::Join(entry) => rooms.join(*entry).await,
        Asked::Resume { admission, sid, sync } => {
            rooms.resume(&admission, sid, sync.map(|sync| *sync)).await
        }
    };
    let (line, outgoing) = match joined {
        Ok(joined) => joined,
        Err(error) => {
            let (reason, action) = match error {
                // There is nothing to come back to: the client starts anew.
                JoinError::Unknown => (proto::DisconnectReason::StateMismatch, Action::Reconnect),
                _ => (proto::DisconnectReason::JoinFailure, Action::Disconnect),
            };
            let response = proto::SignalResponse { message: Some(leave_message(reason, action)) };
            let message = Message::Binary(response.encode_to_vec().into());
            let _ = timeout(WRITE_MAX, socket.send(message)).await;
            let _ = timeout(WRITE_MAX, socket.send(goodbye())).await;
            return;
        }
    };
    let (mut sink, mut stream) = socket.split();
    let dismissed = tokio::select! {
        () = write(&mut sink, outgoing) => true,
        () = read(&mut stream, line) => false,
    };
    if dismissed {
        // Closing on what the client still says would cut off what it was told last.
        let drain = async { while let Some(Ok(_)) = stream.next().await {} };
        let _ = timeout(FAREWELL_MAX, drain).await;
    }
}

/// Writes until the room closes the line, or the client stops reading.
async fn write(sink: &mut SplitSink<WebSocket, Message>, mut outgoing: Outgoing) {
    while let Some(bytes) = outgoing.next().await {
        if !matches!(timeout(WRITE_MAX, sink.send(Message::Binary(bytes))).await, Ok(Ok(()))) {
            return;
        }
    }
    let _ = timeout(WRITE_MAX, sink.send(goodbye())).await;
}

/// Reads until the client closes, is silent for too long, says too much, or talks nonsense.
async fn read(stream: &mut SplitStream<WebSocket>, line: Line) {
    let mut rate = Rate::new(Instant::now());
    while let Ok(Some(Ok(message))) = timeout(SILENCE_MAX, stream.next()).await {
        if !rate.allow(Instant::now()) {
            tracing::debug!("client says too much");
            return;
        }
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Close(_) => return,
            // Nobody sends signalling as text; pings are answered below this layer.
            Message::Text(_) | Message::Ping(_) | Message::Pong(_) => continue,
        };
        let Ok(request) = proto::SignalRequest::decode(bytes) else {
            tracing::debug!("client sent what is not a request");
            return;
        };
        // A kind of request that is newer than this server has no message here.
        let Some(request) = request.message else { continue };
        if !line.request(request).await {
            return;
        }
    }
}

fn goodbye() -> Message {
    Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: "".into() }))
}
