//! Where an app lets its sessions go.

use heliograph_protocol::jurisdiction::{COUNTRIES_MAX, Country, allows, is_valid_list};
use proptest::collection::vec;
use proptest::prelude::*;

fn country() -> impl Strategy<Value = Country> {
    (b'A'..=b'Z', b'A'..=b'Z').prop_map(|(a, b)| Country([a, b]))
}

/// `count` different countries: AA, AB, …
fn different(count: usize) -> Vec<Country> {
    (0..count).map(|i| Country([b'A' + (i / 26) as u8, b'A' + (i % 26) as u8])).collect()
}

#[test]
fn codes_are_two_upper_case_letters() {
    for code in [*b"GE", *b"AA", *b"ZZ"] {
        assert!(Country(code).is_valid());
    }
    for code in [*b"ge", *b"Ge", *b"gE", *b"G1", *b"1G", *b"@A", *b"A[", [0, 0], [0xc3, 0x89]] {
        assert!(!Country(code).is_valid(), "{code:?}");
    }
}

#[test]
fn list_is_bounded() {
    assert!(is_valid_list(&[]));
    assert!(is_valid_list(&different(COUNTRIES_MAX)));
    assert!(!is_valid_list(&different(COUNTRIES_MAX + 1)));
}

proptest! {
    #[test]
    fn empty_list_allows_any_country(node in country()) {
        prop_assert!(allows(&[], node));
    }

    #[test]
    fn named_countries_alone_are_allowed(list in vec(country(), 1..40), node in country()) {
        prop_assert_eq!(allows(&list, node), list.iter().any(|named| named.0 == node.0));
        prop_assert!(allows(&list, list[0]));
    }

    #[test]
    fn repeated_country_is_refused(
        count in 1..COUNTRIES_MAX,
        repeated in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
    ) {
        let mut list = different(count);
        let repeated = list[repeated.index(count)];
        list.insert(at.index(count + 1), repeated);
        prop_assert!(!is_valid_list(&list));
    }

    #[test]
    fn invalid_country_is_refused_anywhere(
        count in 0..COUNTRIES_MAX,
        code in any::<[u8; 2]>(),
        at in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!Country(code).is_valid());
        let mut list = different(count);
        list.insert(at.index(count + 1), Country(code));
        prop_assert!(!is_valid_list(&list));
    }

    #[test]
    fn borsh_is_the_two_letters(code in any::<[u8; 2]>()) {
        prop_assert_eq!(borsh::to_vec(&Country(code)).unwrap(), code);
        prop_assert_eq!(borsh::from_slice::<Country>(&code).unwrap(), Country(code));
    }
}
