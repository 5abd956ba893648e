//! Data messages: LiveKit's packets on two channels.

use crate::{Error, Event};
use bytes::Bytes;
use livekit_protocol::{DataPacket, UserPacket, data_packet};
use prost::Message as _;
use std::collections::VecDeque;
use str0m::Rtc;
use str0m::change::SdpApi;
use str0m::channel::{ChannelConfig, ChannelData, ChannelId, Reliability};

/// A message's payload at most; clients split what is larger.
const PAYLOAD_BYTES_MAX: usize = 60_000;
/// Reliable messages that wait for the channel to open or to drain, in bytes.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// Below this many bytes in the channel's buffer, more are put in.
const LOW_BYTES: usize = 64 << 10;

pub(super) struct Data {
    reliable: Channel,
    lossy: Channel,
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    next_sequence: u32,
}

struct Channel {
    id: ChannelId,
    is_open: bool,
}

impl Data {
    /// Adds the channels that LiveKit's clients open to the first offer.
    pub(super) fn new(changes: &mut SdpApi<'_>) -> Self {
        let unreliable = Reliability::MaxRetransmits { retransmits: 0 };
        let mut open = |label: &str, ordered: bool, reliability: Reliability| {
            let label = label.to_string();
            let config = ChannelConfig { label, ordered, reliability, ..ChannelConfig::default() };
            Channel { id: changes.add_channel_with_config(config), is_open: false }
        };
        let lossy = open("_lossy", false, unreliable);
        let reliable = open("_reliable", true, Reliability::Reliable);
        Self { reliable, lossy, waiting: VecDeque::new(), waiting_bytes: 0, next_sequence: 1 }
    }

    pub(super) fn send(
        &mut self,
        rtc: &mut Rtc,
        payload: Bytes,
        reliable: bool,
        topic: Option<String>,
        to: Vec<String>,
    ) -> Result<(), Error> {
        if payload.len() > PAYLOAD_BYTES_MAX {
            let length = payload.len();
            return Err(Error::Data(format!("{length} bytes, and {PAYLOAD_BYTES_MAX} at most")));
        }
        let sequence = if reliable { self.next_sequence } else { 0 };
        let user = UserPacket { payload: payload.to_vec(), topic, ..UserPacket::default() };
        let packet = DataPacket {
            destination_identities: to,
            sequence,
            value: Some(data_packet::Value::User(user)),
            ..DataPacket::default()
        };
        let message = packet.encode_to_vec();
        if !reliable {
            // A lossy message is not worth waiting for.
            if self.lossy.is_open
                && let Some(mut channel) = rtc.channel(self.lossy.id)
            {
                channel.write(true, &message)?;
            }
            return Ok(());
        }
        if self.waiting_bytes + message.len() > WAITING_BYTES_MAX {
            return Err(Error::Data("the path does not carry what waits already".to_string()));
        }
        self.next_sequence += 1;
        self.waiting_bytes += message.len();
        self.waiting.push_back(message);
        self.flush(rtc);
        Ok(())
    }

    /// Puts what waits into the channel, as far as it takes it.
    pub(super) fn flush(&mut self, rtc: &mut Rtc) {
        if !self.reliable.is_open {
            return;
        }
        let Some(mut channel) = rtc.channel(self.reliable.id) else { return };
        while let Some(message) = self.waiting.front() {
            if !matches!(channel.write(true, message), Ok(true)) {
                return;
            }
            self.waiting_bytes -= message.len();
            self.waiting.pop_front();
        }
    }

    pub(super) fn opened(&mut self, rtc: &mut Rtc, id: ChannelId) {
        for channel in [&mut self.reliable, &mut self.lossy] {
            channel.is_open |= channel.id == id;
        }
        if let Some(mut channel) = rtc.channel(id) {
            channel.set_buffered_amount_low_threshold(LOW_BYTES);
        }
        self.flush(rtc);
    }

    pub(super) fn received(&self, message: &ChannelData) -> Option<Event> {
        let reliable = message.id == self.reliable.id;
        let packet = DataPacket::decode(&message.data[..]).ok()?;
        match packet.value? {
            data_packet::Value::User(user) => Some(Event::Data {
                identity: packet.participant_identity,
                topic: user.topic.unwrap_or_default(),
                reliable,
                payload: user.payload.into(),
            }),
            data_packet::Value::Transcription(text) => Some(Event::Transcription(Box::new(text))),
            _ => None,
        }
    }
}
