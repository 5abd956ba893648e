//! Descriptors that Chromium made: `tests/*.txt` are those of consecutive packets, as hexadecimal
//! digits, of a camera published with `L3T3_KEY`. The AV1 encoder made two spatial layers of three,
//! since the picture was small; VP9's began with two and went on, after a keyframe, with three.

use super::*;
use proptest::prelude::*;

const VP9: &str = include_str!("tests/vp9_l3t3_key.txt");
const AV1: &str = include_str!("tests/av1_l3t3_key.txt");

/// A stream's packets, read one after another as the worker does.
pub(in crate::media) fn packets(text: &str) -> Vec<Descriptor> {
    let mut known: Option<(Arc<Structure>, u32)> = None;
    let read = |line: &str| {
        let raw = hex::decode(line).unwrap();
        let known_now = known.as_ref().map(|(structure, active)| (structure, *active));
        let packet = Descriptor::read(&raw, known_now).unwrap();
        known = Some((packet.structure.clone(), packet.active));
        packet
    };
    text.lines().map(read).collect()
}

pub(in crate::media) fn vp9() -> Vec<Descriptor> {
    packets(VP9)
}

pub(in crate::media) fn av1() -> Vec<Descriptor> {
    packets(AV1)
}

const fn point(spatial: u8, temporal: u8) -> Point {
    Point { spatial, temporal }
}

#[test]
fn chromiums_structures_are_read() {
    let targets = |packet: &Descriptor| -> Vec<Point> {
        (0..packet.structure.targets()).map(|target| packet.structure.target(target)).collect()
    };
    let grid = |spatial| -> Vec<Point> {
        (0..spatial).flat_map(|spatial| (0..3).map(move |t| point(spatial, t))).collect()
    };
    let (vp9, av1) = (vp9(), av1());
    assert_eq!(targets(&vp9[0]), grid(3));
    assert_eq!(targets(&av1[0]), grid(2));
    assert_eq!((vp9[0].active, av1[0].active), (0b111_111, 0b111_111));
    assert!(vp9[0].tells_active && !av1[0].tells_active);
    let again = vp9.iter().skip(1).find(|packet| packet.tells_structure).unwrap();
    assert_eq!((again.frame, again.active), (211, 0b111_111_111));
    assert_eq!(vp9[0].structure.within(point(1, 1)), 0b011_011);
    let best: Vec<_> = vp9[0].structure.best_of_layers(vp9[0].active).collect();
    assert_eq!(best, [2, 5], "the third layer is not served yet");
}

#[test]
fn chromiums_frames_are_read() {
    // Of the first pictures: frame, layers, differences, last packet of its frame.
    let seen = |packet: &Descriptor| {
        let point = packet.point;
        let back = packet.differences().to_vec();
        (packet.frame, (point.spatial, point.temporal), back, packet.ends_frame)
    };
    let vp9: Vec<_> = vp9().iter().take(8).map(seen).collect();
    let expected = [
        (1, (0, 0), vec![], true),
        (2, (1, 0), vec![1], false),
        (2, (1, 0), vec![1], true),
        (3, (0, 2), vec![2], true),
        (4, (1, 2), vec![2], true),
        (5, (0, 1), vec![4], true),
        (6, (1, 1), vec![4], true),
        (7, (0, 2), vec![2], true),
    ];
    assert_eq!(vp9, expected);
    let av1: Vec<_> = av1().iter().skip(3).take(5).map(seen).collect();
    let expected = [
        (3, (0, 0), vec![], true),
        (4, (1, 0), vec![1], false),
        (4, (1, 0), vec![1], false),
        (4, (1, 0), vec![1], true),
        (5, (0, 2), vec![2], true),
    ];
    assert_eq!(av1, expected);
}

#[test]
fn what_is_rewritten_says_the_same_otherwise() {
    for (packet, before) in vp9().iter().zip([None].into_iter().chain(vp9().iter().map(Some))) {
        let known = before.map(|before| (&before.structure, before.active));
        for active in [None, Some(0b000_000_111), Some(0b111_111_111)] {
            let Raw(raw) = packet.rewritten(7_000, active);
            let read = Descriptor::read(&raw, known).unwrap();
            assert_eq!(read.frame, 7_000);
            assert_eq!(read.active, active.unwrap_or(packet.active));
            assert_eq!((read.point, read.ends_frame), (packet.point, packet.ends_frame));
            assert_eq!(read.differences(), packet.differences());
            let indications = |packet: &Descriptor| {
                (0..9).map(|target| packet.indication(target)).collect::<Vec<_>>()
            };
            assert_eq!(indications(&read), indications(packet));
        }
        assert_eq!(packet.rewritten(packet.frame, None).0, packet.raw);
    }
}

#[test]
fn nothing_is_made_of_garbage_or_of_what_is_not_known_yet() {
    let all = vp9();
    let first = &all[0].raw;
    for bytes in 0..first.len() - 2 {
        assert!(Descriptor::read(&first[..bytes], None).is_none(), "{bytes} bytes");
    }
    assert!(Descriptor::read(&all[1].raw, None).is_none(), "a template of no structure");
    let known = Some((&all[0].structure, all[0].active));
    // Template 2 of a structure that counts from 0 to 14 is there, template 40 is not.
    assert!(Descriptor::read(&[0xc2, 0, 9], known).is_some());
    assert!(Descriptor::read(&[0xc0 | 40, 0, 9], known).is_none());
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        flips in proptest::collection::vec((0_usize..500, any::<u8>()), 0..6),
    ) {
        let all = vp9();
        let known = Some((&all[0].structure, all[0].active));
        let mut broken = all[0].raw.clone();
        for (at, byte) in flips {
            let at = at % broken.len();
            broken[at] ^= byte;
        }
        for raw in [&noise, &broken] {
            for known in [None, known] {
                if let Some(packet) = Descriptor::read(raw, known) {
                    let targets = packet.structure.targets();
                    prop_assert!((1..=32).contains(&targets));
                    let Raw(written) = packet.rewritten(1, Some(1));
                    prop_assert!(Descriptor::read(&written, known).is_some());
                }
            }
        }
    }
}
