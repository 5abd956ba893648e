//! Narrow paths.

use crate::client::{Client, Encoder, LABEL_AT};
use crate::hall::{Hall, peer};
use heliograph_sfu::media::api::{Command, Event, Kind, Mid, Quality, TrackId};
use std::time::{Duration, Instant};
use str0m::media::Direction::{RecvOnly, SendOnly};

const RIDS: [&str; 3] = ["q", "h", "f"];

/// A publisher of audio and of video in three layers, in real time.
struct Studio {
    at: usize,
    audio: str0m::media::Mid,
    video: str0m::media::Mid,
    encoders: [Encoder; 3],
    audio_seq: u64,
}

impl Studio {
    fn new(hall: &mut Hall) -> Self {
        let sections = [(Kind::Audio, SendOnly), (Kind::Video, SendOnly)];
        let (at, mids) = hall.join_as(Client::new(), &sections, &RIDS);
        hall.publish(at, mids[0], 1, Kind::Audio);
        let qualities = [Quality::Low, Quality::Medium, Quality::High];
        hall.media.send(Command::Publish {
            peer: peer(at),
            mid: Mid(mids[1].to_string()),
            track: TrackId(2),
            kind: Kind::Video,
            layers: qualities.into_iter().zip(RIDS.map(String::from)).collect(),
        });
        // 145, 490 and 1,530 kbit/s at 30 pictures a second.
        let sizes = [(1, 600), (2, 1_020), (6, 1_060)];
        let mut label = 0;
        let encoders = sizes.map(|(packets, bytes)| {
            let mut encoder = Encoder::new(label, 1, 1);
            (encoder.next.packets, encoder.next.bytes) = (packets, bytes);
            label += 1;
            encoder
        });
        Self { at, audio: mids[0], video: mids[1], encoders, audio_seq: 1 }
    }

    fn play(&mut self, hall: &mut Hall, duration: Duration) {
        let (start, mut pictures, mut sounds) = (Instant::now(), 0, 0);
        while start.elapsed() < duration {
            let client = &mut hall.clients[self.at];
            if start.elapsed() >= Duration::from_millis(20) * sounds {
                sounds += 1;
                client.send_audio(self.audio, self.audio_seq, -40, &[7; 80]);
                self.audio_seq += 1;
            }
            if start.elapsed() >= Duration::from_millis(33) * pictures {
                pictures += 1;
                let asked = std::mem::take(&mut client.keyframe_requests);
                for (encoder, rid) in self.encoders.iter_mut().zip(RIDS) {
                    let keyframe = asked.iter().any(|(_, asked)| asked.as_deref() == Some(rid));
                    let frame = encoder.frame(keyframe);
                    client.send_video(self.video, Some(rid), &frame);
                }
            }
            hall.step();
        }
    }
}

/// The layer of the last packet in a section.
fn layer(hall: &Hall, at: usize, mid: str0m::media::Mid) -> Option<u8> {
    hall.clients[at].section(mid).last().map(|packet| packet.payload[LABEL_AT])
}

#[test]
fn layers_follow_the_path_and_audio_goes_on() {
    let mut hall = Hall::new();
    let mut studio = Studio::new(&mut hall);
    let (subscriber, to) = hall.join(&[(Kind::Audio, RecvOnly), (Kind::Video, RecvOnly)]);
    hall.forward(1, subscriber, to[0]);
    hall.forward(2, subscriber, to[1]);
    let mut played = Duration::ZERO;
    let second = Duration::from_secs(1);
    while layer(&hall, subscriber, to[1]) != Some(2) {
        studio.play(&mut hall, second);
        played += second;
        assert!(played < 40 * second, "the path was never found to be wide");
    }
    println!("the best layer after {played:?}");

    hall.clients[subscriber].limit(Some(500));
    studio.play(&mut hall, 6 * second);
    let (audio_before, sent_before) =
        (hall.clients[subscriber].section(to[0]).len(), studio.audio_seq);
    studio.play(&mut hall, 6 * second);
    assert_eq!(layer(&hall, subscriber, to[1]), Some(0), "the lowest layer on 500 kbit/s");
    let heard = hall.clients[subscriber].section(to[0]).len() - audio_before;
    let sent = (studio.audio_seq - sent_before) as usize;
    println!("{heard} of {sent} audio packets on 500 kbit/s");
    assert!(heard * 100 >= sent * 97, "{heard} of {sent} audio packets");
    let stats = hall.log.iter().rev().find_map(|event| match event {
        Event::Stats { peers, .. } => peers.iter().find(|stats| stats.peer == peer(subscriber)),
        _ => None,
    });
    let estimate = stats.and_then(|stats| stats.estimate_bps).expect("an estimate");
    println!("estimated at {} kbit/s", estimate / 1_000);
    assert!((100_000..700_000).contains(&estimate), "{estimate}");
}

#[test]
fn video_pauses_on_a_path_for_audio_only_and_comes_back() {
    let mut hall = Hall::new();
    let mut studio = Studio::new(&mut hall);
    let (subscriber, to) = hall.join(&[(Kind::Audio, RecvOnly), (Kind::Video, RecvOnly)]);
    hall.forward(1, subscriber, to[0]);
    hall.forward(2, subscriber, to[1]);
    hall.clients[subscriber].limit(Some(100));
    let told = |hall: &Hall, wanted: Option<Quality>| {
        let last = hall.log.iter().rev().find_map(|event| match event {
            Event::Forwarding { quality, .. } => Some(*quality),
            _ => None,
        });
        last == Some(wanted)
    };
    let mut seconds = 0;
    while !told(&hall, None) {
        studio.play(&mut hall, Duration::from_secs(1));
        seconds += 1;
        assert!(seconds < 40, "video was not paused");
    }
    println!("paused after {seconds} s");
    hall.clients[subscriber].limit(None);
    let mut seconds = 0;
    while told(&hall, None) {
        studio.play(&mut hall, Duration::from_secs(1));
        seconds += 1;
        assert!(seconds < 60, "video did not come back");
    }
    println!("back after {seconds} s");
}
