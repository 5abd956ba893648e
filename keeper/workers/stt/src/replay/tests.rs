use super::*;
use crate::engine::{EngineError, EngineInfo, Transcript};

/// Says what it was asked to do.
struct Echo(EngineInfo);

impl Echo {
    fn new() -> Self {
        Self(EngineInfo {
            engine: "echo",
            engine_version: "1".into(),
            model_name: "m".into(),
            model_sha256: [1; 32],
            languages: vec!["de", "en"],
        })
    }
}

impl Engine for Echo {
    fn info(&self) -> &EngineInfo {
        &self.0
    }

    fn transcribe(
        &mut self,
        pcm: &[f32],
        language: Option<&str>,
        window: Window,
    ) -> Result<Transcript, EngineError> {
        let language = language.map(|asked| self.0.language(asked)).transpose()?;
        Ok(Transcript {
            text: format!("{} samples, {language:?}, {window:?}", pcm.len()),
            language: language.unwrap_or("en"),
            no_speech_probability: 0.0,
            average_log_probability: -2.0,
            tokens: 3,
            looped: false,
            full_window: false,
            parameters: format!(
                "audio_ctx={};power={}",
                if window == Window::Full { 1_500 } else { 192 },
                pcm.iter().map(|sample| sample * sample).sum::<f32>()
            ),
        })
    }
}

fn job(parameters: &str) -> Job {
    Job {
        model_sha256: [1; 32],
        language: "de".into(),
        parameters: parameters.into(),
        filters: String::new(),
        pcm_start_sample: 100,
        pcm: vec![0; 50],
        start_sample: 110,
        end_sample: 140,
    }
}

fn text(parameters: &str) -> Result<String, String> {
    decode(&mut Echo::new(), &job(parameters)).map(|decoded| decoded.text)
}

#[test]
fn language_and_window_are_those_of_the_record() {
    let asked = text("audio_ctx=192;language_from=request").unwrap();
    assert_eq!(asked, "30 samples, Some(\"de\"), Fitted");
    let asked = text("audio_ctx=1500;language_from=request").unwrap();
    assert_eq!(asked, "30 samples, Some(\"de\"), Full");
    assert_eq!(text("language_from=audio").unwrap(), "30 samples, None, Fitted");
}

#[test]
fn parameters_without_a_meaning_are_refused() {
    for wrong in ["", "language_from=dice"] {
        assert!(text(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn window_that_no_segment_gets_is_not_used() {
    for strange in ["64", "0", "x"] {
        let parameters = format!("audio_ctx={strange};language_from=audio");
        let decoded = decode(&mut Echo::new(), &job(&parameters)).unwrap();
        assert_eq!(value(&decoded.parameters, "audio_ctx"), Some("1500"), "{strange}");
    }
}

#[test]
fn audio_that_does_not_hold_the_segment_is_refused() {
    for (start_sample, end_sample) in [(99, 140), (110, 151), (140, 140), (141, 140), (u64::MAX, 0)]
    {
        let job = Job { start_sample, end_sample, ..job("language_from=audio") };
        let refused = decode(&mut Echo::new(), &job).unwrap_err();
        assert_eq!(refused, "the audio does not cover the segment");
    }
}

#[test]
fn gates_speak_only_for_records_of_the_same_gates() {
    let mut job = job("language_from=audio");
    assert_eq!(decode(&mut Echo::new(), &job).unwrap().gate, None);
    job.filters = format!("vad;{}", gates::description());
    let gate = decode(&mut Echo::new(), &job).unwrap().gate;
    assert_eq!(gate.as_deref(), Some("low_probability"));
}

#[test]
fn noise_that_was_taken_off_is_taken_off_again() {
    let mut state = 1_u32;
    let pcm: Vec<i16> = (0..32_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 20) as i16 - 2_048
        })
        .collect();
    let (start_sample, end_sample) = (100, 100 + pcm.len() as u64);
    let noisy = Job { pcm, start_sample, end_sample, ..job("language_from=audio") };
    let filters = format!("{};vad", noise::DESCRIPTION);
    let quiet = Job { filters, ..noisy.clone() };
    let power = |job: &Job| {
        let parameters = decode(&mut Echo::new(), job).unwrap().parameters;
        value(&parameters, "power").unwrap().parse::<f32>().unwrap()
    };
    assert!(power(&quiet) < power(&noisy) / 2.0, "{} of {}", power(&quiet), power(&noisy));
}

#[test]
fn noise_suppression_of_another_kind_is_refused() {
    let mut job = job("language_from=audio");
    job.filters = "noise=magic;vad".into();
    let refused = decode(&mut Echo::new(), &job).unwrap_err();
    assert_eq!(refused, "noise=magic is not known here");
}
