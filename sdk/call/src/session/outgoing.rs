//! Tracks of ours: publishing them, and sending their packets.

use super::Session;
use crate::call::Demand;
use crate::packet::{h264, red, vp8};
use crate::source::opus;
use crate::{AudioOptions, Codec, Error, Publication, VideoOptions};
use bytes::Bytes;
use livekit_protocol::{
    AddTrackRequest, SimulcastCodec, SubscribedQualityUpdate, TrackInfo, TrackSource, TrackType,
    VideoLayer, VideoQuality, signal_request,
};
use rand::Rng as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;
use str0m::Rtc;
use str0m::media::{KeyframeRequest, Mid, Pt, Rid};
use str0m::rtp::{ExtensionValues, RtpWrite, SeqNo};
use tokio::sync::oneshot;

/// Names of simulcast layers, smallest first, as LiveKit's clients have them.
const RIDS: [&str; 3] = ["q", "h", "f"];
/// Loudness stated for audio, in dBov: that of speech. Packets are not decoded, so the true one is
/// not known.
const SPEECH_DBOV: i8 = -30;

/// A track that is to be published.
pub(super) struct Wish {
    pub(super) cid: Arc<str>,
    pub(super) mid: Option<Mid>,
    pub(super) negotiated: bool,
    info: Option<TrackInfo>,
    demand: Arc<Demand>,
    what: What,
    reply: Option<oneshot::Sender<Result<Publication, Error>>>,
}

#[derive(Clone)]
enum What {
    Audio(AudioOptions),
    Video(VideoOptions),
}

impl Wish {
    /// Names of the layers; `None` for audio.
    pub(super) fn rids(&self) -> Option<&'static [&'static str]> {
        match &self.what {
            What::Audio(_) => None,
            What::Video(options) => Some(&RIDS[..options.layers.len()]),
        }
    }
}

/// A track that can be sent.
pub(super) struct Outgoing {
    mid: Mid,
    payload_type: Option<Pt>,
    codec: Codec,
    red: Option<(Pt, red::Packer)>,
    layers: Vec<SendLayer>,
    demand: Arc<Demand>,
    was_silent: bool,
}

struct SendLayer {
    rid: Option<Rid>,
    next_sequence: u64,
    picture_id: u16,
}

impl Outgoing {
    pub(super) fn new(wish: &Wish, mid: Mid, takes_red: bool, rtc: &Rtc) -> Self {
        let codec = match &wish.what {
            What::Audio(_) => str0m::format::Codec::Opus,
            What::Video(options) if options.codec == Codec::Vp8 => str0m::format::Codec::Vp8,
            What::Video(_) => str0m::format::Codec::H264,
        };
        let wanted = |params: &&str0m::format::PayloadParams| {
            let spec = params.spec();
            // Of H.264's modes only the one that allows fragments.
            spec.codec == codec
                && (codec != str0m::format::Codec::H264
                    || spec.format.packetization_mode == Some(1))
        };
        let params = rtc.codec_config().params().iter().find(wanted);
        let payload_type = params.map(str0m::format::PayloadParams::pt);
        let red = match &wish.what {
            What::Audio(options) if takes_red && options.red_levels > 0 => params
                .and_then(|params| Some((params.red()?, params.pt())))
                .map(|(red, opus)| (red, red::Packer::new(options.red_levels, *opus))),
            _ => None,
        };
        let rids = match wish.rids() {
            Some(rids) if rids.len() > 1 => rids.iter().map(|rid| Some(Rid::from(*rid))).collect(),
            _ => vec![None],
        };
        let mut random = rand::rng();
        let layers = rids.into_iter().map(|rid| SendLayer {
            rid,
            // Below 2^15, so that the first turn of the counter is far.
            next_sequence: random.random_range(1..0x7fff),
            picture_id: random.random_range(0..0x7fff),
        });
        let layers: Vec<_> = layers.collect();
        let codec = match &wish.what {
            What::Video(options) => options.codec,
            What::Audio(_) => Codec::Vp8,
        };
        let demand = wish.demand.clone();
        Self { mid, payload_type, codec, red, layers, demand, was_silent: true }
    }
}

impl Session {
    pub(super) async fn publish_audio(
        &mut self,
        options: AudioOptions,
        reply: oneshot::Sender<Result<Publication, Error>>,
    ) -> Result<(), Error> {
        let request = AddTrackRequest {
            name: options.name.clone(),
            r#type: TrackType::Audio as i32,
            source: TrackSource::Microphone as i32,
            disable_red: options.red_levels == 0,
            ..AddTrackRequest::default()
        };
        self.publish(request, What::Audio(options), reply).await
    }

    pub(super) async fn publish_video(
        &mut self,
        options: VideoOptions,
        reply: oneshot::Sender<Result<Publication, Error>>,
    ) -> Result<(), Error> {
        let qualities = [VideoQuality::Low, VideoQuality::Medium, VideoQuality::High];
        // A single layer is LiveKit's highest.
        let first = if options.layers.len() == 1 { 2 } else { 0 };
        let layers: Vec<_> = options
            .layers
            .iter()
            .zip(RIDS.iter().zip(qualities).skip(first))
            .map(|(layer, (rid, quality))| VideoLayer {
                quality: quality as i32,
                width: layer.width,
                height: layer.height,
                bitrate: layer.bits_per_sec,
                rid: if first == 0 { (*rid).to_string() } else { String::new() },
                ..VideoLayer::default()
            })
            .collect();
        let codec = match options.codec {
            Codec::Vp8 => "vp8",
            Codec::H264 => "h264",
        };
        let largest = options.layers[options.layers.len() - 1];
        let request = AddTrackRequest {
            name: options.name.clone(),
            r#type: TrackType::Video as i32,
            source: TrackSource::Camera as i32,
            width: largest.width,
            height: largest.height,
            simulcast_codecs: vec![SimulcastCodec {
                codec: codec.to_string(),
                layers: layers.clone(),
                ..SimulcastCodec::default()
            }],
            layers,
            ..AddTrackRequest::default()
        };
        self.publish(request, What::Video(options), reply).await
    }

    async fn publish(
        &mut self,
        mut request: AddTrackRequest,
        what: What,
        reply: oneshot::Sender<Result<Publication, Error>>,
    ) -> Result<(), Error> {
        let cid: Arc<str> = format!("{:016x}", rand::rng().random::<u64>()).into();
        request.cid = cid.to_string();
        for codec in &mut request.simulcast_codecs {
            codec.cid = cid.to_string();
        }
        let request_layers = request.layers.len();
        self.signal.send(signal_request::Message::AddTrack(request)).await?;
        let demand = Arc::new(Demand {
            is_single: request_layers <= 1,
            // Until the server says otherwise, everything is wanted.
            layers: AtomicU32::new(u32::MAX),
            key_frames: AtomicU32::new(0),
        });
        let reply = Some(reply);
        let wish = Wish { cid, mid: None, negotiated: false, info: None, demand, what, reply };
        self.wishes.push(wish);
        self.negotiation.want(0, 0);
        Ok(())
    }

    /// The server has taken a track.
    pub(super) fn published(&mut self, cid: &str, info: TrackInfo) {
        if let Some(wish) = self.wishes.iter_mut().find(|wish| *wish.cid == *cid) {
            self.demands.insert(info.sid.clone(), wish.demand.clone());
            wish.info = Some(info);
        }
        self.reply_to_wishes();
    }

    /// The server takes a track not.
    pub(super) fn not_published(&mut self, cid: &str, reason: &str) {
        let refused = self.wishes.iter_mut().find(|wish| *wish.cid == *cid);
        if let Some(reply) = refused.and_then(|wish| wish.reply.take()) {
            let _ = reply.send(Err(Error::Publish(reason.to_string())));
        }
        self.wishes.retain(|wish| *wish.cid != *cid);
    }

    /// Hands out the publications that are both taken and negotiated.
    pub(super) fn reply_to_wishes(&mut self) {
        let ready = |wish: &mut Wish| wish.negotiated && wish.info.is_some();
        let ready: Vec<_> = self.wishes.extract_if(.., ready).collect();
        for wish in ready {
            let Some(outgoing) = self.outgoing.get(&wish.cid) else { continue };
            let Some(commands) = self.handle.upgrade() else { continue };
            let publication = Publication {
                commands,
                cid: wish.cid.clone(),
                info: Arc::new(wish.info.unwrap_or_default()),
                demand: outgoing.demand.clone(),
            };
            // The application may have given up waiting.
            let _ = wish.reply.map(|reply| reply.send(Ok(publication)));
        }
    }

    pub(super) fn send_audio(&mut self, cid: &str, rtp_time: u32, packet: &Bytes) {
        let Some(track) = self.outgoing.get_mut(cid) else { return };
        let Some(opus_type) = track.payload_type else { return };
        let is_silent = opus::is_silence(packet);
        let ext_vals = ExtensionValues {
            audio_level: Some(if is_silent { -127 } else { SPEECH_DBOV }),
            voice_activity: Some(!is_silent),
            ..ExtensionValues::default()
        };
        // Silence needs no redundancy, and a talkspurt's first packet has the marker (RFC 3551).
        let (payload_type, payload) = match &mut track.red {
            Some((red_type, packer)) if !is_silent => (*red_type, packer.pack(rtp_time, packet)),
            _ => (opus_type, packet.to_vec()),
        };
        let marker = track.was_silent && !is_silent;
        track.was_silent = is_silent;
        let layer = &mut track.layers[0];
        let sequence = SeqNo::from(layer.next_sequence);
        layer.next_sequence += 1;
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(track.mid, None) else { return };
        let packet = RtpWrite::new(payload_type, sequence, rtp_time, Instant::now(), payload)
            .marker(marker)
            .ext_vals(ext_vals);
        stream.write_rtp(packet);
    }

    pub(super) fn send_video(&mut self, cid: &str, layer: usize, rtp_time: u32, frame: &[u8]) {
        let Some(track) = self.outgoing.get_mut(cid) else { return };
        let (Some(payload_type), mid) = (track.payload_type, track.mid) else { return };
        let Some(layer) = track.layers.get_mut(layer) else { return };
        let payloads = match track.codec {
            Codec::Vp8 => vp8::packets(frame, layer.picture_id),
            Codec::H264 => h264::packets(frame),
        };
        let (rid, first) = (layer.rid, layer.next_sequence);
        layer.picture_id = (layer.picture_id + 1) & 0x7fff;
        layer.next_sequence += payloads.len() as u64;
        let last = payloads.len().saturating_sub(1);
        for (index, payload) in payloads.into_iter().enumerate() {
            let sequence = SeqNo::from(first + index as u64);
            let mut direct = self.rtc.direct_api();
            let Some(stream) = direct.stream_tx_by_mid(mid, rid) else { return };
            let packet = RtpWrite::new(payload_type, sequence, rtp_time, Instant::now(), payload)
                .marker(index == last)
                .nackable(true);
            stream.write_rtp(packet);
            // str0m wants its output taken after every change.
            self.drain_now();
        }
    }

    pub(super) fn key_frame_asked(&mut self, request: KeyframeRequest) {
        let track = self.outgoing.values().find(|track| track.mid == request.mid);
        let Some(track) = track else { return };
        let layer = track.layers.iter().position(|layer| layer.rid == request.rid).unwrap_or(0);
        track.demand.key_frames.fetch_or(1 << layer, Ordering::Relaxed);
    }

    /// The server says which layers have subscribers.
    pub(super) fn layers_wanted(&mut self, update: &SubscribedQualityUpdate) {
        let Some(demand) = self.demands.get(&update.track_sid) else { return };
        let mut qualities =
            update.subscribed_codecs.iter().flat_map(|codec| &codec.qualities).peekable();
        if qualities.peek().is_none() {
            return;
        }
        let enabled = qualities
            .filter(|quality| quality.enabled)
            .fold(0, |bits, quality| bits | 1 << quality.quality.clamp(0, 2));
        // A single layer serves every quality.
        let wanted = if demand.is_single && enabled != 0 { u32::MAX } else { enabled };
        demand.layers.store(wanted, Ordering::Relaxed);
    }
}
