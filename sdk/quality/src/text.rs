//! What of a text is scored.
//!
//! Two texts say the same if they do so after this, for every language alike:
//!
//! 1. lower case;
//! 2. compatibility forms are taken apart (Unicode NFKD: `ﬁ` is `fi`, `①` is `1`);
//! 3. diacritics are taken off Latin, Greek and Cyrillic letters (`más` is `mas`, `ё` is `е`): people
//!    leave them out when they write references, and no word is heard differently for it. Marks of
//!    other scripts are letters in all but name and stay;
//! 4. whatever is neither letter, mark, digit nor underscore separates words: punctuation,
//!    apostrophes and hyphens (`don't` is two words, as in the reference).
//!
//! Numbers stay as they are written: `3` and `three` differ. Nothing is spelled out, abbreviated or
//! replaced by a list, because such lists exist for some languages and not for others.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Languages written without spaces between words, ISO 639-1 and -3. A character counts as a word
/// there, which makes the word error rate the character error rate.
const WITHOUT_SPACES: [&str; 8] = ["bo", "ja", "km", "lo", "my", "th", "yue", "zh"];

/// Whether words of `language` (a tag counts by its first part) are set apart by spaces.
pub fn has_spaces(language: &str) -> bool {
    let primary = language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    !WITHOUT_SPACES.contains(&primary.as_str())
}

/// The words of a text that are scored.
pub fn words(text: &str, language: &str) -> Vec<String> {
    let plain = plain(text);
    if has_spaces(language) {
        plain.split_whitespace().map(str::to_owned).collect()
    } else {
        characters(&plain).into_iter().map(String::from).collect()
    }
}

/// The characters of words, without what separates them.
pub fn characters_of(words: &[String]) -> Vec<char> {
    words.iter().flat_map(|word| word.chars()).collect()
}

fn characters(plain: &str) -> Vec<char> {
    plain.chars().filter(|character| !character.is_whitespace()).collect()
}

/// Words and spaces, nothing else.
fn plain(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut loses_marks = false;
    for character in text.to_lowercase().nfkd() {
        if is_combining_mark(character) {
            if !loses_marks {
                bare.push(character);
            }
        } else {
            loses_marks = takes_diacritics(character);
            bare.push(character);
        }
    }
    let is_scored = |character: char| {
        character.is_alphanumeric() || is_combining_mark(character) || character == '_'
    };
    // Together again, so that a syllable of Korean or a voiced kana is one character.
    bare.nfc().map(|character| if is_scored(character) { character } else { ' ' }).collect()
}

/// Latin, Greek and Cyrillic, as they are after decomposition.
const fn takes_diacritics(character: char) -> bool {
    matches!(character, '\0'..='\u{52f}' | '\u{1d00}'..='\u{1fff}' | '\u{2c60}'..='\u{2c7f}'
        | '\u{a640}'..='\u{a69f}' | '\u{a720}'..='\u{a7ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: &str, text: &str, expected: &[&str]) {
        assert_eq!(words(text, language), expected, "{text}");
    }

    #[test]
    fn case_punctuation_and_latin_diacritics_do_not_count() {
        check("en", "And so, my fellow Americans:\n", &["and", "so", "my", "fellow", "americans"]);
        check("es", "¿Está MÁS allá?", &["esta", "mas", "alla"]);
        check("fr", "L'ﬁancée…", &["l", "fiancee"]);
        check("ru", "Ещё, Йод", &["еще", "иод"]);
        check("en", "« — »", &[]);
    }

    #[test]
    fn numbers_stay_as_they_are() {
        check("en", "3 and three, ①", &["3", "and", "three", "1"]);
    }

    #[test]
    fn languages_without_spaces_are_counted_by_characters() {
        check("ja", "ガラス。 が", &["ガ", "ラ", "ス", "が"]);
        check("zh-TW", "你好, 世界", &["你", "好", "世", "界"]);
        assert!(has_spaces("ko") && !has_spaces("th"));
    }

    #[test]
    fn marks_of_other_scripts_stay() {
        check("hi", "हिन्दी है।", &["हिन्दी", "है"]);
        check("ko", "한국어 말", &["한국어", "말"]);
        assert_ne!(words("كَتَبَ", "ar"), words("كُتِبَ", "ar"));
    }
}
