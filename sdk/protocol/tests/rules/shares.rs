//! Division of a payment: nothing appears, nothing vanishes, and cutting changes no operator's pay.

use heliograph_protocol::shares::{BPS, Shares, Split};
use proptest::collection::vec;
use proptest::prelude::*;

fn valid_shares() -> impl Strategy<Value = Shares> {
    (0..=BPS).prop_flat_map(|operator_bps| {
        (0..=BPS - operator_bps).prop_map(move |settler_bps| Shares { operator_bps, settler_bps })
    })
}

/// Amounts with the extremes drawn often.
fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1), Just(u64::MAX - 1), Just(u64::MAX), any::<u64>(), 0..100_000u64]
}

fn sum(split: &Split) -> u128 {
    [split.operator_micro_usdc, split.settler_micro_usdc, split.treasury_micro_usdc]
        .map(u128::from)
        .iter()
        .sum()
}

#[test]
fn default_shares_are_75_5_20() {
    let split = |settler| Shares::DEFAULT.split(0, 1_000_000, settler).unwrap();
    assert_eq!(
        split(true),
        Split {
            operator_micro_usdc: 750_000,
            settler_micro_usdc: 50_000,
            treasury_micro_usdc: 200_000
        }
    );
    assert_eq!(
        split(false),
        Split { operator_micro_usdc: 750_000, settler_micro_usdc: 0, treasury_micro_usdc: 250_000 }
    );
}

#[test]
fn one_unit_at_a_time_pays_the_operator_every_third_of_four() {
    let paid: Vec<u64> = (0..8)
        .map(|before| Shares::DEFAULT.split(before, before + 1, true).unwrap().operator_micro_usdc)
        .collect();
    assert_eq!(paid, [0, 1, 1, 1, 0, 1, 1, 1]);
}

#[test]
fn whole_of_the_largest_amount_is_divided() {
    let shares = Shares { operator_bps: BPS, settler_bps: 0 };
    let all = shares.split(0, u64::MAX, true).unwrap();
    assert_eq!((all.operator_micro_usdc, sum(&all)), (u64::MAX, u128::from(u64::MAX)));
    let shares = Shares { operator_bps: 0, settler_bps: BPS };
    assert_eq!(shares.split(0, u64::MAX, true).unwrap().settler_micro_usdc, u64::MAX);
    let shares = Shares { operator_bps: 0, settler_bps: 0 };
    assert_eq!(shares.split(0, u64::MAX, true).unwrap().treasury_micro_usdc, u64::MAX);
}

#[test]
fn more_than_a_whole_is_refused() {
    for (operator_bps, settler_bps) in [(BPS, 1), (1, BPS), (u16::MAX, u16::MAX), (5_001, 5_000)] {
        let shares = Shares { operator_bps, settler_bps };
        assert!(shares.is_invalid());
        assert_eq!(shares.split(0, 100, true), None);
    }
    assert!(!Shares { operator_bps: 5_000, settler_bps: 5_000 }.is_invalid());
}

proptest! {
    #[test]
    fn parts_add_up_to_the_unit(
        shares in valid_shares(),
        a in amount(),
        b in amount(),
        settler in any::<bool>(),
    ) {
        let (before, after) = (a.min(b), a.max(b));
        let split = shares.split(before, after, settler).unwrap();
        prop_assert_eq!(sum(&split), u128::from(after - before));
        let settler_max = u128::from(after - before) * u128::from(shares.settler_bps)
            / u128::from(BPS);
        prop_assert!(u128::from(split.settler_micro_usdc) <= settler_max);
        if !settler {
            prop_assert_eq!(split.settler_micro_usdc, 0);
        }
    }

    #[test]
    fn shrinking_total_is_refused(shares in valid_shares(), after in 0..u64::MAX, more in 1..=u64::MAX) {
        let before = after.saturating_add(more);
        prop_assert_eq!(shares.split(before, after, true), None);
    }

    #[test]
    fn operator_total_is_independent_of_the_cut(
        shares in valid_shares(),
        total in amount(),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
        claims in any::<u32>(),
    ) {
        let mut points: Vec<u64> =
            cuts.iter().map(|cut| cut.index(usize::MAX) as u64 % total.max(1)).collect();
        points.extend([0, total]);
        points.sort_unstable();
        let mut paid = [0u128; 3];
        for (i, pair) in points.windows(2).enumerate() {
            let split = shares.split(pair[0], pair[1], claims >> i & 1 == 1).unwrap();
            paid[0] += u128::from(split.operator_micro_usdc);
            paid[1] += u128::from(split.settler_micro_usdc);
            paid[2] += u128::from(split.treasury_micro_usdc);
        }
        let operator = u128::from(total) * u128::from(shares.operator_bps) / u128::from(BPS);
        prop_assert_eq!(paid[0], operator);
        prop_assert_eq!(paid.iter().sum::<u128>(), u128::from(total));
    }
}
