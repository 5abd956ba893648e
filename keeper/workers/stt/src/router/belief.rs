//! What language a stream is in, by all that has been heard of it.
//!
//! One short segment is easily taken for a neighbouring language. So a stream is a hidden Markov
//! model with languages for states: from one segment to the next somebody may have begun to speak
//! another, which is rare, and each segment's posterior counts as its likelihood (the forward
//! algorithm; Rabiner 1989, "A Tutorial on Hidden Markov Models", section III A). A doubtful
//! segment leaves the belief as it is, a clear one overturns it at once.

/// Chance that a segment is in another language than the one before.
const SWITCH: f64 = 0.2;

/// From this probability on a language is settled.
const SETTLED: f64 = 0.95;

/// Probabilities of languages, summing to 1; empty before anything was heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Belief {
    languages: Vec<(&'static str, f64)>,
}

impl Belief {
    /// Takes in what was heard of a segment: languages and their probabilities, always the same
    /// languages in the same order.
    pub fn hear(&mut self, posterior: &[(&'static str, f32)]) {
        let count = posterior.len().max(1) as f64;
        let before = |index: usize| match self.languages.get(index) {
            Some((_, probability)) => probability * (1.0 - SWITCH) + SWITCH / count,
            None => 1.0 / count,
        };
        let weighed: Vec<_> = posterior
            .iter()
            .enumerate()
            .map(|(index, (language, heard))| (*language, f64::from(*heard) * before(index)))
            .collect();
        let sum: f64 = weighed.iter().map(|(_, weight)| weight).sum();
        // Nothing can be said of a posterior without any weight; NaN is caught by this, too.
        if sum > 0.0 {
            self.languages =
                weighed.into_iter().map(|(language, weight)| (language, weight / sum)).collect();
        }
    }

    /// The most likely language, if anything has been heard.
    pub fn language(&self) -> Option<&'static str> {
        let most = self.languages.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        most.map(|(language, _)| *language)
    }

    /// Whether there is hardly any doubt.
    pub fn is_settled(&self) -> bool {
        self.languages.iter().any(|(_, probability)| *probability >= SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hear(belief: &mut Belief, posterior: [f32; 3]) -> Option<&'static str> {
        belief.hear(&["de", "es", "it"].into_iter().zip(posterior).collect::<Vec<_>>());
        belief.language()
    }

    #[test]
    fn doubtful_segment_does_not_overturn_what_is_settled() {
        let mut belief = Belief::default();
        assert_eq!(belief.language(), None);
        assert_eq!(hear(&mut belief, [0.02, 0.9, 0.08]), Some("es"));
        assert!(!belief.is_settled());
        hear(&mut belief, [0.02, 0.9, 0.08]);
        assert!(belief.is_settled());
        assert_eq!(hear(&mut belief, [0.05, 0.35, 0.6]), Some("es"));
        // Said again and again it is no mistake.
        hear(&mut belief, [0.05, 0.15, 0.8]);
        assert_eq!(hear(&mut belief, [0.05, 0.15, 0.8]), Some("it"));
    }

    #[test]
    fn clear_segment_overturns_at_once() {
        let mut belief = Belief::default();
        for _ in 0..9 {
            hear(&mut belief, [0.001, 0.998, 0.001]);
        }
        assert_eq!(hear(&mut belief, [0.995, 0.004, 0.001]), Some("de"));
    }

    #[test]
    fn posterior_without_weight_changes_nothing() {
        let mut belief = Belief::default();
        hear(&mut belief, [0.1, 0.8, 0.1]);
        let before = belief.clone();
        hear(&mut belief, [0.0; 3]);
        hear(&mut belief, [f32::NAN, 0.5, 0.5]);
        assert_eq!(belief, before);
    }

    proptest! {
        #[test]
        fn probabilities_stay_probabilities(
            heard in prop::collection::vec(prop::array::uniform3(0.0f32..1.0), 1..50),
        ) {
            let mut belief = Belief::default();
            for posterior in heard {
                hear(&mut belief, posterior);
                let sum: f64 = belief.languages.iter().map(|(_, probability)| probability).sum();
                prop_assert!(belief.languages.is_empty() || (sum - 1.0).abs() < 1e-9);
            }
        }
    }
}
