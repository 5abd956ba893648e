use heliograph_protocol::reputation::{Epoch, Phase, RETAINED_EPOCHS, absences};
use proptest::prelude::*;

const HOUR: Epoch = Epoch { start: 1_800_000_000, secs: 3_600 };

#[test]
fn phases_follow_each_other_without_a_gap() {
    let end = HOUR.start + 3_600;
    assert_eq!(HOUR.end(), end);
    for (now, phase) in [
        (0, Phase::Measuring),
        (HOUR.start, Phase::Measuring),
        (end - 1, Phase::Measuring),
        (end, Phase::Posting),
        (end + 3_599, Phase::Posting),
        (end + 3_600, Phase::Submitting),
        (end + 7_199, Phase::Submitting),
        (end + 7_200, Phase::Scoring),
        (u64::MAX, Phase::Scoring),
    ] {
        assert_eq!(HOUR.phase(now), phase, "at {now}");
    }
    let kept_until = HOUR.start + 3_600 * u64::from(3 + RETAINED_EPOCHS);
    assert!(HOUR.is_retained(kept_until - 1));
    assert!(!HOUR.is_retained(kept_until));
}

#[test]
fn epochs_without_a_length_do_not_exist() {
    assert_eq!(Epoch::at(1_800_000_000, 0), None);
    assert!(!Epoch { start: 0, secs: 0 }.is_aligned());
}

/// The end of time is never reached: nothing can be posted for an epoch up there.
#[test]
fn epochs_at_the_end_of_time_never_come() {
    let last = Epoch { start: u64::MAX - u64::MAX % 3_600, secs: 3_600 };
    assert!(last.is_aligned());
    assert_eq!(last.phase(u64::MAX - 1), Phase::Measuring);
}

#[test]
fn absences_are_the_whole_epochs_between() {
    let absent = |due_from, active_since| absences(due_from, active_since, &HOUR);
    let start = HOUR.start;
    // The one before was posted.
    assert_eq!(absent(start, 0), 0);
    assert_eq!(absent(start - 3_600, 0), 1);
    assert_eq!(absent(start - 10 * 3_600, 0), 10);
    // Never posted before: since it became active, from the next whole epoch on.
    assert_eq!(absent(0, start - 3_600), 1);
    assert_eq!(absent(0, start - 3_601), 1);
    assert_eq!(absent(0, start - 3_599), 0);
    assert_eq!(absent(0, start + 1), 0);
    // Suspended meanwhile: nothing is owed for that time.
    assert_eq!(absent(start - 10 * 3_600, start - 2 * 3_600), 2);
    // After a change of length the last epoch may reach into this one.
    assert_eq!(absent(start + 1_800, 0), 0);
    assert_eq!(absences(0, u64::MAX, &Epoch { start: u64::MAX, secs: 0 }), 0);
}

proptest! {
    #[test]
    fn every_second_is_in_one_epoch(now in any::<u64>(), secs in 1..=u32::MAX) {
        let epoch = Epoch::at(now, secs).unwrap();
        prop_assert!(epoch.is_aligned());
        prop_assert!(epoch.start <= now && now - epoch.start < u64::from(secs));
        prop_assert_eq!(Epoch { start: epoch.start.wrapping_add(1), secs }.is_aligned(), secs == 1);
    }

    #[test]
    fn phases_never_go_back(start in any::<u64>(), secs in any::<u32>(), a: u64, b: u64) {
        let epoch = Epoch { start, secs };
        prop_assert!(epoch.phase(a.min(b)) <= epoch.phase(a.max(b)));
        prop_assert!(epoch.is_retained(a.min(b)) >= epoch.is_retained(a.max(b)));
    }

    /// Posting and submitting of one epoch never overlap with another of the same length.
    #[test]
    fn one_epoch_is_posted_at_a_time(now in 10_000_000..u64::MAX / 2, secs in 1..86_400u32) {
        let current = Epoch::at(now, secs).unwrap();
        let back = |epochs: u64| Epoch { start: current.start - epochs * u64::from(secs), secs };
        let phases = [0, 1, 2, 3].map(|epochs| back(epochs).phase(now));
        prop_assert_eq!(
            phases,
            [Phase::Measuring, Phase::Posting, Phase::Submitting, Phase::Scoring]
        );
    }
}
