use super::*;

fn usage(identity: &str, secs: u32) -> ParticipantUsage {
    let (room, identity) = ("lobby".to_owned(), identity.to_owned());
    ParticipantUsage { room, identity, audio_secs: secs, ..ParticipantUsage::default() }
}

#[test]
fn a_participant_has_no_more_seconds_than_the_clock() {
    let mut bounds = Bounds::default();
    assert!(bounds.check(&[usage("ann", 75)], 60).is_ok());
    assert!(bounds.check(&[usage("ann", 76)], 60).is_err());
    bounds.advance(&[usage("ann", 75)], 60);
    // What was taken ahead is not there a second time, minute after minute.
    assert!(bounds.check(&[usage("ann", 61)], 60).is_err());
    assert!(bounds.check(&[usage("ann", 60), usage("bob", 75)], 60).is_ok());
    bounds.advance(&[usage("ann", 45)], 60);
    assert!(bounds.check(&[usage("ann", 75)], 60).is_ok());
}

#[test]
fn a_participant_is_named_once() {
    let twice = [usage("ann", 1), usage("ann", 1)];
    assert!(Bounds::default().check(&twice, 60).unwrap_err().contains("twice"));
}

#[test]
fn over_any_number_of_receipts_the_count_stays_within_the_clock() {
    let mut bounds = Bounds::default();
    let (mut charged, mut covered) = (0, 0);
    for span in [60, 1, 5, 60, 0, 30, 60] {
        let [most, ..] = bounds.room_for("lobby", "ann", span);
        bounds.check(&[usage("ann", most)], span).unwrap();
        bounds.advance(&[usage("ann", most)], span);
        (charged, covered) = (charged + most, covered + span);
        assert!(charged <= covered + AHEAD_SECS_MAX, "{charged} s in {covered} s");
    }
}

#[test]
fn nobody_is_remembered_who_has_left() {
    let mut bounds = Bounds::default();
    bounds.advance(&[usage("ann", 70)], 60);
    bounds.advance(&[], 60);
    assert!(bounds.0.is_empty());
}

#[test]
fn sums_that_do_not_fit_are_none() {
    let sum = total(&[usage("ann", 3), usage("bob", 4)]).unwrap();
    assert_eq!(sum.secs, [7, 0, 0, 0]);
    assert_eq!(total(&[usage("ann", u32::MAX), usage("bob", 1)]), None);
    let bytes = ParticipantUsage { bytes_in: u64::MAX, ..usage("ann", 0) };
    assert_eq!(total(&[bytes.clone(), ParticipantUsage { bytes_in: 1, ..bytes }]), None);
}
