//! The handles an application holds.

use crate::receive::TrackStats;
use crate::relay::Impaired;
use crate::session::{Command, Session};
use crate::{Error, Events, event};
use bytes::Bytes;
use livekit_protocol::TrackInfo;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// How a participant joins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JoinOptions {
    /// Local address for media.
    pub bind: IpAddr,
    /// Every track of others is received without being asked for.
    pub auto_subscribe: bool,
    /// Received media are given out as events; otherwise they are only counted.
    pub media_events: bool,
    /// Redundant audio is understood, and sent where the server takes it.
    pub red: bool,
    /// Sections for others' audio and video that the first offer has; more are added when needed.
    pub sections: (u32, u32),
    /// Media go through a relay that impairs them, for tests.
    pub impaired: Option<Impaired>,
    /// How long joining, and publishing, may take.
    pub patience: Duration,
}

impl Default for JoinOptions {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            auto_subscribe: true,
            media_events: true,
            red: true,
            sections: (3, 3),
            impaired: None,
            patience: Duration::from_secs(10),
        }
    }
}

/// Video codecs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// VP8.
    Vp8,
    /// H.264, packetization mode 1.
    H264,
}

/// What an audio track is published as.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AudioOptions {
    /// Name of the track.
    pub name: String,
    /// Earlier packets that each packet carries once more, if the server takes RED: 0 to 3.
    pub red_levels: usize,
}

impl Default for AudioOptions {
    fn default() -> Self {
        Self { name: "microphone".to_string(), red_levels: 1 }
    }
}

/// One encoding of a video track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bits a second it has on average.
    pub bits_per_sec: u32,
}

/// What a video track is published as.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VideoOptions {
    /// Name of the track.
    pub name: String,
    /// How all layers are encoded.
    pub codec: Codec,
    /// One to three encodings, smallest first. More than one is simulcast.
    pub layers: Vec<Layer>,
}

impl VideoOptions {
    /// A camera with these layers, smallest first.
    pub fn camera(codec: Codec, layers: Vec<Layer>) -> Self {
        Self { name: "camera".to_string(), codec, layers }
    }
}

/// A participant in a call. Leaves when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Call {
    commands: UnboundedSender<Command>,
    identity: Arc<str>,
    sid: Arc<str>,
    patience: Duration,
}

impl Call {
    /// Joins the room that the token names. Returns when the server has let the participant in;
    /// media flow from [`crate::Event::Connected`] on.
    pub async fn join(
        url: &str,
        token: &str,
        options: JoinOptions,
    ) -> Result<(Self, Events), Error> {
        let patience = options.patience;
        let (sender, events) = event::channel();
        let (commands, receiver) = unbounded_channel();
        let joined = Session::join(url, token, options, receiver, commands.downgrade(), sender);
        let late = Error::TimedOut { what: "joining", secs: patience.as_secs() };
        let session = tokio::time::timeout(patience, joined).await.map_err(|_| late)??;
        let (identity, sid) = session.participant();
        let call = Self { commands, identity: identity.into(), sid: sid.into(), patience };
        tokio::spawn(session.run());
        Ok((call, events))
    }

    /// The participant's identity.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The id that the server gave the participant.
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// Publishes an audio track.
    pub async fn publish_audio(&self, options: AudioOptions) -> Result<Publication, Error> {
        if options.red_levels > 3 {
            return Err(Error::Publish("at most three levels of redundancy".to_string()));
        }
        self.publish(|reply| Command::PublishAudio { options, reply }).await
    }

    /// Publishes a video track.
    pub async fn publish_video(&self, options: VideoOptions) -> Result<Publication, Error> {
        if !(1..=3).contains(&options.layers.len()) {
            return Err(Error::Publish("a video track has one to three layers".to_string()));
        }
        self.publish(|reply| Command::PublishVideo { options, reply }).await
    }

    /// Sends a message to `to` (identities), or to everybody if that is empty.
    pub async fn send_data(
        &self,
        payload: Bytes,
        reliable: bool,
        topic: Option<String>,
        to: Vec<String>,
    ) -> Result<(), Error> {
        self.ask(|reply| Command::Data { payload, reliable, topic, to, reply }).await?
    }

    /// Sends a message of LiveKit's signalling as it is: track settings, subscriptions, metadata.
    pub fn request(&self, message: livekit_protocol::signal_request::Message) -> Result<(), Error> {
        self.commands.send(Command::Request(Box::new(message))).map_err(|_| Error::Over)
    }

    /// How each track has been received, by track id.
    pub async fn stats(&self) -> Result<Vec<(String, TrackStats)>, Error> {
        self.ask(|reply| Command::Stats { reply }).await
    }

    /// Leaves. What was sent before goes out first.
    pub async fn leave(&self) -> Result<(), Error> {
        self.ask(|reply| Command::Leave { reply }).await
    }

    async fn publish(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<Publication, Error>>) -> Command,
    ) -> Result<Publication, Error> {
        let late = Error::TimedOut { what: "publishing", secs: self.patience.as_secs() };
        tokio::time::timeout(self.patience, self.ask(command)).await.map_err(|_| late)??
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).map_err(|_| Error::Over)?;
        answer.await.map_err(|_| Error::Over)
    }
}

/// A track of ours.
#[derive(Clone, Debug)]
pub struct Publication {
    pub(crate) commands: UnboundedSender<Command>,
    pub(crate) cid: Arc<str>,
    pub(crate) info: Arc<TrackInfo>,
    pub(crate) demand: Arc<Demand>,
}

/// What subscribers need of a publication, as the server tells it.
#[derive(Debug)]
pub(crate) struct Demand {
    /// The track has one layer.
    pub(crate) is_single: bool,
    /// Bit n: layer n has a subscriber.
    pub(crate) layers: AtomicU32,
    /// Bit n: layer n is to send a key frame.
    pub(crate) key_frames: AtomicU32,
}

impl Publication {
    /// The track's id.
    pub fn sid(&self) -> &str {
        &self.info.sid
    }

    /// The track as the server describes it.
    pub fn info(&self) -> &TrackInfo {
        &self.info
    }

    /// Sends an Opus packet of the time `rtp_time` (48 kHz).
    pub fn send_audio(&self, rtp_time: u32, packet: Bytes) -> Result<(), Error> {
        self.send(Command::Audio { cid: self.cid.clone(), rtp_time, packet })
    }

    /// Sends a frame of layer `layer` (0 is the smallest) of the time `rtp_time` (90 kHz).
    pub fn send_video(&self, layer: usize, rtp_time: u32, frame: Bytes) -> Result<(), Error> {
        self.send(Command::Video { cid: self.cid.clone(), layer, rtp_time, frame })
    }

    /// Whether somebody receives the layer. Without subscribers a layer need not be encoded.
    pub fn is_wanted(&self, layer: usize) -> bool {
        self.demand.layers.load(Ordering::Relaxed) & 1 << layer != 0
    }

    /// Whether a key frame of the layer was asked for since the last question.
    pub fn take_key_frame_wish(&self, layer: usize) -> bool {
        let bit = 1 << layer;
        self.demand.key_frames.fetch_and(!bit, Ordering::Relaxed) & bit != 0
    }

    /// Mutes or unmutes.
    pub fn mute(&self, muted: bool) -> Result<(), Error> {
        let message = livekit_protocol::MuteTrackRequest { sid: self.info.sid.clone(), muted };
        let message = livekit_protocol::signal_request::Message::Mute(message);
        self.send(Command::Request(Box::new(message)))
    }

    fn send(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).map_err(|_| Error::Over)
    }
}
