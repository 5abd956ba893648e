//! A participant over HTTP: joining, and living until it is deleted or the room lets it go.

use super::door::Refused;
use crate::access::Admission;
use crate::room::Transport;
use crate::rooms::{Entry, Line, Outgoing, Rooms};
use livekit_protocol as proto;
use prost::Message as _;
use proto::signal_request::Message as Request;
use proto::signal_response::Message as Response;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a room may take for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Number of the one offer that there is.
const OFFER: u32 = 1;

/// A session that has its answer.
#[derive(Debug)]
pub(super) struct Opened {
    pub line: Connection,
    /// SDP.
    pub answer: String,
    /// The client's name in ICE.
    pub ufrag: String,
    /// What is played; empty for one that publishes.
    pub played: Played,
}

/// A session that runs.
#[derive(Debug)]
pub(super) struct Kept {
    pub id: String,
    /// SDP.
    pub answer: String,
}

/// Tracks that are played, by their publishers' sids.
pub(super) type Played = HashMap<String, HashSet<String>>;

/// Sessions that run, by their ids.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Handle>>);

#[derive(Debug)]
struct Handle {
    ufrag: String,
    stop: CancellationToken,
}

impl Sessions {
    /// Keeps a session until its end.
    pub(super) fn keep(self: &Arc<Self>, opened: Opened) -> Kept {
        let id = hex::encode(rand::random::<[u8; 16]>());
        let stop = CancellationToken::new();
        let handle = Handle { ufrag: opened.ufrag, stop: stop.clone() };
        self.locked().insert(id.clone(), handle);
        let (sessions, mine) = (self.clone(), id.clone());
        tokio::spawn(async move {
            live(opened.line, opened.played, stop).await;
            sessions.locked().remove(&mine);
        });
        Kept { id, answer: opened.answer }
    }

    /// The client's name in ICE, of a session that runs.
    pub(super) fn ufrag(&self, id: &str) -> Option<String> {
        self.locked().get(id).map(|handle| handle.ufrag.clone())
    }

    /// Ends a session; `false` if there is none.
    pub(super) fn end(&self, id: &str) -> bool {
        self.locked().remove(id).map(|handle| handle.stop.cancel()).is_some()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Handle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A participant's line to its room, both ways.
#[derive(Debug)]
pub(super) struct Connection {
    line: Line,
    outgoing: Outgoing,
}

impl Connection {
    /// Joins the token's room with one peer connection, subscribed to nothing.
    pub(super) async fn join(
        rooms: &Rooms,
        admission: Admission,
        add_tracks: Vec<proto::AddTrackRequest>,
        offer: Option<String>,
    ) -> Result<Self, Refused> {
        let entry = Entry {
            admission,
            transport: Transport::Single,
            auto_subscribe: false,
            client: proto::ClientInfo { protocol: 16, ..Default::default() },
            metadata: String::new(),
            attributes: Vec::new(),
            add_tracks,
            offer: offer.map(description),
        };
        let (line, outgoing) = rooms.join(entry).await?;
        Ok(Self { line, outgoing })
    }

    pub(super) async fn request(&self, request: Request) -> Result<(), Refused> {
        if self.line.request(request).await { Ok(()) } else { Err(Refused::unavailable()) }
    }

    /// Offers, where joining did not.
    pub(super) async fn offer(&self, sdp: String) -> Result<(), Refused> {
        self.request(Request::Offer(description(sdp))).await
    }

    /// Waits for what `wanted` takes. A room that says goodbye instead did not like the offer.
    pub(super) async fn wait<T>(
        &mut self,
        mut wanted: impl FnMut(Response) -> Option<T>,
    ) -> Result<T, Refused> {
        let waiting = async {
            loop {
                match self.next().await {
                    Some(Response::Leave(leave)) => return Err(refusal(&leave)),
                    Some(message) => {
                        if let Some(found) = wanted(message) {
                            return Ok(found);
                        }
                    }
                    None => return Err(Refused::unavailable()),
                }
            }
        };
        tokio::time::timeout(ANSWER_MAX, waiting).await.unwrap_or(Err(Refused::unavailable()))
    }

    /// The answer to the offer.
    pub(super) async fn answer(&mut self) -> Result<proto::SessionDescription, Refused> {
        self.wait(|message| match message {
            Response::Answer(answer) => Some(answer),
            _ => None,
        })
        .await
    }

    /// The next message that has one; `None` once the room has let the participant go.
    async fn next(&mut self) -> Option<Response> {
        while let Some(bytes) = self.outgoing.next().await {
            if let Ok(proto::SignalResponse { message: Some(message) }) =
                proto::SignalResponse::decode(bytes)
            {
                return Some(message);
            }
        }
        None
    }

    /// Goes, now and not after the time that a lost connection is given to come back.
    pub(super) async fn leave(self) {
        let leave = proto::LeaveRequest {
            reason: proto::DisconnectReason::ClientInitiated as i32,
            ..Default::default()
        };
        // A room that is over needs no goodbye.
        let _ = self.request(Request::Leave(leave)).await;
    }
}

fn description(sdp: String) -> proto::SessionDescription {
    let r#type = "offer".to_owned();
    proto::SessionDescription { r#type, sdp, id: OFFER, ..Default::default() }
}

fn refusal(leave: &proto::LeaveRequest) -> Refused {
    match leave.action() {
        // Nothing else makes a room send a newcomer away to start anew.
        proto::leave_request::Action::Reconnect => {
            Refused::not_acceptable("the offer cannot be used")
        }
        _ => Refused::unavailable(),
    }
}

/// Lives until it is told to stop, the room lets it go, or nothing is left of what it plays: a
/// player starts anew when its connection ends, and would stand still otherwise.
async fn live(mut connection: Connection, mut played: Played, stop: CancellationToken) {
    let plays = !played.is_empty();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            message = connection.next() => match message {
                None | Some(Response::Leave(_)) => return,
                Some(Response::Update(update)) => forget_ended(&mut played, &update),
                Some(_) => {}
            },
        }
        if plays && played.is_empty() {
            break;
        }
    }
    connection.leave().await;
}

/// Takes out what an update no longer names.
fn forget_ended(played: &mut Played, update: &proto::ParticipantUpdate) {
    for participant in &update.participants {
        let Some(tracks) = played.get_mut(&participant.sid) else { continue };
        let gone = participant.state() == proto::participant_info::State::Disconnected;
        tracks.retain(|sid| !gone && participant.tracks.iter().any(|track| track.sid == *sid));
        if tracks.is_empty() {
            played.remove(&participant.sid);
        }
    }
}
