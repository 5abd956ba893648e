//! Division of what a path carries among the videos on it.
//!
//! Everybody gets the lowest layer first, then the next, and so on: a picture of each is worth more
//! than one sharp picture. Within a step the higher priority is served first.

use super::api::Quality;

/// Of the estimate, what may be used; the rest is for retransmissions and what encoders overshoot.
const USABLE_PERCENT: u64 = 95;
/// What is not being sent yet must fit with so much to spare: a layer that comes and goes is worse
/// than one that stays away.
const HEADROOM_PERCENT: u64 = 110;

/// A layer that can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offered {
    /// What it is worth.
    pub quality: Quality,
    /// What it takes, bits per second.
    pub rate_bps: u64,
}

/// A video that a subscriber wants.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    /// Higher is served first.
    pub priority: u8,
    /// Layers of use to the subscriber, lowest first.
    pub offered: Vec<Offered>,
    /// What is being sent.
    pub current: Option<Quality>,
}

/// What is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Division {
    /// The layer of each demand, none for those that are paused.
    pub layers: Vec<Option<Quality>>,
    /// What that takes, bits per second, with what was reserved.
    pub used_bps: u64,
    /// What would be needed for the next step up; 0 if everybody has everything.
    pub next_bps: u64,
    /// What would be needed for everything.
    pub desired_bps: u64,
}

/// Divides a path. `reserved_bps` is taken off first: audio, which is never paused.
pub(super) fn divide(estimate_bps: u64, reserved_bps: u64, demands: &[Demand]) -> Division {
    let budget_bps = estimate_bps.saturating_mul(USABLE_PERCENT) / 100;
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(demands[*at].priority));
    let steps = demands.iter().map(|demand| demand.offered.len()).max().unwrap_or(0);
    let mut chosen: Vec<Option<Offered>> = vec![None; demands.len()];
    let mut used_bps = reserved_bps;
    let mut next_bps: u64 = 0;
    for step in 0..steps {
        for &at in &order {
            let demand = &demands[at];
            let Some(offered) = demand.offered.get(step).copied() else { continue };
            // Nobody jumps over a layer: one that does not fit keeps the better ones out.
            let before = chosen[at].map(|before| before.quality);
            if step > 0 && before != Some(demand.offered[step - 1].quality) {
                continue;
            }
            let without = used_bps - chosen[at].map_or(0, |before| before.rate_bps);
            let with = without + offered.rate_bps;
            let kept = demand.current.is_some_and(|current| offered.quality <= current);
            let needed = match kept {
                true => with,
                false => without + offered.rate_bps * HEADROOM_PERCENT / 100,
            };
            if needed <= budget_bps {
                used_bps = with;
                chosen[at] = Some(offered);
            } else if next_bps == 0 || needed < next_bps {
                next_bps = needed;
            }
        }
    }
    let wanted = demands.iter().filter_map(|demand| demand.offered.last());
    Division {
        layers: chosen.iter().map(|layer| layer.map(|layer| layer.quality)).collect(),
        used_bps,
        next_bps: next_bps * 100 / USABLE_PERCENT,
        desired_bps: (reserved_bps + wanted.map(|best| best.rate_bps).sum::<u64>())
            * HEADROOM_PERCENT
            / USABLE_PERCENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Quality::{High, Low, Medium};
    use proptest::prelude::*;

    fn demand(priority: u8, current: Option<Quality>) -> Demand {
        let offered = [(Low, 150_000), (Medium, 500_000), (High, 1_700_000)]
            .map(|(quality, rate_bps)| Offered { quality, rate_bps });
        Demand { priority, offered: offered.into(), current }
    }

    #[test]
    fn everybody_gets_something_before_anybody_gets_more() {
        let three = [demand(1, None), demand(1, None), demand(1, None)];
        let layers = |estimate| divide(estimate, 0, &three).layers;
        assert_eq!(layers(10_000_000), [Some(High), Some(High), Some(High)]);
        assert_eq!(layers(1_400_000), [Some(Medium), Some(Medium), Some(Low)]);
        assert_eq!(layers(500_000), [Some(Low), Some(Low), Some(Low)]);
        assert_eq!(layers(200_000), [Some(Low), None, None]);
        assert_eq!(layers(100_000), [None, None, None]);
    }

    #[test]
    fn priority_is_served_first_and_audio_before_all() {
        let two = [demand(1, None), demand(9, None)];
        assert_eq!(divide(800_000, 0, &two).layers, [Some(Low), Some(Medium)]);
        assert_eq!(divide(800_000, 300_000, &two).layers, [Some(Low), Some(Low)]);
    }

    #[test]
    fn what_is_sent_is_kept_longer_than_it_is_taken_up() {
        let estimate = 540_000;
        assert_eq!(divide(estimate, 0, &[demand(1, None)]).layers, [Some(Low)]);
        assert_eq!(divide(estimate, 0, &[demand(1, Some(Medium))]).layers, [Some(Medium)]);
    }

    #[test]
    fn the_next_step_and_the_whole_are_known() {
        let division = divide(400_000, 0, &[demand(1, None)]);
        assert_eq!(division.used_bps, 150_000);
        assert_eq!(division.next_bps, 550_000 * 100 / 95);
        assert_eq!(division.desired_bps, 1_700_000 * 110 / 95);
        assert_eq!(divide(5_000_000, 0, &[demand(1, None)]).next_bps, 0);
    }

    proptest! {
        #[test]
        fn the_path_is_never_overbooked(
            estimate in 0u64..20_000_000,
            reserved in 0u64..500_000,
            demands in proptest::collection::vec((0u8..4, proptest::option::of(0u8..3)), 0..12),
        ) {
            let demands: Vec<_> = demands
                .into_iter()
                .map(|(priority, current)| {
                    demand(priority, current.map(|at| [Low, Medium, High][usize::from(at)]))
                })
                .collect();
            let division = divide(estimate, reserved, &demands);
            prop_assert!(division.used_bps <= estimate.max(reserved));
            prop_assert_eq!(division.layers.len(), demands.len());
        }
    }
}
