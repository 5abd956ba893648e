//! `vocab.txt`: one token a line, then a space and its number; the last is the blank.

use crate::engine::text;

/// SentencePiece's mark for the beginning of a word.
const WORD: char = '\u{2581}';

const BLANK: &str = "<blk>";

/// Most tokens believed; the real models have 1 025 and 8 193.
const TOKENS_MAX: usize = 1 << 17;

/// The tokens of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    tokens: Vec<String>,
}

impl Vocabulary {
    /// Reads the file's bytes.
    ///
    /// # Errors
    /// The first line that is not as it should be, for people.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let mut tokens = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let bad = |what: &str| format!("line {}: {what}", index + 1);
            let (token, number) =
                line.rsplit_once(' ').ok_or_else(|| bad("a token and its number expected"))?;
            if number.parse() != Ok(index) {
                return Err(bad("the numbers do not count up from 0"));
            }
            if index == TOKENS_MAX {
                return Err(bad("more tokens than any model has"));
            }
            tokens.push(token.to_owned());
        }
        match tokens.iter().position(|token| token == BLANK) {
            Some(at) if at > 0 && at + 1 == tokens.len() => Ok(Self { tokens }),
            _ => Err(format!("its last token should be '{BLANK}'")),
        }
    }

    /// The blank's number: that of the last token.
    pub fn blank(&self) -> usize {
        self.tokens.len() - 1
    }

    /// The text of tokens, trimmed. What steers, such as `<unk>` or `<|en|>`, is left out; a
    /// character spelt in bytes (`<0xE2>`) is put together.
    pub fn text(&self, ids: impl IntoIterator<Item = usize>) -> String {
        let mut bytes = Vec::new();
        for token in ids.into_iter().filter_map(|id| self.tokens.get(id)) {
            match token.strip_prefix('<').and_then(|token| token.strip_suffix('>')) {
                Some(inside) => bytes.extend(byte(inside)),
                None => bytes.extend(token.replace(WORD, " ").bytes()),
            }
        }
        text::from_token_bytes(&bytes)
    }
}

/// `0xE2`.
fn byte(inside: &str) -> Option<u8> {
    u8::from_str_radix(inside.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vocabulary, String> {
        Vocabulary::parse(text.as_bytes())
    }

    #[test]
    fn tokens_become_text() {
        let vocabulary = parse(
            "<unk> 0\n\u{2581}And 1\n\u{2581}so 2\n, 3\n<0xE2> 4\n<0x82> 5\n<0xAC> 6\n<|en|> 7\n<blk> 8\n",
        )
        .unwrap();
        assert_eq!(vocabulary.blank(), 8);
        assert_eq!(vocabulary.text([7, 1, 2, 3, 0, 4, 5, 6, 1, 99]), "And so,€ And");
        assert_eq!(vocabulary.text([]), "");
    }

    #[test]
    fn a_token_may_hold_a_space() {
        assert_eq!(parse("a b 0\n<blk> 1").unwrap().text([0]), "a b");
    }

    #[test]
    fn what_is_no_vocabulary_is_named() {
        for (text, expected) in [
            ("", "its last token should be '<blk>'"),
            ("<blk> 0", "its last token should be '<blk>'"),
            ("a 0\n<blk> 1\nb 2", "its last token should be '<blk>'"),
            ("a 0\nb 2\n<blk> 3", "line 2: the numbers do not count up from 0"),
            ("a 0\n\n<blk> 1", "line 2: a token and its number expected"),
        ] {
            assert_eq!(parse(text).unwrap_err(), expected, "{text:?}");
        }
        assert!(Vocabulary::parse(&[0xff]).is_err());
    }
}
