//! What rooms and the media plane say to each other.
//!
//! The media plane knows peer connections, tracks and forwards; it knows no participant, no name
//! and no LiveKit message. A room sends [`Command`]s and hears [`Event`]s, both in order. Nothing
//! here waits: an SDP offer is answered by an event, so that the state of a room is a pure machine.
//!
//! All peers of a room live on one media thread; a command reaches it through the room's
//! [`RoomId`].

use bytes::Bytes;
use std::fmt;

/// A room, chosen by the room side, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(pub u64);

/// A peer connection of a room, never used twice in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub u64);

/// A published track of a room, never used twice in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId(pub u64);

/// A media section's id as SDP has it (`a=mid`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mid(pub String);

impl fmt::Display for Mid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Audio.
    Audio,
    /// Video.
    Video,
}

/// Simulcast or spatial layer, lowest first. A track without layers is
/// forwarded whatever is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quality {
    /// rid `q`, spatial layer 0.
    Low,
    /// rid `h`, spatial layer 1.
    Medium,
    /// rid `f`, spatial layer 2.
    High,
}

/// One of the data channels that LiveKit's clients open or expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataChannel {
    /// `_reliable`: ordered, retransmitted.
    Reliable,
    /// `_lossy`: unordered, never retransmitted.
    Lossy,
    /// `_data_track`: data tracks.
    Track,
}

impl DataChannel {
    /// The label in the data channel's opening message.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Reliable => "_reliable",
            Self::Lossy => "_lossy",
            Self::Track => "_data_track",
        }
    }
}

/// What a subscriber wants of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Whether anything is to be forwarded at all.
    pub enabled: bool,
    /// The best layer of use to the subscriber. Less is sent when the path does not carry it.
    pub max_quality: Quality,
    /// Frames a second of use to the subscriber; 0 for all.
    pub max_fps: u32,
    /// Of two video tracks on a path that cannot carry both, the higher one is kept.
    pub priority: u8,
}

impl Default for Want {
    fn default() -> Self {
        Self { enabled: true, max_quality: Quality::High, max_fps: 0, priority: 1 }
    }
}

/// A section to be offered to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSection {
    /// Audio or video.
    pub kind: Kind,
    /// First half of the section's msid.
    pub stream_id: String,
    /// Second half.
    pub track_id: String,
    /// The track that will be sent in it.
    pub track: TrackId,
}

/// From a room to the media plane.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Makes a peer connection (ICE-lite, no media yet).
    OpenPeer {
        /// Its id.
        peer: PeerId,
    },
    /// Ends a peer connection and everything published or forwarded on it. No event follows.
    ClosePeer {
        /// Its id.
        peer: PeerId,
    },
    /// An offer of the client's. Answered by [`Event::Answer`] or [`Event::Refused`], with the same
    /// `offer`. A pending offer of ours to the same peer is dropped, as JSEP's rollback has it.
    Offer {
        /// Whose.
        peer: PeerId,
        /// Chosen by the room.
        offer: u32,
        /// SDP.
        sdp: String,
    },
    /// Makes an offer to the client; answered by [`Event::Offer`], or by [`Event::Refused`] where
    /// another one is pending or there is nothing to negotiate. With `ice_restart`, a pending one is
    /// dropped.
    MakeOffer {
        /// To whom.
        peer: PeerId,
        /// Chosen by the room.
        offer: u32,
        /// Sections to add (or to reuse: a section whose forward has ended may be taken again).
        add: Vec<NewSection>,
        /// Data channels to open. Only the first offer names any.
        channels: Vec<DataChannel>,
        /// New ICE credentials.
        ice_restart: bool,
    },
    /// The client's answer to the pending offer. A wrong one gives [`Event::Refused`].
    Answer {
        /// Whose.
        peer: PeerId,
        /// Of which offer.
        offer: u32,
        /// SDP.
        sdp: String,
    },
    /// Media coming in on a section is a track from now on.
    Publish {
        /// Publisher.
        peer: PeerId,
        /// Section.
        mid: Mid,
        /// The track.
        track: TrackId,
        /// Audio or video.
        kind: Kind,
        /// Layers the publisher announced, lowest first, as (layer, rid); empty for a single stream.
        layers: Vec<(Quality, String)>,
    },
    /// The track is no more; its forwards end.
    Unpublish {
        /// The track.
        track: TrackId,
    },
    /// A muted track is not expected to send: it is neither keyframe-requested nor counted as lost.
    Mute {
        /// The track.
        track: TrackId,
        /// Muted or not.
        muted: bool,
    },
    /// Forwards a track to a peer. With `mid`, in that section of the client's offer; without, in
    /// the section that a [`Command::MakeOffer`] made for it.
    Forward {
        /// The track.
        track: TrackId,
        /// The subscriber.
        to: PeerId,
        /// Section on the subscriber's connection.
        mid: Option<Mid>,
        /// What it wants.
        want: Want,
    },
    /// Changes what a subscriber wants.
    Want {
        /// The track.
        track: TrackId,
        /// The subscriber.
        to: PeerId,
        /// What it wants.
        want: Want,
    },
    /// Ends a forward; its section is free again.
    EndForward {
        /// The track.
        track: TrackId,
        /// The subscriber.
        to: PeerId,
    },
    /// Sends a message to peers. A peer whose channel is not open yet gets reliable messages once
    /// it is, up to a bound, and never gets lossy ones.
    Data {
        /// Channel.
        channel: DataChannel,
        /// Receivers.
        to: Vec<PeerId>,
        /// The message.
        payload: Bytes,
    },
    /// Copies an audio track's packets to the room ([`Event::Tapped`]), or stops.
    Tap {
        /// The track.
        track: TrackId,
        /// Copy or stop.
        on: bool,
    },
    /// The room has ended: closes what is left of it.
    CloseRoom,
}

/// From the media plane to a room.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Answer to [`Command::Offer`], as the WebRTC library made it: see [`crate::sdp`] for what
    /// LiveKit's clients need changed in it.
    Answer {
        /// Whose offer.
        peer: PeerId,
        /// Which.
        offer: u32,
        /// SDP.
        sdp: String,
    },
    /// An offer to be sent to the client.
    Offer {
        /// To whom.
        peer: PeerId,
        /// Which.
        offer: u32,
        /// SDP.
        sdp: String,
        /// The section of each track named in [`Command::MakeOffer`].
        mids: Vec<(TrackId, Mid)>,
    },
    /// An offer or answer that cannot be used. The connection stays as it was.
    Refused {
        /// Whose.
        peer: PeerId,
        /// Which.
        offer: u32,
        /// For people.
        reason: String,
    },
    /// ICE and DTLS are up, for the first time or after a restart.
    Connected {
        /// Who.
        peer: PeerId,
    },
    /// Nothing has been heard for some seconds. May come back.
    Disconnected {
        /// Who.
        peer: PeerId,
    },
    /// The connection is over and will not come back (DTLS close, ICE failed, error).
    Failed {
        /// Who.
        peer: PeerId,
        /// For people.
        reason: String,
    },
    /// A data channel can be used.
    ChannelOpen {
        /// Whose.
        peer: PeerId,
        /// Which.
        channel: DataChannel,
    },
    /// A message of the client's.
    Data {
        /// Whose.
        peer: PeerId,
        /// On which channel.
        channel: DataChannel,
        /// The message.
        payload: Bytes,
    },
    /// First packet of a track: it lives.
    TrackStarted {
        /// The track.
        track: TrackId,
        /// MIME type as negotiated, such as `video/VP8` or `audio/red`.
        mime_type: String,
    },
    /// The layer now forwarded to a subscriber; `None` while the path carries none.
    Forwarding {
        /// The track.
        track: TrackId,
        /// The subscriber.
        to: PeerId,
        /// The layer.
        quality: Option<Quality>,
    },
    /// Loudness of audio tracks, every [`LEVELS_EVERY_MS`]; only tracks that sent something.
    Levels {
        /// Track, level in dBov from 0 (loudest) to 127 (silence), share of the interval in which
        /// voice was active, in per cent.
        levels: Vec<(TrackId, u8, u8)>,
    },
    /// A tapped audio packet.
    Tapped {
        /// The track.
        track: TrackId,
        /// RTP time, 48 kHz, extended.
        rtp_time: u64,
        /// One Opus packet (RED taken apart).
        payload: Bytes,
    },
    /// What went through, every [`STATS_EVERY_MS`].
    Stats {
        /// Each peer that is connected.
        peers: Vec<PeerStats>,
        /// Each track that sent.
        tracks: Vec<TrackStats>,
        /// Each forward that carried something.
        forwards: Vec<ForwardStats>,
    },
}

/// Interval of [`Event::Levels`].
pub const LEVELS_EVERY_MS: u64 = 400;
/// Interval of [`Event::Stats`].
pub const STATS_EVERY_MS: u64 = 1_000;

/// A connection over the last interval.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerStats {
    /// Who.
    pub peer: PeerId,
    /// Round-trip time in ms; `None` until measured.
    pub rtt_ms: Option<u32>,
    /// Packets of ours that the client missed, in parts per million; `None` if it reported nothing.
    pub egress_loss_ppm: Option<u32>,
    /// Estimated bitrate of the path to the client.
    pub estimate_bps: Option<u64>,
    /// Data-channel bytes received and sent in the interval.
    pub data_in_bytes: u64,
    /// Sent.
    pub data_out_bytes: u64,
}

/// A track over the last interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackStats {
    /// Which.
    pub track: TrackId,
    /// Payload bytes received.
    pub bytes: u64,
    /// Packets received.
    pub packets: u64,
    /// Packets missed on the way from the publisher, in parts per million.
    pub loss_ppm: u32,
    /// Interarrival jitter (RFC 3550) in ms.
    pub jitter_ms: u32,
    /// Bitrate of each layer, lowest first; 0 where nothing comes.
    pub layer_bps: [u64; 3],
}

/// A forward over the last interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForwardStats {
    /// Which track.
    pub track: TrackId,
    /// To whom.
    pub to: PeerId,
    /// Payload bytes sent.
    pub bytes: u64,
    /// Packets sent.
    pub packets: u64,
}
