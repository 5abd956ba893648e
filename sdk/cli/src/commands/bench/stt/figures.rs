//! The results, for programs and for people.

use super::super::machine::Machine;
use super::super::statistics::Summary;
use super::condition::Noise;
use crate::output::table;
use heliograph_quality::score::{Errors, word_rate_interval};
use serde::Serialize;
use std::fmt::Write as _;

/// Everything measured.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    pub machine: Machine,
    /// Threads per inference.
    pub threads: usize,
    /// Draws the sample and the noise.
    pub seed: u64,
    /// Most recordings of a set; all if absent.
    pub limit: Option<usize>,
    pub rows: Vec<Row>,
    pub live: Vec<Live>,
}

/// Who is told the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LanguageFrom {
    /// The worker is told.
    Given,
    /// The worker finds out; scored on recordings without noise.
    Auto,
}

impl LanguageFrom {
    const fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Auto => "auto",
        }
    }
}

/// One set of recordings under one condition.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub engine: String,
    pub model: String,
    pub model_sha256: String,
    pub set: String,
    pub language_from: LanguageFrom,
    pub noise: Noise,
    pub suppresses_noise: bool,
    pub recordings: usize,
    pub audio_secs: f64,
    #[serde(flatten)]
    pub errors: Errors,
    /// Of all recordings together; so is the character error rate.
    pub word_error_rate: Option<f64>,
    /// Where it lies 19 times of 20 for other recordings of the kind.
    pub word_error_rate_interval: Option<(f64, f64)>,
    pub character_error_rate: Option<f64>,
    /// Recordings of which every segment was taken for the language it is in.
    pub language_right: usize,
    /// Segments that a gate withheld.
    pub withheld: usize,
    /// Seconds of work per second of audio, over all recordings.
    pub real_time_factor: f64,
    /// Of the recordings one by one: short ones cost more for their length.
    pub real_time_factor_each: Option<Summary>,
}

/// What came of one recording.
#[derive(Clone, Copy, Debug)]
pub struct Scored {
    pub errors: Errors,
    pub audio_secs: f64,
    pub took_secs: f64,
    pub language_right: bool,
    pub withheld: usize,
}

/// What a row is about.
#[derive(Clone, Debug)]
pub struct About {
    pub engine: String,
    pub model: String,
    pub model_sha256: String,
    pub set: String,
    pub language_from: LanguageFrom,
    pub noise: Noise,
    pub suppresses_noise: bool,
}

impl Row {
    /// Adds recordings up.
    pub fn of(about: About, scored: &[Scored], seed: u64) -> Self {
        let each: Vec<Errors> = scored.iter().map(|scored| scored.errors).collect();
        let errors: Errors = each.iter().copied().sum();
        let audio_secs: f64 = scored.iter().map(|scored| scored.audio_secs).sum();
        let took_secs: f64 = scored.iter().map(|scored| scored.took_secs).sum();
        let About { engine, model, model_sha256, set, language_from, noise, suppresses_noise } =
            about;
        Self {
            engine,
            model,
            model_sha256,
            set,
            language_from,
            noise,
            suppresses_noise,
            recordings: scored.len(),
            audio_secs,
            errors,
            word_error_rate: errors.word_rate(),
            word_error_rate_interval: word_rate_interval(&each, seed),
            character_error_rate: errors.character_rate(),
            language_right: scored.iter().filter(|scored| scored.language_right).count(),
            withheld: scored.iter().map(|scored| scored.withheld).sum(),
            real_time_factor: took_secs / audio_secs,
            real_time_factor_each: Summary::of(
                scored.iter().map(|scored| scored.took_secs / scored.audio_secs).collect(),
            ),
        }
    }
}

/// How long people wait for text, with recordings played in real time, one at a time.
#[derive(Clone, Debug, Serialize)]
pub struct Live {
    pub model: String,
    pub set: String,
    pub suppresses_noise: bool,
    pub recordings: usize,
    /// From the last sample of speech to the last text, in ms. Includes the silence that shows that
    /// the speech is over.
    pub final_ms: Option<Summary>,
    /// From the first sample of speech to the first text that may still change, in ms.
    pub interim_ms: Option<Summary>,
}

const ROW: [&str; 11] = [
    "model",
    "set",
    "language",
    "noise",
    "suppressed",
    ">clips",
    ">WER %",
    ">19 of 20",
    ">CER %",
    ">RTF",
    ">median",
];

const LIVE: [&str; 7] = [
    "model",
    "set",
    "suppressed",
    ">clips",
    ">final median ms",
    ">final p95 ms",
    ">interim median ms",
];

impl Figures {
    /// Tables for a terminal.
    pub fn describe(&self) -> String {
        let mut text = format!("{}, {} threads\n", self.machine.describe(), self.threads);
        text.push_str(&table(&ROW, self.rows.iter().map(Row::cells)));
        if !self.live.is_empty() {
            text.push('\n');
            text.push_str(&table(&LIVE, self.live.iter().map(Live::cells)));
        }
        text
    }

    /// The same as a section of the document.
    pub fn section(&self) -> String {
        let mut text = format!(
            "\n{HEADING}\n\nWord and character error rates (WER, CER; rules in `sdk/quality`: case, \
             punctuation and Latin diacritics do not count, numbers stay as written), the interval \
             the WER of other such recordings lies in 19 times of 20, and the real-time factor \
             (RTF): seconds of work per second of audio, of all recordings together and in the \
             median of each. Language `auto`: the worker finds out, and the share it got right \
             stands beside. Noise: so many dB below the speech; babble is six other recordings at \
             once. {} threads, {} of each set, seed {}; {}.\n\n",
            self.threads,
            self.limit.map_or("all recordings".into(), |limit| format!("{limit} recordings")),
            self.seed,
            self.machine.describe(),
        );
        markdown(&mut text, &ROW, self.rows.iter().map(Row::cells));
        if !self.live.is_empty() {
            text.push_str(
                "\nWaiting, with recordings played in real time, one at a time: from the last \
                 sample of speech to its text, the silence included that shows that it is over; \
                 from the first sample to the first text that may still change.\n\n",
            );
            markdown(&mut text, &LIVE, self.live.iter().map(Live::cells));
        }
        text
    }
}

/// The section's heading.
pub const HEADING: &str = "## Speech to text";

fn markdown<const N: usize>(
    text: &mut String,
    headings: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let names: Vec<&str> = headings.iter().map(|name| name.trim_start_matches('>')).collect();
    let rules = headings.map(|name| if name.starts_with('>') { "---:" } else { "---" });
    // Writing to a String does not fail.
    let _ = writeln!(text, "| {} |\n|{}|", names.join(" | "), rules.join("|"));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

impl Row {
    fn cells(&self) -> [String; 11] {
        let language = match self.language_from {
            LanguageFrom::Given => self.language_from.name().to_owned(),
            LanguageFrom::Auto => format!("auto, {} of {}", self.language_right, self.recordings),
        };
        let interval = self
            .word_error_rate_interval
            .map_or(String::new(), |(low, high)| format!("{:.1}–{:.1}", 100.0 * low, 100.0 * high));
        [
            self.model.clone(),
            self.set.clone(),
            language,
            self.noise.to_string(),
            on_off(self.suppresses_noise),
            self.recordings.to_string(),
            percent(self.word_error_rate),
            interval,
            percent(self.character_error_rate),
            format!("{:.3}", self.real_time_factor),
            self.real_time_factor_each
                .as_ref()
                .map_or(String::new(), |s| format!("{:.3}", s.median)),
        ]
    }
}

impl Live {
    fn cells(&self) -> [String; 7] {
        let ms = |summary: &Option<Summary>, of: fn(&Summary) -> f64| {
            summary.as_ref().map_or("–".to_owned(), |summary| format!("{:.0}", of(summary)))
        };
        [
            self.model.clone(),
            self.set.clone(),
            on_off(self.suppresses_noise),
            self.recordings.to_string(),
            ms(&self.final_ms, |summary| summary.median),
            ms(&self.final_ms, |summary| summary.p95),
            ms(&self.interim_ms, |summary| summary.median),
        ]
    }
}

fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

fn percent(rate: Option<f64>) -> String {
    rate.map_or("–".to_owned(), |rate| format!("{:.1}", 100.0 * rate))
}

/// A document with this section in place of its former one, or at its end.
pub fn replaced(document: &str, section: &str) -> String {
    let Some(start) = document.find(&format!("\n{HEADING}\n")) else {
        return format!("{}\n{section}", document.trim_end_matches('\n'));
    };
    let after = start + HEADING.len() + 2;
    let end = document[after..].find("\n## ").map_or(document.len(), |at| after + at);
    format!("{}{section}{}", &document[..start], &document[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_takes_the_place_of_the_former_one_and_of_nothing_else() {
        let section = format!("\n{HEADING}\n\nnew\n");
        let document = format!("# Benchmarks\n\n## A\n\na\n\n{HEADING}\n\nold\n\n## B\n\nb\n");
        let expected = format!("# Benchmarks\n\n## A\n\na\n\n{HEADING}\n\nnew\n\n## B\n\nb\n");
        assert_eq!(replaced(&document, &section), expected);
        assert_eq!(replaced(&expected, &section), expected);
        let last = format!("## A\n\n{HEADING}\n\nold\n");
        assert_eq!(replaced(&last, &section), format!("## A\n\n{HEADING}\n\nnew\n"));
        assert_eq!(replaced("## A\n", &section), format!("## A\n\n{HEADING}\n\nnew\n"));
    }

    #[test]
    fn rates_are_over_all_recordings_and_factors_over_their_seconds() {
        let scored = |words, words_wrong, audio_secs, took_secs| Scored {
            errors: Errors { words, words_wrong, ..Errors::default() },
            audio_secs,
            took_secs,
            language_right: words > 5,
            withheld: 1,
        };
        let about = About {
            engine: "e".into(),
            model: "m".into(),
            model_sha256: "00".into(),
            set: "s".into(),
            language_from: LanguageFrom::Auto,
            noise: Noise::Clean,
            suppresses_noise: false,
        };
        let row = Row::of(about, &[scored(9, 0, 9.0, 0.9), scored(1, 1, 1.0, 0.5)], 1);
        assert_eq!(row.word_error_rate, Some(0.1));
        assert!((row.real_time_factor - 0.14).abs() < 1e-9);
        assert_eq!(row.real_time_factor_each.as_ref().unwrap().median, 0.3);
        assert_eq!((row.language_right, row.withheld), (1, 2));
        let cells = row.cells();
        assert_eq!(cells[2], "auto, 1 of 2");
        assert_eq!((cells[6].as_str(), cells[7].as_str()), ("10.0", "0.0–100.0"));
    }
}
