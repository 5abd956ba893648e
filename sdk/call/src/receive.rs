//! What arrives of one track: packets become Opus packets and video frames again, and are counted.
//! No sockets and no clock; time comes as an argument.

mod audio;
mod frames;
mod stats;

pub use stats::{PLAYOUT_MS, TrackStats};

use crate::{Codec, Kind};
use audio::Audio;
use bytes::Bytes;
use frames::Frames;
use stats::Counter;
use std::time::Instant;

/// An RTP packet as it came.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Extended sequence number.
    pub sequence: u64,
    /// RTP time, 48 kHz or 90 kHz.
    pub rtp_time: u32,
    /// Whether it is the last of its frame.
    pub marker: bool,
    /// Whether the payload is RED.
    pub is_red: bool,
    /// Payload.
    pub payload: &'a [u8],
}

/// Something complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// An Opus packet. After a loss that redundancy made good they may be out of order.
    Audio {
        /// 48 kHz.
        rtp_time: u32,
        /// The packet.
        packet: Bytes,
    },
    /// A frame that can be decoded: it is a key frame, or follows one without a gap.
    Video {
        /// 90 kHz.
        rtp_time: u32,
        /// Whether it needs no earlier one.
        is_key: bool,
        /// VP8, or H.264 in Annex B form.
        frame: Bytes,
    },
}

/// The receiving end of a track.
#[derive(Debug)]
pub struct Receiver {
    counter: Counter,
    decoder: Decoder,
}

#[derive(Debug)]
enum Decoder {
    Audio(Audio),
    Video(Frames),
}

impl Receiver {
    /// Waits for Opus since `now`.
    pub fn audio(now: Instant) -> Self {
        let counter = Counter::new(Kind::Audio, now);
        Self { counter, decoder: Decoder::Audio(Audio::default()) }
    }

    /// Waits for video since `now`.
    pub fn video(codec: Codec, now: Instant) -> Self {
        let counter = Counter::new(Kind::Video, now);
        Self { counter, decoder: Decoder::Video(Frames::new(codec)) }
    }

    /// Takes a packet; gives what it completes.
    pub fn packet(&mut self, now: Instant, packet: &Packet<'_>) -> Vec<Media> {
        if !self.counter.packet(now, packet) {
            return Vec::new();
        }
        match &mut self.decoder {
            Decoder::Audio(audio) => audio.packet(now, packet, &mut self.counter),
            Decoder::Video(frames) => {
                let media = frames.packet(now, packet);
                for frame in &media {
                    if let Media::Video { is_key, frame, .. } = frame {
                        self.counter.frame(now, *is_key, frame);
                    }
                }
                media
            }
        }
    }

    /// Whether the picture stands and only a key frame can help; true at most once a second.
    pub fn wants_key_frame(&mut self, now: Instant) -> bool {
        match &mut self.decoder {
            Decoder::Audio(_) => false,
            Decoder::Video(frames) => frames.wants_key_frame(now),
        }
    }

    /// How it has gone until `now`.
    pub fn stats(&self, now: Instant) -> TrackStats {
        self.counter.stats(now)
    }
}

#[cfg(test)]
mod tests;
