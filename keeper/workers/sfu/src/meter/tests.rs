use super::*;
use proptest::prelude::*;

fn served(payer: u8, identity: &str) -> Served {
    Served {
        payer: Payer([payer; 32]),
        room: "lobby".into(),
        identity: identity.into(),
        audio: true,
        video: false,
        data: false,
        bytes_in: 10,
        bytes_out: 20,
        rtt_ms: Some(30),
        jitter_ms: None,
        packets: 50,
        packets_lost: 1,
    }
}

#[test]
fn seconds_and_bytes_add_up_by_participant() {
    let mut meter = Meter::default();
    meter.add(served(1, "ann"));
    meter.add(Served { video: true, data: true, rtt_ms: Some(70), ..served(1, "ann") });
    meter.add(served(1, "bob"));
    meter.add(served(2, "ann"));
    let reports = meter.take();
    assert_eq!(reports.len(), 2);
    let [ann, bob] = reports[0].entries.as_slice() else { panic!("two participants") };
    assert_eq!((ann.audio_secs, ann.video_secs, ann.data_secs), (2, 1, 1));
    assert_eq!((ann.bytes_in, ann.bytes_out), (20, 40));
    assert_eq!((bob.identity.as_str(), bob.audio_secs), ("bob", 1));
    let quality = CallQuality { rtt_p95_ms: 70, jitter_p95_ms: 0, packets: 150, packets_lost: 3 };
    assert_eq!(reports[0].quality, quality);
    assert!(meter.take().is_empty(), "taken once");
}

#[test]
fn one_payer_is_taken_alone() {
    let mut meter = Meter::default();
    meter.add(served(1, "ann"));
    meter.add(served(2, "bob"));
    assert_eq!(meter.take_of(Payer([1; 32])).len(), 1);
    assert!(meter.take_of(Payer([1; 32])).is_empty());
    assert_eq!(meter.take()[0].payer, Payer([2; 32]));
}

#[test]
fn nothing_served_is_no_report() {
    let mut meter = Meter::default();
    meter.add(Served { audio: false, bytes_in: 0, bytes_out: 0, ..served(1, "ann") });
    assert!(meter.take().is_empty());
}

proptest! {
    /// However many and however named, every report fits a frame and nothing is lost or doubled.
    #[test]
    fn reports_fit_frames(names in prop::collection::vec(0..20_000usize, 0..40), more in 0..1_200usize) {
        let mut meter = Meter::default();
        for (index, len) in names.iter().enumerate() {
            meter.add(served(1, &format!("{index}{}", "x".repeat(*len))));
        }
        for index in 0..more {
            meter.add(served(1, &format!("n{index}")));
        }
        let reports = meter.take();
        let entries: usize = reports.iter().map(|report| report.entries.len()).sum();
        prop_assert_eq!(entries, names.len() + more);
        let packets: u64 = reports.iter().map(|report| report.quality.packets).sum();
        prop_assert_eq!(packets, 50 * (names.len() + more) as u64);
        for report in reports {
            let bytes = borsh_len(&report.entries);
            prop_assert!(bytes + 128 <= heliograph_worker_ipc::MAX_FRAME_BYTES, "{bytes}");
        }
    }
}

/// Bytes of entries on the wire: names with length prefixes, three u32 and two u64.
fn borsh_len(entries: &[CallUsage]) -> usize {
    entries.iter().map(|usage| usage.room.len() + usage.identity.len() + 36).sum()
}
