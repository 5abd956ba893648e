//! The task that runs one room: its clock, its mail, its effects.

use super::{Clock, Outbox};
use crate::media::api::Command;
use crate::media::{Events, RoomMedia};
use crate::outside::Notice;
use crate::room::{Call, CallError, ConnectionId, Effect, Input, Reply, Room};
use crate::tap::Taps;
use bytes::Bytes;
use livekit_protocol as proto;
use prost::Message as _;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

/// How often a room looks at its deadlines, all of which are seconds.
const TICK: Duration = Duration::from_millis(200);
/// Messages handled before the room looks at the other sources again.
const BATCH: usize = 64;

/// Mail for a room.
#[derive(Debug)]
pub(super) enum Message {
    /// Something that happened.
    Input(Input),
    /// Somebody comes in or is back, with a line to write to.
    Connect {
        /// Which.
        connection: ConnectionId,
        /// The line.
        outbox: Outbox,
        /// [`Input::Join`] or [`Input::Resume`].
        input: Input,
    },
    /// A call with a place for the answer.
    Call {
        /// What.
        call: Call,
        /// The answer's place.
        reply: oneshot::Sender<Result<Reply, CallError>>,
    },
    /// The worker stops.
    Shutdown,
}

/// A room and what it is connected to.
pub(super) struct RoomTask {
    room: Room,
    media: RoomMedia,
    notices: mpsc::UnboundedSender<Notice>,
    taps: Taps,
    clock: Clock,
    present: Arc<RwLock<HashSet<String>>>,
    outboxes: HashMap<ConnectionId, Outbox>,
    replies: HashMap<u64, oneshot::Sender<Result<Reply, CallError>>>,
    next_reply: u64,
    ended: bool,
}

impl RoomTask {
    pub(super) fn new(
        room: Room,
        media: RoomMedia,
        (notices, taps): (mpsc::UnboundedSender<Notice>, Taps),
        clock: Clock,
        present: Arc<RwLock<HashSet<String>>>,
    ) -> Self {
        Self {
            room,
            media,
            notices,
            taps,
            clock,
            present,
            outboxes: HashMap::new(),
            replies: HashMap::new(),
            next_reply: 0,
            ended: false,
        }
    }

    /// Runs until the room ends.
    pub(super) async fn run(
        mut self,
        opening: Vec<Effect>,
        mut messages: mpsc::Receiver<Message>,
        mut events: Events,
    ) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.carry_out(opening);
        while !self.ended {
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => {
                        self.message(message);
                        let mut more = BATCH;
                        while let Some(message) = messages.try_recv().ok().filter(|_| more > 0) {
                            self.message(message);
                            more -= 1;
                        }
                    }
                    None => break,
                },
                Some(event) = events.recv() => {
                    self.handle(Input::Media(event));
                    let mut more = BATCH;
                    while let Some(event) = (more > 0).then(|| events.try_recv()).flatten() {
                        self.handle(Input::Media(event));
                        more -= 1;
                    }
                }
                _ = tick.tick() => self.handle(Input::Tick),
            }
        }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Input(input) => self.handle(input),
            Message::Connect { connection, outbox, input } => {
                self.outboxes.insert(connection, outbox);
                self.handle(input);
            }
            Message::Call { call, reply } => {
                self.next_reply += 1;
                self.replies.insert(self.next_reply, reply);
                self.handle(Input::Call { call, reply: self.next_reply });
            }
            Message::Shutdown => self.handle(Input::Shutdown),
        }
    }

    fn handle(&mut self, input: Input) {
        if self.ended {
            return;
        }
        if let Input::Lost { connection } = &input {
            self.outboxes.remove(connection);
        }
        let membership = self.room.membership();
        let effects = self.room.handle(self.clock.now_ms(), input);
        self.carry_out(effects);
        if self.room.membership() != membership {
            let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
            *present = self.room.identities().map(str::to_owned).collect();
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut deaf = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send { to, message } => {
                    let response = proto::SignalResponse { message: Some(*message) };
                    let bytes = Bytes::from(response.encode_to_vec());
                    for connection in to {
                        let outbox = self.outboxes.get(&connection);
                        if outbox.is_some_and(|outbox| !outbox.push(bytes.clone())) {
                            deaf.push(connection);
                        }
                    }
                }
                Effect::Close { connection } => {
                    self.outboxes.remove(&connection);
                }
                Effect::Media(Command::CloseRoom) | Effect::Ended => self.ended = true,
                Effect::Media(command) => self.media.send(command),
                // In line with its audio.
                Effect::Notify(Notice::TapClosed { tap }) => self.taps.close(tap),
                Effect::Notify(notice) => {
                    if let Notice::TapOpened { tap, .. } = &notice {
                        self.taps.open(*tap);
                    }
                    // Without a node role nobody listens.
                    let _ = self.notices.send(notice);
                }
                Effect::Tapped { tap, rtp_time, payload } => {
                    self.taps.packet(tap, rtp_time, payload);
                }
                Effect::Reply { reply, outcome } => {
                    if let Some(reply) = self.replies.remove(&reply) {
                        // Whoever asked may have gone.
                        let _ = reply.send(outcome);
                    }
                }
            }
        }
        for connection in deaf {
            // Its line closes; the participant may come back and read.
            if self.outboxes.contains_key(&connection) {
                self.handle(Input::Lost { connection });
            }
        }
    }
}
