//! Losses on the way are made good.

use crate::client::{Encoder, LABEL_AT};
use crate::hall::Hall;
use heliograph_sfu::media::api::Kind;
use std::time::Duration;
use str0m::media::Direction::{RecvOnly, SendOnly};

#[test]
fn video_survives_five_per_cent_loss_in_both_directions() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(Kind::Video, SendOnly)]);
    let (subscriber, to) = hall.join(&[(Kind::Video, RecvOnly)]);
    hall.publish(publisher, from[0], 1, Kind::Video);
    hall.forward(1, subscriber, to[0]);
    let mut encoder = Encoder::new(3, 1, 1);
    hall.film(publisher, from[0], &mut encoder, 40);
    hall.clients[publisher].lose(0.05);
    hall.clients[subscriber].lose(0.05);
    hall.film(publisher, from[0], &mut encoder, 400);
    hall.clients[publisher].lose(0.0);
    hall.clients[subscriber].lose(0.0);
    hall.film(publisher, from[0], &mut encoder, 20);
    hall.run(Duration::from_secs(1));
    let lost = hall.clients[subscriber].lost;
    let packets = hall.clients[subscriber].section(to[0]);
    let (first, last) = (packets[0], packets[packets.len() - 1]);
    let sent = (*last.seq_no - *first.seq_no + 1) as usize;
    let missing = sent - packets.len();
    println!("{lost} datagrams lost, {missing} of {sent} packets missing in the end");
    assert!(lost >= 20, "the path lost {lost}");
    // Asked for once by us of the publisher and once by the subscriber of us, a packet is missing
    // for good only if its repair got lost again and again.
    assert!(missing * 200 <= sent, "{missing} of {sent} missing");
    assert!(packets.iter().all(|packet| packet.payload[LABEL_AT] == 3));
}
