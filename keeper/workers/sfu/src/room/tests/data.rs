//! Messages, data tracks, captions.

use super::stage::Stage;
use crate::access::{Grants, Scope};
use crate::media::api::{DataChannel, Event};
use crate::outside::{Caption, Order};
use crate::room::{Input, Transport};
use crate::said;
use bytes::Bytes;
use livekit_protocol as proto;
use prost::Message as _;
use proto::data_packet::Value;
use proto::request_response::Reason;
use proto::signal_request::Message as Request;
use proto::signal_response::Message;

fn packet(sequence: u32, to: &[&str]) -> proto::DataPacket {
    proto::DataPacket {
        participant_identity: "forged".to_owned(),
        destination_identities: to.iter().map(|name| (*name).to_owned()).collect(),
        sequence,
        value: Some(Value::User(proto::UserPacket {
            payload: b"hello".to_vec(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn send(stage: &mut Stage, name: &'static str, channel: DataChannel, payload: Vec<u8>) {
    let peer = stage.peers(name)[0];
    let payload = Bytes::from(payload);
    stage.handle(Input::Media(Event::Data { peer, channel, payload }));
}

#[test]
fn message_reaches_everybody_else_under_its_senders_name() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    stage.join("eve", Transport::Dual);
    for channel in [DataChannel::Reliable, DataChannel::Lossy] {
        stage.take_all();
        send(&mut stage, "ann", channel, packet(0, &[]).encode_to_vec());
        let sent = stage.sent_data();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].0, channel);
        assert_eq!(sent[0].1, [stage.receiving_peer("bob"), stage.receiving_peer("eve")]);
        let received = proto::DataPacket::decode(sent[0].2.clone()).unwrap();
        assert_eq!(received.participant_identity, "ann");
        assert_eq!(received.participant_sid, stage.sid("ann"));
    }
}

#[test]
fn message_to_somebody_reaches_only_them() {
    let mut stage = Stage::new();
    for name in ["ann", "bob", "eve"] {
        stage.join(name, Transport::Single);
    }
    send(&mut stage, "ann", DataChannel::Reliable, packet(0, &["eve", "nobody"]).encode_to_vec());
    assert_eq!(stage.sent_data()[0].1, [stage.receiving_peer("eve")]);
}

#[test]
fn rpc_and_encrypted_packets_pass() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    let values = [
        Value::RpcRequest(proto::RpcRequest { id: "1".to_owned(), ..Default::default() }),
        Value::RpcAck(proto::RpcAck { request_id: "1".to_owned() }),
        Value::EncryptedPacket(proto::EncryptedPacket {
            encrypted_value: vec![1, 2, 3],
            ..Default::default()
        }),
    ];
    for value in values {
        stage.take_all();
        let packet = proto::DataPacket {
            destination_identities: vec!["bob".to_owned()],
            value: Some(value.clone()),
            ..Default::default()
        };
        send(&mut stage, "ann", DataChannel::Reliable, packet.encode_to_vec());
        let received = proto::DataPacket::decode(stage.sent_data()[0].2.clone()).unwrap();
        assert_eq!(received.value, Some(value));
    }
}

#[test]
fn message_sent_again_after_a_resume_arrives_once() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.join("bob", Transport::Single);
    for sequence in [1, 2, 2, 1, 3] {
        send(&mut stage, "ann", DataChannel::Reliable, packet(sequence, &[]).encode_to_vec());
    }
    assert_eq!(stage.sent_data().len(), 3);
    let sid = stage.sid("ann");
    stage.lose("ann");
    stage.resume("ann", &sid);
    assert!(said!(stage.messages("ann"), Message::Reconnect(response)
        if response.last_message_seq == 3));
}

#[test]
fn what_may_not_be_sent_is_not() {
    let mut stage = Stage::new();
    let silent = Grants { can_publish_data: false, ..Grants::default() };
    stage.join_with("ann", Transport::Single, silent, true);
    stage.join("bob", Transport::Single);
    send(&mut stage, "ann", DataChannel::Reliable, packet(0, &[]).encode_to_vec());
    send(&mut stage, "bob", DataChannel::Reliable, b"\xff\xff\xff".to_vec());
    send(&mut stage, "bob", DataChannel::Reliable, vec![0; 1 << 20]);
    #[allow(deprecated)]
    let speaker = proto::DataPacket {
        value: Some(Value::Speaker(proto::ActiveSpeakerUpdate::default())),
        ..Default::default()
    };
    send(&mut stage, "bob", DataChannel::Reliable, speaker.encode_to_vec());
    assert!(stage.sent_data().is_empty());
}

#[test]
fn data_track_reaches_its_subscribers_under_the_rooms_handle() {
    let mut stage = Stage::new();
    for name in ["ann", "bob", "eve"] {
        stage.join(name, Transport::Single);
    }
    let publish = |handle: u32, name: &str| {
        Request::PublishDataTrackRequest(proto::PublishDataTrackRequest {
            pub_handle: handle,
            name: name.to_owned(),
            ..Default::default()
        })
    };
    // Both call theirs 1.
    stage.request("ann", publish(1, "place"));
    stage.request("bob", publish(1, "place"));
    let sid = stage.info("bob").unwrap().data_tracks[0].sid.clone();
    assert!(said!(stage.messages("eve"), Message::Update(update)
        if update.participants.iter().any(|info| info.data_tracks.len() == 1)));
    stage.take_all();
    let update = proto::update_data_subscription::Update {
        track_sid: sid.clone(),
        subscribe: true,
        options: None,
    };
    let updates = vec![update];
    let request = Request::UpdateDataSubscription(proto::UpdateDataSubscription { updates });
    stage.request("eve", request);
    let handles = stage.take("eve").into_iter().find_map(|message| match message {
        Message::DataTrackSubscriberHandles(handles) => Some(handles.sub_handles),
        _ => None,
    });
    let handles = handles.unwrap();
    let (handle, published) = handles.iter().next().unwrap();
    assert_eq!((published.track_sid.clone(), published.publisher_identity.as_str()), (sid, "bob"));
    let frame = |handle: u16| [&[0, 0][..], &handle.to_be_bytes(), &[9; 12]].concat();
    send(&mut stage, "ann", DataChannel::Track, frame(1));
    assert!(stage.sent_data().is_empty(), "nobody subscribes to that one");
    send(&mut stage, "bob", DataChannel::Track, frame(1));
    send(&mut stage, "bob", DataChannel::Track, frame(7));
    send(&mut stage, "bob", DataChannel::Track, vec![0; 3]);
    let sent = stage.sent_data();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].1, [stage.receiving_peer("eve")]);
    assert_eq!(sent[0].2.as_ref(), frame(u16::try_from(*handle).unwrap()));
    stage.request(
        "bob",
        Request::UnpublishDataTrackRequest(proto::UnpublishDataTrackRequest { pub_handle: 1 }),
    );
    assert!(said!(stage.messages("bob"), Message::UnpublishDataTrackResponse(_)));
    assert!(said!(stage.messages("eve"), Message::DataTrackSubscriberHandles(handles)
        if handles.sub_handles.is_empty()));
}

#[test]
fn data_tracks_names_and_handles_are_checked() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    let cases = [
        (1, "a", None),
        (1, "b", Some(Reason::DuplicateHandle)),
        (2, "a", Some(Reason::DuplicateName)),
        (0, "c", Some(Reason::InvalidHandle)),
        (70_000, "c", Some(Reason::InvalidHandle)),
        (3, "", Some(Reason::InvalidName)),
    ];
    for (pub_handle, name, refused) in cases {
        stage.take_all();
        let name = name.to_owned();
        let request = proto::PublishDataTrackRequest { pub_handle, name, ..Default::default() };
        stage.request("ann", Request::PublishDataTrackRequest(request));
        let reason = stage.take("ann").into_iter().find_map(|message| match message {
            Message::RequestResponse(response) => Some(response.reason()),
            _ => None,
        });
        assert_eq!(reason, refused);
    }
}

#[test]
fn caption_comes_as_message_and_as_stream() {
    let mut stage = Stage::new();
    stage.join("ann", Transport::Single);
    stage.handle(Input::Order(Order::Caption(Caption {
        scope: Scope("app".to_owned()),
        room: "hall".to_owned(),
        identity: "ann".to_owned(),
        track_sid: "TR_x".to_owned(),
        segment: "S1".to_owned(),
        text: "good morning".to_owned(),
        language: "en".to_owned(),
        start_unix_ms: 1,
        end_unix_ms: 2,
        is_final: true,
    })));
    let values: Vec<Value> = stage
        .sent_data()
        .into_iter()
        .map(|(_, _, payload)| proto::DataPacket::decode(payload).unwrap().value.unwrap())
        .collect();
    let [
        Value::Transcription(transcription),
        Value::StreamHeader(header),
        Value::StreamChunk(chunk),
        Value::StreamTrailer(trailer),
    ] = &values[..]
    else {
        panic!("{values:?}")
    };
    assert_eq!(transcription.segments[0].text, "good morning");
    assert_eq!(header.topic, "lk.transcription");
    assert_eq!(header.attributes["lk.transcription_final"], "true");
    assert_eq!(chunk.content, b"good morning");
    assert_eq!(trailer.stream_id, header.stream_id);
}
