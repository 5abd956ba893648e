//! Ways in for the fuzz targets (`fuzz/`): a whole room and its media plane without a socket or a
//! clock, and payloads as forwarding looks at them. Compiled for fuzzing alone.

use super::api::{Event, Quality, RoomId};
use super::descriptor::{Descriptor, Point, Raw};
use super::host::Settings;
use super::layer::Layer;
use super::queue::{Events, queue};
use super::scale::{Outgoing, Scale};
use super::shard::{Order, Shard};
use super::{codec, forward};
use crate::access::{Admission, Claims, Grants, Scope};
use crate::room::{
    ConnectionId, Effect, Input, Join, Limits, Opening, Resume, Room, RoomOptions, Seat, Transport,
};
use heliograph_worker_ipc::call::Captions;
use livekit_protocol as proto;
use prost::Message as _;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use str0m::Candidate;
use str0m::format::Codec;
use str0m::net::Protocol;

/// Where the hall would listen.
const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7882);
/// Unix time at which it opens, in ms.
const OPENED_MS: u64 = 1_700_000_000_000;

/// Made once: a certificate costs more than a run.
static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let crypto = Arc::new(str0m::crypto::from_feature_flags());
    let certificate = crypto.dtls_provider.generate_certificate().expect("a certificate");
    let candidate = Candidate::builder().udp().host(HERE).build().expect("a candidate");
    Settings { certificate, crypto, candidates: vec![candidate] }
});

/// A room, its connections, and the time.
#[derive(Debug)]
pub struct Hall {
    room: Room,
    shard: Shard,
    events: Events,
    opened_at: Instant,
    passed: Duration,
    connections: u64,
    /// ICE user names and passwords of the connections here, oldest first.
    pub credentials: Vec<(String, String)>,
}

impl Default for Hall {
    fn default() -> Self {
        Self::new()
    }
}

impl Hall {
    /// An empty room.
    pub fn new() -> Self {
        let opening = Opening {
            id: RoomId(1),
            scope: Scope("app".to_owned()),
            name: "hall".to_owned(),
            payer: None,
            options: RoomOptions::default(),
            limits: Limits::default(),
            turn: None,
            seed: 1,
        };
        let (room, effects) = Room::open(opening, OPENED_MS);
        let opened_at = Instant::now();
        let (sink, events) = queue();
        let mut shard = Shard::new(SETTINGS.clone(), opened_at);
        shard.order(Order::Open { room: RoomId(1), events: sink }, opened_at);
        let mut hall = Self {
            room,
            shard,
            events,
            opened_at,
            passed: Duration::ZERO,
            connections: 0,
            credentials: Vec::new(),
        };
        hall.carry_out(effects);
        hall
    }

    /// Somebody comes in.
    pub fn join(
        &mut self,
        identity: &str,
        transport: Transport,
        offer: Option<proto::SessionDescription>,
    ) -> ConnectionId {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let grants = Grants { room_join: true, room: "hall".to_owned(), ..Grants::default() };
        let claims = Claims { identity: identity.to_owned(), grants, ..Claims::default() };
        let admission = Admission {
            scope: Scope("app".to_owned()),
            payer: None,
            participants_max: None,
            captions: Captions::default(),
            claims,
        };
        self.handle(Input::Join(Box::new(Join {
            connection,
            admission,
            seat: Seat::default(),
            transport,
            auto_subscribe: true,
            client: proto::ClientInfo::default(),
            metadata: String::new(),
            attributes: Vec::new(),
            add_tracks: Vec::new(),
            offer,
        })));
        connection
    }

    /// Somebody is back, on a new connection.
    pub fn resume(&mut self, identity: &str, sync: Option<proto::SyncState>) -> ConnectionId {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let resume = Resume { connection, identity: identity.to_owned(), sid: String::new(), sync };
        self.handle(Input::Resume(Box::new(resume)));
        connection
    }

    /// A frame of a client's, as it comes out of its websocket.
    pub fn frame(&mut self, connection: ConnectionId, frame: &[u8]) {
        let Ok(request) = proto::SignalRequest::decode(frame) else { return };
        let Some(request) = request.message else { return };
        self.handle(Input::Request { connection, request: Box::new(request) });
    }

    /// A client's socket is gone.
    pub fn lose(&mut self, connection: ConnectionId) {
        self.handle(Input::Lost { connection });
    }

    /// A datagram.
    pub fn datagram(&mut self, source: SocketAddr, datagram: &[u8]) {
        let now = self.opened_at + self.passed;
        self.shard.receive(Protocol::Udp, source, HERE, datagram, now);
        self.advance();
    }

    /// Time passes.
    pub fn pass(&mut self, time: Duration) {
        self.passed += time;
        self.handle(Input::Tick);
        self.advance();
    }

    /// Rooms that the media plane still has: none only after this one has ended.
    pub fn rooms(&self) -> usize {
        self.shard.load().rooms
    }

    fn handle(&mut self, input: Input) {
        let now_ms = OPENED_MS + self.passed.as_millis() as u64;
        let effects = self.room.handle(now_ms, input);
        self.carry_out(effects);
    }

    fn advance(&mut self) {
        self.shard.advance(self.opened_at + self.passed);
        self.shard.transmits().clear();
        self.carry_out(Vec::new());
    }

    /// What the room wants done, and what it hears of that.
    fn carry_out(&mut self, mut effects: Vec<Effect>) {
        loop {
            for effect in effects.drain(..) {
                match effect {
                    Effect::Media(command) => {
                        let order = Order::Command { room: RoomId(1), command };
                        self.shard.order(order, self.opened_at + self.passed);
                    }
                    Effect::Send { to, message } => {
                        assert!(!to.is_empty(), "a message to nobody");
                        proto::SignalResponse { message: Some(*message) }.encode_to_vec();
                    }
                    _ => {}
                }
            }
            let Some(event) = self.events.try_recv() else { return };
            if let Event::Answer { sdp, .. } | Event::Offer { sdp, .. } = &event {
                self.note_credentials(sdp);
            }
            let now_ms = OPENED_MS + self.passed.as_millis() as u64;
            effects = self.room.handle(now_ms, Input::Media(event));
        }
    }

    fn note_credentials(&mut self, sdp: &str) {
        let value = |name| sdp.lines().find_map(|line| line.trim_end().strip_prefix(name));
        if let (Some(name), Some(password)) = (value("a=ice-ufrag:"), value("a=ice-pwd:")) {
            let both = (name.to_owned(), password.to_owned());
            if !self.credentials.contains(&both) {
                self.credentials.push(both);
            }
        }
    }
}

/// Everything that forwarding reads of a payload.
pub fn payload(bytes: &[u8]) {
    for codec in [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1, Codec::Opus] {
        codec::view(codec, bytes);
    }
    forward::red_primary(bytes);
}

/// A layered stream of any descriptors, on its way to somebody who wants any layers.
pub fn descriptors(packets: &[Vec<u8>], spatial: u8, temporal: u8) {
    let mut layer = Layer::new(Quality::High, None);
    let mut scale = Scale::default();
    scale.want(Point { spatial, temporal });
    for bytes in packets {
        let Some(packet) = layer.describe(&Raw(bytes.clone())) else { continue };
        if let Some(Outgoing { descriptor: Some(Raw(sent)), .. }) = scale.pass(&packet) {
            let known = Some((&packet.structure, packet.active));
            let read = Descriptor::read(&sent, known).expect("what is rewritten can be read");
            assert_eq!((read.point, read.ends_frame), (packet.point, packet.ends_frame));
        }
    }
}
