//! When a segment is decoded again. A real model does not loop on demand in the fitted window, so
//! the engine here is a script; real weights are in `tests/worker`.

use super::*;
use crate::engine::EngineInfo;
use std::sync::{Arc, Mutex};

/// Says the next line of its script, and notes the window it was asked for.
struct Script {
    info: EngineInfo,
    lines: Vec<Transcript>,
    asked: Arc<Mutex<Vec<Window>>>,
}

impl Engine for Script {
    fn info(&self) -> &EngineInfo {
        &self.info
    }

    fn transcribe(
        &mut self,
        _: &[f32],
        _: Option<&str>,
        window: Window,
    ) -> Result<Transcript, EngineError> {
        self.asked.lock().unwrap().push(window);
        Ok(self.lines.remove(0))
    }
}

fn line(text: &str, looped: bool, full_window: bool) -> Transcript {
    Transcript {
        text: text.into(),
        language: "en",
        no_speech_probability: 0.0,
        average_log_probability: -0.1,
        tokens: 4,
        looped,
        full_window,
        parameters: format!("full={full_window}"),
    }
}

fn run(lines: Vec<Transcript>) -> (Outcome, Vec<Window>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let info = EngineInfo {
        engine: "script",
        engine_version: "1".into(),
        model_name: "none".into(),
        model_sha256: [1; 32],
        languages: vec!["en"],
    };
    let mut transcriber =
        Transcriber::new(vec![Box::new(Script { info, lines, asked: asked.clone() })], "voice");
    let span = Span { start: 16_000, end: 16_004 };
    let outcome = transcriber
        .transcribe(
            &[1, 2, -3, 4],
            span,
            &mut Route::default(),
            &Settings::default(),
            Instant::now(),
        )
        .unwrap();
    let asked = asked.lock().unwrap().clone();
    (outcome, asked)
}

#[test]
fn text_comes_with_its_record() {
    let (outcome, asked) = run(vec![line("hello there", false, false)]);
    assert_eq!(asked, [Window::Fitted]);
    let Outcome::Text(segment) = outcome else { panic!("{outcome:?}") };
    assert_eq!(segment.text, "hello there");
    assert_eq!(segment.confidence_ppm, 904_837, "e^-0.1");
    assert_eq!((segment.start_sample, segment.end_sample), (16_000, 16_004));
    let record = segment.record;
    assert_eq!((record.audio_start_sample, record.audio_end_sample), (16_000, 16_004));
    // SHA-256 of 01 00 02 00 fd ff 04 00.
    assert_eq!(record.audio_sha256[..], Sha256::digest([1, 0, 2, 0, 0xfd, 0xff, 4, 0])[..]);
    assert!(record.filters.starts_with("voice;segments="), "{}", record.filters);
    assert!(record.filters.contains(";repetition<=2.4;"), "{}", record.filters);
}

#[test]
fn loop_gets_the_full_window_once() {
    let (outcome, asked) = run(vec![line("a a", true, false), line("a b", false, true)]);
    assert_eq!(asked, [Window::Fitted, Window::Full]);
    let Outcome::Text(segment) = outcome else { panic!("{outcome:?}") };
    assert_eq!((segment.text.as_str(), segment.record.parameters.as_str()), ("a b", "full=true"));
}

#[test]
fn loop_that_persists_is_withheld() {
    let (outcome, asked) = run(vec![line("a a", true, false), line("a a", true, true)]);
    assert_eq!(asked, [Window::Fitted, Window::Full]);
    assert!(matches!(outcome, Outcome::Withheld(Gate::Repetition, _)), "{outcome:?}");
}

#[test]
fn loop_in_a_full_window_is_not_decoded_again() {
    let (outcome, asked) = run(vec![line("a a", true, true)]);
    assert_eq!(asked, [Window::Fitted]);
    assert!(matches!(outcome, Outcome::Withheld(Gate::Repetition, _)), "{outcome:?}");
}
