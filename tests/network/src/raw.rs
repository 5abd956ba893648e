use futures_util::{SinkExt, StreamExt};
use heliograph_client::stream::{ClientMessage, STREAM_PATH};
use heliograph_protocol::evidence::Signed;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// Sends a request as it is and returns the node's first answer, as text.
pub async fn raw_open(endpoint: &str, open: &Signed) -> String {
    let url = format!("{}{STREAM_PATH}", endpoint.replace("http://", "ws://"));
    let (mut socket, _) = connect_async(url).await.expect("the node answers");
    let config = ClientMessage::Config { open: open.clone(), language: None, live: false };
    let text = serde_json::to_string(&config).expect("serialises");
    socket.send(Message::Text(text.into())).await.expect("sent");
    match socket.next().await {
        Some(Ok(Message::Text(text))) => text.to_string(),
        other => panic!("expected an answer, got {other:?}"),
    }
}
