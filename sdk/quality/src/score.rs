//! Word and character error rates.

use crate::text::{characters_of, words};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Resamplings behind an interval. More moves its ends by less than the sample's own chance.
const RESAMPLINGS: usize = 1_000;

/// How far what was heard is from what was said, over one text or many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errors {
    /// Words said.
    pub words: u64,
    /// Fewest words substituted, left out and added that make one text of the other.
    pub words_wrong: u64,
    /// Characters said, spaces left out.
    pub characters: u64,
    /// The same as `words_wrong`, in characters.
    pub characters_wrong: u64,
}

impl Errors {
    /// Compares two texts by the rules of [`crate::text`].
    pub fn between(said: &str, heard: &str, language: &str) -> Self {
        let (said, heard) = (words(said, language), words(heard, language));
        let words_wrong = strsim::generic_levenshtein(&said, &heard);
        let (letters, letters_heard) = (characters_of(&said), characters_of(&heard));
        let characters_wrong = strsim::generic_levenshtein(&letters, &letters_heard);
        Self {
            words: said.len() as u64,
            words_wrong: words_wrong as u64,
            characters: letters.len() as u64,
            characters_wrong: characters_wrong as u64,
        }
    }

    /// Word error rate: wrong words over words said, of all texts together. Above 1 where more was
    /// invented than said; `None` where nothing was said.
    pub fn word_rate(&self) -> Option<f64> {
        rate(self.words_wrong, self.words)
    }

    /// Character error rate, likewise.
    pub fn character_rate(&self) -> Option<f64> {
        rate(self.characters_wrong, self.characters)
    }
}

impl AddAssign for Errors {
    fn add_assign(&mut self, other: Self) {
        self.words += other.words;
        self.words_wrong += other.words_wrong;
        self.characters += other.characters;
        self.characters_wrong += other.characters_wrong;
    }
}

impl std::iter::Sum for Errors {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, errors| {
            sum += errors;
            sum
        })
    }
}

fn rate(wrong: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| wrong as f64 / all as f64)
}

/// The interval that the word error rate of other recordings of this kind lies in 19 times of 20:
/// percentiles of the rate over recordings drawn again with replacement (bootstrap). Errors of one
/// recording go together, which is why recordings are drawn and not words. The same seed gives the
/// same interval. `None` where nothing was said.
pub fn word_rate_interval(recordings: &[Errors], seed: u64) -> Option<(f64, f64)> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut rates: Vec<f64> = (0..RESAMPLINGS)
        .filter_map(|_| {
            let drawn =
                (0..recordings.len()).map(|_| recordings[random.random_range(0..recordings.len())]);
            drawn.sum::<Errors>().word_rate()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    let at = |share: f64| rates.get(((rates.len() as f64 * share) as usize).min(rates.len() - 1));
    if rates.is_empty() {
        return None;
    }
    Some((*at(0.025)?, *at(0.975)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words_wrong(said: &str, heard: &str) -> u64 {
        Errors::between(said, heard, "en").words_wrong
    }

    #[test]
    fn substituted_left_out_and_added_words_count_one_each() {
        let said = "ask not what your country can do for you";
        assert_eq!(words_wrong(said, "Ask not what your country can do for you."), 0);
        assert_eq!(words_wrong(said, "ask not what our country can do for you"), 1);
        assert_eq!(words_wrong(said, "ask what your country can do for you"), 1);
        assert_eq!(words_wrong(said, "ask me not what your country can do for you"), 1);
        assert_eq!(words_wrong(said, ""), 9);
        assert_eq!(words_wrong("", "you"), 1);
    }

    #[test]
    fn rates_are_those_of_all_texts_together() {
        let errors: Errors =
            [Errors::between("a b c d", "a b c x", "en"), Errors::between("e", "", "en")]
                .into_iter()
                .sum();
        assert_eq!(errors.word_rate(), Some(0.4));
        let letters = Errors::between("ガラス", "カラス", "ja");
        assert_eq!((letters.words, letters.words_wrong, letters.characters_wrong), (3, 1, 1));
        assert_eq!(Errors::between("", "you", "en").word_rate(), None);
    }

    #[test]
    fn interval_holds_the_rate_and_repeats_with_its_seed() {
        let of = |wrong| Errors { words: 10, words_wrong: wrong, ..Errors::default() };
        let recordings: Vec<Errors> = (0..40).map(|index| of(index % 4)).collect();
        let (low, high) = word_rate_interval(&recordings, 1).unwrap();
        assert!(0.10 < low && low < 0.15 && 0.15 < high && high < 0.20, "{low} {high}");
        assert_eq!(word_rate_interval(&recordings, 1), Some((low, high)));
        assert_eq!(word_rate_interval(&[of(3)], 1), Some((0.3, 0.3)));
        assert_eq!(word_rate_interval(&[], 1), None);
        assert_eq!(word_rate_interval(&[Errors::default()], 1), None);
    }

    proptest! {
        #[test]
        fn errors_are_a_distance(a in "[a-c ]{0,12}", b in "[a-c ]{0,12}", c in "[a-c ]{0,12}") {
            let distance = |a: &str, b: &str| Errors::between(a, b, "en").characters_wrong;
            prop_assert_eq!(distance(&a, &a), 0);
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c));
        }
    }
}
