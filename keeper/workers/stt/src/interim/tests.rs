use super::*;
use proptest::prelude::*;

/// What is shown after each text; `None` where nothing changes.
fn show(texts: &[&str]) -> Vec<Option<String>> {
    let mut interim = Interim::default();
    texts.iter().map(|text| interim.take(text)).collect()
}

fn shown(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn first_text_is_shown_at_once_and_a_longer_one_replaces_it() {
    assert_eq!(
        show(&["And so", "And so, my fellow", "And so, my fellow Americans"]),
        [shown("And so"), shown("And so, my fellow"), shown("And so, my fellow Americans")]
    );
}

#[test]
fn single_slip_is_not_shown() {
    assert_eq!(
        show(&["ask not what your", "ask not what your", "as a knot", "ask not what your country"]),
        [shown("ask not what your"), None, None, shown("ask not what your country")]
    );
}

#[test]
fn two_texts_that_agree_correct_what_was_pinned() {
    assert_eq!(
        show(&["I scream for", "I scream for it", "Ice cream is cold", "Ice cream is cold and"]),
        [shown("I scream for"), shown("I scream for it"), None, shown("Ice cream is cold and")]
    );
}

#[test]
fn pinned_words_keep_their_form() {
    assert_eq!(
        show(&["hello there my", "hello there my friend", "Hello, there my friend how"])[2],
        shown("hello there my friend how")
    );
}

#[test]
fn same_text_is_not_shown_twice() {
    assert_eq!(show(&["yes", "yes"]), [shown("yes"), None]);
    assert_eq!(show(&["", ""]), [None, None]);
}

#[test]
fn texts_without_spaces_are_pinned_by_the_character() {
    assert_eq!(units("今日は good です"), ["今", "日", "は ", "good ", "で", "す"]);
    assert_eq!(
        show(&["今日は天気", "今日は天気が", "昨日は", "今日は天気がいい"]),
        [shown("今日は天気"), shown("今日は天気が"), None, shown("今日は天気がいい")]
    );
}

proptest! {
    /// Whatever was decoded: once two texts agree, they are what is shown.
    #[test]
    fn agreement_wins_in_the_end(
        texts in prop::collection::vec("[a-c]( [a-c]){0,6}", 0..8),
        last in "[a-c]( [a-c]){0,6}",
    ) {
        let mut interim = Interim::default();
        for text in texts {
            interim.take(&text);
        }
        interim.take(&last);
        interim.take(&last);
        interim.take(&last);
        prop_assert_eq!(interim.shown, last);
    }

    #[test]
    fn units_are_the_text(text in "\\PC{0,40}") {
        prop_assert_eq!(units(text.trim()).concat(), text.trim());
    }
}
