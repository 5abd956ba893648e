//! Strangers and noise.

use crate::client::{Client, Encoder};
use crate::hall::{Hall, peer};
use heliograph_sfu::media::api::{Command, Event, Kind};
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use std::net::UdpSocket;
use std::time::Duration;
use str0m::media::Direction::{RecvOnly, SendOnly};
use str0m::rtp::{RtpWrite, SeqNo};

#[test]
fn noise_from_strangers_disturbs_nobody() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(Kind::Video, SendOnly)]);
    let (subscriber, to) = hall.join(&[(Kind::Video, RecvOnly)]);
    hall.publish(publisher, from[0], 1, Kind::Video);
    hall.forward(1, subscriber, to[0]);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = hall.plane.local_addresses()[0];
    let mut rng = StdRng::seed_from_u64(3);
    let mut encoder = Encoder::new(1, 5, 5);
    for _ in 0..40 {
        for _ in 0..50 {
            let mut noise = vec![0; rng.random_range(0..1_500)];
            rng.fill_bytes(&mut noise);
            if let Some(first) = noise.first_mut() {
                *first = [0, 1, 22, 0x80, 0x90, 0xff][rng.random_range(0..6)];
            }
            let _ = stranger.send_to(&noise, target);
        }
        hall.film(publisher, from[0], &mut encoder, 1);
    }
    hall.run(Duration::from_millis(200));
    let packets = hall.clients[subscriber].section(to[0]);
    assert!(packets.len() >= 60, "{} packets", packets.len());
    assert!(!hall.log.iter().any(|event| matches!(event, Event::Failed { .. })));
}

#[test]
fn noise_from_a_peers_own_address_does_not_end_its_call() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(Kind::Video, SendOnly)]);
    let (subscriber, to) = hall.join(&[(Kind::Video, RecvOnly)]);
    hall.publish(publisher, from[0], 1, Kind::Video);
    hall.forward(1, subscriber, to[0]);
    let target = hall.plane.local_addresses()[0];
    let mut rng = StdRng::seed_from_u64(4);
    let mut encoder = Encoder::new(1, 5, 5);
    for _ in 0..40 {
        for client in &hall.clients {
            for first in [0, 1, 20, 21, 22, 23, 25, 47, 63, 0x80, 0x81, 0x90, 0xbf] {
                let mut noise = vec![0; rng.random_range(1..1_400)];
                rng.fill_bytes(&mut noise);
                noise[0] = first;
                // Versions and types that get further than random ones.
                if noise.len() > 2 && rng.random_bool(0.5) {
                    (noise[1], noise[2]) = if first < 64 { (0xfe, 0xfd) } else { (200, 0) };
                }
                client.send_raw(&noise, target);
            }
        }
        hall.film(publisher, from[0], &mut encoder, 1);
    }
    let before = hall.clients[subscriber].section(to[0]).len();
    hall.until("video as before", |hall| {
        hall.film(publisher, from[0], &mut encoder, 1);
        hall.clients[subscriber].section(to[0]).len() > before + 60
    });
    let failed: Vec<_> =
        hall.log.iter().filter(|event| matches!(event, Event::Failed { .. })).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn packets_that_no_path_carries_are_not_sent_on() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(Kind::Video, SendOnly)]);
    let (subscriber, to) = hall.join(&[(Kind::Video, RecvOnly)]);
    hall.publish(publisher, from[0], 1, Kind::Video);
    hall.forward(1, subscriber, to[0]);
    let mut encoder = Encoder::new(1, 5, 5);
    hall.film(publisher, from[0], &mut encoder, 20);
    let client = &mut hall.clients[publisher];
    let pt = client.pt(str0m::format::Codec::Vp8);
    for number in 0..50 {
        let seq = SeqNo::from(30_000 + number);
        let payload = vec![0x10; 1_900];
        let packet = RtpWrite::new(pt, seq, 9_000_000, std::time::Instant::now(), payload);
        client.send(from[0], None, packet);
    }
    hall.run(Duration::from_millis(200));
    let packets = hall.clients[subscriber].section(to[0]);
    assert!(!packets.is_empty());
    assert!(packets.iter().all(|packet| packet.payload.len() < 1_500));
    assert!(!hall.log.iter().any(|event| matches!(event, Event::Failed { .. })));
}

#[test]
fn peers_that_come_and_go_are_told_at_once() {
    let mut hall = Hall::new();
    for _ in 0..20 {
        let (a, _) = hall.join(&[(Kind::Audio, SendOnly)]);
        hall.media.send(Command::ClosePeer { peer: peer(a) });
        hall.until("the client to notice", |hall| !hall.clients[a].rtc.is_alive());
    }
}

#[test]
fn two_hundred_joins_and_leaves_leave_nothing() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(Kind::Video, SendOnly)]);
    hall.publish(publisher, from[0], 1, Kind::Video);
    for _ in 0..20 {
        let entered: Vec<usize> = (0..10).map(|_| hall.enter(Client::new())).collect();
        for at in entered.iter().copied() {
            let (sdp, mids) = hall.clients[at].offer(&[(Kind::Video, RecvOnly)], true);
            hall.negotiate(at, sdp);
            hall.forward(1, at, mids[0]);
        }
        hall.until("connections", |hall| entered.iter().all(|at| hall.clients[*at].connected));
        for at in &entered {
            hall.media.send(Command::ClosePeer { peer: peer(*at) });
        }
        hall.run(Duration::from_millis(20));
        // What has left has no more to say.
        hall.retire(&entered);
    }
    hall.until("calls to be over", |hall| {
        hall.media.send(Command::ClosePeer { peer: peer(9_999) });
        hall.plane.load()[0].calls <= 2
    });
    let left = hall.plane.load()[0];
    assert_eq!((left.rooms, left.peers), (1, 1));
    assert_eq!((left.addresses, left.names), (1, 1));
}
