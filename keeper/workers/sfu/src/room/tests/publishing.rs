//! Tracks: announced, seen, muted, gone.

use super::stage::Stage;
use crate::access::Grants;
use crate::media::api::{Command, Event, Kind, Quality};
use crate::room::{Input, Transport};
use crate::said;
use crate::sdp::Direction;
use livekit_protocol as proto;
use proto::request_response::Reason;
use proto::signal_request::Message as Request;
use proto::signal_response::Message;

fn announce(stage: &mut Stage, name: &'static str, cid: &str) {
    stage.request(
        name,
        Request::AddTrack(proto::AddTrackRequest {
            cid: cid.to_owned(),
            source: proto::TrackSource::Microphone as i32,
            ..Default::default()
        }),
    );
}

#[test]
fn track_is_seen_by_others_once_it_is_offered() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    announce(&mut stage, "ann", "mic");
    assert!(said!(stage.messages("ann"), Message::TrackPublished(response)
        if response.cid == "mic"));
    assert!(stage.info("ann").unwrap().tracks.is_empty());
    let client = stage.clients.get_mut("ann").unwrap();
    client.sections.push((Kind::Audio, Direction::SendOnly, Some("mic".to_owned())));
    stage.offer("ann");
    let info = stage.info("ann").unwrap();
    assert_eq!(info.tracks[0].mid, "6");
    assert_eq!(info.tracks[0].stream, "camera");
    assert!(said!(stage.messages("bob"), Message::Update(update)
        if update.participants.iter().any(|info| info.tracks.len() == 1)));
    assert!(said!(stage.messages("ann"), Message::TrackSubscribed(_)));
}

#[test]
fn offer_may_come_before_the_announcement() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let client = stage.clients.get_mut("ann").unwrap();
    client.sections.push((Kind::Audio, Direction::SendOnly, Some("mic".to_owned())));
    stage.offer("ann");
    assert!(stage.info("ann").unwrap().tracks.is_empty());
    announce(&mut stage, "ann", "mic");
    assert_eq!(stage.info("ann").unwrap().tracks.len(), 1);
}

#[test]
fn browser_that_renames_tracks_is_understood_by_kind() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    announce(&mut stage, "ann", "mic");
    let client = stage.clients.get_mut("ann").unwrap();
    client.sections.push((Kind::Video, Direction::SendOnly, Some("{other}".to_owned())));
    client.sections.push((Kind::Audio, Direction::SendOnly, Some("{this}".to_owned())));
    stage.offer("ann");
    assert_eq!(stage.info("ann").unwrap().tracks[0].mid, "7");
}

#[test]
fn layers_reach_the_media_plane_by_their_names() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let request = proto::AddTrackRequest {
        cid: "cam".to_owned(),
        r#type: proto::TrackType::Video as i32,
        ..Default::default()
    };
    stage.request("ann", Request::AddTrack(request));
    let client = stage.clients.get_mut("ann").unwrap();
    client.sections.push((Kind::Video, Direction::SendOnly, Some("cam".to_owned())));
    let mut offer = client.offer();
    offer.sdp += "a=rid:q send\r\na=rid:h send\r\na=simulcast:send q;h\r\n";
    stage.request("ann", Request::Offer(offer));
    let layers = stage.commands.iter().find_map(|command| match command {
        Command::Publish { layers, .. } => Some(layers.clone()),
        _ => None,
    });
    let expected = [(Quality::Low, "q".to_owned()), (Quality::Medium, "h".to_owned())];
    assert_eq!(layers.unwrap(), expected);
}

#[test]
fn mute_is_told_to_others_and_to_the_media_plane() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    let sid = stage.publish("ann", Kind::Audio, "mic");
    stage.take_all();
    stage.request("ann", Request::Mute(proto::MuteTrackRequest { sid: sid.clone(), muted: true }));
    assert!(said!(stage.messages("bob"), Message::Update(update)
        if update.participants[0].tracks[0].muted));
    let track = stage.track(&sid);
    assert!(stage.commands.contains(&Command::Mute { track, muted: true }));
    // Not by somebody else.
    stage.request("bob", Request::Mute(proto::MuteTrackRequest { sid, muted: false }));
    assert!(stage.info("ann").unwrap().tracks[0].muted);
}

#[test]
fn codec_is_what_comes() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let sid = stage.publish("ann", Kind::Audio, "mic");
    let track = stage.track(&sid);
    let mime_type = "audio/red".to_owned();
    stage.handle(Input::Media(Event::TrackStarted { track, mime_type }));
    assert_eq!(stage.info("ann").unwrap().tracks[0].mime_type, "audio/red");
}

#[test]
fn who_may_not_publish_is_told() {
    let mut stage = Stage::new();
    let grants = Grants { can_publish: false, ..Grants::default() };
    stage.join_with("ann", Transport::Single, grants, true);
    announce(&mut stage, "ann", "mic");
    assert!(said!(stage.messages("ann"), Message::RequestResponse(response)
        if response.reason() == Reason::NotAllowed));
    let only_camera =
        Grants { can_publish_sources: vec!["camera".to_owned()], ..Grants::default() };
    stage.join_with("bob", Transport::Single, only_camera, true);
    announce(&mut stage, "bob", "mic");
    assert!(!said!(stage.messages("bob"), Message::TrackPublished(_)));
    stage.publish("bob", Kind::Video, "cam");
}

#[test]
fn tracks_without_end_are_refused() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    for index in 0..40 {
        announce(&mut stage, "ann", &format!("mic{index}"));
    }
    assert!(said!(stage.messages("ann"), Message::RequestResponse(response)
        if response.reason() == Reason::LimitExceeded));
    assert_eq!(
        stage
            .messages("ann")
            .iter()
            .filter(|message| { matches!(message, Message::TrackPublished(_)) })
            .count(),
        32
    );
}

#[test]
fn own_metadata_needs_the_grant() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let request = |id| {
        Request::UpdateMetadata(proto::UpdateParticipantMetadata {
            metadata: "m".to_owned(),
            name: "Ann".to_owned(),
            attributes: [("k".to_owned(), "v".to_owned())].into(),
            request_id: id,
        })
    };
    stage.request("ann", request(4));
    assert!(said!(stage.messages("ann"), Message::RequestResponse(response)
        if response.request_id == 4 && response.reason() == Reason::NotAllowed));
    let grants = Grants { can_update_own_metadata: true, ..Grants::default() };
    stage.join_with("bob", Transport::Single, grants, true);
    stage.request("bob", request(5));
    let info = stage.info("bob").unwrap();
    assert_eq!((info.metadata.as_str(), info.name.as_str()), ("m", "Ann"));
    assert_eq!(info.attributes["k"], "v");
    assert!(said!(stage.messages("ann"), Message::Update(update)
        if update.participants.iter().any(|info| info.metadata == "m")));
}
