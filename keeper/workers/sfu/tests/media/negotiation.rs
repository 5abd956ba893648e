//! Offers from either side.

use crate::client::{Client, Encoder, LABEL_AT};
use crate::hall::{Hall, peer};
use heliograph_sfu::media::api::{
    Command, DataChannel, Event, Kind, Mid, NewSection, TrackId, Want,
};
use std::collections::HashSet;
use std::time::Duration;
use str0m::media::Direction::{RecvOnly, SendOnly};
use str0m::rtp::Ssrc;

fn section(track: u64) -> NewSection {
    NewSection {
        kind: Kind::Video,
        stream_id: format!("PA_x{track}"),
        track_id: format!("TR_y{track}"),
        track: TrackId(track),
    }
}

/// SSRCs that SDP announces.
fn ssrcs(sdp: &str) -> HashSet<String> {
    let lines = sdp.lines().filter_map(|line| line.strip_prefix("a=ssrc:"));
    lines.filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect()
}

/// An offer of ours, answered by the client. Returns the offer and the tracks' sections.
fn offered(
    hall: &mut Hall,
    to: usize,
    offer: u32,
    add: Vec<NewSection>,
    channels: Vec<DataChannel>,
) -> (String, Vec<(TrackId, Mid)>) {
    let peer = peer(to);
    hall.media.send(Command::MakeOffer { peer, offer, add, channels, ice_restart: false });
    let made = hall.event("an offer", move |event| {
        if let Event::Refused { reason, .. } = event {
            panic!("refused: {reason}");
        }
        matches!(event, Event::Offer { offer: made, .. } if *made == offer)
    });
    let Event::Offer { sdp, mids, .. } = made else { unreachable!() };
    let answer = hall.clients[to].answer(&sdp);
    hall.media.send(Command::Answer { peer, offer, sdp: answer });
    (sdp, mids)
}

#[test]
fn our_offers_carry_channels_and_tracks_and_sections_are_reused() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(Kind::Video, SendOnly), (Kind::Video, SendOnly)]);
    let subscriber = hall.enter(Client::new());
    let channels = vec![DataChannel::Reliable, DataChannel::Lossy, DataChannel::Track];
    offered(&mut hall, subscriber, 100, vec![], channels);
    hall.until("connected", |hall| hall.clients[subscriber].connected);
    hall.until("channels", |hall| hall.clients[subscriber].open.len() == 3);
    for (at, mid) in from.iter().enumerate() {
        hall.publish(publisher, *mid, at as u64 + 1, Kind::Video);
    }
    let forward = |hall: &Hall, track: u64| {
        let (track, to, want) = (TrackId(track), peer(subscriber), Want::default());
        hall.media.send(Command::Forward { track, to, mid: None, want });
    };
    // The forward may come before the section.
    forward(&hall, 1);
    let (sdp, mids) = offered(&mut hall, subscriber, 101, vec![section(1)], vec![]);
    assert!(sdp.contains("a=msid:PA_x1 TR_y1"), "{sdp}");
    let announced = ssrcs(&sdp);
    let first = mids[0].1.clone();
    let mut encoder = Encoder::new(1, 5, 5);
    let seen = |hall: &Hall, label: u8| {
        let packets = hall.clients[subscriber].section(str0m::media::Mid::from(first.0.as_str()));
        packets.iter().filter(|packet| packet.payload[LABEL_AT] == label).count()
    };
    hall.until("the first track", |hall| {
        hall.film(publisher, from[0], &mut encoder, 1);
        seen(hall, 1) > 20
    });

    hall.media.send(Command::EndForward { track: TrackId(1), to: peer(subscriber) });
    let (sdp, _) = offered(&mut hall, subscriber, 102, vec![], vec![]);
    assert!(sdp.contains("a=inactive"), "{sdp}");
    hall.run(Duration::from_millis(50));
    let (sdp, mids) = offered(&mut hall, subscriber, 103, vec![section(2)], vec![]);
    assert_eq!(mids, [(TrackId(2), first.clone())], "the section is taken again");
    assert!(sdp.contains("a=msid:PA_x2 TR_y2") && !sdp.contains("msid:PA_x1"), "{sdp}");
    assert_eq!(ssrcs(&sdp).len(), 2, "one for pictures, one for what is sent again");
    assert!(ssrcs(&sdp).is_disjoint(&announced), "a browser would show nothing under the old ones");
    forward(&hall, 2);
    let mut encoder = Encoder::new(2, 7, 7);
    hall.until("the second track in the same section", |hall| {
        hall.film(publisher, from[1], &mut encoder, 1);
        seen(hall, 2) > 20
    });
}

#[test]
fn sections_of_the_client_are_reused_as_other_streams() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(Kind::Video, SendOnly), (Kind::Video, SendOnly)]);
    let (subscriber, to) = hall.join(&[(Kind::Video, RecvOnly), (Kind::Video, RecvOnly)]);
    for (at, mid) in from.iter().enumerate() {
        hall.publish(publisher, *mid, at as u64 + 1, Kind::Video);
    }
    hall.forward(1, subscriber, to[0]);
    hall.forward(2, subscriber, to[1]);
    let mut encoders = [Encoder::new(1, 5, 5), Encoder::new(2, 7, 7)];
    let both = |hall: &mut Hall, encoders: &mut [Encoder; 2], to: [str0m::media::Mid; 2]| {
        let came = |hall: &Hall, mid| hall.clients[subscriber].section(mid).len();
        let before = to.map(|mid| came(hall, mid));
        hall.until("both tracks", |hall| {
            for (encoder, mid) in encoders.iter_mut().zip(&from) {
                hall.film(publisher, *mid, encoder, 1);
            }
            to.iter().zip(before).all(|(mid, before)| came(hall, *mid) > before + 20)
        });
    };
    both(&mut hall, &mut encoders, [to[0], to[1]]);
    let of = |hall: &Hall, mid| -> HashSet<Ssrc> {
        let packets = hall.clients[subscriber].section(mid);
        packets.iter().map(|packet| packet.header.ssrc).collect()
    };
    assert_eq!([of(&hall, to[0]).len(), of(&hall, to[1]).len()], [1, 1]);

    // The first track comes back in the same section, the second one goes on.
    hall.media.send(Command::EndForward { track: TrackId(1), to: peer(subscriber) });
    let (sdp, more) = hall.clients[subscriber].offer(&[(Kind::Video, RecvOnly)], false);
    hall.negotiate(subscriber, sdp);
    hall.forward(1, subscriber, to[0]);
    both(&mut hall, &mut encoders, [to[0], to[1]]);
    assert_eq!([of(&hall, to[0]).len(), of(&hall, to[1]).len()], [2, 1]);

    // Without anything negotiated the client knows of no other stream.
    hall.media.send(Command::EndForward { track: TrackId(1), to: peer(subscriber) });
    hall.forward(1, subscriber, to[0]);
    both(&mut hall, &mut encoders, [to[0], to[1]]);
    assert_eq!(of(&hall, to[0]).len(), 2);
    assert!(hall.clients[subscriber].section(more[0]).is_empty());
}

#[test]
fn a_clients_offer_rolls_ours_back() {
    let mut hall = Hall::new();
    let (a, _) = hall.join(&[(Kind::Audio, SendOnly)]);
    let make = |hall: &Hall, offer| {
        let (peer, add) = (peer(a), vec![section(1)]);
        let channels = vec![];
        hall.media.send(Command::MakeOffer { peer, offer, add, channels, ice_restart: false });
    };
    make(&hall, 50);
    let offer = |number| move |event: &Event| matches!(event, Event::Offer { offer, .. } if *offer == number);
    let Event::Offer { sdp, .. } = hall.event("an offer", offer(50)) else { unreachable!() };
    let refused = |number| move |event: &Event| matches!(event, Event::Refused { offer, .. } if *offer == number);
    make(&hall, 51);
    hall.event("one is pending", refused(51));
    let (theirs, _) = hall.clients[a].offer(&[(Kind::Video, RecvOnly)], false);
    hall.negotiate(a, theirs);
    hall.media.send(Command::Answer { peer: peer(a), offer: 50, sdp });
    hall.event("ours is gone", refused(50));
    make(&hall, 52);
    hall.event("an offer", offer(52));
    // A client that comes back may never have seen the pending offer.
    let (peer, add, channels) = (peer(a), vec![section(1)], vec![]);
    hall.media.send(Command::MakeOffer { peer, offer: 53, add, channels, ice_restart: true });
    hall.event("another one in its place", offer(53));
}

#[test]
fn a_restart_of_ice_keeps_the_connection() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(Kind::Video, SendOnly)]);
    let (subscriber, to) = hall.join(&[(Kind::Video, RecvOnly)]);
    hall.publish(publisher, from[0], 1, Kind::Video);
    hall.forward(1, subscriber, to[0]);
    let mut encoder = Encoder::new(1, 5, 5);
    hall.film(publisher, from[0], &mut encoder, 20);
    let sdp = hall.clients[subscriber].restart();
    hall.negotiate(subscriber, sdp);
    hall.run(Duration::from_millis(500));
    let before = hall.clients[subscriber].section(to[0]).len();
    hall.until("packets after the restart", |hall| {
        hall.film(publisher, from[0], &mut encoder, 1);
        hall.clients[subscriber].section(to[0]).len() >= before + 60
    });
}

#[test]
fn unusable_sdp_is_refused_and_harms_nothing() {
    let mut hall = Hall::new();
    let a = hall.enter(Client::new());
    let (good, _) = hall.clients[a].offer(&[(Kind::Audio, RecvOnly)], true);
    let without = |line: &str| {
        good.lines().filter(|l| !l.starts_with(line)).map(|l| format!("{l}\r\n")).collect()
    };
    let bad: [String; 6] = [
        String::new(),
        "hello".into(),
        without("a=fingerprint"),
        without("a=ice-ufrag"),
        without("m="),
        good.replace("a=group:BUNDLE", "a=group:BUNDLE x"),
    ];
    for (at, sdp) in bad.into_iter().enumerate() {
        let offer = 1_000 + at as u32;
        hall.media.send(Command::Offer { peer: peer(a), offer, sdp });
        hall.event("a refusal", move |event| {
            matches!(event, Event::Refused { offer: refused, .. } if *refused == offer)
        });
    }
    hall.negotiate(a, good);
    hall.until("connected", |hall| hall.clients[a].connected);
}

#[test]
fn a_client_without_udp_comes_over_tcp() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(Kind::Video, SendOnly)]);
    let server = hall.plane.local_tcp_addresses()[0];
    let sections = [(Kind::Video, RecvOnly)];
    let (subscriber, to) = hall.join_as(Client::over_tcp(server), &sections, &[]);
    hall.publish(publisher, from[0], 1, Kind::Video);
    hall.forward(1, subscriber, to[0]);
    let mut encoder = Encoder::new(1, 5, 5);
    hall.until("video over TCP", |hall| {
        hall.film(publisher, from[0], &mut encoder, 1);
        hall.clients[subscriber].section(to[0]).len() > 60
    });
    hall.media.send(Command::ClosePeer { peer: peer(subscriber) });
    hall.until("the client to notice", |hall| !hall.clients[subscriber].rtc.is_alive());
}
