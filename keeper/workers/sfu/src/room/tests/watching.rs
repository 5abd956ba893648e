//! Subscriptions, wants, dynacast, speakers, quality, what is served.

use super::stage::{PAYER, Stage, want};
use crate::access::Grants;
use crate::media::api::{Event, ForwardStats, Kind, PeerStats, Quality, TrackStats};
use crate::outside::{Notice, Served};
use crate::room::{Input, Transport};
use crate::said;
use livekit_protocol as proto;
use proto::signal_request::Message as Request;
use proto::signal_response::Message;

fn settings(sid: &str) -> proto::UpdateTrackSettings {
    proto::UpdateTrackSettings {
        track_sids: vec![sid.to_owned()],
        quality: proto::VideoQuality::High as i32,
        ..Default::default()
    }
}

fn subscribe(sid: &str, subscribe: bool) -> Request {
    let track_sids = vec![sid.to_owned()];
    Request::Subscription(proto::UpdateSubscription { track_sids, subscribe, ..Default::default() })
}

#[test]
fn who_does_not_subscribe_to_all_gets_what_it_asks_for() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let first = stage.publish("ann", Kind::Audio, "mic");
    stage.publish("ann", Kind::Video, "cam");
    stage.join_with("bob", Transport::Single, Grants::default(), false);
    assert!(stage.forwards().is_empty());
    stage.request("bob", subscribe(&first, true));
    assert_eq!(stage.forwards().len(), 1);
    stage.request("bob", subscribe(&first, false));
    assert!(stage.forwards().is_empty());
    stage.request("bob", subscribe("TR_nonsense", true));
    assert!(said!(stage.messages("bob"), Message::SubscriptionResponse(_)));
}

#[test]
fn publisher_decides_who_hears_it() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    stage.join("eve", Transport::Single);
    let sid = stage.publish("ann", Kind::Audio, "mic");
    let permission = |all_participants, to: &str| {
        Request::SubscriptionPermission(proto::SubscriptionPermission {
            all_participants,
            track_permissions: vec![proto::TrackPermission {
                participant_identity: to.to_owned(),
                all_tracks: true,
                ..Default::default()
            }],
        })
    };
    stage.request("ann", permission(false, "bob"));
    let to: Vec<_> = stage.forwards().into_keys().collect();
    assert_eq!(to, [(stage.track(&sid), stage.receiving_peer("bob"))]);
    assert!(said!(stage.messages("eve"), Message::SubscriptionPermissionUpdate(update)
        if !update.allowed && update.track_sid == sid));
    stage.request("ann", permission(true, ""));
    assert_eq!(stage.forwards().len(), 2);
    assert!(said!(stage.messages("eve"), Message::SubscriptionPermissionUpdate(update)
        if update.allowed));
}

#[test]
fn who_may_not_subscribe_hears_nothing() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let grants = Grants { can_subscribe: false, ..Grants::default() };
    stage.join_with("bob", Transport::Single, grants, true);
    let sid = stage.publish("ann", Kind::Audio, "mic");
    stage.request("bob", subscribe(&sid, true));
    assert!(stage.forwards().is_empty());
}

#[test]
fn size_of_the_picture_decides_the_layer() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    let sid = stage.publish("ann", Kind::Video, "cam");
    let key = (stage.track(&sid), stage.receiving_peer("bob"));
    assert_eq!(stage.forwards()[&key].1, want(Quality::High));
    let small = proto::UpdateTrackSettings { width: 320, height: 180, ..settings(&sid) };
    stage.request("bob", Request::TrackSetting(small.clone()));
    assert_eq!(stage.forwards()[&key].1.max_quality, Quality::Low);
    let off = proto::UpdateTrackSettings { disabled: true, ..small };
    stage.request("bob", Request::TrackSetting(off));
    assert!(!stage.forwards()[&key].1.enabled);
}

#[test]
fn publisher_stops_layers_nobody_looks_at_after_a_while() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    let sid = stage.publish("ann", Kind::Video, "cam");
    stage.connected("ann");
    stage.connected("bob");
    let low = proto::UpdateTrackSettings { width: 320, height: 180, ..settings(&sid) };
    stage.request("bob", Request::TrackSetting(low));
    assert_eq!(stage.subscribed_quality("ann"), None, "not at once");
    stage.wait(5_200);
    assert_eq!(stage.subscribed_quality("ann"), Some(vec![true, false, false]));
    // Up again at once.
    stage.request("bob", Request::TrackSetting(settings(&sid)));
    assert_eq!(stage.subscribed_quality("ann"), Some(vec![true, true, true]));
    stage.request("bob", Request::Leave(proto::LeaveRequest::default()));
    stage.wait(5_200);
    assert_eq!(stage.subscribed_quality("ann"), Some(vec![false, false, false]));
}

#[test]
fn publisher_that_was_away_hears_what_is_wanted_now() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    let sid = stage.publish("ann", Kind::Video, "cam");
    stage.connected("ann");
    stage.connected("bob");
    let low = proto::UpdateTrackSettings { width: 320, height: 180, ..settings(&sid) };
    stage.request("bob", Request::TrackSetting(low));
    stage.wait(5_200);
    stage.lose("ann");
    stage.request("bob", Request::TrackSetting(settings(&sid)));
    let sid = stage.sid("ann");
    stage.resume("ann", &sid);
    assert_eq!(stage.subscribed_quality("ann"), Some(vec![true, true, true]));
}

#[test]
fn paused_video_is_told_and_so_is_its_return() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    let sid = stage.publish("ann", Kind::Video, "cam");
    let (track, to) = (stage.track(&sid), stage.receiving_peer("bob"));
    for (quality, state) in
        [(None, proto::StreamState::Paused), (Some(Quality::Low), proto::StreamState::Active)]
    {
        stage.handle(Input::Media(Event::Forwarding { track, to, quality }));
        assert!(said!(stage.take("bob"), Message::StreamStateUpdate(update)
            if update.stream_states[0].state() == state));
    }
    // Nothing comes because nothing is wanted: that is no pause.
    let off = proto::UpdateTrackSettings { disabled: true, ..settings(&sid) };
    stage.request("bob", Request::TrackSetting(off));
    stage.handle(Input::Media(Event::Forwarding { track, to, quality: None }));
    assert!(!said!(stage.take("bob"), Message::StreamStateUpdate(_)));
}

#[test]
fn speaker_is_told_when_it_begins_and_when_it_ends() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let sid = stage.publish("ann", Kind::Audio, "mic");
    let track = stage.track(&sid);
    let speakers = |messages: Vec<Message>| {
        messages.into_iter().rev().find_map(|message| match message {
            Message::SpeakersChanged(changed) => Some(changed.speakers),
            _ => None,
        })
    };
    stage.take_all();
    for _ in 0..3 {
        stage.now_ms += 400;
        stage.handle(Input::Media(Event::Levels { levels: vec![(track, 10, 100)] }));
    }
    let loud = speakers(stage.take("ann")).unwrap();
    assert!(loud[0].active && loud[0].level > 0.2, "{loud:?}");
    stage.wait(10_000);
    let silent = speakers(stage.take("ann")).unwrap();
    assert!(!silent[0].active && silent[0].level == 0.0, "{silent:?}");
}

fn peer_stats(stage: &Stage, name: &str, loss_ppm: u32) -> PeerStats {
    PeerStats {
        peer: stage.receiving_peer(name),
        rtt_ms: Some(20),
        egress_loss_ppm: Some(loss_ppm),
        estimate_bps: None,
        data_in_bytes: 0,
        data_out_bytes: 0,
    }
}

#[test]
fn nobody_is_told_that_it_is_lost_itself() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    stage.connected("ann");
    stage.connected("bob");
    stage.take_all();
    stage.handle(Input::Media(Event::Disconnected { peer: stage.peers("ann")[0] }));
    let stats = |stage: &mut Stage| {
        let peers = vec![peer_stats(stage, "ann", 0), peer_stats(stage, "bob", 0)];
        let event = Event::Stats { peers, tracks: Vec::new(), forwards: Vec::new() };
        stage.handle(Input::Media(event));
    };
    stats(&mut stage);
    assert!(!said!(stage.take("bob"), Message::ConnectionQuality(_)), "a moment is no loss");
    stage.now_ms += 5_000;
    stats(&mut stage);
    let lost = proto::ConnectionQuality::Lost as i32;
    let ann = stage.sid("ann");
    assert!(said!(stage.take("bob"), Message::ConnectionQuality(update)
        if update.updates[0].quality == lost && update.updates[0].participant_sid == ann));
    assert!(!said!(stage.take("ann"), Message::ConnectionQuality(_)));
    stage.connected("ann");
    stats(&mut stage);
    assert!(said!(stage.take("bob"), Message::ConnectionQuality(update)
        if update.updates[0].quality == proto::ConnectionQuality::Excellent as i32));
}

#[test]
fn newcomer_and_those_there_are_told_of_each_others_quality() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.connected("ann");
    stage.take_all();
    stage.join("bob", Transport::Single);
    stage.connected("bob");
    let told = |messages: Vec<Message>, sid: String| {
        said!(messages, Message::ConnectionQuality(update)
            if update.updates.iter().any(|info| info.participant_sid == sid))
    };
    assert!(told(stage.messages("ann"), stage.sid("bob")));
    assert!(told(stage.messages("bob"), stage.sid("ann")));
    assert!(told(stage.messages("bob"), stage.sid("bob")));
}

#[test]
fn loss_lowers_the_quality() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.connected("ann");
    stage.take_all();
    for _ in 0..5 {
        let peers = vec![peer_stats(&stage, "ann", 200_000)];
        let event = Event::Stats { peers, tracks: Vec::new(), forwards: Vec::new() };
        stage.handle(Input::Media(event));
    }
    assert!(said!(stage.take("ann"), Message::ConnectionQuality(update)
        if update.updates[0].quality == proto::ConnectionQuality::Poor as i32));
}

#[test]
fn both_ends_of_a_forward_are_served_and_nobody_else() {
    let mut stage = Stage::new();
    for name in ["ann", "bob", "eve"] {
        stage.join(name, Transport::Single);
    }
    let sid = stage.publish("ann", Kind::Audio, "mic");
    stage.take_all();
    let track = stage.track(&sid);
    let tracks = vec![TrackStats {
        track,
        bytes: 5_000,
        packets: 45,
        loss_ppm: 100_000,
        jitter_ms: 3,
        layer_bps: [0; 3],
    }];
    let to = stage.receiving_peer("bob");
    let forwards = vec![ForwardStats { track, to, bytes: 5_000, packets: 50 }];
    let peers = vec![peer_stats(&stage, "bob", 20_000), peer_stats(&stage, "eve", 0)];
    stage.handle(Input::Media(Event::Stats { peers, tracks, forwards }));
    let served: Vec<&Served> = stage
        .notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::Served(served) => Some(served),
            _ => None,
        })
        .collect();
    assert_eq!(served.len(), 2, "{served:?}");
    let (ann, bob) = (served[0], served[1]);
    assert_eq!((ann.identity.as_str(), ann.payer), ("ann", PAYER));
    assert!(ann.audio && !ann.video && !ann.data);
    assert_eq!((ann.bytes_in, ann.bytes_out, ann.jitter_ms), (5_000, 0, Some(3)));
    assert_eq!((ann.packets, ann.packets_lost), (50, 5));
    assert_eq!((bob.identity.as_str(), bob.bytes_out, bob.rtt_ms), ("bob", 5_000, Some(20)));
    assert_eq!((bob.packets, bob.packets_lost), (50, 1));
}

#[test]
fn track_that_nobody_hears_is_charged_to_nobody() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let sid = stage.publish("ann", Kind::Audio, "mic");
    let track = stage.track(&sid);
    stage.take_all();
    let tracks = vec![TrackStats {
        track,
        bytes: 5_000,
        packets: 50,
        loss_ppm: 0,
        jitter_ms: 0,
        layer_bps: [0; 3],
    }];
    let peers = vec![peer_stats(&stage, "ann", 0)];
    stage.handle(Input::Media(Event::Stats { peers, tracks, forwards: Vec::new() }));
    assert!(stage.notices.is_empty(), "{:?}", stage.notices);
}
