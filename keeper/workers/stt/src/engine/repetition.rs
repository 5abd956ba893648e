//! Loops: a decoder that has lost the audio says the same few tokens until it runs out of room.

/// Fewest tokens that make a loop, so that "no, no, no, no" is not one.
const LOOP_TOKENS_MIN: usize = 16;

/// Fewest rounds. Someone who says a phrase of four or more tokens four times in a row within one
/// segment is not heard; nothing else is.
const LOOP_ROUNDS_MIN: usize = 4;

/// Longest phrase looked for: 4 rounds of it fit into a quarter of a segment's tokens.
const PHRASE_TOKENS_MAX: usize = 14;

/// The rule, for a record's `parameters`.
pub const DESCRIPTION: &str = "4x14,16";

/// Whether the tokens end in a loop. Checked after every token, it ends a loop within a second or
/// so; without it, a 1.5 s clip was seen to cost as much as a minute of speech.
pub fn ends_in_loop<T: PartialEq>(tokens: &[T]) -> bool {
    (1..=PHRASE_TOKENS_MAX).any(|phrase| {
        let looped = LOOP_TOKENS_MIN.max(phrase * LOOP_ROUNDS_MIN);
        tokens.len() >= looped && {
            let tail = &tokens[tokens.len() - looped..];
            // Equal to itself one phrase later, all along.
            tail[phrase..] == tail[..looped - phrase]
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn description_matches_the_rule() {
        let rule = format!("{LOOP_ROUNDS_MIN}x{PHRASE_TOKENS_MAX},{LOOP_TOKENS_MIN}");
        assert_eq!(DESCRIPTION, rule);
    }

    #[test]
    fn emphasis_is_not_a_loop() {
        assert!(!ends_in_loop(&[7; 15]));
        assert!(ends_in_loop(&[7; 16]));
        assert!(!ends_in_loop(&[1, 2, 3, 4, 5].repeat(3)));
    }

    proptest! {
        #[test]
        fn phrases_are_found_after_their_fourth_round(
            lead in prop::collection::vec(0u32..50, 0..30),
            phrase in prop::collection::vec(0u32..50, 4..=PHRASE_TOKENS_MAX),
        ) {
            prop_assert!(ends_in_loop(&[lead, phrase.repeat(4)].concat()));
        }

        #[test]
        fn tokens_that_all_differ_never_loop(len in 0u32..300) {
            prop_assert!(!ends_in_loop(&(0..len).collect::<Vec<_>>()));
        }
    }
}
