//! A room with clients, driven from one thread.

use crate::client::{Client, Encoder};
use heliograph_sfu::media::api::{Command, Event, Kind, Mid, PeerId, RoomId, TrackId, Want};
use heliograph_sfu::media::{Events, MediaConfig, Plane, RoomMedia};
use std::time::{Duration, Instant};
use str0m::media::Direction;

/// How long anything may take on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Hall {
    pub plane: Plane,
    pub media: RoomMedia,
    events: Events,
    pub clients: Vec<Client>,
    pub log: Vec<Event>,
    offers: u32,
}

pub fn config() -> MediaConfig {
    MediaConfig { bind: [127, 0, 0, 1].into(), first_port: 0, advertise: Vec::new(), threads: 1 }
}

pub fn peer(client: usize) -> PeerId {
    PeerId(client as u64 + 1)
}

impl Hall {
    pub fn new() -> Self {
        let plane = Plane::start_with_tcp(&config(), 0).expect("a media plane");
        let (media, events) = plane.open_room(RoomId(1));
        Self { plane, media, events, clients: Vec::new(), log: Vec::new(), offers: 0 }
    }

    pub fn enter(&mut self, client: Client) -> usize {
        self.clients.push(client);
        let at = self.clients.len() - 1;
        self.media.send(Command::OpenPeer { peer: peer(at) });
        at
    }

    /// Lets everybody do what they have to do.
    pub fn step(&mut self) {
        for client in self.clients.iter_mut().filter(|client| client.rtc.is_alive()) {
            client.pump();
        }
        while let Some(event) = self.events.try_recv() {
            self.log.push(event);
        }
        std::thread::sleep(Duration::from_micros(500));
    }

    /// Clients that have left need not be driven any more.
    pub fn retire(&mut self, clients: &[usize]) {
        for at in clients {
            self.clients[*at].rtc.disconnect();
        }
    }

    pub fn run(&mut self, duration: Duration) {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            self.step();
        }
    }

    /// Goes on until something is so; what is not within [`PATIENCE`] fails the test.
    pub fn until(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !so(self) {
            assert!(Instant::now() < end, "in vain: {what}; {:?}", self.log);
            self.step();
        }
    }

    /// Waits for an event and takes it out of the log.
    pub fn event(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        self.until(what, |hall| hall.log.iter().any(&wanted));
        let at = self.log.iter().position(wanted).expect("just seen");
        self.log.remove(at)
    }

    /// An offer of a client's, answered.
    pub fn negotiate(&mut self, at: usize, sdp: String) {
        self.offers += 1;
        let offer = self.offers;
        self.media.send(Command::Offer { peer: peer(at), offer, sdp });
        let wanted = move |event: &Event| match event {
            Event::Answer { offer: answered, .. } => *answered == offer,
            Event::Refused { reason, .. } => panic!("refused: {reason}"),
            _ => false,
        };
        let Event::Answer { sdp, .. } = self.event("an answer", wanted) else { unreachable!() };
        self.clients[at].accept_answer(&sdp);
    }

    /// A new client with sections, connected. Returns it and its sections.
    pub fn join(&mut self, sections: &[(Kind, Direction)]) -> (usize, Vec<str0m::media::Mid>) {
        self.join_as(Client::new(), sections, &[])
    }

    /// A client with sections, whose video is sent in layers.
    pub fn join_as(
        &mut self,
        client: Client,
        sections: &[(Kind, Direction)],
        rids: &[&str],
    ) -> (usize, Vec<str0m::media::Mid>) {
        let at = self.enter(client);
        let (sdp, mids) = self.clients[at].offer_layers(sections, rids, true);
        self.negotiate(at, sdp);
        self.until("a connection", |hall| hall.clients[at].connected);
        self.event("Connected", |event| *event == Event::Connected { peer: peer(at) });
        (at, mids)
    }

    pub fn publish(&mut self, at: usize, mid: str0m::media::Mid, track: u64, kind: Kind) {
        self.media.send(Command::Publish {
            peer: peer(at),
            mid: Mid(mid.to_string()),
            track: TrackId(track),
            kind,
            layers: vec![],
        });
    }

    pub fn forward(&mut self, track: u64, to: usize, mid: str0m::media::Mid) {
        self.media.send(Command::Forward {
            track: TrackId(track),
            to: peer(to),
            mid: Some(Mid(mid.to_string())),
            want: Want::default(),
        });
    }

    /// Sends pictures from a client for a while, a keyframe whenever one was asked for.
    pub fn film(&mut self, at: usize, mid: str0m::media::Mid, encoder: &mut Encoder, frames: u32) {
        for _ in 0..frames {
            let client = &mut self.clients[at];
            let before = client.keyframe_requests.len();
            client.keyframe_requests.retain(|(of, _)| *of != mid);
            let asked = client.keyframe_requests.len() < before;
            let frame = encoder.frame(asked);
            client.send_video(mid, None, &frame);
            self.run(Duration::from_millis(5));
        }
    }
}
