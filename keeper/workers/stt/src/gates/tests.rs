use super::*;

fn transcript(text: &str, no_speech: f32, log_probability: f32) -> Transcript {
    Transcript {
        text: text.into(),
        language: "en",
        no_speech_probability: no_speech,
        average_log_probability: log_probability,
        tokens: 1,
        looped: false,
        full_window: false,
        parameters: String::new(),
    }
}

const SENTENCE: &str = "Ask not what your country can do for you, ask what you can do for it.";

#[test]
fn believable_speech_passes() {
    assert_eq!(judge(&transcript(SENTENCE, 0.04, -0.3)), None);
    assert_eq!(judge(&transcript("Thank you.", 0.05, -0.2)), None, "people do say it");
}

/// The pairs measured on multilingual base for silence, noise and a tone.
#[test]
fn measured_inventions_are_stopped() {
    let invented = "I'm going to go to the next one.";
    assert_eq!(judge(&transcript(invented, 0.93, -1.8)), Some(Gate::NoSpeech));
    assert_eq!(judge(&transcript("you", 0.84, -1.4)), Some(Gate::NoSpeech));
    assert_eq!(judge(&transcript(invented, 0.0, -1.8)), Some(Gate::LowProbability));
    assert_eq!(judge(&transcript(invented, 0.4, -0.3)), Some(Gate::KnownPhrase));
}

#[test]
fn gates_run_in_their_order() {
    let looped = "you ".repeat(60);
    assert_eq!(judge(&transcript(&looped, 0.9, -2.0)), Some(Gate::NoSpeech));
    assert_eq!(judge(&transcript(&looped, 0.1, -2.0)), Some(Gate::LowProbability));
    // A loop is spoken with full confidence: −0.05 was seen over 191 tokens.
    assert_eq!(judge(&transcript(&looped, 0.1, -0.05)), Some(Gate::Repetition));
    assert_eq!(judge(&transcript("you", 0.1, -0.9)), Some(Gate::KnownPhrase));
}

#[test]
fn loops_trip_in_any_script_and_speech_does_not() {
    for looped in [
        "I'm sorry. ".repeat(12),
        "はい、そうです。".repeat(10),
        "the next one and the next one and ".repeat(6),
    ] {
        assert_eq!(judge(&transcript(&looped, 0.0, -0.1)), Some(Gate::Repetition), "{looped}");
    }
    for said in [
        "no no no no, that is not what I said",
        "one two three four five six seven eight nine ten",
        "今日は天気がいいので、散歩に行きましょう。明日は雨が降るかもしれません。",
        SENTENCE,
    ] {
        assert_eq!(judge(&transcript(said, 0.0, -0.1)), None, "{said}");
    }
}

#[test]
fn loop_that_was_stopped_early_is_withheld_however_short() {
    let stopped = Transcript { looped: true, ..transcript("Ask not. Ask not.", 0.1, -0.06) };
    assert_eq!(judge(&stopped), Some(Gate::Repetition));
}

#[test]
fn empty_text_is_not_sent() {
    assert_eq!(judge(&transcript("", 0.0, -0.1)), Some(Gate::KnownPhrase));
    assert_eq!(judge(&transcript("[BLANK_AUDIO]", 0.0, -0.1)), Some(Gate::KnownPhrase));
}

#[test]
fn broken_numbers_do_not_pass() {
    assert_eq!(judge(&transcript(SENTENCE, 0.0, f32::NAN)), Some(Gate::LowProbability));
}

#[test]
fn description_names_every_threshold() {
    assert_eq!(
        description(),
        "no_speech<=0.6;low_probability>=-1;repetition<=2.4;known_phrase>=-0.4,<=0.3"
    );
}
