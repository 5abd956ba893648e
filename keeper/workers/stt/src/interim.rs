//! Which of the texts decoded while somebody speaks is shown, and how much of it may still change.
//!
//! Every text is decoded from scratch and may differ from the one before in any word. Words that two
//! texts in a row agree on are pinned: they are shown as they were until two texts in a row agree on
//! something else. A single slip of the decoder is thus not seen at all, and what is seen changes at
//! its end, where it must. Pure: texts in, texts out.

#[cfg(test)]
mod tests;

/// The texts of one stretch of speech.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interim {
    /// The text decoded last, in units.
    last: Vec<String>,
    /// What two texts have agreed on; begins what is shown.
    pinned: Vec<String>,
    shown: String,
}

impl Interim {
    /// Takes the next text and returns what to show, if that has changed.
    pub fn take(&mut self, text: &str) -> Option<String> {
        let new = units(text);
        let agreed = common(&self.last, &new);
        let kept = common(&self.pinned, &new);
        let contradicted = kept < self.pinned.len();
        let repeated = agreed == self.last.len() && agreed == new.len();
        // The last word of either text may have been half a word; what comes after it may yet
        // change its end and its punctuation.
        let settled = agreed.min(self.last.len().min(new.len()).saturating_sub(1));
        self.last = new;
        if contradicted && settled <= kept && !repeated {
            return None;
        }
        if contradicted {
            self.pinned.clear();
        }
        let pinned = self.pinned.len();
        self.pinned.extend_from_slice(self.last.get(pinned..settled).unwrap_or_default());
        let tail = &self.last[self.pinned.len()..];
        let shown = self.pinned.concat() + &tail.concat();
        let shown = shown.trim_end();
        (self.shown != shown).then(|| {
            shown.clone_into(&mut self.shown);
            self.shown.clone()
        })
    }
}

/// A text's words, each with the space after it; where words are written without spaces, its
/// characters.
fn units(text: &str) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    let mut ended = true;
    for c in text.chars() {
        if c.is_whitespace() {
            ended = true;
        } else if ended || is_ideographic(c) {
            units.push(String::new());
            ended = is_ideographic(c);
        }
        if let Some(unit) = units.last_mut() {
            unit.push(c);
        }
    }
    units
}

/// Whether the character stands for itself: Chinese, Japanese, Thai, Lao, Burmese and Khmer are
/// written without spaces.
fn is_ideographic(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

/// How many units two texts begin with in common, case and punctuation aside.
fn common(a: &[String], b: &[String]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| letters(a).eq(letters(b))).count()
}

fn letters(unit: &str) -> impl Iterator<Item = char> {
    unit.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}
