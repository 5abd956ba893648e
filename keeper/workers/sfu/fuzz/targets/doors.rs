//! Requests at the worker's HTTP doors: signalling, room service, WHIP and WHEP, with good tokens
//! and bad ones. Every one is answered, and by none of ours is the server at fault.
#![no_main]

use arbitrary::Arbitrary;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use heliograph_sfu::access::Access;
use heliograph_sfu::media::{MediaConfig, Plane};
use heliograph_sfu::rooms::{Rooms, RoomsConfig};
use heliograph_sfu::token::LocalKeys;
use heliograph_sfu::{service, signal, whip};
use jsonwebtoken::{EncodingKey, Header};
use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tower::ServiceExt;

const SECRET: &str = "a secret of thirty-two letters or more";
const METHODS: [&str; 14] = [
    "CreateRoom",
    "ListRooms",
    "DeleteRoom",
    "ListParticipants",
    "GetParticipant",
    "RemoveParticipant",
    "MutePublishedTrack",
    "UpdateParticipant",
    "UpdateSubscriptions",
    "SendData",
    "UpdateRoomMetadata",
    "ForwardParticipant",
    "MoveParticipant",
    "PerformRpc",
];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
static DOORS: LazyLock<Router> = LazyLock::new(|| {
    let _inside = RUNTIME.enter();
    let media = MediaConfig {
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        first_port: 0,
        advertise: Vec::new(),
        threads: 1,
    };
    let plane = Plane::start(&media).expect("a media plane");
    let (notices, mut nobody) = mpsc::unbounded_channel();
    RUNTIME.spawn(async move { while nobody.recv().await.is_some() {} });
    let rooms = Rooms::new(plane, notices, RoomsConfig { rooms_max: 64, ..RoomsConfig::default() });
    let keys = LocalKeys::parse(&format!("key: {SECRET}\n")).expect("a file of keys");
    let access: Arc<dyn Access> = Arc::new(keys);
    signal::router(signal::Signalling { access: access.clone(), rooms: rooms.clone() })
        .merge(service::router(service::Service { access: access.clone(), rooms: rooms.clone() }))
        .merge(whip::router(access, rooms))
});
static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let claims = serde_json::json!({
        "iss": "key", "sub": "ada", "exp": 4_000_000_000_u64,
        "video": {
            "roomJoin": true, "room": "hall", "roomCreate": true, "roomList": true,
            "roomAdmin": true,
        },
    });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), &claims, &key).expect("a token")
});

#[derive(Debug, Arbitrary)]
struct Knock {
    at: At,
    /// Instead of the good one.
    token: Option<String>,
    body: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
enum At {
    Service { method: u8, json: bool },
    JoinRequest { gzip: bool },
    Whip,
    Whep,
    Session { id: String, patch: bool },
}

fuzz_target!(|knocks: Vec<Knock>| {
    for knock in knocks.into_iter().take(8) {
        let Some(request) = request(knock) else { continue };
        let shown = format!("{request:?}");
        let response = RUNTIME.block_on(DOORS.clone().oneshot(request)).expect("an answer");
        assert_ne!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{shown}");
    }
});

fn request(knock: Knock) -> Option<Request<Body>> {
    let Knock { at, token, body } = knock;
    let bearer = format!("Bearer {}", token.as_deref().unwrap_or(&TOKEN));
    let builder = Request::builder().header("authorization", bearer);
    let (builder, body) = match at {
        At::Service { method, json } => {
            let method = METHODS[usize::from(method) % METHODS.len()];
            let kind = if json { "application/json" } else { "application/protobuf" };
            let uri = format!("/twirp/livekit.RoomService/{method}");
            (builder.method("POST").uri(uri).header("content-type", kind), body)
        }
        At::JoinRequest { gzip } => {
            // WrappedJoinRequest { compression, join_request }, by hand.
            let mut wrapped = vec![0x08, u8::from(gzip), 0x12, (body.len().min(127)) as u8];
            wrapped.extend(&body[..body.len().min(127)]);
            let packed = BASE64_URL_SAFE.encode(wrapped).replace('=', "%3D");
            let uri = format!("/rtc/v1/validate?join_request={packed}");
            (builder.uri(uri), Vec::new())
        }
        At::Whip | At::Whep => {
            let uri = if matches!(at, At::Whip) { "/whip/v1" } else { "/whep/v1" };
            (builder.method("POST").uri(uri).header("content-type", "application/sdp"), body)
        }
        At::Session { id, patch } => {
            let verb = if patch { "PATCH" } else { "DELETE" };
            let id = BASE64_URL_SAFE.encode(id).replace('=', "");
            let kind = "application/trickle-ice-sdpfrag";
            let builder = builder.method(verb).uri(format!("/whip/v1/{id}"));
            (builder.header("content-type", kind), body)
        }
    };
    builder.body(Body::from(body)).ok()
}
