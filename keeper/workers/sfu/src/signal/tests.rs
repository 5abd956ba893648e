//! A server on loopback, and clients that behave, or do not.

use super::{FRAME_BYTES_MAX, Signalling, router};
use crate::access::Scope;
use crate::media::{MediaConfig, Plane};
use crate::outside::Order;
use crate::room::Call;
use crate::rooms::{Rooms, RoomsConfig};
use crate::token::{LocalKeys, unix_secs};
use futures_util::{SinkExt, StreamExt};
use jsonwebtoken::{EncodingKey, Header};
use livekit_protocol as proto;
use prost::Message as _;
use proto::signal_request::Message as Request;
use proto::signal_response::Message as Response;
use serde_json::{Value, json};
use std::future::IntoFuture;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const SECRET: &str = "a secret of local tests, long enough";
/// What a loaded machine may take for anything here.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    address: SocketAddr,
    rooms: Rooms,
}

async fn server(config: RoomsConfig) -> Server {
    let plane = Plane::start(&MediaConfig {
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        first_port: 0,
        advertise: Vec::new(),
        threads: 1,
    })
    .unwrap();
    let (notices, mut out) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move { while out.recv().await.is_some() {} });
    let rooms = Rooms::new(plane, notices, config);
    let keys = LocalKeys::parse(&format!("key: {SECRET}")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = router(Signalling { access: Arc::new(keys), rooms: rooms.clone() });
    tokio::spawn(axum::serve(listener, app).into_future());
    Server { address, rooms }
}

fn token_of(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), claims, &key).unwrap()
}

fn token(identity: &str) -> String {
    token_of(&claims(identity))
}

fn claims(identity: &str) -> Value {
    let video = json!({ "roomJoin": true, "room": "hall", "canUpdateOwnMetadata": true });
    json!({ "iss": "key", "sub": identity, "exp": unix_secs() + 600, "video": video })
}

impl Server {
    async fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let status = response.split(' ').nth(1).unwrap().parse().unwrap();
        (status, response)
    }

    async fn connect(&self, query: &str) -> Client {
        let url = format!("ws://{}/rtc?{query}", self.address);
        Client(connect_async(url).await.unwrap().0)
    }

    async fn join(&self, identity: &str) -> Client {
        let mut client = self.connect(&format!("access_token={}", token(identity))).await;
        let first = client.next().await;
        assert!(matches!(first, Some(Response::Join(_))), "{first:?}");
        client
    }

    /// Lets a room of ours come to rest.
    async fn until(&self, what: &str, mut reached: impl FnMut(&Rooms) -> bool) {
        let wait = async {
            while !reached(&self.rooms) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect(what);
    }
}

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn next(&mut self) -> Option<Response> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap();
            match message {
                Some(Ok(Message::Binary(bytes))) => {
                    return proto::SignalResponse::decode(bytes).unwrap().message;
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    async fn send(&mut self, request: Request) -> bool {
        let bytes = proto::SignalRequest { message: Some(request) }.encode_to_vec();
        self.0.send(Message::Binary(bytes.into())).await.is_ok()
    }

    /// Reads to the end.
    async fn closed(mut self) {
        while self.next().await.is_some() {}
    }

    async fn sid(&mut self) -> String {
        loop {
            if let Some(Response::Update(update)) = self.next().await {
                return update.participants[0].sid.clone();
            }
        }
    }
}

#[tokio::test]
async fn good_token_is_told_so_and_any_page_may_ask() {
    let server = server(RoomsConfig::default()).await;
    let (status, response) =
        server.get(&format!("/rtc/validate?access_token={}", token("ann"))).await;
    assert_eq!(status, 200, "{response}");
    assert!(response.contains("access-control-allow-origin: *") && response.ends_with("success"));
    assert_eq!(server.get("/").await.0, 200);
}

#[tokio::test]
async fn token_of_no_use_is_refused_with_a_reason_and_nothing_is_allocated() {
    let server = server(RoomsConfig::default()).await;
    let mut expired = claims("ann");
    expired["exp"] = json!(unix_secs() - 3_600);
    let mut foreign = claims("ann");
    foreign["iss"] = json!("somebody");
    let mut no_join = claims("ann");
    no_join["video"]["roomJoin"] = json!(false);
    let mut no_room = claims("ann");
    no_room["video"]["room"] = json!("");
    let key = EncodingKey::from_secret(b"another secret, of somebody else's");
    let forged = jsonwebtoken::encode(&Header::default(), &claims("ann"), &key).unwrap();
    let cases = [
        (String::new(), 401),
        ("garbage".to_owned(), 401),
        (token_of(&expired), 401),
        (token_of(&foreign), 401),
        (forged, 401),
        (token_of(&no_join), 403),
        (token_of(&no_room), 403),
        (token(""), 403),
    ];
    for (token, expected) in cases {
        for path in ["/rtc", "/rtc/validate", "/rtc/v1", "/rtc/v1/validate"] {
            let (status, response) = server.get(&format!("{path}?access_token={token}")).await;
            assert_eq!(status, expected, "{path} {response}");
            assert!(response.contains("access-control-allow-origin: *"));
            let body = response.split("\r\n\r\n").nth(1).unwrap();
            assert!(body.len() > 10, "a reason, not {body:?}");
        }
    }
    assert_eq!(server.get("/rtc/validate").await.0, 401);
    assert_eq!(server.rooms.occupancy(), (0, 0));
}

#[tokio::test]
async fn join_request_of_no_use_is_refused() {
    let server = server(RoomsConfig::default()).await;
    let token = token("ann");
    for request in ["", "&join_request=%25%25", "&join_request=AAAA"] {
        let (status, response) =
            server.get(&format!("/rtc/v1?access_token={token}{request}")).await;
        assert_eq!(status, 400, "{response}");
    }
    assert_eq!(server.rooms.occupancy(), (0, 0));
}

#[tokio::test]
async fn client_that_leaves_hears_the_end_and_the_room_is_empty() {
    let server = server(RoomsConfig::default()).await;
    let mut client = server.join("ann").await;
    assert_eq!(server.rooms.occupancy(), (1, 1));
    assert!(client.send(Request::Leave(proto::LeaveRequest::default())).await);
    client.closed().await;
    server.until("nobody is left", |rooms| rooms.occupancy().1 == 0).await;
}

#[tokio::test]
async fn lost_client_may_resume_and_a_stranger_may_not() {
    let server = server(RoomsConfig::default()).await;
    let ann = server.join("ann").await;
    let mut bob = server.join("bob").await;
    drop(ann);
    let scope = Scope("key".to_owned());
    let participants = server.rooms.call(&scope, "hall", Call::Participants).await;
    let Ok(crate::room::Reply::Participants(all)) = participants else { panic!() };
    let sid = &all.iter().find(|info| info.identity == "ann").unwrap().sid;
    let query = format!("access_token={}&reconnect=1&sid={sid}", token("ann"));
    let mut back = server.connect(&query).await;
    assert!(matches!(back.next().await, Some(Response::Reconnect(_))));
    let query = format!("access_token={}&reconnect=1&sid={sid}", token("bob"));
    let mut thief = server.connect(&query).await;
    assert!(matches!(thief.next().await, Some(Response::Leave(leave))
        if leave.action() == proto::leave_request::Action::Reconnect));
    assert!(bob.send(Request::Ping(1)).await);
}

#[tokio::test]
async fn resume_into_a_room_that_is_gone_starts_anew() {
    let server = server(RoomsConfig::default()).await;
    let query = format!("access_token={}&reconnect=1&sid=PA_x", token("ann"));
    let mut client = server.connect(&query).await;
    assert!(matches!(client.next().await, Some(Response::Leave(leave))
        if leave.action() == proto::leave_request::Action::Reconnect));
    assert_eq!(client.next().await, None);
    assert_eq!(server.rooms.occupancy(), (0, 0));
}

#[tokio::test]
async fn garbage_oversized_frames_and_floods_end_the_connection_alone() {
    let server = server(RoomsConfig::default()).await;
    let mut good = server.join("good").await;
    let mut garbled = server.join("garbled").await;
    garbled.0.send(Message::Binary(vec![0xff; 64].into())).await.unwrap();
    garbled.closed().await;
    let mut huge = server.join("huge").await;
    let frame = vec![0; FRAME_BYTES_MAX + 1];
    // The server may close before it has read all of it.
    let _ = huge.0.send(Message::Binary(frame.into())).await;
    huge.closed().await;
    let mut flood = server.join("flood").await;
    for _ in 0..20_000 {
        if !flood.send(Request::Ping(1)).await {
            break;
        }
    }
    flood.closed().await;
    assert!(good.send(Request::Ping(7)).await);
    loop {
        match good.next().await {
            Some(Response::Pong(7)) => break,
            Some(_) => {}
            None => panic!("the good one was closed too"),
        }
    }
}

#[tokio::test]
async fn reader_that_never_reads_is_dropped_and_others_go_on() {
    let server = server(RoomsConfig::default()).await;
    let deaf = server.join("deaf").await;
    let mut ann = server.join("ann").await;
    let sid = ann.sid();
    let metadata = "m".repeat(60_000);
    // Sixty kilobytes to everybody, a few hundred times: more than sockets and queue hold.
    let (mut told, mut sent) = (0, 0);
    let _ = tokio::time::timeout(Duration::from_secs(1), sid).await;
    while told < 400 {
        if sent < 400 {
            sent += 1;
            let request = proto::UpdateParticipantMetadata {
                metadata: format!("{sent}{metadata}"),
                ..Default::default()
            };
            assert!(ann.send(Request::UpdateMetadata(request)).await);
        }
        match ann.next().await {
            Some(Response::Update(update)) if update.participants[0].identity == "ann" => told += 1,
            Some(_) => {}
            None => panic!("who reads was dropped"),
        }
    }
    // What was on its way arrives; then there is nothing more, though it was never told to leave.
    deaf.closed().await;
    assert_eq!(server.rooms.occupancy().1, 2, "it may still come back");
}

#[tokio::test]
async fn full_server_takes_back_only_who_is_there() {
    let config = RoomsConfig { participants_max: 1, ..RoomsConfig::default() };
    let server = server(config).await;
    let first = server.join("ann").await;
    let (status, response) = server.get(&format!("/rtc?access_token={}", token("bob"))).await;
    assert_eq!(status, 503, "{response}");
    server.join("ann").await;
    first.closed().await;
}

#[tokio::test]
async fn drained_server_names_the_other_one() {
    let server = server(RoomsConfig::default()).await;
    let mut ann = server.join("ann").await;
    let url = "wss://other.example".to_owned();
    server.rooms.order(Order::Drain { url: Some(url.clone()) }).await;
    loop {
        match ann.next().await {
            Some(Response::Leave(leave)) => {
                assert_eq!(leave.regions.unwrap().regions[0].url, url);
                break;
            }
            Some(_) => {}
            None => panic!("closed without a word"),
        }
    }
    let (status, response) =
        server.get(&format!("/rtc/validate?access_token={}", token("bob"))).await;
    assert_eq!(status, 503);
    assert!(response.contains(&url), "{response}");
    server.until("the room is gone", |rooms| rooms.occupancy().0 == 0).await;
}

#[tokio::test]
async fn moved_room_names_the_other_node() {
    let server = server(RoomsConfig::default()).await;
    let mut ann = server.join("ann").await;
    let path = format!("/rtc/validate?access_token={}", token("bob"));
    assert_eq!(server.get(&path).await.0, 200);
    let url = "wss://other.example".to_owned();
    let scope = Scope("key".to_owned());
    server.rooms.order(Order::Move { scope, room: "hall".into(), url: url.clone() }).await;
    loop {
        match ann.next().await {
            Some(Response::Leave(leave)) => {
                assert_eq!(leave.regions.unwrap().regions[0].url, url);
                break;
            }
            Some(_) => {}
            None => panic!("closed without a word"),
        }
    }
    let (status, response) = server.get(&path).await;
    assert_eq!(status, 503);
    assert!(response.contains(&url), "{response}");
    server.until("the room is gone", |rooms| rooms.occupancy().0 == 0).await;
}

#[tokio::test]
async fn closing_tells_everybody() {
    let server = server(RoomsConfig::default()).await;
    let mut ann = server.join("ann").await;
    server.rooms.close().await;
    loop {
        match ann.next().await {
            Some(Response::Leave(leave)) => {
                assert_eq!(leave.reason(), proto::DisconnectReason::ServerShutdown);
                break;
            }
            Some(_) => {}
            None => panic!("closed without a word"),
        }
    }
}
