//! Tracks of others.

use super::Session;
use crate::receive::{Media, Packet, Receiver, TrackStats};
use crate::{Codec, Event, Kind};
use std::time::Instant;
use str0m::media::{KeyframeRequestKind, Pt};
use str0m::rtp::{RtpPacket, Ssrc};

/// A track being received.
pub(super) struct Incoming {
    pub(super) sid: String,
    kind: Kind,
    since: Instant,
    /// What payload types mean on this connection, once asked.
    known: Option<(Pt, Format)>,
    /// Of the last packet. A section that is used again has other streams besides.
    ssrc: Option<Ssrc>,
    /// `None` until the first packet tells the codec.
    receiver: Option<Receiver>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Opus,
    Red,
    Video(Codec),
}

impl Incoming {
    pub(super) const fn new(sid: String, kind: Kind, since: Instant) -> Self {
        Self { sid, kind, since, known: None, ssrc: None, receiver: None }
    }

    pub(super) fn stats(&self, now: Instant) -> (String, TrackStats) {
        let stats = self.receiver.as_ref().map(|receiver| receiver.stats(now));
        (self.sid.clone(), stats.unwrap_or_default())
    }
}

impl Session {
    pub(super) fn rtp_packet(&mut self, packet: &RtpPacket) {
        let mut direct = self.rtc.direct_api();
        let Some(mid) = direct.stream_rx(&packet.header.ssrc).map(|stream| stream.mid()) else {
            return;
        };
        let Some(track) = self.incoming.get_mut(&mid) else { return };
        track.ssrc = Some(packet.header.ssrc);
        let payload_type = packet.header.payload_type;
        let format = match track.known {
            Some((known, format)) if known == payload_type => format,
            _ => {
                let Some(format) = format(&self.rtc, payload_type) else { return };
                track.known = Some((payload_type, format));
                format
            }
        };
        let receiver = track.receiver.get_or_insert_with(|| match (track.kind, format) {
            (Kind::Video, Format::Video(codec)) => Receiver::video(codec, track.since),
            _ => Receiver::audio(track.since),
        });
        let media = receiver.packet(
            packet.timestamp,
            &Packet {
                sequence: *packet.seq_no,
                rtp_time: packet.header.timestamp,
                marker: packet.header.marker,
                is_red: format == Format::Red,
                payload: &packet.payload,
            },
        );
        if !self.options.media_events {
            return;
        }
        for media in media {
            let track_sid = track.sid.clone();
            self.events.send(match media {
                Media::Audio { rtp_time, packet } => Event::Audio { track_sid, rtp_time, packet },
                Media::Video { rtp_time, is_key, frame } => {
                    Event::Video { track_sid, rtp_time, is_key, frame }
                }
            });
        }
    }

    /// Asks for key frames where only they can help.
    pub(super) fn ask_for_key_frames(&mut self) {
        let now = Instant::now();
        for track in self.incoming.values_mut() {
            let stands = track.receiver.as_mut().is_some_and(|track| track.wants_key_frame(now));
            if stands
                && let Some(ssrc) = track.ssrc
                && let Some(stream) = self.rtc.direct_api().stream_rx(&ssrc)
            {
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
        }
    }
}

/// What a payload type means.
fn format(rtc: &str0m::Rtc, payload_type: Pt) -> Option<Format> {
    let params = rtc.codec_config().params();
    let found = params
        .iter()
        .find(|params| params.pt() == payload_type || params.red() == Some(payload_type))?;
    match found.spec().codec {
        _ if found.red() == Some(payload_type) => Some(Format::Red),
        str0m::format::Codec::Opus => Some(Format::Opus),
        str0m::format::Codec::Vp8 => Some(Format::Video(Codec::Vp8)),
        str0m::format::Codec::H264 => Some(Format::Video(Codec::H264)),
        _ => None,
    }
}
