//! Datagrams from anywhere to a media thread with connections on it: STUN, DTLS, SRTP and nothing of
//! the kind, from strangers and from addresses that have proven whose they are.
#![no_main]

use arbitrary::Arbitrary;
use heliograph_sfu::fuzzing::Hall;
use heliograph_sfu::room::Transport;
use hmac::{Hmac, Mac};
use libfuzzer_sys::fuzz_target;
use livekit_protocol as proto;
use sha1::Sha1;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const OFFER: &str = include_str!("../offer.sdp");

#[derive(Debug, Arbitrary)]
enum Datagram {
    Noise(Vec<u8>),
    /// A check with the right name, attributes of any kind, and the right password or none.
    Check { attributes: Vec<(u16, Vec<u8>)>, signed: bool },
    /// DTLS: type and body behind a true header.
    Dtls { kind: u8, epoch: u16, body: Vec<u8> },
    /// RTP or RTCP: the second byte, and the rest.
    Rtp { second: u8, body: Vec<u8> },
    Pass { millis: u16 },
}

fuzz_target!(|datagrams: Vec<(u8, Datagram)>| {
    let mut hall = Hall::new();
    let offer = proto::SessionDescription {
        r#type: "offer".to_owned(),
        sdp: OFFER.to_owned(),
        ..Default::default()
    };
    hall.join("ada", Transport::Single, Some(offer));
    let (name, password) = hall.credentials.last().expect("an answer").clone();
    let proven = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000));
    hall.datagram(proven, &check(&name, &[(0x0025, Vec::new())], Some(&password)));
    for (port, datagram) in datagrams.into_iter().take(64) {
        // Half of them from the proven address.
        let port = 50_000 + u16::from(port & 1) * u16::from(port);
        let source = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bytes = match datagram {
            Datagram::Noise(bytes) => bytes,
            Datagram::Check { attributes, signed } => {
                check(&name, &attributes, signed.then_some(&password[..]))
            }
            Datagram::Dtls { kind, epoch, body } => {
                let mut bytes = vec![20 + kind % 44, 0xfe, 0xfd];
                bytes.extend(epoch.to_be_bytes());
                bytes.extend([0; 6]);
                bytes.extend((body.len() as u16).to_be_bytes());
                bytes.extend(body);
                bytes
            }
            Datagram::Rtp { second, body } => [&[0x90, second][..], &body].concat(),
            Datagram::Pass { millis } => {
                hall.pass(Duration::from_millis(u64::from(millis)));
                continue;
            }
        };
        // Longer ones do not fit into the socket's buffer.
        hall.datagram(source, &bytes[..bytes.len().min(1_500)]);
    }
});

/// A binding request (RFC 8489) with a user name, a priority, more attributes, and its integrity.
fn check(name: &str, more: &[(u16, Vec<u8>)], password: Option<&str>) -> Vec<u8> {
    let mut attributes = Vec::new();
    let mut put = |kind: u16, value: &[u8]| {
        attributes.extend(kind.to_be_bytes());
        attributes.extend((value.len() as u16).to_be_bytes());
        attributes.extend(value);
        attributes.resize(attributes.len().next_multiple_of(4), 0);
    };
    put(0x0006, format!("{name}:them").as_bytes());
    put(0x0024, &[0x6e, 0, 0x1e, 0xff]);
    for (kind, value) in more {
        put(*kind, &value[..value.len().min(200)]);
    }
    let signed_bytes = if password.is_some() { 24 } else { 0 };
    let mut message = vec![0, 1];
    message.extend(((attributes.len() + signed_bytes) as u16).to_be_bytes());
    message.extend([0x21, 0x12, 0xa4, 0x42]);
    message.extend([7; 12]);
    message.extend(attributes);
    if let Some(password) = password {
        let mut mac = Hmac::<Sha1>::new_from_slice(password.as_bytes()).expect("any length");
        mac.update(&message);
        message.extend([0, 8, 0, 20]);
        message.extend(mac.finalize().into_bytes());
    }
    message
}
