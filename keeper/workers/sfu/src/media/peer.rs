//! One peer connection.

use super::allocation::Division;
use super::api::{PeerId, PeerStats, TrackId};
use super::channels::{Channels, SCTP_BYTES_MAX};
use super::descriptor;
use super::forward::Outlet;
use super::host::Settings;
use super::negotiation::Negotiation;
use super::rewrite::Rewriter;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use str0m::Rtc;
use str0m::bwe::Bitrate;
use str0m::format::PayloadParams;
use str0m::media::{KeyframeRequestKind, Mid, Pt, Rid};
use str0m::net::Protocol;
use str0m::rtp::{Extension, RtpWrite, Ssrc};

/// Interval of the library's own statistics, from which losses and round trips are taken.
const LIBRARY_STATS_EVERY: Duration = Duration::from_secs(1);
/// Streams of a publisher whose place is remembered. A section has up to three at a time.
const SOURCES_MAX: usize = 256;

/// How long packets are kept in case they are asked for again, and how many at most. Clients give a
/// packet up about a second after it was due.
const REPEATS_KEPT: Duration = Duration::from_secs(1);
/// See [`REPEATS_KEPT`].
const REPEATS_MAX: usize = 1_024;
/// Repeats are given up when they make up more than this share of what is sent: the library's.
const REPEATS_SHARE_MAX: f32 = 0.15;

/// What a path is taken to carry at first. Enough for a few small pictures; probes find out within a
/// second or two whether it is more.
const FIRST_ESTIMATE: Bitrate = Bitrate::kbps(1_000);
/// Estimate for a client that reports nothing: no limit.
const NO_LIMIT: Bitrate = Bitrate::gbps(10);

/// Steps of the rate desired.
const DESIRED_STEP_BPS: u64 = 250_000;
/// How long a path must be too narrow for the lowest layers before videos are paused.
const PAUSE_AFTER: Duration = Duration::from_secs(3);
/// And how much of what is sent must get lost.
const PAUSE_LOSS: f32 = 0.05;
/// After how long a paused video is tried again whatever the estimate.
const RETRY_AFTER: Duration = Duration::from_secs(15);
/// Interval of probes while something is held back.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// Whether a client reports what arrives (transport-wide congestion control).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Congestion {
    /// Nothing is sent to it yet.
    Unknown,
    /// It does: what is sent follows its path.
    Controlled,
    /// It does not: everything is sent that is wanted.
    Unreported,
}

/// Where a stream of a publisher belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    ssrc: Ssrc,
    /// The track's place in the room and the layer's in the track; none for a stream nobody
    /// published.
    pub place: Option<(usize, usize)>,
}

/// A connection and what belongs to it alone.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its id.
    pub id: PeerId,
    /// The library's connection.
    pub rtc: Rtc,
    /// Whether the connection paces: it gives one packet a call.
    pub paced: bool,
    /// Offers and answers.
    pub negotiation: Negotiation,
    /// Data.
    pub channels: Channels,
    /// What is forwarded to it, by section.
    pub forwards: Vec<(Mid, TrackId)>,
    /// Sections of the client's that it was told a track of.
    pub announced: HashSet<Mid>,
    /// Numberings of streams that carry nothing at the moment, by section.
    rewriters: HashMap<Mid, (Ssrc, Rewriter)>,
    /// When the library wants to be called.
    pub deadline: Instant,
    /// The earliest call that is on the clock.
    pub queued: Option<Instant>,
    /// Whether it has something to send that the library was not asked for yet.
    pub dirty: bool,
    /// Packets queued since the library was asked last.
    pub waiting: u32,
    /// Where it was heard from, latest last.
    pub addresses: Vec<(Protocol, SocketAddr)>,
    /// Under which name its checks come in.
    pub ufrag: String,
    /// ICE is up, as the room was told.
    pub up: bool,
    /// ICE and DTLS were up once.
    pub secure: bool,
    /// It is over, as the room was told.
    pub failed: bool,
    /// Bits per second that the path carries, if known.
    pub estimate_bps: Option<u64>,
    /// Whether that is known at all.
    pub congestion: Congestion,
    desired_bps: u64,
    short_since: Option<Instant>,
    paused_at: Option<Instant>,
    /// Of what was sent in the last second, as far as it was reported.
    lost_share: f32,
    probe_at: Instant,
    sources: Vec<Source>,
    rtt: Option<Duration>,
    egress_loss: Option<f32>,
}

impl Peer {
    /// A connection that has not negotiated anything.
    pub fn new(id: PeerId, settings: &Settings, now: Instant) -> Self {
        let mut rtc = connection(settings, true, now);
        let ufrag = rtc.direct_api().local_ice_credentials().ufrag;
        Self {
            id,
            rtc,
            paced: true,
            negotiation: Negotiation::default(),
            channels: Channels::default(),
            forwards: Vec::new(),
            announced: HashSet::new(),
            rewriters: HashMap::new(),
            deadline: now,
            queued: None,
            dirty: false,
            waiting: 0,
            addresses: Vec::new(),
            ufrag,
            up: false,
            secure: false,
            failed: false,
            estimate_bps: None,
            congestion: Congestion::Unknown,
            desired_bps: 0,
            short_since: None,
            paused_at: None,
            lost_share: 0.0,
            probe_at: now,
            sources: Vec::new(),
            rtt: None,
            egress_loss: None,
        }
    }

    /// Answers a client's offer. Its first one tells whether it can report what arrives: if not,
    /// nothing is paced, which makes sending a good deal cheaper.
    pub fn answer(
        &mut self,
        sdp: &str,
        settings: &Settings,
        now: Instant,
    ) -> Result<String, String> {
        let reports = sdp.contains(Extension::TransportSequenceNumber.as_uri());
        if self.negotiation.is_untouched() && sdp.contains("m=video") && !reports {
            self.rtc = connection(settings, false, now);
            self.paced = false;
        }
        let idle = |mid: &Mid| self.forwards.iter().all(|(taken, _)| taken != mid);
        let spent: Vec<Mid> = self.announced.iter().copied().filter(idle).collect();
        let answer = self.negotiation.answer(&mut self.rtc, sdp, &spent)?;
        self.announced.retain(|mid| !spent.contains(mid));
        Ok(answer)
    }

    /// Queues a packet for sending. `false` if the section has no such stream any more.
    pub fn write(&mut self, ssrc: Ssrc, packet: RtpWrite) -> bool {
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx(&ssrc) else { return false };
        stream.write_rtp(packet);
        self.waiting += 1;
        true
    }

    /// The outlet of a section, if it is negotiated and the client receives in it.
    pub fn outlet(&mut self, mid: Mid) -> Option<Outlet> {
        if !self.rtc.media(mid)?.direction().is_sending() {
            return None;
        }
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(mid, None)?;
        stream.set_rtx_cache(REPEATS_MAX, REPEATS_KEPT, Some(REPEATS_SHARE_MAX));
        // The publisher has paced already. A queue here, emptied at the rate of an estimate that
        // starts low and follows what was sent, held packets back for most of a second.
        stream.set_unpaced(true);
        let ssrc = stream.ssrc();
        self.settle_congestion(mid);
        let rewriter = match self.rewriters.remove(&mid) {
            Some((same, rewriter)) if same == ssrc => rewriter,
            _ => Rewriter::new(rand::random()),
        };
        Some(Outlet::new(mid, ssrc, rewriter))
    }

    /// Takes an outlet back. What comes to its section before anything is negotiated goes on where
    /// it stopped.
    pub fn close_outlet(&mut self, outlet: Outlet) {
        self.rewriters.insert(outlet.mid, outlet.into_numbering());
    }

    /// Notes whether a section's packets are reported. One such section is enough: some clients
    /// report video only.
    fn settle_congestion(&mut self, mid: Mid) {
        let Some(media) = self.rtc.media(mid) else { return };
        let numbered = media.remote_extmap().id_of(Extension::TransportSequenceNumber).is_some();
        let accepted = media.remote_pts();
        let reported =
            |params: &PayloadParams| params.fb_transport_cc() && accepted.contains(&params.pt());
        let reported = numbered && self.rtc.codec_config().find(reported).is_some();
        match (self.congestion, reported) {
            (Congestion::Unknown, true) => self.congestion = Congestion::Controlled,
            (Congestion::Unreported, true) => {
                self.congestion = Congestion::Controlled;
                self.rtc.bwe().reset(FIRST_ESTIMATE);
            }
            (Congestion::Unknown, false) => {
                self.congestion = Congestion::Unreported;
                self.rtc.bwe().reset(NO_LIMIT);
            }
            _ => {}
        }
    }

    /// Tells the estimator what it is to find out: whether the path carries the next step, and up
    /// to everything in the end.
    ///
    /// It probes whenever more is desired than before, so the rate desired is rounded: rates as
    /// measured go up a little all the time. And as long as something is held back, less is desired
    /// for a moment now and then.
    pub fn aim(&mut self, division: &Division, now: Instant) {
        let mut desired_bps = (division.desired_bps / DESIRED_STEP_BPS + 1) * DESIRED_STEP_BPS;
        if division.next_bps > 0 && now >= self.probe_at {
            self.probe_at = now + PROBE_EVERY;
            desired_bps = desired_bps * 9 / 10;
        }
        if self.desired_bps != desired_bps {
            self.desired_bps = desired_bps;
            // No padding besides the probes': it would be paid for by every subscriber's plan.
            self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::bps(desired_bps));
        }
    }

    /// Whether videos are to be paused because the path cannot carry even the least of them all. An
    /// estimate alone does not say so: it starts low, dips, and stays low where a busy machine delays
    /// what the path does not. Datagrams must get lost as well, and now and then it is tried again.
    pub fn too_narrow(&mut self, short: bool, now: Instant) -> bool {
        if !short {
            self.short_since = None;
            self.paused_at = None;
            return false;
        }
        let since = *self.short_since.get_or_insert(now);
        match self.paused_at {
            Some(paused_at) if now.saturating_duration_since(paused_at) < RETRY_AFTER => true,
            Some(_) => {
                self.paused_at = None;
                self.short_since = Some(now);
                false
            }
            None => {
                let long = now.saturating_duration_since(since) >= PAUSE_AFTER;
                if long && self.lost_share >= PAUSE_LOSS {
                    self.paused_at = Some(now);
                }
                self.paused_at.is_some()
            }
        }
    }

    /// What a codec of another peer's is called in a section of this one.
    pub fn outgoing_params(&self, mid: Mid, incoming: PayloadParams) -> Option<PayloadParams> {
        let accepted = self.rtc.media(mid)?.remote_pts();
        let params = *self.rtc.codec_config().match_params(incoming)?;
        accepted.contains(&params.pt()).then_some(params)
    }

    /// What a payload type of this peer's stands for, and whether it is RED around that.
    pub fn incoming_params(&self, pt: Pt) -> Option<(PayloadParams, bool)> {
        let known = |params: &PayloadParams| params.pt() == pt || params.red() == Some(pt);
        let params = *self.rtc.codec_config().find(known)?;
        Some((params, params.red() == Some(pt)))
    }

    /// Where a stream belongs, if it was seen before.
    pub fn source(&self, ssrc: Ssrc) -> Option<Source> {
        self.sources.iter().find(|source| source.ssrc == ssrc).copied()
    }

    /// Section and rid of a stream.
    pub fn stream(&mut self, ssrc: Ssrc) -> Option<(Mid, Option<Rid>)> {
        let mut direct = self.rtc.direct_api();
        direct.stream_rx(&ssrc).map(|stream| (stream.mid(), stream.rid()))
    }

    /// Remembers where a stream belongs.
    pub fn remember_source(&mut self, ssrc: Ssrc, place: Option<(usize, usize)>) {
        if self.sources.len() == SOURCES_MAX {
            self.sources.clear();
        }
        self.sources.push(Source { ssrc, place });
    }

    /// Forgets where streams belong: sections or tracks have changed.
    pub fn forget_sources(&mut self) {
        self.sources.clear();
    }

    /// Asks the client for a keyframe of a stream. `false` if there is none.
    pub fn ask_for_keyframe(&mut self, ssrc: Ssrc) -> bool {
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_rx(&ssrc) else { return false };
        stream.request_keyframe(KeyframeRequestKind::Pli);
        true
    }

    /// Takes over what the library measured.
    pub fn measured(&mut self, stats: &str0m::stats::PeerStats) {
        if stats.rtt.is_some() {
            self.rtt = stats.rtt;
        }
        self.egress_loss = stats.egress_loss_fraction;
        self.lost_share = stats.egress_loss_fraction.unwrap_or(0.0);
    }

    /// Ends a statistics interval.
    pub fn take_stats(&mut self) -> PeerStats {
        PeerStats {
            peer: self.id,
            rtt_ms: self.rtt.map(|rtt| rtt.as_millis().min(60_000) as u32),
            egress_loss_ppm: self.egress_loss.take().map(|loss| (loss * 1e6) as u32),
            estimate_bps: self.estimate_bps,
            data_in_bytes: std::mem::take(&mut self.channels.in_bytes),
            data_out_bytes: std::mem::take(&mut self.channels.out_bytes),
        }
    }
}

/// A connection of the library's, with or without bandwidth estimation and pacing.
fn connection(settings: &Settings, paced: bool, now: Instant) -> Rtc {
    let mut rtc = Rtc::builder()
        .set_dtls_cert(settings.certificate.clone())
        .set_crypto_provider(settings.crypto.clone())
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .clear_codecs()
        .enable_opus(true, true)
        .enable_vp8(true)
        .enable_h264(true)
        .enable_vp9(true)
        .enable_av1(true)
        .set_extension(descriptor::EXTENSION_ID, descriptor::extension())
        .set_stats_interval(Some(LIBRARY_STATS_EVERY))
        .set_sctp_max_buffered_amount(SCTP_BYTES_MAX)
        .enable_bwe(paced.then_some(FIRST_ESTIMATE))
        .build(now);
    for candidate in &settings.candidates {
        rtc.add_local_candidate(candidate.clone());
    }
    rtc
}
