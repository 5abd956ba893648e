//! What is published comes out at those who get it.

use crate::client::{Client, Encoder, LABEL_AT};
use crate::hall::{Hall, peer};
use heliograph_sfu::media::api::{Command, Event, Kind, Mid, Quality, TrackId, Want};
use std::time::Duration;
use str0m::format::Codec;
use str0m::media::Direction::{RecvOnly, SendOnly};
use str0m::rtp::{Extension, RedEncoder, RedundantBlock, RtpWrite, SeqNo, Vp8Descriptor};

const AUDIO: Kind = Kind::Audio;
const VIDEO: Kind = Kind::Video;

#[test]
fn audio_and_video_reach_a_subscriber_unchanged() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(AUDIO, SendOnly), (VIDEO, SendOnly)]);
    let (subscriber, to) = hall.join(&[(AUDIO, RecvOnly), (VIDEO, RecvOnly)]);
    hall.publish(publisher, from[0], 1, AUDIO);
    hall.publish(publisher, from[1], 2, VIDEO);
    hall.forward(1, subscriber, to[0]);
    hall.forward(2, subscriber, to[1]);
    let mut encoder = Encoder::new(9, 30_000, 5);
    for seq in 0..60 {
        hall.clients[publisher].send_audio(from[0], 40_000 + seq, -30, &[seq as u8; 40]);
        hall.film(publisher, from[1], &mut encoder, 1);
    }
    hall.run(Duration::from_millis(300));

    let audio = hall.clients[subscriber].section(to[0]);
    assert!(audio.len() >= 55, "{} audio packets", audio.len());
    for pair in audio.windows(2) {
        assert_eq!(*pair[1].seq_no, *pair[0].seq_no + 1);
        assert_eq!(pair[1].header.timestamp, pair[0].header.timestamp.wrapping_add(960));
        assert_eq!(pair[1].payload[0], pair[0].payload[0] + 1);
    }
    assert_eq!(audio[0].header.ext_vals.audio_level, Some(-30));

    let video = hall.clients[subscriber].section(to[1]);
    assert!(video.len() >= 60, "{} video packets", video.len());
    let first = Vp8Descriptor::parse(&video[0].payload).unwrap();
    assert!(first.starts_keyframe(&video[0].payload), "starts with a keyframe");
    assert!(video.windows(2).all(|pair| *pair[1].seq_no == *pair[0].seq_no + 1));
    assert!(video.iter().all(|packet| packet.payload[LABEL_AT] == 9));

    let started = |track, mime: &'static str| {
        move |event: &Event| {
            *event == Event::TrackStarted { track: TrackId(track), mime_type: mime.into() }
        }
    };
    hall.event("audio started", started(1, "audio/opus"));
    hall.event("video started", started(2, "video/VP8"));
    let levels = hall.event("levels", |event| matches!(event, Event::Levels { .. }));
    assert_eq!(levels, Event::Levels { levels: vec![(TrackId(1), 30, 100)] });
    let stats = hall.event(
        "statistics",
        |event| matches!(event, Event::Stats { forwards, .. } if forwards.len() == 2),
    );
    let Event::Stats { peers, tracks, forwards } = stats else { unreachable!() };
    assert_eq!(peers.len(), 2);
    assert_eq!(tracks.len(), 2);
    assert!(forwards.iter().all(|forward| forward.to == peer(subscriber)));
    assert!(forwards.iter().all(|forward| forward.packets > 0 && forward.bytes > 0));
}

#[test]
fn layers_are_switched_on_keyframes_without_a_gap() {
    let mut hall = Hall::new();
    let rids = ["q", "h", "f"];
    let (publisher, from) = hall.join_as(Client::new(), &[(VIDEO, SendOnly)], &rids);
    // One that reports nothing, so that nothing but its wishes counts.
    let silent = Client::with(|config| config.set_extension(3, Extension::PlayoutDelay));
    let (subscriber, to) = hall.join_as(silent, &[(VIDEO, RecvOnly)], &[]);
    let qualities = [Quality::Low, Quality::Medium, Quality::High];
    let layers = qualities.iter().copied().zip(rids.map(String::from)).collect();
    hall.media.send(Command::Publish {
        peer: peer(publisher),
        mid: Mid(from[0].to_string()),
        track: TrackId(1),
        kind: VIDEO,
        layers,
    });
    hall.forward(1, subscriber, to[0]);
    let mut encoders: Vec<Encoder> =
        (0..3).map(|n| Encoder::new(n, 1_000 * u64::from(n) + 1, 77_777 * u32::from(n))).collect();
    let mut film = |hall: &mut Hall, frames: u32| {
        for _ in 0..frames {
            let client = &mut hall.clients[publisher];
            let asked = std::mem::take(&mut client.keyframe_requests);
            for (encoder, rid) in encoders.iter_mut().zip(rids) {
                let keyframe = asked.iter().any(|(_, asked)| asked.as_deref() == Some(rid));
                let frame = encoder.frame(keyframe);
                client.send_video(from[0], Some(rid), &frame);
            }
            hall.run(Duration::from_millis(8));
        }
    };
    let want = |hall: &mut Hall, max_quality: Quality| {
        let want = Want { max_quality, ..Want::default() };
        hall.media.send(Command::Want { track: TrackId(1), to: peer(subscriber), want });
    };
    for (quality, label) in [(Quality::High, 2), (Quality::Low, 0), (Quality::Medium, 1)] {
        want(&mut hall, quality);
        hall.until("the layer", |hall| {
            film(hall, 10);
            let section = hall.clients[subscriber].section(to[0]);
            section.last().is_some_and(|packet| packet.payload[LABEL_AT] == label)
        });
    }
    hall.run(Duration::from_millis(200));

    let packets = hall.clients[subscriber].section(to[0]);
    let mut order: Vec<u8> = packets.iter().map(|packet| packet.payload[LABEL_AT]).collect();
    order.dedup();
    assert!(order.ends_with(&[2, 0, 1]), "layers sent: {order:?}");
    for pair in packets.windows(2) {
        let [before, after] = [pair[0], pair[1]].map(|packet| {
            let vp8 = Vp8Descriptor::parse(&packet.payload).unwrap();
            let starts_keyframe = vp8.starts_keyframe(&packet.payload);
            (packet, vp8.picture_id().unwrap(), vp8.tl0_pic_idx().unwrap(), starts_keyframe)
        });
        assert_eq!(*after.0.seq_no, *before.0.seq_no + 1, "sequence numbers");
        let step = after.1.wrapping_sub(before.1) & 0x7fff;
        assert!(step <= 1, "picture ids {} {}", before.1, after.1);
        assert_eq!(after.2.wrapping_sub(before.2), step as u8, "indices of layer 0");
        let clock = after.0.header.timestamp.wrapping_sub(before.0.header.timestamp);
        assert!(clock < 90_000, "the clock jumps by {clock}");
        if before.0.payload[LABEL_AT] != after.0.payload[LABEL_AT] {
            assert!(after.3, "a layer begins with a keyframe");
            assert!(clock > 0);
        }
    }
    for quality in [Quality::High, Quality::Low, Quality::Medium] {
        hall.event("Forwarding", move |event| {
            matches!(event, Event::Forwarding { quality: told, .. } if *told == Some(quality))
        });
    }
}

#[test]
fn many_keyframe_requests_are_few_at_the_publisher() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(VIDEO, SendOnly)]);
    let (subscriber, to) = hall.join(&[(VIDEO, RecvOnly)]);
    hall.publish(publisher, from[0], 1, VIDEO);
    hall.forward(1, subscriber, to[0]);
    let mut encoder = Encoder::new(1, 1, 1);
    hall.film(publisher, from[0], &mut encoder, 50);
    assert!(!hall.clients[subscriber].received.is_empty());
    hall.run(Duration::from_secs(1));
    hall.clients[publisher].keyframe_requests.clear();
    let start = std::time::Instant::now();
    for _ in 0..100 {
        hall.clients[subscriber].ask_for_keyframe(to[0]);
        let frame = encoder.frame(false);
        hall.clients[publisher].send_video(from[0], None, &frame);
        hall.run(Duration::from_millis(10));
    }
    let allowed = start.elapsed().as_millis() as usize / 500 + 1;
    let asked = hall.clients[publisher].keyframe_requests.len();
    assert!((1..=allowed).contains(&asked), "{asked} requests, {allowed} allowed");
}

#[test]
fn red_is_kept_or_taken_apart() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(AUDIO, SendOnly)]);
    let (with_red, to_red) = hall.join(&[(AUDIO, RecvOnly)]);
    let plain = Client::with(|config| config.enable_opus(true, false));
    let (without, to_plain) = hall.join_as(plain, &[(AUDIO, RecvOnly)], &[]);
    hall.publish(publisher, from[0], 1, AUDIO);
    hall.forward(1, with_red, to_red[0]);
    hall.forward(1, without, to_plain[0]);
    hall.media.send(Command::Tap { track: TrackId(1), on: true });
    let client = &hall.clients[publisher];
    let opus = client.pt(Codec::Opus);
    let red = client.rtc.codec_config().find(|params| params.pt() == opus).unwrap().red();
    let red = red.expect("RED was negotiated");
    for seq in 0..20_u64 {
        let older =
            RedundantBlock { pt: *opus, timestamp_offset: 960, payload: vec![seq as u8; 20] };
        let payload = RedEncoder::encode(*opus, &[seq as u8 + 1; 30], &[older]);
        let time = seq as u32 * 960;
        let now = std::time::Instant::now();
        let packet = RtpWrite::new(red, SeqNo::from(500 + seq), time, now, payload);
        hall.clients[publisher].send(from[0], None, packet);
        hall.run(Duration::from_millis(10));
    }
    hall.run(Duration::from_millis(200));
    let kept = hall.clients[with_red].section(to_red[0]);
    assert!(kept.len() >= 15, "{} RED packets", kept.len());
    assert!(kept.iter().all(|packet| packet.header.payload_type == red));
    assert!(kept.iter().all(|packet| packet.payload.len() == 30 + 20 + 5));
    let apart = hall.clients[without].section(to_plain[0]);
    let opus = hall.clients[without].pt(Codec::Opus);
    assert!(apart.len() >= 15, "{} plain packets", apart.len());
    assert!(apart.iter().all(|packet| packet.header.payload_type == opus));
    assert!(apart.iter().all(|packet| packet.payload.len() == 30));
    let tapped = hall.event("tapped audio", |event| matches!(event, Event::Tapped { .. }));
    let Event::Tapped { payload, .. } = tapped else { unreachable!() };
    assert_eq!(payload.len(), 30);
}

#[test]
fn a_section_carries_one_track_after_another() {
    let mut hall = Hall::new();
    let (publisher, from) = hall.join(&[(VIDEO, SendOnly), (VIDEO, SendOnly)]);
    let (subscriber, to) = hall.join(&[(VIDEO, RecvOnly)]);
    let mut encoders = [Encoder::new(1, 9, 9), Encoder::new(2, 60_000, 4_000_000_000)];
    for (at, encoder) in encoders.iter_mut().enumerate() {
        let track = at as u64 + 1;
        hall.publish(publisher, from[at], track, VIDEO);
        hall.forward(track, subscriber, to[0]);
        hall.until("the track", |hall| {
            hall.film(publisher, from[at], encoder, 1);
            let section = hall.clients[subscriber].section(to[0]);
            let own = |packet: &&&_| -> bool {
                let packet: &str0m::rtp::RtpPacket = packet;
                packet.payload[LABEL_AT] == at as u8 + 1
            };
            section.iter().filter(own).count() > 40
        });
        hall.media.send(Command::EndForward { track: TrackId(track), to: peer(subscriber) });
    }
    let packets = hall.clients[subscriber].section(to[0]);
    let mut order: Vec<u8> = packets.iter().map(|packet| packet.payload[LABEL_AT]).collect();
    order.dedup();
    assert_eq!(order, [1, 2]);
    assert!(packets.windows(2).all(|pair| *pair[1].seq_no == *pair[0].seq_no + 1));
}
