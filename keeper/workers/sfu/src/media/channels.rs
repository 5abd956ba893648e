//! A peer's data channels.

use super::api::DataChannel;
use bytes::Bytes;
use std::collections::VecDeque;
use str0m::Rtc;
use str0m::channel::{ChannelConfig, ChannelId, Reliability};

/// Reliable messages that wait for a slow peer, in bytes. Past it they are lost to that peer: it is
/// better that a transfer fails than that a call ends.
pub const WAITING_BYTES_MAX: usize = 4 << 20;
/// What SCTP may hold for a peer, in bytes, over all channels.
pub(super) const SCTP_BYTES_MAX: usize = 1 << 20;
/// Lossy messages are not sent behind more than this: late ones are worth nothing.
const LOSSY_BYTES_MAX: usize = 64 << 10;

/// Channels and what waits for them.
#[derive(Debug, Default)]
pub(super) struct Channels {
    open: [Option<ChannelId>; 3],
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    /// Bytes since the last statistics.
    pub in_bytes: u64,
    /// Bytes since the last statistics.
    pub out_bytes: u64,
}

const fn place(channel: DataChannel) -> usize {
    match channel {
        DataChannel::Reliable => 0,
        DataChannel::Lossy => 1,
        DataChannel::Track => 2,
    }
}

const ALL: [DataChannel; 3] = [DataChannel::Reliable, DataChannel::Lossy, DataChannel::Track];

/// How a channel of ours is opened.
pub(super) fn config(channel: DataChannel) -> ChannelConfig {
    let reliable = channel == DataChannel::Reliable;
    ChannelConfig {
        label: channel.label().into(),
        ordered: reliable,
        reliability: if reliable {
            Reliability::Reliable
        } else {
            Reliability::MaxRetransmits { retransmits: 0 }
        },
        ..ChannelConfig::default()
    }
}

impl Channels {
    /// A channel has opened; `None` if it is none of ours or one that was open already.
    pub fn opened(&mut self, id: ChannelId, label: &str) -> Option<DataChannel> {
        let channel = ALL.into_iter().find(|channel| channel.label() == label)?;
        let fresh = self.open[place(channel)].replace(id).is_none();
        fresh.then_some(channel)
    }

    /// A channel has closed.
    pub fn closed(&mut self, id: ChannelId) {
        for open in &mut self.open {
            if *open == Some(id) {
                *open = None;
            }
        }
    }

    /// Which channel a message came on.
    pub fn of(&self, id: ChannelId) -> Option<DataChannel> {
        ALL.into_iter().find(|channel| self.open[place(*channel)] == Some(id))
    }

    /// Sends a message, or keeps it for later if it is reliable. `false` if it is lost.
    pub fn send(&mut self, rtc: &mut Rtc, channel: DataChannel, message: Bytes) -> bool {
        let reliable = channel == DataChannel::Reliable;
        let behind = reliable && !self.waiting.is_empty();
        if !behind && self.write(rtc, channel, &message) {
            return true;
        }
        if !reliable || self.waiting_bytes + message.len() > WAITING_BYTES_MAX {
            return false;
        }
        self.waiting_bytes += message.len();
        self.waiting.push_back(message);
        true
    }

    /// Sends what waited, as far as it goes.
    pub fn resume(&mut self, rtc: &mut Rtc) {
        while let Some(message) = self.waiting.front().cloned() {
            if !self.write(rtc, DataChannel::Reliable, &message) {
                return;
            }
            self.waiting.pop_front();
            self.waiting_bytes -= message.len();
        }
    }

    /// Whether anything waits.
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn write(&mut self, rtc: &mut Rtc, channel: DataChannel, message: &[u8]) -> bool {
        let Some(id) = self.open[place(channel)] else { return false };
        let Some(mut open) = rtc.channel(id) else { return false };
        if channel != DataChannel::Reliable && open.buffered_amount() > LOSSY_BYTES_MAX {
            return false;
        }
        let sent = open.write(true, message).unwrap_or(false);
        if sent {
            self.out_bytes += message.len() as u64;
        }
        sent
    }
}
