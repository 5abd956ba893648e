//! The client's WebSocket, as messages.

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use heliograph_client::stream::{ClientMessage, ErrorCode, ServerMessage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long a client that no longer reads can hold up the node.
const SEND_LIMIT: Duration = Duration::from_secs(20);
/// Normal closure (RFC 6455, section 7.4.1).
const CLOSE_NORMAL: u16 = 1000;

/// What came from the client.
#[derive(Debug)]
pub enum Incoming<M = ClientMessage> {
    Message(M),
    /// 16 kHz mono samples.
    Audio(Vec<i16>),
    /// Not part of the protocol; why.
    Invalid(String),
    /// The connection is gone.
    Gone,
}

/// The node's side of the connection.
#[derive(Debug)]
pub struct ClientSocket(WebSocket);

impl ClientSocket {
    pub const fn new(socket: WebSocket) -> Self {
        Self(socket)
    }

    /// The next thing from the client.
    pub async fn next<M: DeserializeOwned>(&mut self) -> Incoming<M> {
        loop {
            return match self.0.recv().await {
                None | Some(Err(_)) | Some(Ok(Message::Close(_))) => Incoming::Gone,
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(message) => Incoming::Message(message),
                    Err(error) => Incoming::Invalid(format!("message not understood: {error}")),
                },
                Some(Ok(Message::Binary(bytes))) => {
                    if bytes.len() % 2 != 0 {
                        return Incoming::Invalid("audio must be whole 16-bit samples".into());
                    }
                    let samples = bytes.chunks_exact(2);
                    Incoming::Audio(samples.map(|b| i16::from_le_bytes([b[0], b[1]])).collect())
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            };
        }
    }

    /// Sends a message; returns its bytes, or `None` if the client is gone or no longer reads.
    pub async fn send<M: Serialize>(&mut self, message: &M) -> Option<u64> {
        // Every message is made here of strings and numbers, which always serialise.
        let text = serde_json::to_string(message).ok()?;
        let len = text.len() as u64;
        let sent = tokio::time::timeout(SEND_LIMIT, self.0.send(Message::Text(text.into()))).await;
        matches!(sent, Ok(Ok(()))).then_some(len)
    }

    /// Says why and closes with the code that goes with it.
    pub async fn refuse(&mut self, code: ErrorCode, message: String) {
        let reason = message.clone();
        if self.send(&ServerMessage::Error { code, message }).await.is_some() {
            self.close_with(code.close_code(), reason).await;
        }
    }

    /// Closes in order.
    pub async fn close(&mut self) {
        self.close_with(CLOSE_NORMAL, String::new()).await;
    }

    /// Closes with a code, and why.
    pub async fn close_with(&mut self, code: u16, mut reason: String) {
        // A close frame holds 125 bytes, two of them the code.
        while reason.len() > 123 {
            reason.pop();
        }
        let frame = CloseFrame { code, reason: reason.into() };
        let closing = self.0.send(Message::Close(Some(frame)));
        let _ = tokio::time::timeout(SEND_LIMIT, closing).await;
    }
}
