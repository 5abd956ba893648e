//! Greedy decoding of a token-and-duration transducer (Xu et al. 2023, "Efficient Sequence
//! Transduction by Jointly Predicting Tokens and Durations").
//!
//! At each encoder frame the joint network scores tokens and, apart from them, how many frames the
//! token lasts. The best token is taken, then that many frames are passed over. The prediction
//! network's state moves on only when a token that is not the blank has been taken.

use crate::engine::logits::{argmax, log_probability};

/// Most tokens at one frame: NeMo's `max_symbols`. A model that says duration 0 for ever would not
/// come to an end.
pub const SYMBOLS_MAX: usize = 10;

/// A token as decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Token {
    /// Its place in the vocabulary.
    pub id: usize,
    /// Encoder frame at which it begins.
    pub frame: usize,
    /// Natural logarithm of its probability among all tokens, the blank included.
    pub log_probability: f64,
}

/// What was decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// In order; frames never go back.
    pub tokens: Vec<Token>,
    /// The blank's probability where it was lowest: near 1 if nothing ever sounded like a token.
    pub blank_min: f64,
}

/// Prediction and joint network.
pub trait Joint {
    /// The prediction network's state after some tokens.
    type State;
    /// Why it can fail.
    type Error;

    /// The state before any token.
    fn start(&self) -> Self::State;

    /// Scores of all tokens, then of all durations, at an encoder frame, given the last token and
    /// the state before it; and the state after it.
    ///
    /// # Errors
    /// If the network cannot be run.
    fn score(
        &mut self,
        frame: usize,
        last: usize,
        state: &Self::State,
    ) -> Result<(Vec<f32>, Self::State), Self::Error>;
}

/// Decodes `frames` encoder frames. `blank` is the last token of the vocabulary, and the token that
/// stands before the first.
///
/// # Errors
/// As the joint network's.
pub fn decode<J: Joint>(joint: &mut J, frames: usize, blank: usize) -> Result<Decoded, J::Error> {
    let mut decoded = Decoded { tokens: Vec::new(), blank_min: 1.0 };
    let (mut state, mut last) = (joint.start(), blank);
    let (mut frame, mut symbols) = (0, 0);
    while frame < frames {
        let (scores, state_after) = joint.score(frame, last, &state)?;
        let (tokens, durations) = scores.split_at(blank + 1);
        let id = argmax(tokens);
        let skip = argmax(durations);
        decoded.blank_min = decoded.blank_min.min(log_probability(tokens, tokens[blank]).exp());
        if id != blank {
            let log_probability = log_probability(tokens, tokens[id]);
            decoded.tokens.push(Token { id, frame, log_probability });
            (state, last) = (state_after, id);
            symbols += 1;
        }
        if skip > 0 {
            (frame, symbols) = (frame + skip, 0);
        } else if id == blank || symbols == SYMBOLS_MAX {
            // A blank that lasts no time would come again at once.
            (frame, symbols) = (frame + 1, 0);
        }
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// Says what it is told to by frame and last token; its state is the tokens it has seen.
    struct Script<F>(F);

    const BLANK: usize = 2;

    impl<F: Fn(usize, &[usize]) -> (usize, usize)> Joint for Script<F> {
        type State = Vec<usize>;
        type Error = Infallible;

        fn start(&self) -> Vec<usize> {
            Vec::new()
        }

        fn score(
            &mut self,
            frame: usize,
            last: usize,
            state: &Vec<usize>,
        ) -> Result<(Vec<f32>, Vec<usize>), Infallible> {
            let seen = [state.as_slice(), &[last]].concat();
            let (token, duration) = (self.0)(frame, &seen);
            let mut scores = vec![0.0; BLANK + 1 + 5];
            scores[token] = 5.0;
            scores[BLANK + 1 + duration] = 1.0;
            Ok((scores, seen))
        }
    }

    fn run(frames: usize, says: impl Fn(usize, &[usize]) -> (usize, usize)) -> Vec<(usize, usize)> {
        let decoded =
            decode(&mut Script(says), frames, BLANK).unwrap_or_else(|never| match never {});
        decoded.tokens.iter().map(|token| (token.id, token.frame)).collect()
    }

    #[test]
    fn durations_are_passed_over() {
        assert_eq!(run(9, |_, _| (1, 4)), [(1, 0), (1, 4), (1, 8)]);
        assert_eq!(run(9, |frame, _| (if frame == 3 { 0 } else { BLANK }, 1)), [(0, 3)]);
    }

    /// A duration of 0 means another token at the same frame.
    #[test]
    fn several_tokens_share_a_frame() {
        let says = |_, seen: &[usize]| if seen.len() < 4 { (1, 0) } else { (BLANK, 4) };
        assert_eq!(run(4, says), [(1, 0), (1, 0), (1, 0)]);
    }

    #[test]
    fn no_frame_holds_for_ever() {
        let tokens = run(3, |_, _| (1, 0));
        assert_eq!(tokens.len(), 3 * SYMBOLS_MAX);
        assert_eq!(tokens[SYMBOLS_MAX], (1, 1));
        assert_eq!(run(3, |_, _| (BLANK, 0)), []);
    }

    /// What the prediction network sees: the blank before everything, then tokens and no blank.
    #[test]
    fn blanks_leave_no_trace_in_the_state() {
        let says = |frame, seen: &[usize]| {
            assert_eq!(seen[0], BLANK);
            assert!(seen[1..].iter().all(|token| *token != BLANK), "{seen:?}");
            assert_eq!(seen.len(), 1 + usize::div_ceil(frame, 3), "{frame}: {seen:?}");
            (if frame % 3 == 0 { frame / 3 % 2 } else { BLANK }, 1)
        };
        assert_eq!(run(9, says), [(0, 0), (1, 3), (0, 6)]);
    }

    #[test]
    fn probabilities_are_over_the_tokens_alone() {
        let mut joint = Script(|frame, _: &[usize]| (if frame == 1 { 0 } else { BLANK }, 1));
        let Ok(decoded) = decode(&mut joint, 3, BLANK);
        let most = (5.0_f64.exp() / (5.0_f64.exp() + 2.0)).ln();
        assert!((decoded.tokens[0].log_probability - most).abs() < 1e-6, "{decoded:?}");
        let least = 1.0 / (5.0_f64.exp() + 2.0);
        assert!((decoded.blank_min - least).abs() < 1e-6, "{decoded:?}");
    }
}
