//! All rooms of the worker: opened on demand, each run by a task of its own, and reached by name.
//!
//! Everything that talks to rooms goes through [`Rooms`]: signalling, the room service, WHIP, and
//! the node role's orders.

mod moved;
mod outbox;
mod seats;
mod task;

pub use outbox::Outgoing;

use crate::access::{Admission, Payer, Scope};
use crate::media::Plane;
use crate::media::api::RoomId;
use crate::outside::{Notice, Order};
use crate::room::{
    Call, CallError, ConnectionId, Input, Join, Limits, Opening, Reply, Resume, Room, RoomOptions,
    Transport,
};
use crate::tap::Taps;
use crate::turn::Turn;
use livekit_protocol as proto;
use moved::Moved;
use outbox::Outbox;
use seats::Seats;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use task::{Message, RoomTask};
use tokio::sync::{mpsc, oneshot};

/// Messages to a room that may wait. A room that falls behind makes its participants' requests
/// wait, and so their sockets.
const INBOX_MAX: usize = 1_024;

/// Bounds of the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomsConfig {
    /// Participants at once, in all rooms.
    pub participants_max: usize,
    /// Rooms at once.
    pub rooms_max: usize,
    /// Of rooms that open by themselves.
    pub options: RoomOptions,
    /// Of every room.
    pub limits: Limits,
    /// Relays that participants are told of.
    pub turn: Option<Arc<Turn>>,
}

impl Default for RoomsConfig {
    fn default() -> Self {
        Self {
            participants_max: 10_000,
            rooms_max: 10_000,
            options: RoomOptions::default(),
            limits: Limits::default(),
            turn: None,
        }
    }
}

/// Why somebody may not come in, though the token is good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// As many as the worker holds.
    #[error("the node is full")]
    Full,
    /// As many as the payer may have.
    #[error("the app has as many participants as it may have at this node")]
    PayerFull,
    /// The node takes nobody new.
    #[error("the node takes no new participants{}", elsewhere(.url.as_deref()))]
    Draining {
        /// Where to go instead, as `wss://` URL.
        url: Option<String>,
    },
    /// The room went to another node.
    #[error("the room has moved: use {url}")]
    Moved {
        /// `wss://` URL of that node.
        url: String,
    },
    /// There is nothing to come back to.
    #[error("no such room or participant")]
    Unknown,
}

fn elsewhere(url: Option<&str>) -> String {
    url.map(|url| format!(": use {url}")).unwrap_or_default()
}

/// Somebody who wants in.
#[derive(Debug)]
pub struct Entry {
    /// What the token says.
    pub admission: Admission,
    /// Kind of client.
    pub transport: Transport,
    /// Subscribes to everything unless told otherwise.
    pub auto_subscribe: bool,
    /// The client's software.
    pub client: proto::ClientInfo,
    /// Replaces the token's metadata if not empty.
    pub metadata: String,
    /// Added to the token's attributes.
    pub attributes: Vec<(String, String)>,
    /// Tracks announced in advance.
    pub add_tracks: Vec<proto::AddTrackRequest>,
    /// The first offer, in advance.
    pub offer: Option<proto::SessionDescription>,
}

/// Handle on all rooms; cheap to clone.
#[derive(Clone, Debug)]
pub struct Rooms(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    plane: Plane,
    notices: mpsc::UnboundedSender<Notice>,
    taps: Taps,
    config: RoomsConfig,
    clock: Clock,
    seats: Seats,
    next_room: AtomicU64,
    next_connection: AtomicU64,
    directory: Mutex<Directory>,
}

#[derive(Debug, Default)]
struct Directory {
    rooms: HashMap<(Scope, String), Handle>,
    /// No new participants; where to go instead.
    draining: Option<Option<String>>,
    /// Rooms that went elsewhere.
    moved: Moved,
}

/// A room that runs.
#[derive(Clone, Debug)]
struct Handle {
    id: RoomId,
    inbox: mpsc::Sender<Message>,
    /// Identities of those in it: who comes again takes no further seat.
    present: Arc<RwLock<HashSet<String>>>,
}

/// A participant's line to its room. Dropping it is losing the connection.
#[derive(Debug)]
pub struct Line {
    connection: ConnectionId,
    inbox: mpsc::Sender<Message>,
}

/// Unix time that never goes back, whatever happens to the system's clock.
#[derive(Clone, Copy, Debug)]
struct Clock {
    start: Instant,
    start_unix_ms: u64,
}

impl Clock {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), start_unix_ms: millis(now) }
    }

    fn now_ms(&self) -> u64 {
        self.start_unix_ms + millis(self.start.elapsed())
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Rooms {
    /// Rooms on this media plane. Notices go to `notices`, whose reader must keep up.
    pub fn new(plane: Plane, notices: mpsc::UnboundedSender<Notice>, config: RoomsConfig) -> Self {
        Self(Arc::new(Shared {
            plane,
            taps: Taps::start(notices.clone()),
            notices,
            seats: Seats::new(config.participants_max),
            config,
            clock: Clock::new(),
            next_room: AtomicU64::new(1),
            next_connection: AtomicU64::new(1),
            directory: Mutex::default(),
        }))
    }

    /// Whether somebody could come in now; nothing is taken.
    pub fn could_join(&self, admission: &Admission) -> Result<(), JoinError> {
        {
            let directory = self.directory();
            if let Some(url) = &directory.draining {
                return Err(JoinError::Draining { url: url.clone() });
            }
            let room = &admission.claims.grants.room;
            let now_ms = self.0.clock.now_ms();
            if let Some(url) = directory.moved.destination(&admission.scope, room, now_ms) {
                return Err(JoinError::Moved { url });
            }
        }
        if self.is_present(admission) {
            return Ok(());
        }
        self.0.seats.free(&admission.scope, admission.participants_max)
    }

    /// Brings somebody into the room that the token names, which opens if it is not there.
    pub async fn join(&self, entry: Entry) -> Result<(Line, Outgoing), JoinError> {
        self.could_join(&entry.admission)?;
        let present = self.is_present(&entry.admission);
        let admission = &entry.admission;
        let seat = self.0.seats.take(&admission.scope, admission.participants_max, present)?;
        let (scope, name) = (admission.scope.clone(), admission.claims.grants.room.clone());
        let payer = admission.payer;
        let connection = self.next_connection();
        let (outbox, outgoing) = outbox::outbox();
        let mut message = Message::Connect {
            connection,
            outbox,
            input: Input::Join(Box::new(Join {
                connection,
                admission: entry.admission,
                seat,
                transport: entry.transport,
                auto_subscribe: entry.auto_subscribe,
                client: entry.client,
                metadata: entry.metadata,
                attributes: entry.attributes,
                add_tracks: entry.add_tracks,
                offer: entry.offer,
            })),
        };
        // A room may end between being found and being reached; then it opens again.
        loop {
            let handle = self.open(&scope, &name, payer, None)?;
            match handle.inbox.send(message).await {
                Ok(()) => return Ok((Line { connection, inbox: handle.inbox }, outgoing)),
                Err(mpsc::error::SendError(unsent)) => message = unsent,
            }
        }
    }

    /// Brings back somebody whose connection was lost.
    pub async fn resume(
        &self,
        admission: &Admission,
        sid: String,
        sync: Option<proto::SyncState>,
    ) -> Result<(Line, Outgoing), JoinError> {
        let claims = &admission.claims;
        let handle = self.find(&admission.scope, &claims.grants.room).ok_or(JoinError::Unknown)?;
        let connection = self.next_connection();
        let (outbox, outgoing) = outbox::outbox();
        let identity = claims.identity.clone();
        let input = Input::Resume(Box::new(Resume { connection, identity, sid, sync }));
        let message = Message::Connect { connection, outbox, input };
        handle.inbox.send(message).await.map_err(|_| JoinError::Unknown)?;
        Ok((Line { connection, inbox: handle.inbox }, outgoing))
    }

    /// Makes a room, or sets the options of one that is there.
    pub async fn create(
        &self,
        scope: &Scope,
        name: &str,
        payer: Option<Payer>,
        options: RoomOptions,
    ) -> Result<proto::Room, CallError> {
        let handle = self
            .open(scope, name, payer, Some(options.clone()))
            .map_err(|_| CallError::Invalid("the node takes no more rooms"))?;
        match call(&handle, Call::Configure(options)).await? {
            Reply::Room(room) => Ok(*room),
            _ => Err(CallError::Ended),
        }
    }

    /// The rooms of a scope; with `names`, only those.
    pub async fn list(&self, scope: &Scope, names: &[String]) -> Vec<proto::Room> {
        let handles: Vec<Handle> = self
            .directory()
            .rooms
            .iter()
            .filter(|((of, name), _)| of == scope && (names.is_empty() || names.contains(name)))
            .map(|(_, handle)| handle.clone())
            .collect();
        let mut rooms = Vec::with_capacity(handles.len());
        for handle in handles {
            // One that has just ended is not listed.
            if let Ok(Reply::Room(room)) = call(&handle, Call::Describe).await {
                rooms.push(*room);
            }
        }
        rooms.sort_by(|a, b| a.name.cmp(&b.name));
        rooms
    }

    /// Calls a room.
    pub async fn call(&self, scope: &Scope, name: &str, what: Call) -> Result<Reply, CallError> {
        let handle = self.find(scope, name).ok_or(CallError::NotFound("room"))?;
        call(&handle, what).await
    }

    /// Carries out an order.
    pub async fn order(&self, order: Order) {
        let handles: Vec<Handle> = match &order {
            Order::Move { scope, room, url } => {
                let now_ms = self.0.clock.now_ms();
                let (whose, name, to) = (scope.clone(), room.clone(), url.clone());
                self.directory().moved.insert(whose, name, to, now_ms);
                self.find(scope, room).into_iter().collect()
            }
            Order::EndTap { scope, room, .. } => self.find(scope, room).into_iter().collect(),
            Order::Caption(caption) => {
                self.find(&caption.scope, &caption.room).into_iter().collect()
            }
            Order::Revoke { .. } => self.directory().rooms.values().cloned().collect(),
            Order::Drain { url } => {
                let mut directory = self.directory();
                directory.draining = Some(url.clone());
                directory.rooms.values().cloned().collect()
            }
        };
        for handle in handles {
            // A room that has ended has nobody left to tell.
            let _ = handle.inbox.send(Message::Input(Input::Order(order.clone()))).await;
        }
    }

    /// Ends all rooms: participants are told to leave. For the worker's end.
    pub async fn close(&self) {
        let handles: Vec<Handle> = {
            let mut directory = self.directory();
            directory.draining = Some(None);
            directory.rooms.values().cloned().collect()
        };
        for handle in handles {
            let _ = handle.inbox.send(Message::Shutdown).await;
        }
    }

    /// Rooms that are open, and participants in them.
    pub fn occupancy(&self) -> (usize, usize) {
        (self.directory().rooms.len(), self.0.seats.taken())
    }

    /// Finds or opens a room.
    fn open(
        &self,
        scope: &Scope,
        name: &str,
        payer: Option<Payer>,
        options: Option<RoomOptions>,
    ) -> Result<Handle, JoinError> {
        let mut directory = self.directory();
        let key = (scope.clone(), name.to_owned());
        if let Some(handle) = directory.rooms.get(&key).filter(|handle| !handle.inbox.is_closed()) {
            return Ok(handle.clone());
        }
        if let Some(url) = &directory.draining {
            return Err(JoinError::Draining { url: url.clone() });
        }
        if directory.rooms.len() >= self.0.config.rooms_max {
            return Err(JoinError::Full);
        }
        let id = RoomId(self.0.next_room.fetch_add(1, Ordering::Relaxed));
        let (inbox, messages) = mpsc::channel(INBOX_MAX);
        let present = Arc::new(RwLock::default());
        let handle = Handle { id, inbox, present: present.clone() };
        let (media, events) = self.0.plane.open_room(id);
        let opening = Opening {
            id,
            scope: key.0.clone(),
            name: key.1.clone(),
            payer,
            options: options.unwrap_or_else(|| self.0.config.options.clone()),
            limits: self.0.config.limits,
            turn: self.0.config.turn.clone(),
            seed: rand::random(),
        };
        let (room, effects) = Room::open(opening, self.0.clock.now_ms());
        directory.rooms.insert(key.clone(), handle.clone());
        let outside = (self.0.notices.clone(), self.0.taps.clone());
        let task = RoomTask::new(room, media, outside, self.0.clock, present);
        let rooms = self.clone();
        tokio::spawn(async move {
            task.run(effects, messages, events).await;
            rooms.closed(&key, id);
        });
        Ok(handle)
    }

    fn closed(&self, key: &(Scope, String), id: RoomId) {
        let mut directory = self.directory();
        // A new one of the same name may be there already.
        if directory.rooms.get(key).is_some_and(|handle| handle.id == id) {
            directory.rooms.remove(key);
        }
    }

    fn find(&self, scope: &Scope, name: &str) -> Option<Handle> {
        self.directory().rooms.get(&(scope.clone(), name.to_owned())).cloned()
    }

    fn is_present(&self, admission: &Admission) -> bool {
        self.find(&admission.scope, &admission.claims.grants.room).is_some_and(|handle| {
            let present = handle.present.read().unwrap_or_else(PoisonError::into_inner);
            present.contains(&admission.claims.identity)
        })
    }

    fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.0.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    fn directory(&self) -> MutexGuard<'_, Directory> {
        self.0.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn call(handle: &Handle, call: Call) -> Result<Reply, CallError> {
    let (reply, outcome) = oneshot::channel();
    handle.inbox.send(Message::Call { call, reply }).await.map_err(|_| CallError::Ended)?;
    outcome.await.map_err(|_| CallError::Ended)?
}

impl Line {
    /// Brings a request to the room; waits while the room is behind. `false` once the room is over.
    pub async fn request(&self, request: proto::signal_request::Message) -> bool {
        let input = Input::Request { connection: self.connection, request: Box::new(request) };
        self.inbox.send(Message::Input(input)).await.is_ok()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let message = Message::Input(Input::Lost { connection: self.connection });
        if let Err(mpsc::error::TrySendError::Full(message)) = self.inbox.try_send(message) {
            let inbox = self.inbox.clone();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { inbox.send(message).await });
            }
        }
    }
}
