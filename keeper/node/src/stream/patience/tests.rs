use super::*;

const SEC: Duration = Duration::from_secs(1);

#[test]
fn a_worker_that_refuses_again_and_again_is_given_up() {
    let mut now = Instant::now();
    let mut patience = Patience::new(now);
    assert_eq!(patience.deadline(), None);
    patience.refused(now);
    let deadline = patience.deadline().expect("a failure");
    assert_eq!(deadline, now + WORKER_LIMIT);
    let mut asked = 0;
    while now < deadline {
        assert!(patience.open_at() > now, "asked again at once");
        now = patience.open_at();
        patience.opened(now);
        patience.refused(now);
        assert_eq!(patience.deadline(), Some(deadline));
        asked += 1;
    }
    assert!((10..=30).contains(&asked), "{asked}");
}

#[test]
fn a_worker_that_dies_again_and_again_is_given_up() {
    let start = Instant::now();
    let mut patience = Patience::new(start);
    for secs in [1, 20, 50] {
        patience.opened(start + SEC * (secs - 1));
        patience.lost(start + SEC * secs);
        assert_eq!(patience.open_at(), start + SEC * secs);
        assert_eq!(patience.deadline(), Some(start + SEC + WORKER_LIMIT));
    }
}

#[test]
fn audio_that_is_answered_for_ends_it() {
    let start = Instant::now();
    let mut patience = Patience::new(start);
    patience.lost(start);
    patience.opened(start + SEC);
    patience.served();
    assert_eq!(patience.deadline(), None);
    patience.lost(start + 40 * SEC);
    assert_eq!(patience.deadline(), Some(start + 40 * SEC + WORKER_LIMIT));
}

#[test]
fn a_stream_in_which_nothing_came_is_not_served_badly() {
    let start = Instant::now();
    let mut patience = Patience::new(start);
    patience.lost(start);
    patience.opened(start + SEC);
    let later = start + 3_600 * SEC;
    patience.lost(later);
    assert_eq!(patience.deadline(), Some(later + WORKER_LIMIT));
}
