//! What a participant hears.

use bytes::Bytes;
use livekit_protocol::ParticipantInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Media events that wait to be read at most: ten seconds of a small call. Those beyond are
/// dropped, so that an unread receiver does not grow; nothing else is.
const MEDIA_WAITING_MAX: usize = 2_000;

/// Audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Audio.
    Audio,
    /// Video.
    Video,
}

/// Something that happened in the call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Media can flow; again after every interruption.
    Connected,
    /// Somebody is there, or what is known of them changed.
    Participant(Box<ParticipantInfo>),
    /// Somebody left.
    ParticipantLeft {
        /// Identity.
        identity: String,
    },
    /// A track will be received.
    Subscribed {
        /// Its id.
        track_sid: String,
        /// Who publishes it; empty if the server has not said yet.
        identity: String,
        /// Audio or video.
        kind: Kind,
    },
    /// A track will be received no more.
    Unsubscribed {
        /// Its id.
        track_sid: String,
    },
    /// An Opus packet.
    Audio {
        /// Track.
        track_sid: String,
        /// 48 kHz.
        rtp_time: u32,
        /// The packet.
        packet: Bytes,
    },
    /// A frame that can be decoded.
    Video {
        /// Track.
        track_sid: String,
        /// 90 kHz.
        rtp_time: u32,
        /// Whether it needs no earlier one.
        is_key: bool,
        /// VP8, or H.264 in Annex B form.
        frame: Bytes,
    },
    /// A message of another participant's, or of the server's.
    Data {
        /// Sender; empty for the server.
        identity: String,
        /// Topic; empty if it has none.
        topic: String,
        /// Whether it came on the reliable channel.
        reliable: bool,
        /// The message.
        payload: Bytes,
    },
    /// Text of speech, as the server has it transcribed.
    Transcription(Box<livekit_protocol::Transcription>),
    /// Any other message that the server sent, for those who know LiveKit's protocol.
    Server(Box<livekit_protocol::signal_response::Message>),
    /// The call is over; nothing follows.
    Left {
        /// Why, for people.
        reason: String,
    },
}

impl Event {
    const fn is_media(&self) -> bool {
        matches!(self, Self::Audio { .. } | Self::Video { .. })
    }
}

/// Events in order.
#[derive(Debug)]
pub struct Events {
    receiver: UnboundedReceiver<Event>,
    media_waiting: Arc<AtomicUsize>,
}

impl Events {
    /// The next one; `None` after [`Event::Left`].
    pub async fn recv(&mut self) -> Option<Event> {
        let event = self.receiver.recv().await?;
        if event.is_media() {
            self.media_waiting.fetch_sub(1, Ordering::Relaxed);
        }
        Some(event)
    }
}

/// Where events come from.
#[derive(Debug)]
pub(crate) struct Sender {
    sender: UnboundedSender<Event>,
    media_waiting: Arc<AtomicUsize>,
}

impl Sender {
    pub(crate) fn send(&self, event: Event) {
        if event.is_media() {
            if self.media_waiting.load(Ordering::Relaxed) >= MEDIA_WAITING_MAX {
                return;
            }
            self.media_waiting.fetch_add(1, Ordering::Relaxed);
        }
        // Nobody listens: the call goes on until its handle is dropped.
        let _ = self.sender.send(event);
    }
}

pub(crate) fn channel() -> (Sender, Events) {
    let (sender, receiver) = unbounded_channel();
    let media_waiting = Arc::new(AtomicUsize::new(0));
    (Sender { sender, media_waiting: media_waiting.clone() }, Events { receiver, media_waiting })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn media_that_nobody_reads_is_dropped_and_the_rest_is_not() {
        let (sender, mut events) = channel();
        let media = Event::Audio { track_sid: String::new(), rtp_time: 0, packet: Bytes::new() };
        for _ in 0..MEDIA_WAITING_MAX + 10 {
            sender.send(media.clone());
        }
        sender.send(Event::Connected);
        for _ in 0..MEDIA_WAITING_MAX {
            assert!(events.recv().await.unwrap().is_media());
        }
        assert!(matches!(events.recv().await, Some(Event::Connected)));
        sender.send(media);
        assert!(events.recv().await.unwrap().is_media());
        drop(sender);
        assert!(events.recv().await.is_none());
    }
}
