//! A room with a media plane that answers by the book: every offer gets an answer with the same
//! sections, every offer asked for is made.

use crate::access::{Admission, Captions, Claims, Grants, Payer, Scope};
use crate::media::api::{
    Command, DataChannel, Event, Kind, Mid, NewSection, PeerId, Quality, RoomId, TrackId, Want,
};
use crate::outside::Notice;
use crate::room::{
    Call, CallError, ConnectionId, Effect, Input, Join, Limits, Opening, Reply, Resume, Room,
    RoomOptions, Seat, Transport,
};
use crate::sdp::{Direction, SectionKind, read};
use bytes::Bytes;
use livekit_protocol as proto;
use proto::signal_request::Message as Request;
use proto::signal_response::Message;
use std::collections::HashMap;

pub const PAYER: Payer = Payer([7; 32]);

/// A client's connection, its messages so far, and what it would offer.
#[derive(Debug, Default)]
pub struct Client {
    pub connection: Option<ConnectionId>,
    pub messages: Vec<Message>,
    pub closed: bool,
    /// Sections: (kind, direction, track id).
    pub sections: Vec<(Kind, Direction, Option<String>)>,
    pub offers: u32,
}

pub struct Stage {
    pub room: Room,
    pub now_ms: u64,
    pub commands: Vec<Command>,
    pub notices: Vec<Notice>,
    pub clients: HashMap<&'static str, Client>,
    pub replies: Vec<Result<Reply, CallError>>,
    pub ended: bool,
    /// Whether the media plane answers offers.
    pub answering: bool,
    /// The software of those who join.
    pub client: proto::ClientInfo,
    connections: u64,
    mids: HashMap<PeerId, u32>,
}

pub fn admission(identity: &str, grants: Grants) -> Admission {
    Admission {
        scope: Scope("app".to_owned()),
        payer: Some(PAYER),
        participants_max: None,
        captions: Captions { bought: true, everybody: None },
        claims: Claims {
            issuer: "app".to_owned(),
            identity: identity.to_owned(),
            name: identity.to_uppercase(),
            grants: Grants { room_join: true, room: "hall".to_owned(), ..grants },
            ..Claims::default()
        },
    }
}

impl Stage {
    pub fn new() -> Self {
        Self::with(RoomOptions::default())
    }

    pub fn with(options: RoomOptions) -> Self {
        let opening = Opening {
            id: RoomId(1),
            scope: Scope("app".to_owned()),
            name: "hall".to_owned(),
            payer: Some(PAYER),
            options,
            limits: Limits::default(),
            turn: None,
            seed: 1,
        };
        let (room, effects) = Room::open(opening, 1_000_000);
        let mut stage = Self {
            room,
            now_ms: 1_000_000,
            commands: Vec::new(),
            notices: Vec::new(),
            clients: HashMap::new(),
            replies: Vec::new(),
            ended: false,
            answering: true,
            client: proto::ClientInfo::default(),
            connections: 0,
            mids: HashMap::new(),
        };
        stage.carry_out(effects);
        stage
    }

    // --- Inputs --------------------------------------------------------------------------------

    pub fn handle(&mut self, input: Input) {
        let effects = self.room.handle(self.now_ms, input);
        self.carry_out(effects);
    }

    /// Lets time pass, in the room's own steps.
    pub fn wait(&mut self, millis: u64) {
        let until_ms = self.now_ms + millis;
        while self.now_ms < until_ms && !self.ended {
            let step_ms = if millis > 60_000 { 1_000 } else { 200 };
            self.now_ms = (self.now_ms + step_ms).min(until_ms);
            self.handle(Input::Tick);
        }
    }

    pub fn join(&mut self, name: &'static str, transport: Transport) {
        self.join_with(name, transport, Grants::default(), true);
    }

    pub fn join_with(
        &mut self,
        name: &'static str,
        transport: Transport,
        grants: Grants,
        auto_subscribe: bool,
    ) {
        let admission = admission(name, grants);
        self.join_as(name, admission, transport, auto_subscribe);
    }

    pub fn join_as(
        &mut self,
        name: &'static str,
        admission: Admission,
        transport: Transport,
        auto_subscribe: bool,
    ) {
        let connection = self.connect(name);
        let mut client = Client { connection: Some(connection), ..Client::default() };
        let mut offer = None;
        if transport == Transport::Single {
            for kind in [Kind::Audio, Kind::Video] {
                client.sections.extend([(); 3].map(|()| (kind, Direction::RecvOnly, None)));
            }
            offer = Some(client.offer());
        }
        self.clients.insert(name, client);
        self.handle(Input::Join(Box::new(Join {
            connection,
            admission,
            seat: Seat::default(),
            transport,
            auto_subscribe,
            client: self.client.clone(),
            metadata: String::new(),
            attributes: Vec::new(),
            add_tracks: Vec::new(),
            offer,
        })));
    }

    fn connect(&mut self, _name: &str) -> ConnectionId {
        self.connections += 1;
        ConnectionId(self.connections)
    }

    /// The connections of a participant come up.
    pub fn connected(&mut self, name: &'static str) {
        for peer in self.peers(name) {
            self.handle(Input::Media(Event::Connected { peer }));
        }
    }

    pub fn lose(&mut self, name: &'static str) {
        let connection = self.clients[name].connection.unwrap();
        self.handle(Input::Lost { connection });
    }

    pub fn resume(&mut self, name: &'static str, sid: &str) {
        let connection = self.connect(name);
        let client = self.clients.get_mut(name).unwrap();
        client.connection = Some(connection);
        client.messages.clear();
        client.closed = false;
        self.handle(Input::Resume(Box::new(Resume {
            connection,
            identity: name.to_owned(),
            sid: sid.to_owned(),
            sync: None,
        })));
    }

    pub fn request(&mut self, name: &'static str, request: Request) {
        let connection = self.clients[name].connection.unwrap();
        self.handle(Input::Request { connection, request: Box::new(request) });
    }

    pub fn call(&mut self, call: Call) -> Result<Reply, CallError> {
        self.handle(Input::Call { call, reply: 1 });
        self.replies.pop().unwrap()
    }

    /// Announces and offers a track; returns its sid.
    pub fn publish(&mut self, name: &'static str, kind: Kind, cid: &str) -> String {
        let source = match kind {
            Kind::Audio => proto::TrackSource::Microphone,
            Kind::Video => proto::TrackSource::Camera,
        };
        let qualities =
            [proto::VideoQuality::Low, proto::VideoQuality::Medium, proto::VideoQuality::High];
        let layers =
            qualities.into_iter().zip([180, 360, 720]).map(|(quality, height)| proto::VideoLayer {
                quality: quality as i32,
                width: height * 16 / 9,
                height,
                ..Default::default()
            });
        let request = proto::AddTrackRequest {
            cid: cid.to_owned(),
            name: cid.to_owned(),
            r#type: match kind {
                Kind::Audio => proto::TrackType::Audio,
                Kind::Video => proto::TrackType::Video,
            } as i32,
            source: source as i32,
            layers: if kind == Kind::Video { layers.collect() } else { Vec::new() },
            ..Default::default()
        };
        self.publish_as(name, kind, request)
    }

    /// The same, announced as `request` has it.
    pub fn publish_as(
        &mut self,
        name: &'static str,
        kind: Kind,
        request: proto::AddTrackRequest,
    ) -> String {
        let cid = request.cid.clone();
        self.request(name, Request::AddTrack(request));
        let client = self.clients.get_mut(name).unwrap();
        client.sections.push((kind, Direction::SendOnly, Some(cid)));
        self.offer(name);
        let published = self.messages(name).into_iter().rev().find_map(|message| match message {
            Message::TrackPublished(published) => published.track,
            _ => None,
        });
        published.unwrap().sid
    }

    /// The client offers what it has.
    pub fn offer(&mut self, name: &'static str) {
        let offer = self.clients.get_mut(name).unwrap().offer();
        self.request(name, Request::Offer(offer));
    }

    /// What the publisher stops sending.
    pub fn withdraw(&mut self, name: &'static str, cid: &str) {
        let client = self.clients.get_mut(name).unwrap();
        for section in &mut client.sections {
            if section.2.as_deref() == Some(cid) {
                *section = (section.0, Direction::Inactive, None);
            }
        }
        self.offer(name);
    }

    // --- What there is to see ------------------------------------------------------------------

    pub fn messages(&self, name: &str) -> Vec<Message> {
        self.clients[name].messages.clone()
    }

    /// Takes what has been said since the last time.
    pub fn take(&mut self, name: &str) -> Vec<Message> {
        std::mem::take(&mut self.clients.get_mut(name).unwrap().messages)
    }

    pub fn take_all(&mut self) {
        self.commands.clear();
        self.notices.clear();
        for client in self.clients.values_mut() {
            client.messages.clear();
        }
    }

    pub fn sid(&self, name: &str) -> String {
        self.info(name).unwrap().sid
    }

    /// As the room has it now.
    pub fn info(&self, name: &str) -> Option<proto::ParticipantInfo> {
        self.room.by_identity.get(name).map(|who| self.room.participant_info(*who))
    }

    pub fn peers(&self, name: &str) -> Vec<PeerId> {
        let participant = &self.room.participants[&self.room.by_identity[name]];
        let publisher = Some(participant.publisher.id);
        let subscriber = participant.subscriber.as_ref().map(|subscriber| subscriber.id);
        publisher.into_iter().chain(subscriber).collect()
    }

    pub fn receiving_peer(&self, name: &str) -> PeerId {
        *self.peers(name).last().unwrap()
    }

    pub fn track(&self, sid: &str) -> TrackId {
        self.room.by_track_sid[sid]
    }

    /// Forwards that run, as the commands so far have it.
    pub fn forwards(&self) -> HashMap<(TrackId, PeerId), (Option<Mid>, Want)> {
        let mut forwards = HashMap::new();
        for command in &self.commands {
            match command {
                Command::Forward { track, to, mid, want } => {
                    forwards.insert((*track, *to), (mid.clone(), *want));
                }
                Command::EndForward { track, to } => {
                    forwards.remove(&(*track, *to));
                }
                Command::Unpublish { track } => forwards.retain(|(of, _), _| of != track),
                Command::ClosePeer { peer } => forwards.retain(|(_, to), _| to != peer),
                Command::Want { track, to, want } => {
                    forwards.entry((*track, *to)).and_modify(|forward| forward.1 = *want);
                }
                _ => {}
            }
        }
        forwards
    }

    pub fn sent_data(&self) -> Vec<(DataChannel, Vec<PeerId>, Bytes)> {
        let data = self.commands.iter().filter_map(|command| match command {
            Command::Data { channel, to, payload } => Some((*channel, to.clone(), payload.clone())),
            _ => None,
        });
        data.collect()
    }

    /// The qualities that the publisher was last asked for.
    pub fn subscribed_quality(&self, name: &str) -> Option<Vec<bool>> {
        self.messages(name).into_iter().rev().find_map(|message| match message {
            Message::SubscribedQualityUpdate(update) => Some(
                update.subscribed_codecs[0]
                    .qualities
                    .iter()
                    .map(|quality| quality.enabled)
                    .collect(),
            ),
            _ => None,
        })
    }

    // --- The rest of the world -----------------------------------------------------------------

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            assert!(!self.ended, "{effect:?} after the end");
            match effect {
                Effect::Send { to, message } => {
                    assert!(!to.is_empty());
                    self.deliver(&to, &message);
                }
                Effect::Close { connection } => {
                    for client in self.clients.values_mut() {
                        client.closed |= client.connection == Some(connection);
                    }
                }
                Effect::Media(command) => self.command(command),
                Effect::Notify(notice) => self.notices.push(notice),
                Effect::Tapped { .. } => {}
                Effect::Reply { outcome, .. } => self.replies.push(outcome),
                Effect::Ended => self.ended = true,
            }
        }
    }

    fn deliver(&mut self, to: &[ConnectionId], message: &Message) {
        let mut answers = Vec::new();
        for (name, client) in &mut self.clients {
            if client.closed || !client.connection.is_some_and(|c| to.contains(&c)) {
                continue;
            }
            client.messages.push(message.clone());
            match message {
                Message::MediaSectionsRequirement(more) => {
                    for (kind, count) in
                        [(Kind::Audio, more.num_audios), (Kind::Video, more.num_videos)]
                    {
                        for _ in 0..count {
                            client.sections.push((kind, Direction::RecvOnly, None));
                        }
                    }
                    answers.push((*name, Request::Offer(client.offer())));
                }
                Message::Offer(offer) => {
                    answers.push((
                        *name,
                        Request::Answer(proto::SessionDescription {
                            r#type: "answer".to_owned(),
                            sdp: "v=0\r\n".to_owned(),
                            id: offer.id,
                            ..Default::default()
                        }),
                    ));
                }
                _ => {}
            }
        }
        for (name, request) in answers {
            self.request(name, request);
        }
    }

    fn command(&mut self, command: Command) {
        self.commands.push(command.clone());
        match command {
            Command::Offer { peer, offer, sdp } if self.answering => {
                let sdp = answer_to(&sdp);
                self.handle(Input::Media(Event::Answer { peer, offer, sdp }));
            }
            Command::MakeOffer { peer, offer, add, .. } if self.answering => {
                let event = self.make_offer(peer, offer, &add);
                self.handle(Input::Media(event));
            }
            _ => {}
        }
    }

    fn make_offer(&mut self, peer: PeerId, offer: u32, add: &[NewSection]) -> Event {
        let next = self.mids.entry(peer).or_default();
        let mut sdp = "v=0\r\n".to_owned();
        let mut mids = Vec::new();
        for section in add {
            *next += 1;
            let mid = format!("s{next}");
            sdp += &format!("m=video 9 x\r\na=mid:{mid}\r\na=sendonly\r\na=msid:x y\r\n");
            mids.push((section.track, Mid(mid)));
        }
        Event::Offer { peer, offer, sdp, mids }
    }
}

impl Client {
    pub fn offer(&mut self) -> proto::SessionDescription {
        self.offers += 1;
        let mut sdp = "v=0\r\n".to_owned();
        for (index, (kind, direction, track_id)) in self.sections.iter().enumerate() {
            let kind = if *kind == Kind::Audio { "audio" } else { "video" };
            sdp += &format!("m={kind} 9 x\r\na=mid:{index}\r\n{}\r\n", direction.line());
            if let Some(id) = track_id {
                sdp += &format!("a=msid:- {id}\r\n");
            }
        }
        proto::SessionDescription {
            r#type: "offer".to_owned(),
            sdp,
            id: self.offers,
            ..Default::default()
        }
    }
}

/// What the library answers: it would send in every section in which the client receives.
fn answer_to(offer: &str) -> String {
    let mut sdp = "v=0\r\n".to_owned();
    for section in read(offer).unwrap() {
        let kind = if section.kind == SectionKind::Media(Kind::Audio) { "audio" } else { "video" };
        let direction = match section.direction {
            Direction::RecvOnly => Direction::SendOnly,
            Direction::SendOnly => Direction::RecvOnly,
            other => other,
        };
        sdp += &format!("m={kind} 9 x\r\na=mid:{}\r\n{}\r\n", section.mid, direction.line());
        if direction.sends() {
            sdp += "a=msid:x y\r\n";
        }
    }
    sdp
}

/// Whether a message of this kind is among them.
#[macro_export]
macro_rules! said {
    ($messages:expr, $pattern:pat $(if $guard:expr)?) => {
        $messages.iter().any(|message| matches!(message, $pattern $(if $guard)?))
    };
}

/// A want for this quality.
pub fn want(quality: Quality) -> Want {
    Want { max_quality: quality, ..Want::default() }
}
