//! Phrases that Whisper makes up from noise: mostly the ends of the subtitles it learnt from.

/// Normalised as by [`normalise`]. A phrase belongs here if people also really say it; that is why
/// it only counts against unsure text.
const KNOWN: &[&str] = &[
    // English
    "you",
    "thank you",
    "thank you very much",
    "thank you so much",
    "thank you for watching",
    "thanks for watching",
    "thank you for listening",
    "thanks for listening",
    "please subscribe",
    "please subscribe to my channel",
    "like and subscribe",
    "see you next time",
    "see you in the next video",
    "im going to go to the next one",
    "bye",
    "bye bye",
    "the end",
    "so",
    "subtitles by the amaraorg community",
    "transcription by castingwords",
    // German
    "vielen dank",
    "vielen dank fürs zuschauen",
    "untertitel der amaraorgcommunity",
    "untertitel im auftrag des zdf",
    "untertitel von stephanie geiges",
    // French
    "merci",
    "merci davoir regardé cette vidéo",
    "soustitres réalisés par la communauté damaraorg",
    "soustitrage st 501",
    "soustitrage société radiocanada",
    // Spanish, Portuguese, Italian
    "gracias",
    "gracias por ver el video",
    "subtítulos realizados por la comunidad de amaraorg",
    "subtítulos por la comunidad de amaraorg",
    "obrigado",
    "legendas pela comunidade amaraorg",
    "grazie",
    "sottotitoli creati dalla comunità amaraorg",
    "sottotitoli e revisione a cura di qtss",
    // Dutch, Polish, Turkish
    "bedankt voor het kijken",
    "ondertiteld door de amaraorg gemeenschap",
    "dziękuję",
    "napisy stworzone przez społeczność amaraorg",
    "izlediğiniz için teşekkür ederim",
    "altyazı mk",
    // Russian, Ukrainian
    "продолжение следует",
    "спасибо за просмотр",
    "субтитры сделал dimatorzok",
    "субтитры создавал dimatorzok",
    "редактор субтитров асемкин корректор аегорова",
    "дякую за перегляд",
    // Chinese, Japanese, Korean, Arabic
    "谢谢观看",
    "謝謝觀看",
    "字幕由amaraorg社区提供",
    "请不吝点赞订阅转发打赏支持明镜与点点栏目",
    "ご視聴ありがとうございました",
    "ありがとうございました",
    "시청해주셔서 감사합니다",
    "구독과 좋아요 부탁드립니다",
    "شكرا",
    "اشتركوا في القناة",
];

/// Whether the whole text is a known phrase, punctuation and case aside.
pub(super) fn known(text: &str) -> bool {
    KNOWN.contains(&normalise(text).as_str())
}

/// Whether the text has no words: nothing, punctuation, notes, or only stage directions such as
/// `[MUSIC]` and `(sighs)`. Those describe sound; a transcript is what was said.
pub(super) fn wordless(text: &str) -> bool {
    let mut depth = 0u32;
    for c in text.chars() {
        match c {
            '[' | '(' | '（' | '【' | '［' => depth += 1,
            ']' | ')' | '）' | '】' | '］' => depth = depth.saturating_sub(1),
            // `*coughs*` has no direction, so it is not unravelled here.
            c if depth == 0 && c.is_alphanumeric() => return false,
            _ => {}
        }
    }
    true
}

/// Lower case, letters, digits and single spaces only.
fn normalise(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| c.is_alphanumeric() || c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_normalised_so_that_every_entry_can_match() {
        for phrase in KNOWN {
            assert_eq!(&normalise(phrase), phrase);
        }
        let unique: std::collections::HashSet<_> = KNOWN.iter().collect();
        assert_eq!(unique.len(), KNOWN.len());
    }

    #[test]
    fn punctuation_and_case_do_not_hide_a_phrase() {
        assert!(known(" Thank you. "));
        assert!(known("Thanks for watching!"));
        assert!(known("Sous-titres réalisés par la communauté d'Amara.org"));
        assert!(known("ご視聴ありがとうございました。"));
    }

    #[test]
    fn a_phrase_inside_a_sentence_is_a_sentence() {
        assert!(!known("Thank you for the report."));
        assert!(!known("you know what I mean"));
    }

    #[test]
    fn stage_directions_are_wordless() {
        for text in ["", "...", "♪♪", "[MUSIC]", "(sighs) [BLANK_AUDIO]", "（音楽）"] {
            assert!(wordless(text), "{text}");
        }
        for text in ["[MUSIC] hello", "yes (laughs)", "42", "はい"] {
            assert!(!wordless(text), "{text}");
        }
    }
}
