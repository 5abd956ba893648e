//! What was heard in a file, in the formats of the API. Pure.

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use heliograph_audio::SAMPLE_RATE_HZ;
use heliograph_worker_ipc::Segment;
use serde_json::{Value, json};
use std::fmt::Write;

#[cfg(test)]
mod tests;

/// What the client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Text,
    VerboseJson,
    Srt,
    Vtt,
}

impl Format {
    /// What they are called.
    pub const NAMES: [&str; 5] = ["json", "text", "verbose_json", "srt", "vtt"];

    /// The format of a name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Json, Self::Text, Self::VerboseJson, Self::Srt, Self::Vtt];
        Self::NAMES.iter().position(|known| *known == name).map(|index| all[index])
    }
}

/// What was heard.
#[derive(Debug)]
pub struct Transcript {
    /// Where the file begins in the key's audio.
    start_sample: u64,
    samples: u64,
    pub segments: Vec<Segment>,
}

impl Transcript {
    /// Nothing yet, of a file of so many samples.
    pub const fn new(start_sample: u64, samples: u64) -> Self {
        Self { start_sample, samples, segments: Vec::new() }
    }

    /// The answer.
    pub fn answer(&self, format: Format) -> Response {
        let plain =
            |kind: &'static str, text: String| ([(CONTENT_TYPE, kind)], text).into_response();
        match format {
            Format::Json => {
                Json(json!({ "text": self.text(), "usage": self.usage() })).into_response()
            }
            Format::VerboseJson => Json(self.verbose()).into_response(),
            Format::Text => plain("text/plain; charset=utf-8", format!("{}\n", self.text())),
            Format::Srt => plain("application/x-subrip; charset=utf-8", self.srt()),
            Format::Vtt => plain("text/vtt; charset=utf-8", self.vtt()),
        }
    }

    fn text(&self) -> String {
        let texts: Vec<&str> = self.segments.iter().map(|segment| segment.text.as_str()).collect();
        texts.join(" ")
    }

    /// Seconds of audio, a started one included: what the key is charged at most.
    fn usage(&self) -> Value {
        let seconds = self.samples.div_ceil(u64::from(SAMPLE_RATE_HZ));
        json!({ "type": "duration", "seconds": seconds })
    }

    fn verbose(&self) -> Value {
        let segments = self.segments.iter().enumerate().map(|(id, segment)| {
            let confidence = (f64::from(segment.confidence_ppm) / 1e6).max(1e-6);
            json!({
                "id": id,
                "seek": 0,
                "start": self.secs(segment.start_sample),
                "end": self.secs(segment.end_sample),
                "text": segment.text,
                "tokens": [],
                "temperature": 0.0,
                "avg_logprob": confidence.ln(),
                "compression_ratio": 1.0,
                "no_speech_prob": 0.0,
            })
        });
        let language = self.segments.first().map_or("", |segment| segment.language.as_str());
        json!({
            "task": "transcribe",
            "language": language,
            "duration": self.samples as f64 / f64::from(SAMPLE_RATE_HZ),
            "text": self.text(),
            "segments": Vec::from_iter(segments),
            "usage": self.usage(),
        })
    }

    fn srt(&self) -> String {
        let mut text = String::new();
        for (index, segment) in self.segments.iter().enumerate() {
            let [start, end] = [segment.start_sample, segment.end_sample]
                .map(|sample| clock(self.secs(sample), ','));
            // Writing to a String does not fail.
            let _ = write!(text, "{}\n{start} --> {end}\n{}\n\n", index + 1, line(&segment.text));
        }
        text
    }

    fn vtt(&self) -> String {
        let mut text = "WEBVTT\n\n".to_owned();
        for segment in &self.segments {
            let [start, end] = [segment.start_sample, segment.end_sample]
                .map(|sample| clock(self.secs(sample), '.'));
            let escaped =
                line(&segment.text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = write!(text, "{start} --> {end}\n{escaped}\n\n");
        }
        text
    }

    /// Seconds from the start of the file.
    fn secs(&self, sample: u64) -> f64 {
        sample.saturating_sub(self.start_sample) as f64 / f64::from(SAMPLE_RATE_HZ)
    }
}

/// A cue's text: an empty line would end it, and so would an arrow in WebVTT.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `01:02:03,004`, rounded to milliseconds.
fn clock(secs: f64, separator: char) -> String {
    let ms = (secs * 1e3).round() as u64;
    let (hours, minutes, secs) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{hours:02}:{minutes:02}:{secs:02}{separator}{:03}", ms % 1_000)
}
