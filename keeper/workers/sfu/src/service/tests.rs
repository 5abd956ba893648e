use super::*;
use crate::testing::{Answer, http, keys, rooms, serve, token};
use livekit_protocol as proto;
use prost::Message;
use serde_json::{Value, json};
use std::net::SocketAddr;

async fn server() -> SocketAddr {
    serve(router(Service { access: Arc::new(keys()), rooms: rooms() })).await
}

fn everything(key: &str, room: &str) -> String {
    let grants = json!({ "roomCreate": true, "roomList": true, "roomAdmin": true, "room": room });
    token(key, "", &grants)
}

fn read_json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

async fn json_call(address: SocketAddr, token: &str, method: &str, body: Value) -> (u16, Value) {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let path = format!("/twirp/livekit.RoomService/{method}");
    let answer = http(address, "POST", &path, &headers, body.to_string().as_bytes()).await;
    (answer.status, read_json(&answer))
}

#[tokio::test]
async fn room_is_made_listed_changed_and_deleted_as_json() {
    let address = server().await;
    let token = everything("one", "atrium");
    let options = json!({ "name": "atrium", "max_participants": 7, "metadata": "m" });
    let (status, room) = json_call(address, &token, "CreateRoom", options).await;
    assert_eq!(status, 200, "{room}");
    assert_eq!((&room["name"], &room["maxParticipants"]), (&json!("atrium"), &json!(7)));

    let change = json!({ "room": "atrium", "metadata": "n" });
    let (_, room) = json_call(address, &token, "UpdateRoomMetadata", change).await;
    assert_eq!(room["metadata"], "n");
    let (_, list) = json_call(address, &token, "ListRooms", json!({})).await;
    assert_eq!(list["rooms"].as_array().unwrap().len(), 1);
    let (_, list) = json_call(address, &token, "ListRooms", json!({ "names": ["other"] })).await;
    assert_eq!(list.get("rooms").and_then(Value::as_array).map_or(0, Vec::len), 0);

    let (status, _) = json_call(address, &token, "DeleteRoom", json!({ "room": "atrium" })).await;
    assert_eq!(status, 200);
    let (status, error) =
        json_call(address, &token, "DeleteRoom", json!({ "room": "atrium" })).await;
    assert_eq!((status, &error["code"]), (404, &json!("not_found")));
}

#[tokio::test]
async fn protobuf_is_answered_with_protobuf() {
    let address = server().await;
    let authorization = format!("Bearer {}", everything("one", ""));
    let headers =
        [("authorization", authorization.as_str()), ("content-type", "application/protobuf")];
    let request = proto::CreateRoomRequest { name: "atrium".into(), ..Default::default() };
    let path = "/twirp/livekit.RoomService/CreateRoom";
    let answer = http(address, "POST", path, &headers, &request.encode_to_vec()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(proto::Room::decode(&answer.body[..]).unwrap().name, "atrium");
    let answer = http(address, "POST", path, &headers, &[0xff; 9]).await;
    assert_eq!(answer.status, 400);
    // Errors are JSON whatever was asked in.
    assert_eq!(read_json(&answer)["code"], "malformed");
}

#[tokio::test]
async fn tokens_reach_rooms_of_their_scope_alone() {
    let address = server().await;
    let (one, two) = (everything("one", "atrium"), everything("two", "atrium"));
    json_call(address, &one, "CreateRoom", json!({ "name": "atrium" })).await;
    let (status, list) = json_call(address, &two, "ListRooms", json!({})).await;
    assert_eq!(status, 200);
    assert_eq!(list.get("rooms").and_then(Value::as_array).map_or(0, Vec::len), 0);
    let ask = json!({ "room": "atrium" });
    let (status, _) = json_call(address, &two, "ListParticipants", ask.clone()).await;
    assert_eq!(status, 404);
    let (status, _) = json_call(address, &one, "ListParticipants", ask).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn each_method_wants_its_grant() {
    let address = server().await;
    let admin = json!({ "roomAdmin": true, "room": "atrium" });
    let elsewhere = json!({ "roomAdmin": true, "room": "cellar" });
    let methods = [
        ("CreateRoom", "name", json!({ "roomCreate": true })),
        ("DeleteRoom", "room", json!({ "roomCreate": true })),
        ("ListRooms", "ignored", json!({ "roomList": true })),
        ("ListParticipants", "room", admin.clone()),
        ("GetParticipant", "room", admin.clone()),
        ("RemoveParticipant", "room", admin.clone()),
        ("MutePublishedTrack", "room", admin.clone()),
        ("UpdateParticipant", "room", admin.clone()),
        ("UpdateSubscriptions", "room", admin.clone()),
        ("SendData", "room", admin.clone()),
        ("UpdateRoomMetadata", "room", admin.clone()),
    ];
    for (method, field, grant) in &methods {
        let request = json!({ *field: "atrium" });
        let others = methods.iter().map(|(.., other)| other).filter(|other| *other != grant);
        for other in others.chain([&elsewhere, &json!({ "roomJoin": true, "room": "atrium" })]) {
            let token = token("one", "", other);
            let (status, error) = json_call(address, &token, method, request.clone()).await;
            assert_eq!((status, &error["code"]), (403, &json!("permission_denied")), "{method}");
        }
        let token = token("one", "", grant);
        let (status, answer) = json_call(address, &token, method, request).await;
        assert!([200, 404].contains(&status), "{method}: {status} {answer}");
    }
}

#[tokio::test]
async fn bad_requests_are_refused_with_a_reason() {
    let address = server().await;
    let token = everything("one", "atrium");
    let bearer = format!("Bearer {token}");
    let json = ("content-type", "application/json");
    let good = ("authorization", bearer.as_str());
    let create = "/twirp/livekit.RoomService/CreateRoom";
    let long = vec![b' '; REQUEST_BYTES_MAX + 1];
    let record = br#"{"name": "a", "egress": {}}"#;
    for (verb, path, headers, body, status, code) in [
        ("GET", create, vec![good, json], &b"{}"[..], 404, "bad_route"),
        ("POST", "/twirp/livekit.Egress/ListEgress", vec![good, json], b"{}", 404, "bad_route"),
        ("POST", "/twirp/livekit.RoomService/Nothing", vec![good, json], b"{}", 404, "bad_route"),
        ("POST", create, vec![good], b"{}", 404, "bad_route"),
        ("POST", create, vec![json], b"{}", 401, "unauthenticated"),
        ("POST", create, vec![json, ("authorization", "Bearer x")], b"{}", 401, "unauthenticated"),
        ("POST", create, vec![good, json], b"{", 400, "malformed"),
        ("POST", create, vec![good, json], b"{}", 400, "invalid_argument"),
        ("POST", create, vec![good, json], &long, 429, "resource_exhausted"),
        ("POST", create, vec![good, json], record, 501, "unimplemented"),
        (
            "POST",
            "/twirp/livekit.RoomService/MoveParticipant",
            vec![good, json],
            b"{}",
            501,
            "unimplemented",
        ),
    ] {
        let answer = http(address, verb, path, &headers, body).await;
        let error = read_json(&answer);
        assert_eq!(
            (answer.status, &error["code"]),
            (status, &json!(code)),
            "{verb} {path}: {error}"
        );
        assert!(!error["msg"].as_str().unwrap().is_empty());
    }
}
