//! Frames of clients' websockets, in any number and order, with descriptions that reach the WebRTC
//! library: nothing panics, and a room that everybody has left ends.
#![no_main]

use arbitrary::Arbitrary;
use heliograph_sfu::fuzzing::Hall;
use heliograph_sfu::room::{ConnectionId, Transport};
use libfuzzer_sys::fuzz_target;
use livekit_protocol as proto;
use prost::Message as _;
use proto::signal_request::Message;
use std::time::Duration;

/// A first offer as Chromium makes it, shortened to what matters.
const OFFER: &str = include_str!("../offer.sdp");
const NAMES: [&str; 3] = ["ada", "ben", "cyd"];
/// Longer than rooms and those who come back are waited for.
const LONG_SECS: u64 = 400;

#[derive(Debug, Arbitrary)]
enum Act {
    /// Bytes of a frame.
    Frame(Vec<u8>),
    /// An offer: the example with a part replaced.
    Offer { at: u16, cut: u8, put: String },
    /// An answer to an offer of ours.
    Answer { id: u32, at: u16, cut: u8, put: String },
    /// A track to come.
    AddTrack { cid: String, kind: u8, codec: String, layers: u8 },
    Lose,
    Resume,
    Pass { millis: u16 },
}

fuzz_target!(|acts: Vec<(u8, Act)>| {
    let mut hall = Hall::new();
    let first = proto::SessionDescription {
        r#type: "offer".to_owned(),
        sdp: OFFER.to_owned(),
        ..Default::default()
    };
    let mut connections = [
        hall.join(NAMES[0], Transport::Single, Some(first)),
        hall.join(NAMES[1], Transport::Dual, None),
        hall.join(NAMES[2], Transport::Dual, None),
    ];
    for (who, act) in acts.into_iter().take(64) {
        let who = usize::from(who) % NAMES.len();
        play(&mut hall, &mut connections[who], NAMES[who], act);
    }
    for connection in connections {
        hall.lose(connection);
    }
    for _ in 0..LONG_SECS {
        hall.pass(Duration::from_secs(1));
    }
    assert_eq!(hall.rooms(), 0, "a room that nobody is in goes on");
});

fn play(hall: &mut Hall, connection: &mut ConnectionId, name: &str, act: Act) {
    let mut say = |message| {
        let request = proto::SignalRequest { message: Some(message) };
        hall.frame(*connection, &request.encode_to_vec());
    };
    match act {
        Act::Frame(bytes) => hall.frame(*connection, &bytes),
        Act::Offer { at, cut, put } => say(Message::Offer(described("offer", 1, at, cut, &put))),
        Act::Answer { id, at, cut, put } => {
            say(Message::Answer(described("answer", id, at, cut, &put)));
        }
        Act::AddTrack { cid, kind, codec, layers } => {
            let layers = vec![proto::VideoLayer::default(); usize::from(layers % 4)];
            say(Message::AddTrack(proto::AddTrackRequest {
                cid,
                r#type: i32::from(kind % 3),
                layers: layers.clone(),
                simulcast_codecs: vec![proto::SimulcastCodec {
                    codec,
                    layers,
                    ..Default::default()
                }],
                ..Default::default()
            }));
        }
        Act::Lose => hall.lose(*connection),
        Act::Resume => *connection = hall.resume(name, None),
        Act::Pass { millis } => hall.pass(Duration::from_millis(u64::from(millis))),
    }
}

/// The example with something else in place of `cut` bytes.
fn described(kind: &str, id: u32, at: u16, cut: u8, put: &str) -> proto::SessionDescription {
    let at = usize::from(at) % OFFER.len();
    let end = (at + usize::from(cut)).min(OFFER.len());
    let sdp = match (OFFER.get(..at), OFFER.get(end..)) {
        (Some(before), Some(after)) => [before, put, after].concat(),
        _ => put.to_owned(),
    };
    proto::SessionDescription { r#type: kind.to_owned(), sdp, id, ..Default::default() }
}
