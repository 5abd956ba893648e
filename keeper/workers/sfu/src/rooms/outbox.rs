//! Messages on their way to one client, bounded: who does not read is dropped.

use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;

/// Bytes that may wait for one client. The first messages of a room of 500 are some 300 kB.
pub const WAITING_BYTES_MAX: usize = 4 << 20;
/// What a message costs beside its bytes: its place in the queue.
const MESSAGE_BYTES: usize = 64;

/// The room's end.
#[derive(Debug)]
pub(super) struct Outbox {
    messages: mpsc::UnboundedSender<Bytes>,
    waiting_bytes: Arc<AtomicUsize>,
}

/// The connection's end.
#[derive(Debug)]
pub struct Outgoing {
    messages: mpsc::UnboundedReceiver<Bytes>,
    waiting_bytes: Arc<AtomicUsize>,
}

pub(super) fn outbox() -> (Outbox, Outgoing) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting_bytes = Arc::new(AtomicUsize::new(0));
    (
        Outbox { messages: sender, waiting_bytes: waiting_bytes.clone() },
        Outgoing { messages: receiver, waiting_bytes },
    )
}

impl Outbox {
    /// Hands a message over. `false` if the client has gone, or does not read.
    #[must_use]
    pub(super) fn push(&self, message: Bytes) -> bool {
        let len = message.len() + MESSAGE_BYTES;
        let waiting = self.waiting_bytes.fetch_add(len, Ordering::Relaxed);
        waiting + len <= WAITING_BYTES_MAX && self.messages.send(message).is_ok()
    }
}

impl Outgoing {
    /// The next message, an encoded `livekit.SignalResponse`; `None` once the room has closed the
    /// connection and everything has been read.
    pub async fn next(&mut self) -> Option<Bytes> {
        let message = self.messages.recv().await?;
        self.waiting_bytes.fetch_sub(message.len() + MESSAGE_BYTES, Ordering::Relaxed);
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn client_that_does_not_read_is_noticed() {
        let (outbox, mut outgoing) = outbox();
        let message = Bytes::from(vec![0; 1 << 20]);
        let pushed = (0..10).take_while(|_| outbox.push(message.clone())).count();
        assert_eq!(pushed, 3);
        assert_eq!(outgoing.next().await.unwrap().len(), 1 << 20);
    }

    #[tokio::test]
    async fn what_was_sent_before_the_end_still_arrives() {
        let (outbox, mut outgoing) = outbox();
        assert!(outbox.push(Bytes::from_static(b"leave")));
        drop(outbox);
        assert_eq!(outgoing.next().await.as_deref(), Some(&b"leave"[..]));
        assert_eq!(outgoing.next().await, None);
    }
}
