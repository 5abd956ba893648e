use super::*;
use crate::media::{MediaConfig, Plane};
use crate::rooms::RoomsConfig;
use crate::token::{LocalKeys, unix_secs};
use jsonwebtoken::{EncodingKey, Header};
use livekit_protocol as proto;
use prost::Message;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const SECRET: &str = "a secret of thirty-two letters or more";

/// A server with two local keys, and so two scopes.
async fn server() -> SocketAddr {
    let media = MediaConfig {
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        first_port: 0,
        advertise: Vec::new(),
        threads: 1,
    };
    let (notices, mut nobody) = mpsc::unbounded_channel();
    tokio::spawn(async move { while nobody.recv().await.is_some() {} });
    let rooms = Rooms::new(Plane::start(&media).unwrap(), notices, RoomsConfig::default());
    let keys = LocalKeys::parse(&format!("one: {SECRET}\ntwo: {SECRET}\n")).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = router(Service { access: Arc::new(keys), rooms });
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn token(key: &str, grants: Value) -> String {
    let claims = json!({ "iss": key, "exp": unix_secs() + 60, "video": grants });
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), &claims, &secret).unwrap()
}

fn everything(key: &str, room: &str) -> String {
    token(
        key,
        json!({ "roomCreate": true, "roomList": true, "roomAdmin": true, "room": room }),
    )
}

/// A request as bytes, and the answer's status and body.
async fn http(
    address: SocketAddr,
    verb: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, Vec<u8>) {
    let mut head = format!("{verb} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses by the head alone may have closed already.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), answer.split_off(end + 4))
}

async fn json_call(address: SocketAddr, token: &str, method: &str, body: Value) -> (u16, Value) {
    let authorization = format!("Bearer {token}");
    let headers =
        [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let path = format!("/twirp/livekit.RoomService/{method}");
    let (status, body) = http(address, "POST", &path, &headers, body.to_string().as_bytes()).await;
    (status, serde_json::from_slice(&body).unwrap())
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
    let (status, body) = http(address, "POST", path, &headers, &request.encode_to_vec()).await;
    assert_eq!(status, 200);
    assert_eq!(proto::Room::decode(&body[..]).unwrap().name, "atrium");
    let (status, body) = http(address, "POST", path, &headers, &[0xff; 9]).await;
    assert_eq!(status, 400);
    // Errors are JSON whatever was asked in.
    let error: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(error["code"], "malformed");
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
            let token = token("one", other.clone());
            let (status, error) = json_call(address, &token, method, request.clone()).await;
            assert_eq!((status, &error["code"]), (403, &json!("permission_denied")), "{method}");
        }
        let token = token("one", grant.clone());
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
        let (got, answer) = http(address, verb, path, &headers, body).await;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!((got, &answer["code"]), (status, &json!(code)), "{verb} {path}: {answer}");
        assert!(!answer["msg"].as_str().unwrap().is_empty());
    }
}
