use super::*;

fn usage(identity: &str, secs: u32) -> ParticipantUsage {
    let (room, identity) = ("lobby".to_owned(), identity.to_owned());
    ParticipantUsage { room, identity, audio_secs: secs, ..ParticipantUsage::default() }
}

#[test]
fn a_participant_has_no_more_seconds_than_the_clock() {
    let mut bounds = Bounds::default();
    assert!(bounds.check(&[usage("ann", 75)], 60_000).is_ok());
    assert!(bounds.check(&[usage("ann", 76)], 60_000).is_err());
    bounds.advance(&[usage("ann", 75)], 60_000);
    // What was taken ahead is not there a second time, minute after minute.
    assert!(bounds.check(&[usage("ann", 61)], 60_000).is_err());
    assert!(bounds.check(&[usage("ann", 60), usage("bob", 75)], 60_000).is_ok());
    bounds.advance(&[usage("ann", 45)], 60_000);
    assert!(bounds.check(&[usage("ann", 75)], 60_000).is_ok());
}

#[test]
fn a_participant_is_named_once() {
    let twice = [usage("ann", 1), usage("ann", 1)];
    assert!(Bounds::default().check(&twice, 60_000).unwrap_err().contains("twice"));
}

#[test]
fn over_any_number_of_receipts_the_count_stays_within_the_clock() {
    let mut bounds = Bounds::default();
    let (mut charged, mut covered) = (0, 0);
    for span_ms in [60_000, 1, 1, 1, 5_000, 60_000, 0, 30_900, 60_000] {
        let [most, ..] = bounds.room_for("lobby", "ann", span_ms);
        bounds.check(&[usage("ann", most)], span_ms).unwrap();
        bounds.advance(&[usage("ann", most)], span_ms);
        (charged, covered) = (charged + u64::from(most) * 1_000, covered + span_ms);
        let most_ms = covered + u64::from(AHEAD_SECS_MAX) * 1_000;
        assert!(charged <= most_ms, "{charged} ms in {covered} ms");
    }
}

#[test]
fn transcription_has_a_bound_of_its_own() {
    let spoke = |secs: u64| ParticipantUsage {
        transcribed_samples: secs * u64::from(TRANSCRIPTION_RATE_HZ),
        ..usage("ann", 0)
    };
    let mut bounds = Bounds::default();
    assert!(bounds.check(&[spoke(85)], 10_000).is_ok());
    assert!(bounds.check(&[spoke(86)], 10_000).unwrap_err().contains("transcription"));
    bounds.advance(&[spoke(85)], 10_000);
    assert!(bounds.check(&[spoke(11)], 10_000).is_err());
    assert!(bounds.check(&[spoke(10)], 10_000).is_ok());
    bounds.advance(&[], 75_000);
    assert!(bounds.samples.is_empty());
}

#[test]
fn transcription_is_charged_by_the_second_of_all_together() {
    let half = ParticipantUsage { transcribed_samples: 8_000, ..usage("ann", 0) };
    let more = ParticipantUsage { transcribed_samples: 8_001, ..usage("bob", 0) };
    assert_eq!(total(&[half.clone(), half.clone()]).unwrap().secs, [0, 0, 0, 1]);
    assert_eq!(total(&[half, more]).unwrap().secs, [0, 0, 0, 2]);
}

#[test]
fn nobody_is_remembered_who_has_left() {
    let mut bounds = Bounds::default();
    bounds.advance(&[usage("ann", 70)], 60_000);
    bounds.advance(&[], 60_000);
    assert!(bounds.media_ms.is_empty() && bounds.samples.is_empty());
}

#[test]
fn sums_that_do_not_fit_are_none() {
    let sum = total(&[usage("ann", 3), usage("bob", 4)]).unwrap();
    assert_eq!(sum.secs, [7, 0, 0, 0]);
    assert_eq!(total(&[usage("ann", u32::MAX), usage("bob", 1)]), None);
    let bytes = ParticipantUsage { bytes_in: u64::MAX, ..usage("ann", 0) };
    assert_eq!(total(&[bytes.clone(), ParticipantUsage { bytes_in: 1, ..bytes }]), None);
}
