//! Text from token bytes.
//!
//! A Whisper token is a run of bytes, not of characters: in Japanese or Chinese one character is
//! often split over two tokens. So the bytes of all tokens are joined first and decoded once.

/// The text of joined token bytes, trimmed. A character cut off by the end of decoding is left
/// out; bytes that are no UTF-8 at all become U+FFFD, so that damage stays visible.
pub fn from_token_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let at_end = chunk.invalid().as_ptr_range().end == bytes.as_ptr_range().end;
        let cut_off = at_end && is_cut_off(chunk.invalid());
        if !(chunk.invalid().is_empty() || cut_off) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text.trim().to_owned()
}

/// Whether the bytes are the start of a character rather than nonsense.
fn is_cut_off(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(error) if error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_split_over_tokens_are_whole_again() {
        let tokens: [&[u8]; 4] = [b" \xe6\x97", b"\xa5\xe6", b"\x9c", b"\xac "];
        assert_eq!(from_token_bytes(&tokens.concat()), "日本");
    }

    #[test]
    fn cut_off_last_character_is_left_out() {
        assert_eq!(from_token_bytes("日本".as_bytes().split_last().unwrap().1), "日");
    }

    #[test]
    fn nonsense_stays_visible() {
        assert_eq!(from_token_bytes(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(from_token_bytes(b"ab\xff"), "ab\u{fffd}");
        assert_eq!(from_token_bytes(b"\xe6\x97a"), "\u{fffd}a");
    }

    #[test]
    fn plain_text_is_only_trimmed() {
        assert_eq!(from_token_bytes(b" And so, my fellow "), "And so, my fellow");
        assert_eq!(from_token_bytes(b""), "");
    }
}
