//! Messages.

use crate::hall::{Hall, peer};
use heliograph_sfu::media::api::{Command, DataChannel, Event, Kind};
use std::time::Duration;
use str0m::media::Direction::RecvOnly;

fn message(client: usize, channel: DataChannel) -> impl Fn(&Event) -> bool {
    move |event| {
        matches!(event, Event::Data { peer: from, channel: on, .. }
            if *from == peer(client) && *on == channel)
    }
}

#[test]
fn messages_go_both_ways_on_both_channels() {
    let mut hall = Hall::new();
    let (a, _) = hall.join(&[(Kind::Audio, RecvOnly)]);
    for channel in [DataChannel::Reliable, DataChannel::Lossy] {
        hall.event("the channel", move |event| {
            *event == Event::ChannelOpen { peer: peer(a), channel }
        });
    }
    hall.until("open at the client", |hall| hall.clients[a].open.len() == 2);
    for (channel, label) in [(DataChannel::Reliable, "_reliable"), (DataChannel::Lossy, "_lossy")] {
        assert!(hall.clients[a].write(label, b"up"));
        let Event::Data { payload, .. } = hall.event("a message", message(a, channel)) else {
            unreachable!()
        };
        assert_eq!(&payload[..], b"up");
        let payload = bytes::Bytes::from_static(b"down");
        hall.media.send(Command::Data { channel, to: vec![peer(a)], payload });
        hall.until("the message", |hall| {
            hall.clients[a].messages.contains(&(label.to_owned(), b"down".to_vec()))
        });
    }
}

#[test]
fn reliable_messages_wait_for_the_channel_and_keep_their_order() {
    let mut hall = Hall::new();
    let a = hall.enter(crate::client::Client::new());
    let send = |hall: &Hall, channel, number: u32| {
        let payload = number.to_be_bytes().to_vec().into();
        hall.media.send(Command::Data { channel, to: vec![peer(a)], payload });
    };
    for number in 0..50 {
        send(&hall, DataChannel::Reliable, number);
        send(&hall, DataChannel::Lossy, number);
    }
    let (sdp, _) = hall.clients[a].offer(&[(Kind::Audio, RecvOnly)], true);
    hall.negotiate(a, sdp);
    hall.until("the messages", |hall| hall.clients[a].messages.len() >= 50);
    hall.run(Duration::from_millis(200));
    let expected: Vec<_> =
        (0..50_u32).map(|number| ("_reliable".to_owned(), number.to_be_bytes().to_vec())).collect();
    assert_eq!(hall.clients[a].messages, expected);
}

#[test]
fn more_than_sctp_holds_waits_and_arrives() {
    let mut hall = Hall::new();
    let (a, _) = hall.join(&[(Kind::Audio, RecvOnly)]);
    hall.until("open at the client", |hall| hall.clients[a].open.len() == 2);
    for number in 0..100_u32 {
        let mut payload = vec![7; 15_000];
        payload[..4].copy_from_slice(&number.to_be_bytes());
        let (channel, to) = (DataChannel::Reliable, vec![peer(a)]);
        hall.media.send(Command::Data { channel, to, payload: payload.into() });
    }
    hall.until("the messages", |hall| hall.clients[a].messages.len() == 100);
    for (number, (_, message)) in hall.clients[a].messages.iter().enumerate() {
        assert_eq!(message[..4], (number as u32).to_be_bytes());
        assert_eq!(message.len(), 15_000);
    }
}
