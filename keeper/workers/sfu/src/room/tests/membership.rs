//! Coming, staying, going.

use super::stage::{PAYER, Stage, admission};
use crate::access::Grants;
use crate::media::api::{Command, Event, Kind};
use crate::outside::{Notice, Order};
use crate::room::{RoomOptions, Transport};
use crate::said;
use livekit_protocol as proto;
use proto::DisconnectReason as Reason;
use proto::leave_request::Action;
use proto::participant_info::State;
use proto::signal_request::Message as Request;
use proto::signal_response::Message;

fn leave(messages: &[Message]) -> Option<&proto::LeaveRequest> {
    messages.iter().find_map(|message| match message {
        Message::Leave(leave) => Some(leave),
        _ => None,
    })
}

fn gone(messages: &[Message], sid: &str) -> bool {
    said!(messages, Message::Update(update) if update.participants.iter().any(|info| {
        info.sid == sid && info.state == State::Disconnected as i32
    }))
}

fn events(stage: &Stage) -> Vec<&str> {
    let events = stage.notices.iter().filter_map(|notice| match notice {
        Notice::Event { event, .. } => Some(event.event.as_str()),
        _ => None,
    });
    events.collect()
}

#[test]
fn first_message_is_join_and_tells_who_is_there() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Dual);
    let messages = stage.messages("bob");
    let Message::Join(join) = &messages[0] else { panic!("{messages:?}") };
    assert!(join.subscriber_primary);
    assert_eq!(join.participant.as_ref().unwrap().name, "BOB");
    assert_eq!(join.other_participants[0].identity, "ann");
    assert_eq!(join.room.as_ref().unwrap().name, "hall");
    assert!(!join.server_info.as_ref().unwrap().version.is_empty());
    let Message::Join(join) = &stage.messages("ann")[0] else { panic!() };
    assert!(!join.subscriber_primary);
    assert!(said!(stage.messages("ann"), Message::Update(update)
        if update.participants[0].identity == "bob"));
}

#[test]
fn participant_is_active_once_media_is_connected() {
    let mut stage = Stage::new();
    for transport in [Transport::Single, Transport::Dual] {
        stage.join("ann", transport);
        assert_ne!(stage.info("ann").unwrap().state, State::Active as i32);
        stage.connected("ann");
        assert_eq!(stage.info("ann").unwrap().state, State::Active as i32);
    }
}

#[test]
fn who_leaves_is_gone_for_all_and_leaves_nothing() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    stage.publish("ann", Kind::Audio, "mic");
    let (sid, peers) = (stage.sid("ann"), stage.peers("ann"));
    stage.request("ann", Request::Leave(proto::LeaveRequest::default()));
    assert!(gone(&stage.messages("bob"), &sid));
    assert!(stage.clients["ann"].closed);
    assert!(stage.commands.contains(&Command::ClosePeer { peer: peers[0] }));
    assert!(stage.forwards().is_empty());
    assert!(stage.room.tracks.is_empty() && stage.room.by_track_sid.is_empty());
    assert_eq!(stage.room.len(), 1);
}

#[test]
fn lost_connection_may_come_back_with_everything() {
    for transport in [Transport::Single, Transport::Dual] {
        let mut stage = Stage::new();
        stage.join("ann", transport);
        stage.join("bob", transport);
        stage.connected("ann");
        stage.publish("bob", Kind::Video, "cam");
        let sid = stage.sid("ann");
        stage.lose("ann");
        stage.wait(5_000);
        let bob = stage.sid("bob");
        stage.request("bob", Request::Leave(proto::LeaveRequest::default()));
        stage.resume("ann", &sid);
        let messages = stage.messages("ann");
        assert!(matches!(messages[0], Message::Reconnect(_)), "{messages:?}");
        let Message::Update(update) = &messages[1] else { panic!("{messages:?}") };
        assert!(update.participants.iter().any(|info| info.sid == sid));
        assert!(gone(&messages, &bob), "who left meanwhile is told of");
        assert!(said!(messages, Message::RoomUpdate(_)));
        if transport == Transport::Dual {
            let restarts = stage
                .commands
                .iter()
                .any(|command| matches!(command, Command::MakeOffer { ice_restart: true, .. }));
            assert!(restarts);
        }
    }
}

#[test]
fn resume_of_somebody_unknown_starts_anew() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.resume("ann", "PA_somebodyelse");
    let messages = stage.messages("ann");
    let leave = leave(&messages).unwrap();
    assert_eq!(leave.action(), Action::Reconnect);
    assert!(stage.clients["ann"].closed);
}

#[test]
fn who_does_not_come_back_is_gone_after_a_while() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    stage.connected("ann");
    stage.connected("bob");
    let sid = stage.sid("ann");
    stage.lose("ann");
    stage.wait(29_000);
    assert!(!gone(&stage.messages("bob"), &sid));
    stage.wait(2_000);
    assert!(gone(&stage.messages("bob"), &sid));
}

#[test]
fn who_lost_media_too_is_gone_sooner() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.connected("ann");
    let peer = stage.peers("ann")[0];
    stage.lose("ann");
    stage.handle(super::super::Input::Media(Event::Disconnected { peer }));
    stage.wait(16_000);
    assert!(stage.room.is_empty());
}

#[test]
fn who_never_gets_media_up_is_sent_away() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.wait(31_000);
    assert_eq!(leave(&stage.messages("ann")).unwrap().reason(), Reason::JoinFailure);
}

#[test]
fn failed_media_makes_the_client_start_anew() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.connected("ann");
    let event = Event::Failed { peer: stage.peers("ann")[0], reason: "dtls".to_owned() };
    stage.handle(super::super::Input::Media(event));
    stage.wait(3_000);
    let messages = stage.messages("ann");
    assert_eq!(leave(&messages).unwrap().action(), Action::Reconnect);
}

#[test]
fn line_without_media_is_not_kept_for_ever() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.connected("ann");
    let peer = stage.peers("ann")[0];
    stage.handle(super::super::Input::Media(Event::Disconnected { peer }));
    stage.wait(20_000);
    stage.connected("ann");
    stage.wait(60_000);
    assert_eq!(stage.room.len(), 1, "it came back in time");
    stage.handle(super::super::Input::Media(Event::Disconnected { peer }));
    stage.wait(31_000);
    assert_eq!(leave(&stage.messages("ann")).unwrap().reason(), Reason::MediaFailure);
}

#[test]
fn same_identity_replaces_the_old_one() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    let old = stage.sid("ann");
    let first = std::mem::take(stage.clients.get_mut("ann").unwrap());
    stage.clients.insert("old ann", first);
    stage.join("ann", Transport::Single);
    let told = stage.messages("old ann");
    assert_eq!(leave(&told).unwrap().reason(), Reason::DuplicateIdentity);
    assert_eq!(leave(&told).unwrap().action(), Action::Disconnect);
    assert!(gone(&stage.messages("bob"), &old));
    assert_ne!(stage.sid("ann"), old);
    assert_eq!(stage.room.len(), 2);
}

#[test]
fn full_room_takes_nobody_but_who_is_in_it() {
    let mut stage = Stage::with(RoomOptions { participants_max: 1, ..RoomOptions::default() });
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    assert_eq!(leave(&stage.messages("bob")).unwrap().reason(), Reason::JoinFailure);
    assert!(stage.clients["bob"].closed);
    stage.join("ann", Transport::Single);
    assert!(matches!(stage.messages("ann")[0], Message::Join(_)));
}

#[test]
fn hidden_participant_sees_and_is_not_seen() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.publish("ann", Kind::Audio, "mic");
    let hidden = Grants { hidden: true, ..Grants::default() };
    stage.join_with("spy", Transport::Single, hidden, true);
    stage.connected("spy");
    assert_eq!(stage.forwards().len(), 1);
    let mentions = |messages: &[Message]| {
        said!(messages, Message::Update(update)
            if update.participants.iter().any(|info| info.identity == "spy"))
    };
    assert!(!mentions(&stage.messages("ann")));
    stage.request("spy", Request::Leave(proto::LeaveRequest::default()));
    assert!(!mentions(&stage.messages("ann")));
}

#[test]
fn empty_room_ends_after_its_time_and_says_so() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.connected("ann");
    stage.request("ann", Request::Leave(proto::LeaveRequest::default()));
    stage.wait(19_000);
    assert!(!stage.ended);
    stage.wait(2_000);
    assert!(stage.ended);
    assert_eq!(
        events(&stage),
        ["room_started", "participant_joined", "participant_left", "room_finished"]
    );
}

#[test]
fn who_never_arrived_did_not_leave() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.request("ann", Request::Leave(proto::LeaveRequest::default()));
    assert_eq!(events(&stage), ["room_started", "participant_connection_aborted"]);
}

#[test]
fn room_that_nobody_enters_ends_too() {
    let mut stage = Stage::new();
    stage.wait(299_000);
    assert!(!stage.ended);
    stage.wait(2_000);
    assert!(stage.ended);
}

#[test]
fn revoked_payer_ends_only_who_it_pays_for() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let mut free = admission("bob", Grants::default());
    free.payer = None;
    stage.join_as("bob", free, Transport::Single, true);
    let order = Order::Revoke { payer: PAYER, reason: "escrow is empty".to_owned() };
    stage.handle(super::super::Input::Order(order));
    assert_eq!(leave(&stage.messages("ann")).unwrap().reason(), Reason::ParticipantRemoved);
    assert!(leave(&stage.messages("bob")).is_none());
    assert_eq!(stage.room.len(), 1);
    assert!(!stage.ended, "somebody else pays for bob");
}

#[test]
fn room_that_nobody_pays_for_ends_at_once() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let order = Order::Revoke { payer: PAYER, reason: "the call is over".to_owned() };
    stage.handle(super::super::Input::Order(order));
    assert!(stage.ended);
    let finished = |notice: &Notice| matches!(notice, Notice::Event { event, .. } if event.event == "room_finished");
    assert_eq!(stage.notices.iter().filter(|notice| finished(notice)).count(), 1);
}

#[test]
fn drained_room_sends_everybody_on_and_takes_nobody() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let url = "wss://other.example".to_owned();
    stage.handle(super::super::Input::Order(Order::Drain { url: Some(url.clone()) }));
    let messages = stage.messages("ann");
    let told = leave(&messages).unwrap();
    assert_eq!(told.action(), Action::Reconnect);
    assert_eq!(told.regions.as_ref().unwrap().regions[0].url, url);
    stage.join("bob", Transport::Single);
    assert_eq!(leave(&stage.messages("bob")).unwrap().reason(), Reason::ServerShutdown);
    stage.wait(200);
    assert!(stage.ended);
}

#[test]
fn ping_is_answered_both_ways() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.request("ann", Request::Ping(5));
    stage.request("ann", Request::PingReq(proto::Ping { timestamp: 6, rtt: 1 }));
    let messages = stage.messages("ann");
    assert!(said!(messages, Message::Pong(5)));
    assert!(said!(messages, Message::PongResp(pong) if pong.last_ping_timestamp == 6));
}
