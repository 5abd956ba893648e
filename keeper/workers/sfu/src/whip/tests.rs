use super::*;
use crate::room::{Call, Reply};
use crate::testing::{Answer, http, keys, rooms, serve, token};
use livekit_protocol as proto;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// Of ffmpeg 9, as it was sent.
const FFMPEG: &str = include_str!("tests/ffmpeg.sdp");
/// Of aiortc 1.16, less its candidates.
const AIORTC: &str = include_str!("tests/aiortc.sdp");

/// How long a room may take to do what it was asked for.
const PATIENCE: Duration = Duration::from_secs(10);

struct Server {
    address: SocketAddr,
    rooms: Rooms,
}

impl Server {
    async fn start() -> Self {
        let rooms = rooms();
        Self { address: serve(router(Arc::new(keys()), rooms.clone())).await, rooms }
    }

    async fn post(&self, path: &str, token: &str, body: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        let headers =
            [("authorization", authorization.as_str()), ("content-type", "application/sdp")];
        http(self.address, "POST", path, &headers, body.as_bytes()).await
    }

    async fn patch(&self, path: &str, fragment: &str) -> u16 {
        let headers = [("content-type", TRICKLE)];
        http(self.address, "PATCH", path, &headers, fragment.as_bytes()).await.status
    }

    async fn participants(&self) -> Vec<proto::ParticipantInfo> {
        let scope = crate::access::Scope("one".to_owned());
        match self.rooms.call(&scope, "stage", Call::Participants).await {
            Ok(Reply::Participants(participants)) => participants,
            _ => Vec::new(),
        }
    }

    /// Waits until so many are in the room.
    async fn holds(&self, count: usize) {
        let waiting = async {
            while self.participants().await.len() != count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    }
}

fn joining(identity: &str, more: Value) -> String {
    let mut grants = json!({ "roomJoin": true, "room": "stage" });
    let Value::Object(more) = more else { panic!("grants are an object") };
    grants.as_object_mut().unwrap().extend(more);
    token("one", identity, &grants)
}

#[tokio::test]
async fn offer_of_ffmpeg_is_answered_published_and_ended() {
    let server = Server::start().await;
    let answer = server.post("/whip/v1", &joining("ffmpeg", json!({})), FFMPEG).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/sdp");
    let sdp = answer.text();
    assert_eq!(sdp.matches("a=recvonly").count(), 2);
    assert!(sdp.contains("H264/90000") && sdp.contains("opus/48000/2"), "{sdp}");
    // All there is to know of the server, at once.
    assert!(sdp.contains("a=ice-lite") && sdp.contains("a=candidate:"), "{sdp}");

    let [participant] = &server.participants().await[..] else { panic!("one participant") };
    assert_eq!(participant.identity, "ffmpeg");
    assert_eq!(participant.kind(), proto::participant_info::Kind::Ingress);
    let mut sources: Vec<_> = participant.tracks.iter().map(proto::TrackInfo::source).collect();
    sources.sort_unstable();
    assert_eq!(sources, [proto::TrackSource::Camera, proto::TrackSource::Microphone]);

    let location = &answer.headers["location"];
    let end = |path: String| async move { http(server.address, "DELETE", &path, &[], b"").await };
    assert_eq!(end(location.clone()).await.status, 200);
    assert_eq!(end(location.clone()).await.status, 404);
}

#[tokio::test]
async fn deleted_session_leaves_its_room() {
    let server = Server::start().await;
    let answer = server.post("/whip/v1", &joining("ffmpeg", json!({})), FFMPEG).await;
    server.holds(1).await;
    let location = &answer.headers["location"];
    assert_eq!(http(server.address, "DELETE", location, &[], b"").await.status, 200);
    server.holds(0).await;
}

#[tokio::test]
async fn participant_sent_away_ends_the_session() {
    let server = Server::start().await;
    let answer = server.post("/whip/v1", &joining("ffmpeg", json!({})), FFMPEG).await;
    let scope = crate::access::Scope("one".to_owned());
    let remove = Call::Remove { identity: "ffmpeg".to_owned() };
    server.rooms.call(&scope, "stage", remove).await.unwrap();
    let location = &answer.headers["location"];
    let ended = async {
        while server.patch(location, "").await != 404 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.unwrap();
}

#[tokio::test]
async fn candidates_are_taken_and_a_restart_is_not() {
    let server = Server::start().await;
    let answer = server.post("/whip/v1", &joining("ffmpeg", json!({})), FFMPEG).await;
    let location = &answer.headers["location"];
    let candidate = "a=mid:0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n";
    assert_eq!(server.patch(location, candidate).await, 204);
    let same = format!("a=ice-ufrag:468bbdee\r\n{candidate}");
    assert_eq!(server.patch(location, &same).await, 204);
    assert_eq!(server.patch(location, "a=ice-ufrag:another\r\n").await, 422);
    assert_eq!(server.patch("/whip/v1/unknown", candidate).await, 404);
    let untyped = http(server.address, "PATCH", location, &[], candidate.as_bytes()).await;
    assert_eq!(untyped.status, 415);
}

#[tokio::test]
async fn offer_of_aiortc_is_answered_with_the_tracks_wished_for() {
    let server = Server::start().await;
    let viewer = joining("viewer", json!({}));
    let early = server.post("/whep/v1?participant=ffmpeg", &viewer, AIORTC).await;
    assert_eq!((early.status, early.headers["retry-after"].as_str()), (409, "2"));
    server.holds(0).await;

    server.post("/whip/v1", &joining("ffmpeg", json!({})), FFMPEG).await;
    let answer = server.post("/whep/v1?participant=ffmpeg", &viewer, AIORTC).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.text().matches("a=sendonly").count(), 2);
    server.holds(2).await;

    let [publisher, _] = &server.participants().await[..] else { panic!("two participants") };
    let audio = publisher.tracks.iter().find(|track| track.r#type() == proto::TrackType::Audio);
    let path = format!("/whep/v1?track={}", audio.unwrap().sid);
    let answer = server.post(&path, &joining("listener", json!({})), AIORTC).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let sdp = answer.text();
    assert_eq!((sdp.matches("a=sendonly").count(), sdp.matches("a=inactive").count()), (1, 1));
}

#[tokio::test]
async fn player_goes_when_what_it_plays_is_gone() {
    let server = Server::start().await;
    let published = server.post("/whip/v1", &joining("ffmpeg", json!({})), FFMPEG).await;
    let viewer = joining("viewer", json!({}));
    server.post("/whep/v1?participant=ffmpeg", &viewer, AIORTC).await;
    server.holds(2).await;
    http(server.address, "DELETE", &published.headers["location"], &[], b"").await;
    server.holds(0).await;
}

#[tokio::test]
async fn refused_requests_leave_nobody_in_a_room() {
    let server = Server::start().await;
    let may_not_publish = joining("x", json!({ "canPublish": false }));
    let other_sources = joining("x", json!({ "canPublishSources": ["screen_share"] }));
    let may_not_subscribe = joining("x", json!({ "canSubscribe": false }));
    let good = joining("x", json!({}));
    for (path, token, body, status) in [
        ("/whip/v1", "nonsense", FFMPEG, 401),
        ("/whip/v1", &may_not_publish, FFMPEG, 403),
        ("/whip/v1", &other_sources, FFMPEG, 403),
        ("/whep/v1", &may_not_subscribe, AIORTC, 403),
        ("/whip/v1", &good, "v=0", 400),
        ("/whip/v1", &good, AIORTC, 406),
        ("/whep/v1", &good, FFMPEG, 406),
        ("/whip/v1", &good, &FFMPEG.replace("a=fingerprint", "a=x-fingerprint"), 406),
    ] {
        let answer = server.post(path, token, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        server.holds(0).await;
    }
}
