//! Delegated stake: nothing appears, nothing vanishes, and nobody gains by moving.

use heliograph_protocol::pool::{Pool, PoolError, divide_loss, earned, reward_per_share};
use proptest::collection::vec;
use proptest::prelude::*;

/// Amounts with the extremes drawn often.
fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1), Just(u64::MAX), any::<u64>(), 0..100_000u64]
}

#[test]
fn first_share_costs_one_unit() {
    let mut pool = Pool::default();
    assert_eq!(pool.join(7), Ok(7));
    assert_eq!(pool.join(5), Ok(5));
    assert_eq!(pool, Pool { tokens: 12, shares: 12 });
    assert_eq!((pool.leave(12), pool), (Some(12), Pool { tokens: 0, shares: 0 }));
}

#[test]
fn loss_is_shared_and_later_ones_buy_at_the_new_price() {
    let mut pool = Pool { tokens: 10, shares: 10 };
    pool.tokens = 5;
    assert_eq!(pool.join(5), Ok(10));
    assert_eq!((pool.value(10), pool.value(3)), (Some(5), Some(1)));
    // Three of twenty are worth one and a half: the half stays with the others.
    assert_eq!(pool.leave(3), Some(1));
    assert_eq!(pool, Pool { tokens: 9, shares: 17 });
}

#[test]
fn lost_pool_takes_nothing_in() {
    let mut pool = Pool { tokens: 0, shares: 3 };
    assert_eq!(pool.join(1), Err(PoolError::Lost));
    assert_eq!(pool.leave(2), Some(0));
    assert_eq!(pool.leave(1), Some(0));
    // Everybody has left: it begins anew.
    assert_eq!(pool.join(4), Ok(4));
}

#[test]
fn more_than_can_be_counted_is_refused_and_changes_nothing() {
    for (before, amount) in [
        (Pool { tokens: u64::MAX, shares: u64::MAX }, 1),
        (Pool { tokens: 1, shares: u64::MAX / 2 }, 3),
        (Pool { tokens: 1, shares: 1 }, u64::MAX),
    ] {
        let mut pool = before;
        assert_eq!(pool.join(amount), Err(PoolError::Overflow));
        assert_eq!(pool, before);
    }
    let mut pool = Pool { tokens: 5, shares: 5 };
    assert_eq!((pool.value(6), pool.leave(6)), (None, None));
}

#[test]
fn losses_divide_in_proportion_and_the_owner_bears_the_odd_unit() {
    assert_eq!(divide_loss(10, 30, 10), (8, 2));
    assert_eq!(divide_loss(1, 1, 1_000), (1, 0));
    assert_eq!(divide_loss(1_000, 3, 4), (3, 4));
    assert_eq!(divide_loss(5, 0, 10), (0, 5));
    assert_eq!(divide_loss(5, 0, 0), (0, 0));
    assert_eq!(divide_loss(u64::MAX, u64::MAX, u64::MAX), (1 << 63, u64::MAX >> 1));
}

#[test]
fn rewards_are_earned_by_the_share() {
    let per_share = reward_per_share(10, 4).unwrap();
    assert_eq!(earned(4, 0, per_share), Some(10));
    assert_eq!(earned(3, 0, per_share), Some(7));
    assert_eq!(earned(1, per_share, per_share), Some(0));
    assert_eq!(earned(1, per_share, 0), None);
    assert_eq!(reward_per_share(1, 0), None);
    let most = reward_per_share(u64::MAX, 1).unwrap();
    assert_eq!((earned(1, 0, most), earned(2, 0, most)), (Some(u64::MAX), None));
    assert_eq!(earned(u64::MAX, 0, u128::MAX), None);
}

/// What happens to a pool.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Join(usize, u64),
    Leave(usize, prop::sample::Index),
    Lose(prop::sample::Index),
    Reward(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let who = 0..4usize;
    prop_oneof![
        (who.clone(), 1..1_000_000u64).prop_map(|(who, amount)| Deed::Join(who, amount)),
        (who, any::<prop::sample::Index>()).prop_map(|(who, part)| Deed::Leave(who, part)),
        any::<prop::sample::Index>().prop_map(Deed::Lose),
        (1..1_000_000u64).prop_map(Deed::Reward),
    ]
}

/// Somebody with shares.
#[derive(Clone, Copy, Debug, Default)]
struct Holder {
    shares: u64,
    paid_per_share: u128,
    paid_in: u64,
    got_out: u64,
    rewards: u64,
}

proptest! {
    #[test]
    fn nobody_gets_more_than_there_is(deeds in vec(deed(), 1..200)) {
        let (mut pool, mut holders) = (Pool::default(), [Holder::default(); 4]);
        let (mut lost, mut rewarded, mut per_share) = (0u64, 0u64, 0u128);
        for deed in deeds {
            match deed {
                Deed::Join(who, amount) => {
                    let holder = &mut holders[who];
                    let Ok(shares) = pool.join(amount) else { continue };
                    prop_assert!(shares >= amount);
                    holder.rewards += earned(holder.shares, holder.paid_per_share, per_share).unwrap();
                    holder.paid_per_share = per_share;
                    holder.shares += shares;
                    holder.paid_in += amount;
                    // Turning round at once never pays.
                    let mut turned = pool;
                    prop_assert!(turned.leave(shares).unwrap() <= amount);
                }
                Deed::Leave(who, part) => {
                    let holder = &mut holders[who];
                    let shares = part.index(holder.shares as usize + 1) as u64;
                    holder.rewards += earned(holder.shares, holder.paid_per_share, per_share).unwrap();
                    holder.paid_per_share = per_share;
                    holder.shares -= shares;
                    holder.got_out += pool.leave(shares).unwrap();
                }
                Deed::Lose(part) => {
                    let loss = part.index(pool.tokens as usize + 1) as u64;
                    pool.tokens -= loss;
                    lost += loss;
                }
                Deed::Reward(amount) => {
                    let Some(more) = reward_per_share(amount, pool.shares) else { continue };
                    per_share += more;
                    rewarded += amount;
                }
            }
            prop_assert!(pool.tokens <= pool.shares, "a share is worth one unit at most");
            let shares: u64 = holders.iter().map(|holder| holder.shares).sum();
            prop_assert_eq!(shares, pool.shares);
            let values: u64 = holders.iter().map(|h| pool.value(h.shares).unwrap()).sum();
            prop_assert!(values <= pool.tokens);
            // All but less than a unit of each holder is somebody's.
            prop_assert!(pool.shares == 0 || pool.tokens - values < 4);
            let sum = |of: fn(&Holder) -> u64| holders.iter().map(of).sum::<u64>();
            prop_assert_eq!(sum(|h| h.paid_in), sum(|h| h.got_out) + lost + pool.tokens);
            let due: u64 = holders
                .iter()
                .map(|h| h.rewards + earned(h.shares, h.paid_per_share, per_share).unwrap())
                .sum();
            prop_assert!(due <= rewarded, "{} of {} rewards", due, rewarded);
        }
    }

    #[test]
    fn losses_add_up_and_exceed_neither(amount in amount(), own in amount(), pooled in amount()) {
        let (of_own, of_pool) = divide_loss(amount, own, pooled);
        prop_assert!(of_own <= own && of_pool <= pooled);
        let all = u128::from(own) + u128::from(pooled);
        let taken = u128::from(of_own) + u128::from(of_pool);
        prop_assert_eq!(taken, u128::from(amount).min(all));
        // Neither bears a unit more than its proportion, rounded up.
        prop_assert!(u128::from(of_pool) * all <= taken * u128::from(pooled));
    }

    #[test]
    fn value_of_parts_is_no_more_than_of_the_whole(
        tokens in amount(),
        more in amount(),
        a in any::<prop::sample::Index>(),
        b in any::<prop::sample::Index>(),
    ) {
        let pool = Pool { tokens, shares: tokens.saturating_add(more) };
        let whole = a.index(usize::MAX) as u64 % pool.shares.max(1);
        let part = b.index(usize::MAX) as u64 % (whole + 1);
        let (one, other) = (pool.value(part).unwrap(), pool.value(whole - part).unwrap());
        prop_assert!(one + other <= pool.value(whole).unwrap());
    }
}
