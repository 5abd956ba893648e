//! Sets of services.

use heliograph_protocol::service::{SERVICE_COUNT, Service, ServiceSet};
use proptest::prelude::*;

#[test]
fn numbers_and_names_are_pinned() {
    let numbers = Service::ALL.map(|service| (service as u8, service.name()));
    assert_eq!(numbers, [(0, "audio"), (1, "video"), (2, "data"), (3, "transcription")]);
    assert_eq!(SERVICE_COUNT, 4);
    assert_eq!(ServiceSet::ALL.0, 0b1111);
    assert_eq!(Service::ALL.map(|service| ServiceSet::of(service).0), [1, 2, 4, 8]);
}

#[test]
fn only_nonempty_sets_of_known_kinds_are_valid() {
    for mask in 0..=u8::MAX {
        assert_eq!(!ServiceSet(mask).is_invalid(), (1..=15).contains(&mask), "mask {mask}");
    }
}

proptest! {
    #[test]
    fn sets_behave_as_sets(a in 0..16u8, b in 0..16u8) {
        let (a, b) = (ServiceSet(a), ServiceSet(b));
        let union = a.with(b);
        for service in Service::ALL {
            prop_assert_eq!(union.has(service), a.has(service) || b.has(service));
        }
        let contains = Service::ALL.iter().all(|&service| !b.has(service) || a.has(service));
        prop_assert_eq!(a.contains(b), contains);
        prop_assert!(union.contains(a) && union.contains(b));
    }
}
