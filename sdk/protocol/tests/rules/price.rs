//! What a minute costs: rounded down, never wrapped, never less for more.

use crate::strategies;
use heliograph_protocol::price::{Prices, Usage, started_secs};
use heliograph_protocol::service::{Service, ServiceSet};
use proptest::prelude::*;

fn usage(secs: [u32; 4]) -> Usage {
    Usage { secs, bytes_in: 0, bytes_out: 0 }
}

/// The sum of the floors, in more room than it can need.
fn amount_by_definition(prices: &Prices, secs: [u32; 4]) -> u128 {
    secs.iter().zip(prices.0).map(|(&s, p)| u128::from(s) * u128::from(p) / 60).sum()
}

#[test]
fn default_minutes_cost_what_the_price_list_says() {
    let cost = |secs| Prices::DEFAULT.amount_micro_usdc(&usage(secs));
    assert_eq!(cost([60, 0, 0, 0]), Some(1_000));
    assert_eq!(cost([0, 60, 0, 0]), Some(1_000));
    assert_eq!(cost([0, 0, 60, 0]), Some(1_000));
    assert_eq!(cost([0, 0, 0, 60]), Some(5_000));
    assert_eq!(cost([120, 120, 0, 60]), Some(9_000));
    assert_eq!(cost([0; 4]), Some(0));
    // 1 000 / 60 = 16.67 a second, each kind rounded down on its own.
    assert_eq!(cost([1, 0, 0, 0]), Some(16));
    assert_eq!(cost([1, 1, 1, 0]), Some(48));
    assert_eq!(cost([0, 0, 0, 7]), Some(583));
}

#[test]
fn extremes_fit_or_are_refused() {
    let dear = Prices([u64::MAX; 4]);
    assert_eq!(dear.amount_micro_usdc(&usage([60, 0, 0, 0])), Some(u64::MAX));
    assert_eq!(dear.amount_micro_usdc(&usage([61, 0, 0, 0])), None);
    assert_eq!(dear.amount_micro_usdc(&usage([59, 0, 0, 2])), None);
    // ⌊59 · (2⁶⁴ − 1) / 60⌋ + ⌊(2⁶⁴ − 1) / 60⌋: two floors lose a unit.
    assert_eq!(dear.amount_micro_usdc(&usage([59, 0, 0, 1])), Some(u64::MAX - 1));
    assert_eq!(dear.amount_micro_usdc(&usage([u32::MAX; 4])), None);
    assert_eq!(Prices([0; 4]).amount_micro_usdc(&usage([u32::MAX; 4])), Some(0));
}

#[test]
fn started_second_counts_as_a_whole_one() {
    assert_eq!(started_secs(0, 16_000), 0);
    assert_eq!(started_secs(1, 16_000), 1);
    assert_eq!(started_secs(16_000, 16_000), 1);
    assert_eq!(started_secs(16_001, 16_000), 2);
    assert_eq!(started_secs(u64::MAX, 1), u64::MAX);
}

proptest! {
    #[test]
    fn amount_is_the_sum_of_floors_or_none(prices in strategies::prices(), secs in any::<[u32; 4]>()) {
        let expected = u64::try_from(amount_by_definition(&prices, secs)).ok();
        prop_assert_eq!(prices.amount_micro_usdc(&usage(secs)), expected);
    }

    #[test]
    fn each_kind_is_rounded_down(price in 0..1u64 << 40, secs in 0..1u32 << 20, kind in 0..4usize) {
        let mut prices = Prices([0; 4]);
        prices.0[kind] = price;
        let mut one = [0; 4];
        one[kind] = secs;
        let amount = prices.amount_micro_usdc(&usage(one)).unwrap();
        prop_assert!(amount * 60 <= price * u64::from(secs));
        prop_assert!((amount + 1) * 60 > price * u64::from(secs));
    }

    #[test]
    fn more_seconds_never_cost_less(
        prices in prop::array::uniform4(0..1u64 << 40).prop_map(Prices),
        secs in prop::array::uniform4(0..1u32 << 20),
        kind in 0..4usize,
        more in 0..1u32 << 20,
    ) {
        let before = prices.amount_micro_usdc(&usage(secs)).unwrap();
        let mut longer = secs;
        longer[kind] += more;
        prop_assert!(prices.amount_micro_usdc(&usage(longer)).unwrap() >= before);
    }

    #[test]
    fn cutting_a_minute_never_costs_more(
        prices in prop::array::uniform4(0..1u64 << 40).prop_map(Prices),
        a in prop::array::uniform4(0..1u32 << 20),
        b in prop::array::uniform4(0..1u32 << 20),
    ) {
        let whole = std::array::from_fn(|i| a[i] + b[i]);
        let [a, b, whole] =
            [a, b, whole].map(|secs| prices.amount_micro_usdc(&usage(secs)).unwrap());
        prop_assert!(a + b <= whole);
        // One floor a kind is all that can be lost.
        prop_assert!(whole - (a + b) <= 4);
    }

    #[test]
    fn bytes_are_not_priced(prices in strategies::prices(), used in strategies::usage()) {
        let without = usage(used.secs);
        prop_assert_eq!(prices.amount_micro_usdc(&used), prices.amount_micro_usdc(&without));
    }

    #[test]
    fn ceiling_binds_the_kinds_bought(
        prices in prop::array::uniform4(0..4u64).prop_map(Prices),
        ceiling in prop::array::uniform4(0..4u64).prop_map(Prices),
        mask in 0..16u8,
    ) {
        let services = ServiceSet(mask);
        let expected = (0..4).all(|k| mask & (1 << k) == 0 || prices.0[k] <= ceiling.0[k]);
        prop_assert_eq!(prices.within(&ceiling, services), expected);
        for service in Service::ALL {
            prop_assert_eq!(prices.of(service), prices.0[service as usize]);
        }
    }

    #[test]
    fn started_seconds_cover_the_samples(samples in 0..u64::MAX / 2, rate in 1..=u32::MAX) {
        let secs = u128::from(started_secs(samples, rate));
        prop_assert!(secs * u128::from(rate) >= u128::from(samples));
        prop_assert!(secs == 0 || (secs - 1) * u128::from(rate) < u128::from(samples));
    }
}
