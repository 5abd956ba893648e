use super::*;
use crate::media::descriptor::{Structure, tests as recorded};
use std::sync::Arc;

const fn point(spatial: u8, temporal: u8) -> Point {
    Point { spatial, temporal }
}

/// Plays packets to a subscriber; what it gets as (layers, end of picture).
fn play(scale: &mut Scale, packets: &[Descriptor]) -> Vec<(Point, bool)> {
    let get = |packet: &Descriptor| Some((packet.point, scale.pass(packet)?.ends_picture));
    packets.iter().filter_map(get).collect()
}

/// The part of VP9's recording with three layers, from its keyframe on.
fn three_layers() -> Vec<Descriptor> {
    let all = recorded::vp9();
    let start = all.iter().rposition(|packet| packet.tells_structure).unwrap();
    all[start..].to_vec()
}

#[test]
fn who_wants_everything_gets_the_frames_of_the_best_target() {
    let packets = three_layers();
    let mut scale = Scale::default();
    let got = play(&mut scale, &packets);
    // The keyframe's lower layers are needed, those of later pictures are not (`_KEY`).
    let later = packets.iter().position(|packet| packet.point.temporal == 2).unwrap();
    let first: Vec<u8> = got[..later].iter().map(|(point, _)| point.spatial).collect();
    assert!(first.is_sorted() && first.contains(&0) && first.contains(&2), "{first:?}");
    assert!(got[later..].iter().all(|(point, _)| point.spatial == 2));
    assert_eq!(scale.current(), Some(point(2, 2)));
    let ends = got.iter().filter(|(_, ends)| *ends).count();
    let frames = packets.iter().filter(|packet| packet.ends_frame && packet.point.spatial == 2);
    assert_eq!(ends, frames.count());
}

#[test]
fn who_wants_less_gets_whole_pictures_of_that() {
    for wanted in [point(0, 2), point(1, 2), point(1, 1), point(0, 0)] {
        let mut scale = Scale::default();
        scale.want(wanted);
        let got = play(&mut scale, &three_layers());
        assert!(got.iter().all(|(point, _)| wanted.holds(*point)), "{wanted:?}: {got:?}");
        assert!(got.iter().any(|(point, _)| *point == wanted), "{wanted:?}: {got:?}");
        assert!(got.iter().filter(|(_, ends)| *ends).all(|(at, _)| at.spatial == wanted.spatial));
    }
}

#[test]
fn another_layer_comes_with_a_keyframe_and_is_asked_for() {
    let packets = three_layers();
    // The second picture of the lowest layers still needs the keyframe's frames only, which everybody
    // has: until then, less can be had without another.
    let lowest = |packet: &&Descriptor| packet.point == point(0, 0) && packet.ends_frame;
    let second = packets.iter().filter(lowest).nth(1).unwrap().frame;
    let (before, after): (Vec<_>, Vec<_>) =
        packets.iter().cloned().partition(|packet| packet.frame < second + 3);
    for (had, wanted) in [(point(0, 2), point(2, 2)), (point(2, 2), point(0, 2))] {
        let mut scale = Scale::default();
        scale.want(had);
        play(&mut scale, &before);
        scale.want(wanted);
        let got = play(&mut scale, &after);
        assert!(got.iter().all(|(point, _)| point.spatial == had.spatial), "no frame allows it");
        assert!(scale.needs_keyframe());
        let mut again: Vec<Descriptor> = before.clone();
        for packet in &mut again {
            packet.frame = packet.frame.wrapping_add(1_000);
        }
        play(&mut scale, &again);
        assert_eq!(scale.current(), Some(wanted));
        assert!(!scale.needs_keyframe());
    }
}

#[test]
fn fewer_frames_come_and_go_without_a_keyframe() {
    let packets = three_layers();
    let mut scale = Scale::default();
    let half = packets.len() / 2;
    play(&mut scale, &packets[..half]);
    scale.want(point(2, 0));
    let got = play(&mut scale, &packets[half..]);
    assert!(got.iter().any(|(point, _)| point.temporal == 0));
    assert_eq!(scale.current(), Some(point(2, 0)));
    assert!(!scale.needs_keyframe());
}

#[test]
fn a_late_packet_shares_its_frames_fate() {
    let packets = three_layers();
    let mut scale = Scale::default();
    scale.want(point(0, 2));
    let base = packets.iter().position(|packet| packet.point == point(0, 2)).unwrap();
    let late = packets[base].clone();
    let dropped = packets.iter().find(|packet| packet.point.spatial == 1).unwrap().clone();
    play(&mut scale, &packets);
    assert!(scale.pass(&late).is_some());
    assert!(scale.pass(&dropped).is_none());
    let mut ancient = late;
    ancient.frame = ancient.frame.wrapping_sub(1_000);
    assert!(scale.pass(&ancient).is_none());
}

#[test]
fn the_subscriber_is_told_which_targets_are_served() {
    let packets = three_layers();
    let mut scale = Scale::default();
    scale.want(point(1, 2));
    let mut known: Option<(Arc<Structure>, u32)> = None;
    for packet in &packets {
        let Some(Outgoing { descriptor: Some(Raw(raw)), .. }) = scale.pass(packet) else {
            continue;
        };
        let known_now = known.as_ref().map(|(structure, active)| (structure, *active));
        let read = Descriptor::read(&raw, known_now).unwrap();
        assert_eq!(read.active, 0b000_111_111);
        assert_eq!(read.tells_active, packet.tells_structure, "once is enough");
        known = Some((read.structure, read.active));
    }
    assert!(known.is_some());
}

#[test]
fn frames_are_numbered_on_where_the_source_changes() {
    let packets = three_layers();
    let mut scale = Scale::default();
    play(&mut scale, &packets);
    let last = scale.last_frame.unwrap();
    scale.begin();
    let others = recorded::av1();
    let Some(Outgoing { descriptor: Some(Raw(raw)), .. }) = scale.pass(&others[0]) else {
        panic!("a keyframe goes out")
    };
    assert_eq!(Descriptor::read(&raw, None).unwrap().frame, last.wrapping_add(1));
}

/// A packet that is a frame of VP9 by itself.
const fn vp9(spatial: u8, temporal: u8, predicted: bool, switches_up: bool) -> Vp9 {
    Vp9 {
        spatial,
        temporal,
        begins_frame: true,
        ends_frame: true,
        predicted,
        keyframe: !predicted && spatial == 0,
        switches_up,
    }
}

#[test]
fn vp9_without_descriptors_goes_down_at_once_and_up_with_a_keyframe() {
    let mut scale = Scale::default();
    let picture = |scale: &mut Scale, predicted| -> Vec<(u8, bool)> {
        let frames = (0..3).map(|spatial| vp9(spatial, 0, predicted, false));
        let get = |frame: Vp9| Some((frame.spatial, scale.pass_vp9(&frame)?.ends_picture));
        frames.filter_map(get).collect()
    };
    scale.want(point(2, u8::MAX));
    assert_eq!(picture(&mut scale, false), [(0, false), (1, false), (2, true)]);
    scale.want(point(1, u8::MAX));
    assert_eq!(picture(&mut scale, true), [(0, false), (1, true)]);
    scale.want(point(2, u8::MAX));
    for _ in 0..3 {
        assert_eq!(picture(&mut scale, true), [(0, false), (1, true)]);
    }
    assert!(scale.needs_keyframe());
    assert_eq!(picture(&mut scale, false), [(0, false), (1, false), (2, true)]);
    assert!(!scale.needs_keyframe());
}

#[test]
fn vp9_without_descriptors_gets_more_frames_from_a_switching_point_on() {
    let mut scale = Scale::default();
    scale.want(point(0, u8::MAX));
    assert!(scale.pass_vp9(&vp9(0, 0, false, false)).is_some());
    assert!(scale.pass_vp9(&vp9(0, 2, true, false)).is_some());
    scale.want(point(0, 0));
    assert!(scale.pass_vp9(&vp9(0, 1, true, false)).is_none());
    assert!(scale.pass_vp9(&vp9(0, 0, true, false)).is_some());
    scale.want(point(0, u8::MAX));
    assert!(scale.pass_vp9(&vp9(0, 1, true, true)).is_none(), "needs what was left out");
    assert!(scale.pass_vp9(&vp9(0, 0, true, true)).is_some());
    assert!(scale.pass_vp9(&vp9(0, 2, true, false)).is_some());
}
