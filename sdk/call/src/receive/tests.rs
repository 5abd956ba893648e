use super::*;
use crate::packet::{red, vp8};
use std::time::Duration;

fn video(frames: usize) -> Vec<(u32, bool, Vec<u8>)> {
    // Every packet of every frame: RTP time, marker, payload. A key frame each ten frames.
    let mut packets = Vec::new();
    for number in 0..frames {
        let mut frame = vec![number as u8; 2_500];
        frame[0] = if number % 10 == 0 { 0x10 } else { 0x11 };
        let payloads = vp8::packets(&frame, number as u16);
        let last = payloads.len() - 1;
        for (index, payload) in payloads.into_iter().enumerate() {
            packets.push((number as u32 * 3_000, index == last, payload));
        }
    }
    packets
}

fn feed(
    receiver: &mut Receiver,
    start: Instant,
    packets: &[(u32, bool, Vec<u8>)],
    order: impl IntoIterator<Item = usize>,
) -> Vec<Media> {
    let mut media = Vec::new();
    for index in order {
        let (rtp_time, marker, payload) = &packets[index];
        let now = start + Duration::from_millis(u64::from(*rtp_time) / 90);
        let sequence = 65_530 + index as u64;
        let packet =
            Packet { sequence, rtp_time: *rtp_time, marker: *marker, is_red: false, payload };
        media.extend(receiver.packet(now, &packet));
    }
    media
}

#[test]
fn frames_come_out_whole_whatever_the_order_in_a_frame() {
    let start = Instant::now();
    let packets = video(20);
    let mut receiver = Receiver::video(Codec::Vp8, start);
    let order = (0..packets.len()).map(|index| {
        if index % 3 == 0 {
            index + 1
        } else if index % 3 == 1 {
            index - 1
        } else {
            index
        }
    });
    let media = feed(&mut receiver, start, &packets, order);
    assert_eq!(media.len(), 20);
    let stats = receiver.stats(start + Duration::from_secs(1));
    assert_eq!((stats.frames, stats.key_frames, stats.lost, stats.freezes), (20, 2, 0, 0));
    assert_eq!(stats.out_of_order, 20);
}

#[test]
fn lost_packet_stops_the_picture_until_the_next_key_frame() {
    let start = Instant::now();
    let packets = video(30);
    let mut receiver = Receiver::video(Codec::Vp8, start);
    // The second packet of frame 4.
    let order = (0..packets.len()).filter(|index| *index != 4 * 3 + 1);
    let media = feed(&mut receiver, start, &packets, order);
    // Frames 0 to 3 and 10 to 29.
    assert_eq!(media.len(), 24);
    assert!(matches!(&media[4], Media::Video { rtp_time: 30_000, is_key: true, .. }));
    let stats = receiver.stats(start + Duration::from_secs(1));
    assert_eq!(stats.lost, 1);
}

#[test]
fn packet_sent_again_in_time_repairs_everything() {
    let start = Instant::now();
    let packets = video(10);
    let mut receiver = Receiver::video(Codec::Vp8, start);
    let missing = 4 * 3 + 1;
    let order = (0..missing).chain(missing + 1..packets.len()).chain([missing]);
    let media = feed(&mut receiver, start, &packets, order);
    assert_eq!(media.len(), 10);
    assert_eq!(receiver.stats(start).lost, 0);
}

#[test]
fn frame_cut_off_by_a_change_of_layers_is_not_joined_to_the_next() {
    let start = Instant::now();
    let mut packets = video(20);
    // The rest of frame 9, and with it the marker, was never sent: no gap in the numbers.
    packets.drain(9 * 3 + 1..10 * 3);
    let mut receiver = Receiver::video(Codec::Vp8, start);
    let media = feed(&mut receiver, start, &packets, 0..packets.len());
    let whole = |media: &Media| matches!(media, Media::Video { frame, .. } if frame.len() == 2_500);
    assert!(media.iter().all(whole));
    // Frames 0 to 8 and 10 to 19.
    assert_eq!(media.len(), 19);
    assert_eq!(receiver.stats(start).lost, 0);
}

#[test]
fn gap_that_stays_asks_for_a_key_frame_once_a_second() {
    let start = Instant::now();
    let packets = video(9);
    let mut receiver = Receiver::video(Codec::Vp8, start);
    feed(&mut receiver, start, &packets, (0..packets.len()).filter(|index| *index != 4));
    assert!(!receiver.wants_key_frame(start + Duration::from_millis(100)));
    assert!(receiver.wants_key_frame(start + Duration::from_millis(400)));
    assert!(!receiver.wants_key_frame(start + Duration::from_millis(900)));
    assert!(receiver.wants_key_frame(start + Duration::from_millis(1_500)));
}

#[test]
fn long_pause_is_a_freeze() {
    let start = Instant::now();
    let mut packets = video(40);
    for (rtp_time, ..) in &mut packets[60..] {
        *rtp_time += 90 * 500;
    }
    let mut receiver = Receiver::video(Codec::Vp8, start);
    feed(&mut receiver, start, &packets, 0..packets.len());
    let stats = receiver.stats(start + Duration::from_secs(3));
    assert_eq!(stats.freezes, 1);
    assert!((500..=600).contains(&stats.freeze_ms), "{} ms", stats.freeze_ms);
}

#[test]
fn redundancy_makes_single_losses_good_in_time() {
    let start = Instant::now();
    let mut receiver = Receiver::audio(start);
    let mut packer = red::Packer::new(1, 111);
    let mut media = Vec::new();
    for number in 0..100u32 {
        let payload = packer.pack(number * 960, &Bytes::from(vec![number as u8; 40]));
        if number % 5 == 3 {
            continue;
        }
        let now = start + Duration::from_millis(u64::from(number) * 20);
        let packet = Packet {
            sequence: 1_000 + u64::from(number),
            rtp_time: number * 960,
            marker: false,
            is_red: true,
            payload: &payload,
        };
        media.extend(receiver.packet(now, &packet));
    }
    assert_eq!(media.len(), 100);
    let stats = receiver.stats(start + Duration::from_secs(2));
    assert_eq!((stats.lost, stats.audio_recovered), (20, 20));
    assert_eq!(stats.audio_in_time_ppm(), 1_000_000);
}

#[test]
fn late_and_lost_audio_is_not_in_time() {
    let start = Instant::now();
    let mut receiver = Receiver::audio(start);
    for number in (0..100u32).filter(|number| number % 10 != 4) {
        let late = if number % 10 == 7 { PLAYOUT_MS + 50 } else { 5 };
        let now = start + Duration::from_millis(u64::from(number) * 20 + late);
        let packet = Packet {
            sequence: u64::from(number),
            rtp_time: number * 960,
            marker: false,
            is_red: false,
            payload: &[0xf8, 1, 2],
        };
        receiver.packet(now, &packet);
    }
    let stats = receiver.stats(start + Duration::from_secs(2));
    assert_eq!((stats.lost, stats.audio_in_time), (10, 80));
    assert_eq!(stats.audio_in_time_ppm(), 800_000);
}

#[test]
fn duplicates_count_once() {
    let start = Instant::now();
    let mut receiver = Receiver::audio(start);
    let packet =
        Packet { sequence: 9, rtp_time: 0, marker: false, is_red: false, payload: &[0xf8, 1, 2] };
    assert_eq!(receiver.packet(start, &packet).len(), 1);
    assert_eq!(receiver.packet(start, &packet).len(), 0);
    assert_eq!(receiver.stats(start).packets, 1);
}
