//! What the room service asks for.

use super::stage::Stage;
use crate::media::api::Kind;
use crate::room::{Call, CallError, Profile, Reply, SendData, Transport};
use crate::said;
use livekit_protocol as proto;
use prost::Message as _;
use proto::data_packet::Value;
use proto::signal_response::Message;

fn ann() -> String {
    "ann".to_owned()
}

#[test]
fn room_and_its_participants_are_described() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let Ok(Reply::Room(room)) = stage.call(Call::Describe) else { panic!() };
    assert_eq!((room.name.as_str(), room.num_participants), ("hall", 1));
    let Ok(Reply::Participants(all)) = stage.call(Call::Participants) else { panic!() };
    assert_eq!(all[0].identity, "ann");
    let call = Call::Participant { identity: "nobody".to_owned() };
    assert_eq!(stage.call(call), Err(CallError::NotFound("participant")));
}

#[test]
fn removed_participant_is_told_and_gone() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    assert_eq!(stage.call(Call::Remove { identity: ann() }), Ok(Reply::Done));
    assert!(said!(stage.messages("ann"), Message::Leave(leave)
        if leave.reason() == proto::DisconnectReason::ParticipantRemoved));
    assert!(stage.room.is_empty());
}

#[test]
fn muted_from_afar_but_never_unmuted() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let sid = stage.publish("ann", Kind::Audio, "mic");
    let mute = |muted| Call::Mute { identity: ann(), track_sid: sid.clone(), muted };
    let Ok(Reply::Track(track)) = stage.call(mute(true)) else { panic!() };
    assert!(track.muted);
    assert!(said!(stage.messages("ann"), Message::Mute(mute) if mute.muted));
    assert!(matches!(stage.call(mute(false)), Err(CallError::Invalid(_))));
}

#[test]
fn lost_permission_ends_what_it_allowed() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    stage.publish("ann", Kind::Audio, "mic");
    stage.publish("bob", Kind::Audio, "mic");
    assert_eq!(stage.forwards().len(), 2);
    let call = Call::Update {
        identity: ann(),
        profile: Profile { name: "Ann".to_owned(), ..Profile::default() },
        permission: Some(Box::default()),
    };
    let Ok(Reply::Participant(info)) = stage.call(call) else { panic!() };
    assert_eq!(info.name, "Ann");
    assert!(!info.permission.unwrap().can_publish);
    assert!(stage.forwards().is_empty());
    assert!(said!(stage.messages("ann"), Message::TrackUnpublished(_)));
}

#[test]
fn server_speaks_to_whom_it_names() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    let message = SendData {
        payload: b"hi".to_vec(),
        reliable: true,
        identities: vec![ann()],
        topic: Some("t".to_owned()),
        ..SendData::default()
    };
    assert_eq!(stage.call(Call::SendData(Box::new(message))), Ok(Reply::Done));
    let (_, to, payload) = stage.sent_data().remove(0);
    assert_eq!(to, [stage.receiving_peer("ann")]);
    let Some(Value::User(user)) = proto::DataPacket::decode(payload).unwrap().value else {
        panic!()
    };
    assert_eq!((user.payload, user.topic), (b"hi".to_vec(), Some("t".to_owned())));
}

#[test]
fn metadata_of_the_room_is_told_to_all() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.call(Call::UpdateMetadata("m".to_owned())).unwrap();
    stage.wait(200);
    assert!(said!(stage.messages("ann"), Message::RoomUpdate(update)
        if update.room.as_ref().unwrap().metadata == "m"));
    let endless = "m".repeat(1 << 20);
    assert!(matches!(stage.call(Call::UpdateMetadata(endless)), Err(CallError::Invalid(_))));
}

#[test]
fn deleted_room_ends_for_all() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    assert_eq!(stage.call(Call::Delete), Ok(Reply::Done));
    assert!(said!(stage.messages("ann"), Message::Leave(leave)
        if leave.reason() == proto::DisconnectReason::RoomDeleted));
    assert!(stage.ended);
}
