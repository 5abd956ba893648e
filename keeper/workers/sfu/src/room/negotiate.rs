//! Offers and answers.
//!
//! With one connection the client offers, and what it is to receive goes into sections that it
//! offers to receive in: if there are too few, it is asked for more. A section that has been used
//! must be seen inactive before it is used again, since only a section that begins to send makes a
//! browser announce a track. With two connections the server offers the second one.

use super::Room;
use super::ids::ParticipantId;
use super::info::count;
use super::participant::{Participant, State};
use super::peer::{Made, Offered};
use super::quirks::counts_offers_never_made;
use super::subscribe::Stage;
use crate::media::api::{Command, DataChannel, Kind, Mid, NewSection, PeerId, TrackId};
use crate::sdp::{self, Direction, Msid, Section};
use livekit_protocol as proto;
use proto::leave_request::Action;
use proto::signal_response::Message;
use std::collections::{HashMap, HashSet};

/// How long a client may take for an answer.
const ANSWER_MS: u64 = 20_000;
/// Offers of ours in a row that may come to nothing.
const REFUSED_MAX: u32 = 3;
/// Order of the counts in `media_sections_requirement`.
const KINDS: [Kind; 2] = [Kind::Audio, Kind::Video];

impl Room {
    // --- The client offers ---------------------------------------------------------------------

    pub(super) fn client_offer(&mut self, who: ParticipantId, offer: proto::SessionDescription) {
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let peer = &mut participant.publisher;
        let read = if offer.sdp.len() > self.limits.sdp_max {
            Err("too long".to_owned())
        } else if peer.offers.len() >= self.limits.offers_max {
            Err("too many at once".to_owned())
        } else {
            sdp::read(&offer.sdp).map_err(|error| error.to_string())
        };
        let sections = match read {
            Ok(sections) => sections,
            Err(reason) => {
                tracing::debug!(participant = participant.sid, reason, "offer of no use");
                return self.start_anew(who);
            }
        };
        let before = peer.offers.back().map_or(&peer.sections, |offered| &offered.sections);
        for (index, kind) in KINDS.into_iter().enumerate() {
            let grown = receiving(&sections, kind).saturating_sub(receiving(before, kind));
            peer.asked[index] = peer.asked[index].saturating_sub(grown);
        }
        peer.nudged = false;
        peer.last_offer += 1;
        let (id, ours) = (peer.id, peer.last_offer);
        peer.offers.push_back(Offered { ours, theirs: offer.id, sections });
        if participant.state == State::Joining {
            participant.state = State::Joined;
        }
        self.command(Command::Offer { peer: id, offer: ours, sdp: offer.sdp });
    }

    pub(super) fn offer_answered(&mut self, peer: PeerId, offer: u32, answer: &str) {
        let Some(&who) = self.by_peer.get(&peer) else { return };
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let offers = &mut participant.publisher.offers;
        let Some(index) = offers.iter().position(|offered| offered.ours == offer) else { return };
        let Some(offered) = offers.drain(..=index).next_back() else { return };
        let newest = participant.publisher.offers.is_empty();
        participant.publisher.sections = offered.sections;
        let single = participant.subscriber.is_none();
        self.match_sections(who);
        let assigned = if single { self.assign_sections(who) } else { Vec::new() };
        let Some(participant) = self.participants.get_mut(&who) else { return };
        if newest {
            // This answer shows them inactive.
            participant.draining.clear();
        }
        // One that a newer offer has overtaken is to be dropped.
        let unnumbered = newest && counts_offers_never_made(&participant.client);
        let sent = if single { self.sent_sections(who) } else { HashMap::new() };
        let mid_to_track_id =
            sent.iter().map(|(mid, msid)| (mid.to_string(), msid.track_id.clone())).collect();
        let answer = sdp::prefer(&sdp::rewrite(answer, &sent), &self.announced_codecs(who));
        let message = proto::SessionDescription {
            r#type: "answer".to_owned(),
            sdp: answer,
            id: if unnumbered { 0 } else { offered.theirs },
            mid_to_track_id,
        };
        self.tell(who, Message::Answer(message));
        for track in assigned {
            self.go_live(who, track, true);
        }
        self.negotiate(who);
    }

    /// Codecs of a participant's video tracks, as it announced them, or as they come.
    fn announced_codecs(&self, who: ParticipantId) -> HashMap<Mid, String> {
        let published = self.participants.get(&who).map_or(&[][..], |p| &p.published);
        let tracks = published.iter().filter_map(|track| self.tracks.get(track));
        tracks
            .filter(|track| track.kind == Kind::Video)
            .filter_map(|track| {
                let codec = track.info.mime_type.split_once('/')?.1;
                Some((track.mid.clone(), codec.to_owned()))
            })
            .collect()
    }

    /// Gives waiting subscriptions sections of the client's. Returns those that got one.
    fn assign_sections(&mut self, who: ParticipantId) -> Vec<TrackId> {
        let Some(participant) = self.participants.get_mut(&who) else { return Vec::new() };
        let to = participant.publisher.id;
        let receiving: HashSet<&Mid> = participant
            .publisher
            .sections
            .iter()
            .filter(|section| section.direction == Direction::RecvOnly)
            .map(|section| &section.mid)
            .collect();
        let mut lost = Vec::new();
        for (&track, subscription) in &mut participant.subscriptions {
            if subscription.mid.as_ref().is_some_and(|mid| !receiving.contains(mid)) {
                // The client has closed the section under it.
                subscription.mid = None;
                subscription.stage = Stage::Waiting;
                lost.push(track);
            }
        }
        let mut free = free_sections(participant);
        let mut assigned = Vec::new();
        for (&track, subscription) in &mut participant.subscriptions {
            let Some(kind) = self.tracks.get(&track).map(|track| track.kind) else { continue };
            if subscription.mid.is_some() {
                continue;
            }
            if let Some(index) = free.iter().position(|(_, of)| *of == kind) {
                subscription.mid = Some(free.remove(index).0);
                assigned.push(track);
            }
        }
        for track in lost {
            self.command(Command::EndForward { track, to });
        }
        assigned
    }

    /// What each section of a participant's receiving connection carries.
    fn sent_sections(&self, who: ParticipantId) -> HashMap<Mid, Msid> {
        let Some(participant) = self.participants.get(&who) else { return HashMap::new() };
        let sent = participant.subscriptions.iter().filter_map(|(track, subscription)| {
            Some((subscription.mid.clone()?, self.msid(*track)?))
        });
        sent.collect()
    }

    fn msid(&self, track: TrackId) -> Option<Msid> {
        let track = self.tracks.get(&track)?;
        let owner = self.participants.get(&track.owner)?;
        // A browser keeps a receiver's first track id when its section is used again, but not the
        // stream's: clients look for the sid there first.
        Some(Msid {
            stream_id: format!("{}|{}", owner.sid, track.sid()),
            track_id: track.sid().to_owned(),
        })
    }

    // --- Either --------------------------------------------------------------------------------

    /// Starts a negotiation if one is due.
    pub(super) fn negotiate(&mut self, who: ParticipantId) {
        match self.participants.get(&who) {
            Some(participant) if participant.subscriber.is_some() => self.make_offer(who),
            Some(_) => self.ask_for_offer(who),
            None => {}
        }
    }

    fn ask_for_offer(&mut self, who: ParticipantId) {
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let peer = &participant.publisher;
        // What is on its way may be enough; before the first offer the client knows what to do.
        if !peer.offers.is_empty() || peer.last_offer == 0 {
            return;
        }
        let free = free_sections(participant);
        let mut need = [0; 2];
        let mut waiting_any = false;
        for (index, kind) in KINDS.into_iter().enumerate() {
            let waiting = participant.subscriptions.iter().filter(|(track, subscription)| {
                subscription.stage == Stage::Waiting
                    && self.tracks.get(track).is_some_and(|track| track.kind == kind)
            });
            let waiting = waiting.count();
            waiting_any |= waiting > 0;
            let free = free.iter().filter(|(_, of)| *of == kind).count();
            let draining = peer
                .sections
                .iter()
                .filter(|section| section.is(kind) && participant.draining.contains(&section.mid))
                .count();
            need[index] = waiting.saturating_sub(free + draining + peer.asked[index]);
        }
        let due = waiting_any || !participant.draining.is_empty();
        if need == [0; 2] && (!due || peer.nudged) {
            return;
        }
        let peer = &mut participant.publisher;
        peer.nudged = true;
        for (asked, need) in peer.asked.iter_mut().zip(need) {
            *asked += need;
        }
        let message = proto::MediaSectionsRequirement {
            num_audios: count(need[0]),
            num_videos: count(need[1]),
        };
        self.tell(who, Message::MediaSectionsRequirement(message));
    }

    // --- The server offers ---------------------------------------------------------------------

    fn make_offer(&mut self, who: ParticipantId) {
        let Some(participant) = self.participants.get(&who) else { return };
        let waiting: Vec<TrackId> = participant
            .subscriptions
            .iter()
            .filter(|(_, subscription)| subscription.stage == Stage::Waiting)
            .map(|(track, _)| *track)
            .collect();
        let add: Vec<NewSection> = waiting
            .iter()
            .filter_map(|track| {
                let Msid { stream_id, track_id } = self.msid(*track)?;
                let kind = self.tracks.get(track)?.kind;
                Some(NewSection { kind, stream_id, track_id, track: *track })
            })
            .collect();
        let now_ms = self.now_ms;
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let Some(subscriber) = &mut participant.subscriber else { return };
        if subscriber.pending.is_some()
            || (add.is_empty() && !subscriber.again && !subscriber.restart)
        {
            return;
        }
        let channels = if subscriber.last_offer == 0 {
            vec![DataChannel::Reliable, DataChannel::Lossy, DataChannel::Track]
        } else {
            Vec::new()
        };
        subscriber.last_offer += 1;
        subscriber.again = false;
        let offer = subscriber.last_offer;
        let ice_restart = std::mem::take(&mut subscriber.restart);
        let peer = subscriber.id;
        let tracks: Vec<TrackId> = add.iter().map(|section| section.track).collect();
        for track in &tracks {
            if let Some(subscription) = participant.subscriptions.get_mut(track) {
                subscription.stage = Stage::Offered;
            }
        }
        subscriber.pending = Some(Made { offer, tracks, since_ms: now_ms });
        self.command(Command::MakeOffer { peer, offer, add, channels, ice_restart });
    }

    pub(super) fn offer_made(
        &mut self,
        peer: PeerId,
        offer: u32,
        sdp: &str,
        mids: Vec<(TrackId, Mid)>,
    ) {
        let Some(&who) = self.by_peer.get(&peer) else { return };
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let pending = participant.subscriber.as_ref().and_then(|s| s.pending.as_ref());
        if pending.is_none_or(|made| made.offer != offer) {
            return;
        }
        if let Some(subscriber) = &mut participant.subscriber {
            subscriber.refused = 0;
        }
        for (track, mid) in mids {
            if let Some(subscription) = participant.subscriptions.get_mut(&track) {
                subscription.mid = Some(mid);
            }
        }
        let sent = self.sent_sections(who);
        let message = proto::SessionDescription {
            r#type: "offer".to_owned(),
            sdp: sdp::rewrite(sdp, &sent),
            id: offer,
            mid_to_track_id: sent
                .iter()
                .map(|(mid, msid)| (mid.to_string(), msid.track_id.clone()))
                .collect(),
        };
        self.tell(who, Message::Offer(message));
    }

    pub(super) fn client_answer(&mut self, who: ParticipantId, answer: proto::SessionDescription) {
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let Some(subscriber) = &mut participant.subscriber else { return };
        // Older clients do not number their answers.
        let made = subscriber.pending.take_if(|made| [0, made.offer].contains(&answer.id));
        let Some(made) = made else { return };
        if answer.sdp.len() > self.limits.sdp_max {
            return self.start_anew(who);
        }
        let peer = subscriber.id;
        self.command(Command::Answer { peer, offer: made.offer, sdp: answer.sdp });
        for track in made.tracks {
            let participant = self.participants.get(&who);
            let subscription = participant.and_then(|p| p.subscriptions.get(&track));
            if subscription.is_some_and(|s| s.stage == Stage::Offered) {
                self.go_live(who, track, false);
            }
        }
        self.negotiate(who);
    }

    /// After a lost connection: an offer on its way is lost too, and ICE starts again.
    pub(super) fn restart_offers(&mut self, who: ParticipantId) {
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let Some(subscriber) = &mut participant.subscriber else { return };
        subscriber.restart = true;
        subscriber.pending = None;
        for subscription in participant.subscriptions.values_mut() {
            if subscription.stage == Stage::Offered {
                subscription.stage = Stage::Waiting;
                subscription.mid = None;
            }
        }
    }

    // --- Failure -------------------------------------------------------------------------------

    pub(super) fn offer_refused(&mut self, peer: PeerId, offer: u32, reason: &str) {
        let Some(&who) = self.by_peer.get(&peer) else { return };
        let Some(participant) = self.participants.get_mut(&who) else { return };
        tracing::debug!(participant = participant.sid, offer, reason, "negotiation refused");
        let Some(subscriber) = participant.subscriber.as_mut().filter(|s| s.id == peer) else {
            return self.start_anew(who);
        };
        let Some(made) = subscriber.pending.take_if(|made| made.offer == offer) else {
            // The client's answer was of no use: what went live with it has no section.
            return self.start_anew(who);
        };
        // One that was to show ended sections comes to nothing if an earlier one has shown them.
        subscriber.refused += u32::from(!made.tracks.is_empty());
        if subscriber.refused >= REFUSED_MAX {
            return self.start_anew(who);
        }
        for subscription in participant.subscriptions.values_mut() {
            if subscription.stage == Stage::Offered {
                subscription.stage = Stage::Waiting;
                subscription.mid = None;
            }
        }
        self.negotiate(who);
    }

    /// Clients that do not answer start anew.
    pub(super) fn expire_negotiations(&mut self) {
        self.expire_announced();
        let now_ms = self.now_ms;
        let overdue = self.participants.values().filter(|participant| {
            let pending = participant.subscriber.as_ref().and_then(|s| s.pending.as_ref());
            participant.connection.is_some()
                && pending.is_some_and(|made| now_ms.saturating_sub(made.since_ms) >= ANSWER_MS)
        });
        let overdue: Vec<ParticipantId> = overdue.map(|participant| participant.id).collect();
        for who in overdue {
            self.start_anew(who);
        }
    }

    /// The client's and the server's idea of the connection have parted.
    fn start_anew(&mut self, who: ParticipantId) {
        self.dismiss(who, proto::DisconnectReason::StateMismatch, Action::Reconnect);
    }
}

fn receiving(sections: &[Section], kind: Kind) -> usize {
    sections
        .iter()
        .filter(|section| section.is(kind) && section.direction == Direction::RecvOnly)
        .count()
}

/// Sections in which the client would receive and nothing is sent, or was a moment ago.
fn free_sections(participant: &Participant) -> Vec<(Mid, Kind)> {
    let used: HashSet<&Mid> =
        participant.subscriptions.values().filter_map(|s| s.mid.as_ref()).collect();
    let free = participant.publisher.sections.iter().filter(|section| {
        section.direction == Direction::RecvOnly
            && !used.contains(&section.mid)
            && !participant.draining.contains(&section.mid)
    });
    free.filter_map(|section| {
        let kind = KINDS.into_iter().find(|kind| section.is(*kind))?;
        Some((section.mid.clone(), kind))
    })
    .collect()
}
