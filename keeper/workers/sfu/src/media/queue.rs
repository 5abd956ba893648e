//! Events on their way to a room, bounded in memory.

use super::api::Event;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// What a room that does not read may hold up, in bytes. Past it, data messages, tapped audio,
/// levels and statistics are dropped; the other events either answer a command or are few per peer,
/// and always arrive.
pub const QUEUED_BYTES_MAX: usize = 16 << 20;

/// A room's end of its events.
#[derive(Debug)]
pub struct Events {
    events: mpsc::UnboundedReceiver<Event>,
    queued_bytes: Arc<AtomicUsize>,
}

/// The media plane's end.
#[derive(Clone, Debug)]
pub(super) struct Sink {
    events: mpsc::UnboundedSender<Event>,
    queued_bytes: Arc<AtomicUsize>,
}

/// A queue, empty.
pub(super) fn queue() -> (Sink, Events) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let queued_bytes = Arc::new(AtomicUsize::new(0));
    (
        Sink { events: sender, queued_bytes: queued_bytes.clone() },
        Events { events: receiver, queued_bytes },
    )
}

impl Events {
    /// The next event; `None` once the room is closed and everything has been read.
    pub async fn recv(&mut self) -> Option<Event> {
        let event = self.events.recv().await;
        self.taken(event)
    }

    /// The next event if there is one.
    pub fn try_recv(&mut self) -> Option<Event> {
        let event = self.events.try_recv().ok();
        self.taken(event)
    }

    /// As [`Self::recv`], for hand-written futures.
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_recv(context).map(|event| self.taken(event))
    }

    fn taken(&self, event: Option<Event>) -> Option<Event> {
        if let Some(event) = &event {
            self.queued_bytes.fetch_sub(weight_bytes(event), Ordering::Relaxed);
        }
        event
    }
}

impl Sink {
    /// Queues an event, or drops it if it is one of those that may be dropped and too much waits.
    pub fn send(&self, event: Event) {
        let weight_bytes = weight_bytes(&event);
        let queued = self.queued_bytes.load(Ordering::Relaxed);
        if droppable(&event) && queued + weight_bytes > QUEUED_BYTES_MAX {
            tracing::debug!("an event was dropped: the room does not keep up");
            return;
        }
        self.queued_bytes.fetch_add(weight_bytes, Ordering::Relaxed);
        // A room that has gone away closes itself; what is said to it until then is lost.
        let _ = self.events.send(event);
    }
}

fn droppable(event: &Event) -> bool {
    use Event::{Data, Levels, Stats, Tapped};
    matches!(event, Data { .. } | Levels { .. } | Stats { .. } | Tapped { .. })
}

/// Roughly what an event holds in memory; the same when it is queued and when it is taken.
fn weight_bytes(event: &Event) -> usize {
    let held = match event {
        Event::Answer { sdp, .. } | Event::Offer { sdp, .. } => sdp.len(),
        Event::Refused { reason, .. } | Event::Failed { reason, .. } => reason.len(),
        Event::Data { payload, .. } | Event::Tapped { payload, .. } => payload.len(),
        Event::Levels { levels } => levels.len() * 16,
        Event::Stats { peers, tracks, forwards } => {
            peers.len() * 72 + tracks.len() * 64 + forwards.len() * 32
        }
        _ => 0,
    };
    size_of::<Event>() + held
}

#[cfg(test)]
mod tests {
    use super::super::api::{DataChannel, PeerId};
    use super::*;

    #[test]
    fn a_room_that_does_not_read_loses_data_but_no_answer() {
        let (sink, mut events) = queue();
        let peer = PeerId(1);
        let payload = bytes::Bytes::from(vec![0; 1 << 20]);
        for _ in 0..40 {
            let payload = payload.clone();
            sink.send(Event::Data { peer, channel: DataChannel::Reliable, payload });
        }
        sink.send(Event::Connected { peer });
        let mut seen = Vec::new();
        while let Some(event) = events.try_recv() {
            seen.push(event);
        }
        assert_eq!(seen.len(), 15 + 1);
        assert_eq!(seen.last(), Some(&Event::Connected { peer }));
        assert_eq!(events.queued_bytes.load(Ordering::Relaxed), 0);
    }
}
