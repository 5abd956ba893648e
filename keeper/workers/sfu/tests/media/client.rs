//! A WebRTC client on a socket of its own.

use heliograph_sfu::media::api::Kind;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::format::Codec;
use str0m::media::{
    Direction, KeyframeRequestKind, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer,
};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, SeqNo};
use str0m::{Candidate, Event, Input, Output, Rtc};

/// A packet as the client received it.
#[derive(Debug)]
pub struct Received {
    pub mid: Mid,
    pub packet: RtpPacket,
}

/// A narrow path to a client: datagrams wait for their turn, and are lost if that takes too long.
struct Limit {
    bits_per_second: f64,
    free_at: Instant,
    waiting: VecDeque<(Instant, Vec<u8>, SocketAddr)>,
}

/// A connection to the server, with what of a frame has come.
struct Stream {
    tcp: TcpStream,
    server: SocketAddr,
    local: SocketAddr,
    read: Vec<u8>,
}

/// How long a datagram waits at most, as in a home router.
const QUEUE_MAX: Duration = Duration::from_millis(250);

pub struct Client {
    pub rtc: Rtc,
    socket: UdpSocket,
    stream: Option<Stream>,
    due: Instant,
    pending: Option<SdpPendingOffer>,
    loss: f64,
    limit: Option<Limit>,
    rng: StdRng,
    pub connected: bool,
    pub received: Vec<Received>,
    pub keyframe_requests: Vec<(Mid, Option<Rid>)>,
    pub open: Vec<(ChannelId, String)>,
    pub messages: Vec<(String, Vec<u8>)>,
    /// Datagrams that got lost on the way in.
    pub lost: usize,
}

impl Client {
    pub fn new() -> Self {
        Self::with(|config| config.enable_opus(true, true))
    }

    /// A client whose configuration differs.
    pub fn with(configure: impl FnOnce(str0m::RtcConfig) -> str0m::RtcConfig) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_nonblocking(true).expect("non-blocking");
        let now = Instant::now();
        let mut rtc = configure(Rtc::builder().set_rtp_mode(true)).build(now);
        let address = socket.local_addr().expect("bound");
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("a candidate"));
        Self {
            rtc,
            socket,
            stream: None,
            due: now,
            pending: None,
            loss: 0.0,
            limit: None,
            rng: StdRng::seed_from_u64(7),
            connected: false,
            received: Vec::new(),
            keyframe_requests: Vec::new(),
            open: Vec::new(),
            messages: Vec::new(),
            lost: 0,
        }
    }

    /// A client that reaches the server over TCP only.
    pub fn over_tcp(server: SocketAddr) -> Self {
        let mut client = Self::new();
        let now = Instant::now();
        let tcp = TcpStream::connect(server).expect("a connection");
        tcp.set_nonblocking(true).expect("non-blocking");
        let local = tcp.local_addr().expect("connected");
        client.rtc = Rtc::builder().set_rtp_mode(true).build(now);
        let active = Candidate::builder().tcp().host(local).tcptype(TcpType::Active);
        client.rtc.add_local_candidate(active.build().expect("a candidate"));
        client.stream = Some(Stream { tcp, server, local, read: Vec::new() });
        client
    }

    /// Loses datagrams in both directions from now on.
    pub fn lose(&mut self, share: f64) {
        self.loss = share;
    }

    /// Narrows the path to the client, or widens it again.
    pub fn limit(&mut self, kbps: Option<u32>) {
        self.limit = kbps.map(|kbps| Limit {
            bits_per_second: f64::from(kbps) * 1e3,
            free_at: Instant::now(),
            waiting: VecDeque::new(),
        });
    }

    /// An offer with sections and, if there are none yet, data channels.
    pub fn offer(&mut self, add: &[(Kind, Direction)], channels: bool) -> (String, Vec<Mid>) {
        self.offer_layers(add, &[], channels)
    }

    /// An offer whose sending video sections have layers.
    pub fn offer_layers(
        &mut self,
        add: &[(Kind, Direction)],
        rids: &[&str],
        channels: bool,
    ) -> (String, Vec<Mid>) {
        let mut changes = self.rtc.sdp_api();
        let mut mids = Vec::new();
        for (kind, direction) in add {
            let video = *kind == Kind::Video;
            let layered = video && direction.is_sending() && !rids.is_empty();
            let simulcast = layered.then(|| {
                let mut simulcast = Simulcast::new();
                for rid in rids {
                    simulcast.add_send_layer(SimulcastLayer::new(rid));
                }
                simulcast
            });
            let kind = if video { MediaKind::Video } else { MediaKind::Audio };
            mids.push(changes.add_media(kind, *direction, None, None, simulcast));
        }
        if channels {
            changes.add_channel("_reliable".into());
            changes.add_channel_with_config(ChannelConfig {
                label: "_lossy".into(),
                ordered: false,
                reliability: Reliability::MaxRetransmits { retransmits: 0 },
                ..ChannelConfig::default()
            });
        }
        let (offer, pending) = changes.apply().expect("something to offer");
        self.pending = Some(pending);
        (offer.to_sdp_string(), mids)
    }

    /// An offer with new ICE credentials.
    pub fn restart(&mut self) -> String {
        let mut changes = self.rtc.sdp_api();
        changes.ice_restart(true);
        let (offer, pending) = changes.apply().expect("a restart");
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    pub fn accept_answer(&mut self, sdp: &str) {
        let answer = SdpAnswer::from_sdp_string(sdp).expect("an answer");
        let pending = self.pending.take().expect("an offer");
        self.rtc.sdp_api().accept_answer(pending, answer).expect("a good answer");
        let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
    }

    pub fn answer(&mut self, sdp: &str) -> String {
        let offer = SdpOffer::from_sdp_string(sdp).expect("an offer");
        let answer = self.rtc.sdp_api().accept_offer(offer).expect("a good offer");
        let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
        answer.to_sdp_string()
    }

    pub fn pt(&self, codec: Codec) -> Pt {
        let params = self.rtc.codec_config();
        params.find(|params| params.spec().codec == codec).expect("the codec").pt()
    }

    /// Sends one RTP packet.
    pub fn send(&mut self, mid: Mid, rid: Option<&str>, packet: RtpWrite) {
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(mid, rid.map(Rid::from)).expect("a stream");
        stream.write_rtp(packet);
    }

    pub fn send_video(&mut self, mid: Mid, rid: Option<&str>, frame: &Frame) {
        let pt = self.pt(Codec::Vp8);
        let now = Instant::now();
        for part in 0..frame.packets {
            let seq = SeqNo::from(frame.first_seq + part);
            let payload = frame.payload(part == 0);
            let packet = RtpWrite::new(pt, seq, frame.time, now, payload)
                .marker(part + 1 == frame.packets)
                .nackable(true);
            self.send(mid, rid, packet);
        }
    }

    pub fn send_audio(&mut self, mid: Mid, seq: u64, level: i8, payload: &[u8]) {
        let ext_vals = ExtensionValues {
            audio_level: Some(level),
            voice_activity: Some(true),
            ..ExtensionValues::default()
        };
        let time = seq as u32 * 960;
        let packet =
            RtpWrite::new(self.pt(Codec::Opus), SeqNo::from(seq), time, Instant::now(), payload)
                .ext_vals(ext_vals);
        self.send(mid, None, packet);
    }

    pub fn ask_for_keyframe(&mut self, mid: Mid) {
        let mut direct = self.rtc.direct_api();
        if let Some(stream) = direct.stream_rx_by_mid(mid, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    pub fn write(&mut self, label: &str, message: &[u8]) -> bool {
        let (id, _) = self.open.iter().find(|(_, open)| open == label).expect("an open channel");
        self.rtc.channel(*id).is_some_and(|mut open| open.write(true, message).unwrap_or(false))
    }

    /// Sends anything from the client's own address.
    pub fn send_raw(&self, datagram: &[u8], to: SocketAddr) {
        let _ = self.socket.send_to(datagram, to);
    }

    /// Video packets received in a section, in the order of their numbers.
    pub fn section(&self, mid: Mid) -> Vec<&RtpPacket> {
        let mut packets: Vec<_> = self
            .received
            .iter()
            .filter(|received| received.mid == mid)
            .map(|received| &received.packet)
            .collect();
        packets.sort_by_key(|packet| *packet.seq_no);
        packets
    }

    /// Reads and writes what there is.
    pub fn pump(&mut self) {
        let now = Instant::now();
        self.drain(now);
        let mut buffer = [0; 2_048];
        while let Ok((bytes, source)) = self.socket.recv_from(&mut buffer) {
            if self.loses() {
                self.lost += 1;
                continue;
            }
            let Some(limit) = &mut self.limit else {
                self.receive(&buffer[..bytes], source);
                continue;
            };
            let takes = Duration::from_secs_f64(bytes as f64 * 8.0 / limit.bits_per_second);
            let arrives = limit.free_at.max(now) + takes;
            if arrives > now + QUEUE_MAX {
                self.lost += 1;
                continue;
            }
            limit.free_at = arrives;
            limit.waiting.push_back((arrives, buffer[..bytes].to_vec(), source));
        }
        while let Some(limit) = &mut self.limit
            && limit.waiting.front().is_some_and(|(arrives, ..)| *arrives <= Instant::now())
            && let Some((_, datagram, source)) = limit.waiting.pop_front()
        {
            self.receive(&datagram, source);
        }
        self.pump_stream();
        if self.due <= now {
            let _ = self.rtc.handle_input(Input::Timeout(now));
            self.drain(now);
        }
    }

    fn pump_stream(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        let mut buffer = [0; 4_096];
        while let Ok(bytes @ 1..) = stream.tcp.read(&mut buffer) {
            stream.read.extend(&buffer[..bytes]);
        }
        let (server, local) = (stream.server, stream.local);
        let mut frames = Vec::new();
        while let Some((length, rest)) = stream.read.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            let Some(frame) = rest.get(..length) else { break };
            frames.push(frame.to_vec());
            stream.read.drain(..2 + length);
        }
        for frame in frames {
            self.receive_as(Protocol::Tcp, &frame, server, local);
        }
    }

    fn receive(&mut self, datagram: &[u8], source: SocketAddr) {
        let destination = self.socket.local_addr().expect("bound");
        self.receive_as(Protocol::Udp, datagram, source, destination);
    }

    fn receive_as(
        &mut self,
        protocol: Protocol,
        datagram: &[u8],
        source: SocketAddr,
        destination: SocketAddr,
    ) {
        let Ok(receive) = Receive::new(protocol, source, destination, datagram) else { return };
        let input = Input::Receive(Instant::now(), receive);
        if self.rtc.accepts(&input) {
            let _ = self.rtc.handle_input(input);
            self.drain(Instant::now());
        }
    }

    fn loses(&mut self) -> bool {
        self.loss > 0.0 && self.rng.random_bool(self.loss)
    }

    fn drain(&mut self, now: Instant) {
        loop {
            let Ok(output) = self.rtc.poll_output() else {
                // The library cannot shut SCTP down before it is up, and says so.
                self.rtc.disconnect();
                return;
            };
            match output {
                Output::Transmit(transmit) => {
                    if let Some(stream) = &mut self.stream {
                        assert_eq!(transmit.proto, Protocol::Tcp);
                        let length = (transmit.contents.len() as u16).to_be_bytes();
                        let frame = [&length[..], &transmit.contents].concat();
                        stream.tcp.write_all(&frame).expect("room in the socket");
                    } else if !self.loses() {
                        let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                    }
                }
                Output::Timeout(due) if due <= now && self.rtc.is_alive() => {
                    let _ = self.rtc.handle_input(Input::Timeout(now));
                    if due + Duration::from_millis(50) < now {
                        self.due = now;
                    }
                }
                Output::Timeout(due) => {
                    self.due = due;
                    return;
                }
                Output::Event(event) => self.on_event(event),
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Connected => self.connected = true,
            Event::RtpPacket(packet) => {
                let mut direct = self.rtc.direct_api();
                let stream = direct.stream_rx(&packet.header.ssrc);
                let mid = stream.expect("a known stream").mid();
                self.received.push(Received { mid, packet });
            }
            Event::KeyframeRequest(request) => {
                self.keyframe_requests.push((request.mid, request.rid));
            }
            Event::ChannelOpen(id, label) => self.open.push((id, label)),
            Event::ChannelData(data) => {
                let label = self.open.iter().find(|(id, _)| *id == data.id);
                let label = label.map_or_else(String::new, |(_, label)| label.clone());
                self.messages.push((label, data.data));
            }
            _ => {}
        }
    }
}

/// A VP8 picture in packets, marked so that a test can tell where it came from.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub first_seq: u64,
    pub packets: u64,
    pub time: u32,
    pub picture_id: u16,
    pub tl0_pic_idx: u8,
    pub temporal: u8,
    pub keyframe: bool,
    pub label: u8,
    pub bytes: usize,
}

/// Where [`Frame::label`] is in the payload: behind descriptor and VP8 header.
pub const LABEL_AT: usize = 7;

impl Frame {
    pub fn payload(&self, first: bool) -> Vec<u8> {
        let mut payload = vec![
            0x80 | if first { 0x10 } else { 0 },
            0xe0,
            0x80 | (self.picture_id >> 8) as u8,
            self.picture_id as u8,
            self.tl0_pic_idx,
            self.temporal << 6,
            if self.keyframe { 0x10 } else { 0x11 },
            self.label,
        ];
        payload.resize(self.bytes.max(payload.len()), 0x55);
        payload
    }
}

/// A stream of pictures as an encoder makes it.
#[derive(Clone, Copy, Debug)]
pub struct Encoder {
    pub next: Frame,
}

impl Encoder {
    pub fn new(label: u8, first_seq: u64, first_time: u32) -> Self {
        Self {
            next: Frame {
                first_seq,
                packets: 2,
                time: first_time,
                picture_id: u16::from(label) * 1_000,
                tl0_pic_idx: label,
                temporal: 0,
                keyframe: true,
                label,
                bytes: 200,
            },
        }
    }

    /// The next picture, 33 ms after the last.
    pub fn frame(&mut self, keyframe: bool) -> Frame {
        let frame = Frame { keyframe, ..self.next };
        self.next = Frame {
            first_seq: frame.first_seq + frame.packets,
            time: frame.time.wrapping_add(2_970),
            picture_id: (frame.picture_id + 1) & 0x7fff,
            tl0_pic_idx: frame.tl0_pic_idx.wrapping_add(1),
            ..frame
        };
        frame
    }
}
