//! Requests of any kind, in any order: nothing panics, nothing refers to who is gone, nobody who
//! has left is written to.

use super::stage::{Stage, admission};
use crate::access::Grants;
use crate::media::api::{DataChannel, Event, Kind, Quality};
use crate::room::{Input, Transport};
use bytes::Bytes;
use livekit_protocol as proto;
use proptest::prelude::*;
use proto::signal_request::Message as Request;

const NAMES: [&str; 4] = ["ann", "bob", "eve", "joe"];

/// Something that one of the four does, or that happens to it. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Act {
    Join { single: bool, auto_subscribe: bool, hidden: bool },
    Leave,
    Lose,
    Resume,
    Publish { video: bool },
    Withdraw { which: usize },
    Garbage { sdp: String },
    Answer { id: u32 },
    Mute { track: usize, muted: bool },
    Subscribe { track: usize, subscribe: bool },
    Settings { track: usize, disabled: bool, width: u32, height: u32, priority: u32 },
    Permission { all: bool, track: usize, to: usize },
    Metadata { value: String },
    DataTrack { handle: u32, name: String },
    DataSubscribe { track: usize, subscribe: bool },
    Data { channel: u8, payload: Vec<u8> },
    Event { kind: u8, track: usize },
    Wait { millis: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    let track = 0..6_usize;
    prop_oneof![
        3 => any::<(bool, bool, bool)>().prop_map(|(single, auto_subscribe, hidden)| Act::Join {
            single,
            auto_subscribe,
            hidden,
        }),
        1 => Just(Act::Leave),
        1 => Just(Act::Lose),
        1 => Just(Act::Resume),
        4 => any::<bool>().prop_map(|video| Act::Publish { video }),
        2 => (0..4_usize).prop_map(|which| Act::Withdraw { which }),
        1 => "(v=0\r\n)?(m=audio 9 x\r\na=mid:[0-9]\r\na=(sendonly|recvonly)\r\n){0,3}"
            .prop_map(|sdp| Act::Garbage { sdp }),
        1 => (0..5_u32).prop_map(|id| Act::Answer { id }),
        1 => (track.clone(), any::<bool>()).prop_map(|(track, muted)| Act::Mute { track, muted }),
        3 => (track.clone(), any::<bool>())
            .prop_map(|(track, subscribe)| Act::Subscribe { track, subscribe }),
        2 => (track.clone(), any::<bool>(), any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
            |(track, disabled, width, height, priority)| Act::Settings {
                track,
                disabled,
                width,
                height,
                priority,
            }
        ),
        1 => (any::<bool>(), track.clone(), 0..4_usize)
            .prop_map(|(all, track, to)| Act::Permission { all, track, to }),
        1 => "[a-z]{0,8}".prop_map(|value| Act::Metadata { value }),
        1 => (0..4_u32, "[a-b]{0,2}").prop_map(|(handle, name)| Act::DataTrack { handle, name }),
        1 => (track.clone(), any::<bool>())
            .prop_map(|(track, subscribe)| Act::DataSubscribe { track, subscribe }),
        2 => (any::<u8>(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(channel, payload)| Act::Data { channel, payload }),
        3 => (any::<u8>(), track).prop_map(|(kind, track)| Act::Event { kind, track }),
        2 => (0..40_000_u64).prop_map(|millis| Act::Wait { millis }),
    ]
}

fn sid(stage: &Stage, track: usize) -> String {
    let sids = stage.room.tracks.values().nth(track).map(|track| track.info.sid.clone());
    sids.unwrap_or_else(|| "TR_unknown".to_owned())
}

fn play(stage: &mut Stage, name: &'static str, act: Act) {
    let here = stage.room.by_identity.contains_key(name);
    match act {
        Act::Join { single, auto_subscribe, hidden } => {
            let transport = if single { Transport::Single } else { Transport::Dual };
            let grants = Grants { hidden, can_update_own_metadata: true, ..Grants::default() };
            stage.join_as(name, admission(name, grants), transport, auto_subscribe);
        }
        Act::Wait { millis } => stage.wait(millis),
        Act::Resume if stage.clients.contains_key(name) => stage.resume(name, ""),
        _ if !here => {}
        Act::Leave => stage.request(name, Request::Leave(proto::LeaveRequest::default())),
        Act::Lose => stage.lose(name),
        Act::Publish { video } => {
            let kind = if video { Kind::Video } else { Kind::Audio };
            let count = stage.clients[name].sections.len();
            let cid = format!("c{count}");
            stage.request(
                name,
                Request::AddTrack(proto::AddTrackRequest {
                    cid: cid.clone(),
                    r#type: i32::from(video),
                    ..Default::default()
                }),
            );
            let client = stage.clients.get_mut(name).unwrap();
            client.sections.push((kind, crate::sdp::Direction::SendOnly, Some(cid)));
            stage.offer(name);
        }
        Act::Withdraw { which } => {
            let sending = stage.clients[name].sections.iter().filter_map(|s| s.2.clone());
            if let Some(cid) = sending.clone().nth(which) {
                stage.withdraw(name, &cid);
            }
        }
        Act::Garbage { sdp } => {
            let offer = proto::SessionDescription { sdp, ..Default::default() };
            stage.request(name, Request::Offer(offer));
        }
        Act::Answer { id } => {
            let answer = proto::SessionDescription { id, ..Default::default() };
            stage.request(name, Request::Answer(answer));
        }
        Act::Mute { track, muted } => {
            let sid = sid(stage, track);
            stage.request(name, Request::Mute(proto::MuteTrackRequest { sid, muted }));
        }
        Act::Subscribe { track, subscribe } => {
            let track_sids = vec![sid(stage, track)];
            let request = proto::UpdateSubscription { track_sids, subscribe, ..Default::default() };
            stage.request(name, Request::Subscription(request));
        }
        Act::Settings { track, disabled, width, height, priority } => {
            let settings = proto::UpdateTrackSettings {
                track_sids: vec![sid(stage, track)],
                disabled,
                width,
                height,
                priority,
                ..Default::default()
            };
            stage.request(name, Request::TrackSetting(settings));
        }
        Act::Permission { all, track, to } => {
            let permission = proto::TrackPermission {
                participant_identity: NAMES[to].to_owned(),
                track_sids: vec![sid(stage, track)],
                ..Default::default()
            };
            stage.request(
                name,
                Request::SubscriptionPermission(proto::SubscriptionPermission {
                    all_participants: all,
                    track_permissions: vec![permission],
                }),
            );
        }
        Act::Metadata { value } => {
            let request =
                proto::UpdateParticipantMetadata { metadata: value, ..Default::default() };
            stage.request(name, Request::UpdateMetadata(request));
        }
        Act::DataTrack { handle, name: called } => {
            let request = proto::PublishDataTrackRequest {
                pub_handle: handle,
                name: called,
                ..Default::default()
            };
            stage.request(name, Request::PublishDataTrackRequest(request));
            if handle == 3 {
                let request = proto::UnpublishDataTrackRequest { pub_handle: 1 };
                stage.request(name, Request::UnpublishDataTrackRequest(request));
            }
        }
        Act::DataSubscribe { track, subscribe } => {
            let tracks = stage.room.data_tracks.values();
            let sid = tracks.map(|track| track.info.sid.clone()).nth(track);
            let update = proto::update_data_subscription::Update {
                track_sid: sid.unwrap_or_default(),
                subscribe,
                options: None,
            };
            let updates = vec![update];
            let request = proto::UpdateDataSubscription { updates };
            stage.request(name, Request::UpdateDataSubscription(request));
        }
        Act::Data { channel, payload } => {
            let channel = match channel % 3 {
                0 => DataChannel::Reliable,
                1 => DataChannel::Lossy,
                _ => DataChannel::Track,
            };
            let peer = stage.peers(name)[0];
            let payload = Bytes::from(payload);
            stage.handle(Input::Media(Event::Data { peer, channel, payload }));
        }
        Act::Event { kind, track } => event(stage, name, kind, track),
        Act::Resume => {}
    }
}

fn event(stage: &mut Stage, name: &'static str, kind: u8, track: usize) {
    let peer = stage.receiving_peer(name);
    let reason = String::new();
    let track = stage.room.tracks.keys().nth(track).copied();
    let event = match (kind % 8, track) {
        (0, _) => Event::Connected { peer },
        (1, _) => Event::Disconnected { peer },
        (2, _) => Event::Failed { peer, reason },
        (3, _) => Event::Refused { peer, offer: u32::from(kind), reason },
        (4, Some(track)) => Event::Forwarding { track, to: peer, quality: None },
        (5, Some(track)) => Event::Forwarding { track, to: peer, quality: Some(Quality::Medium) },
        (6, Some(track)) => Event::Levels { levels: vec![(track, kind, 50)] },
        (_, Some(track)) => Event::TrackStarted { track, mime_type: format!("video/{}", kind % 3) },
        (_, None) => Event::Stats { peers: vec![], tracks: vec![], forwards: vec![] },
    };
    stage.handle(Input::Media(event));
}

/// Everything that refers to something refers to something that is there.
fn check(stage: &Stage) {
    let room = &stage.room;
    assert_eq!(room.by_identity.len(), room.participants.len());
    for (connection, who) in &room.by_connection {
        assert_eq!(room.participants[who].connection, Some(*connection));
    }
    for who in room.by_peer.values().chain(room.by_identity.values()) {
        assert!(room.participants.contains_key(who));
    }
    assert_eq!(room.by_track_sid.len(), room.tracks.len());
    for track in room.tracks.values() {
        assert!(room.participants[&track.owner].published.contains(&track.id));
    }
    for track in room.data_tracks.values() {
        assert!(room.participants.contains_key(&track.owner));
    }
    for participant in room.participants.values() {
        for track in participant.subscriptions.keys() {
            assert!(room.tracks.contains_key(track));
            assert_ne!(room.tracks[track].owner, participant.id);
        }
        let known = |track| room.tracks.contains_key(track);
        assert!(participant.published.iter().all(known));
        assert!(participant.asked.keys().all(known));
        assert!(participant.settings.keys().all(known));
        assert!(participant.denied.iter().all(known));
        let mut mids: Vec<_> =
            participant.subscriptions.values().filter_map(|s| s.mid.clone()).collect();
        let count = mids.len();
        mids.sort();
        mids.dedup();
        assert_eq!(mids.len(), count, "two tracks in one section");
        assert!(mids.iter().all(|mid| !participant.draining.contains(mid)));
    }
    // What is forwarded goes from who is there to who is there.
    for (track, to) in stage.forwards().into_keys() {
        assert!(room.tracks.contains_key(&track), "{track:?} is gone");
        assert!(room.by_peer.contains_key(&to), "{to:?} is gone");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn anything_may_happen(acts in prop::collection::vec((0..4_usize, act()), 0..60)) {
        let mut stage = Stage::new();
        for (who, act) in acts {
            if stage.ended {
                break;
            }
            play(&mut stage, NAMES[who], act);
            check(&stage);
        }
        // And once all are lost, nothing is left.
        for name in NAMES {
            if !stage.ended && stage.room.by_identity.contains_key(name) {
                stage.lose(name);
            }
        }
        stage.wait(340_000);
        prop_assert!(stage.ended);
        prop_assert!(stage.room.is_empty() && stage.forwards().is_empty());
    }
}

#[test]
fn clients_of_a_room_of_five_hundred_cost_what_they_hold() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.publish("ann", Kind::Video, "cam");
    // One more after another: no step may cost more than a walk over all of them.
    let started = std::time::Instant::now();
    for index in 0..500 {
        let name: &'static str = Box::leak(format!("p{index}").into_boxed_str());
        stage.join(name, Transport::Single);
        stage.clients.remove(name);
    }
    assert_eq!(stage.room.len(), 501);
    assert_eq!(stage.forwards().len(), 500);
    // Some hundred times what it takes; quadratic growth of anything heavy would exceed it.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn ten_thousand_come_and_go_and_leave_nothing() {
    let mut stage = Stage::new();
    stage.join("host", Transport::Single);
    stage.connected("host");
    for round in 0..10_000 {
        let transport = if round % 2 == 0 { Transport::Single } else { Transport::Dual };
        stage.join("guest", transport);
        stage.connected("guest");
        let kind = if round % 3 == 0 { Kind::Video } else { Kind::Audio };
        stage.publish("guest", kind, "track");
        stage.request("guest", Request::Leave(proto::LeaveRequest::default()));
        stage.take_all();
    }
    let room = &stage.room;
    assert_eq!((room.participants.len(), room.by_peer.len(), room.by_connection.len()), (1, 1, 1));
    assert!(room.tracks.is_empty() && room.by_track_sid.is_empty());
    let host = &room.participants[&room.by_identity["host"]];
    assert!(host.subscriptions.is_empty() && host.asked.is_empty() && host.settings.is_empty());
    assert!(host.denied.is_empty() && host.missed.is_empty() && host.draining.is_empty());
    // Every round used the same two sections again.
    assert!(stage.clients["host"].sections.len() <= 6);
}
