use super::*;
use heliograph_protocol::record::Record;

const SEC: u64 = SAMPLE_RATE_HZ as u64;

fn segment(start: u64, end: u64, text: &str) -> Segment {
    Segment {
        text: text.into(),
        start_sample: start,
        end_sample: end,
        confidence_ppm: 900_000,
        language: "en".into(),
        latency_ms: 100,
        record: Record {
            engine: "whisper.cpp".into(),
            engine_version: "1".into(),
            model_sha256: [3; 32],
            language: "en".into(),
            parameters: String::new(),
            filters: String::new(),
            audio_sha256: [4; 32],
            audio_start_sample: start,
            audio_end_sample: end,
            text_sha256: [5; 32],
            started_at_unix_ms: 1,
            finished_at_unix_ms: 2,
        },
    }
}

/// A file that begins 100 s into the key's audio.
fn transcript() -> Transcript {
    let mut transcript = Transcript::new(100 * SEC, 3_725 * SEC + 1);
    transcript.segments.push(segment(100 * SEC, 102 * SEC + 80, "One <b> & two."));
    transcript.segments.push(segment(
        3_822 * SEC + SEC / 2,
        3_824 * SEC,
        "Three\n\nfour --> five.",
    ));
    transcript
}

#[test]
fn subtitles_count_from_the_start_of_the_file() {
    assert_eq!(
        transcript().srt(),
        "1\n00:00:00,000 --> 00:00:02,005\nOne <b> & two.\n\n\
         2\n01:02:02,500 --> 01:02:04,000\nThree four --> five.\n\n"
    );
    assert_eq!(
        transcript().vtt(),
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.005\nOne &lt;b&gt; &amp; two.\n\n\
         01:02:02.500 --> 01:02:04.000\nThree four --&gt; five.\n\n"
    );
}

#[test]
fn verbose_answer_says_when_and_how_long() {
    let verbose = transcript().verbose();
    assert_eq!(verbose["duration"].as_f64(), Some(3_725.0 + 1.0 / 16_000.0));
    assert_eq!(verbose["usage"]["seconds"], 3_726);
    assert_eq!(verbose["segments"][1]["start"].as_f64(), Some(3_722.5));
    assert_eq!(verbose["language"], "en");
    let logprob = verbose["segments"][0]["avg_logprob"].as_f64().unwrap();
    assert!((logprob - 0.9f64.ln()).abs() < 1e-9);
    assert_eq!(verbose["text"], "One <b> & two. Three\n\nfour --> five.");
}

#[test]
fn nothing_heard_is_an_empty_text() {
    let silent = Transcript::new(0, 1);
    assert_eq!(silent.text(), "");
    assert_eq!(silent.srt(), "");
    assert_eq!(silent.vtt(), "WEBVTT\n\n");
    assert_eq!(silent.verbose()["segments"], json!([]));
}

#[test]
fn formats_have_their_names() {
    assert_eq!(Format::named("verbose_json"), Some(Format::VerboseJson));
    assert_eq!(Format::named("vtt"), Some(Format::Vtt));
    assert_eq!(Format::named("diarized_json"), None);
    assert_eq!(Format::named(""), None);
}
