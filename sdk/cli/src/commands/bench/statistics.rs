//! Numbers about samples.

use serde::Serialize;

/// A set of samples in three numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub samples: usize,
    pub median: f64,
    /// 95th percentile by nearest rank: the largest sample when there are fewer than twenty.
    pub p95: f64,
    pub max: f64,
}

impl Summary {
    /// `None` without samples.
    pub fn of(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        let count = samples.len();
        let max = *samples.last()?;
        let middle = count / 2;
        let median = if count.is_multiple_of(2) {
            f64::midpoint(samples[middle - 1], samples[middle])
        } else {
            samples[middle]
        };
        let rank = (count * 95).div_ceil(100);
        Some(Self { samples: count, median, p95: samples[rank - 1], max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_nearest_and_medians_in_the_middle() {
        assert_eq!(Summary::of(Vec::new()), None);
        let one = Summary::of(vec![2.5]).unwrap();
        assert_eq!((one.median, one.p95, one.max), (2.5, 2.5, 2.5));
        let four = Summary::of(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((four.median, four.p95, four.max), (2.5, 4.0, 4.0));
        let hundred = Summary::of((1..=100).rev().map(f64::from).collect()).unwrap();
        assert_eq!((hundred.median, hundred.p95, hundred.max), (50.5, 95.0, 100.0));
    }
}
