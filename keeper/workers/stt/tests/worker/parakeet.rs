//! Parakeet's path from samples to text: the spectrum against NeMo's own, the decoder against a
//! model that spells tones, and folders that are no model.

use crate::assets::{self, BASE, manifest, noise, silence, wav};
use crate::client::Worker;
use heliograph_stt::engine::parakeet::mel::{Mel, Spectrum};
use heliograph_stt::engine::parakeet::network::Network;
use heliograph_stt::engine::parakeet::tdt::Joint;
use heliograph_stt::engine::parakeet::vocabulary::Vocabulary;
use heliograph_stt::engine::{Engine, EngineError, Parakeet, Window};
use heliograph_stt::front::to_float;
use heliograph_stt::gates::judge;
use heliograph_stt::model_file::ModelFolder;
use heliograph_worker_ipc::{FromWorker, StreamConfig};
use rten::{Model, ValueView};
use std::path::Path;

/// Letters of the tones, and their text: a word begins with the first and from the eighth on.
const TONES: &str = "cafebadgehh";
const TEXT: &str = "cafebad g e h h";

fn float(pcm: &[i16]) -> Vec<f32> {
    pcm.iter().copied().map(to_float).collect()
}

/// 0.4 s of silence, then for each letter a tone of 0.24 s in its band's centre and 0.32 s of
/// silence, all over faint noise: bands that hear nothing at all would be scaled up to anything.
fn tones() -> Vec<i16> {
    let mut pcm = silence(1)[..6_400].to_vec();
    for letter in TONES.bytes() {
        // The 15th band of 128, then every 14th; by Slaney's scale, as in `Mel`.
        let band = 12 + 14 * usize::from(letter - b'a');
        let top = 15.0 + 8.0_f64.ln() / 6.4_f64.ln() * 27.0;
        let mel = top * (band + 1) as f64 / 129.0;
        let hz = if mel < 15.0 {
            mel * 200.0 / 3.0
        } else {
            1_000.0 * 6.4_f64.powf((mel - 15.0) / 27.0)
        };
        pcm.extend((0..3_840).map(|n| {
            let fade = f64::from(n.min(3_839 - n)).min(400.0) / 400.0;
            let turn = std::f64::consts::TAU * hz * f64::from(n) / 16_000.0;
            (turn.sin() * fade * 9_800.0) as i16
        }));
        pcm.extend(&silence(1)[..5_120]);
    }
    pcm.extend(&silence(1)[..8_000]);
    let secs = pcm.len().div_ceil(16_000);
    pcm.iter().zip(noise(secs, 6)).map(|(tone, noise)| tone + noise).collect()
}

fn folder() -> ModelFolder {
    ModelFolder::read(&assets::tone_model(), None).unwrap()
}

fn load(threads: usize) -> Parakeet {
    Parakeet::load(folder(), threads).unwrap()
}

/// On human speech in three languages and on what is none.
#[test]
fn spectrum_is_nemos() {
    let nemo = Model::load_file(assets::nemo_spectrum()).unwrap();
    let node = |name| nemo.node_id(name).unwrap();
    let (inputs, outputs) =
        ([node("waveforms"), node("waveforms_lens")], [node("features"), node("features_lens")]);
    let mel = Mel::new(128);
    let mut recordings =
        vec![wav("jfk.wav"), wav("demo.wav")[..480_000].to_vec(), noise(3, 3_000), tones()];
    for language in ["en", "es", "fr"] {
        recordings.extend(manifest(language).into_iter().step_by(40).map(|(file, _)| wav(&file)));
    }
    let (mut worst, mut sum, mut count) = (0.0_f32, 0.0_f64, 0);
    for pcm in recordings {
        let pcm = float(&pcm);
        let length = [pcm.len() as i32];
        let inputs = vec![
            (inputs[0], ValueView::from_shape([1, pcm.len()], &pcm).unwrap().into()),
            (inputs[1], ValueView::from_shape([1], &length).unwrap().into()),
        ];
        let [features, lengths] = nemo.run_n(inputs, outputs, None).unwrap();
        let ([_, bands, frames], features) = features.into_shape_vec::<f32, 3>().unwrap();
        let (_, lengths) = lengths.into_shape_vec::<i32, 1>().unwrap();
        let spectrum = mel.spectrum(&pcm).unwrap();
        assert_eq!(
            (spectrum.bands, spectrum.frames, spectrum.frames_valid as i32),
            (bands, frames, lengths[0])
        );
        for (ours, theirs) in spectrum.values.iter().zip(&features) {
            worst = worst.max((ours - theirs).abs());
            sum += f64::from((ours - theirs).abs());
            count += 1;
        }
    }
    let mean = sum / f64::from(count);
    println!("{count} values: largest difference {worst:.6}, mean {mean:.9}");
    assert!(count > 1_000_000);
    // Values have deviation 1. The largest differences are in bands near silence, where the
    // logarithm magnifies the last bits of the Fourier transforms.
    assert!(worst < 5e-3 && mean < 5e-6, "largest {worst}, mean {mean}");
}

#[test]
fn tones_are_spelt_where_they_sound() {
    let mut engine = load(1);
    let pcm = float(&tones());
    let transcript = engine.transcribe(&pcm, Some("en"), Window::Fitted).unwrap();
    assert_eq!(transcript.text, TEXT);
    assert_eq!((transcript.language, transcript.tokens), ("en", TONES.len()));
    assert!(transcript.average_log_probability > -0.1, "{transcript:?}");
    assert!(transcript.no_speech_probability < 0.1, "{transcript:?}");
    assert_eq!(judge(&transcript), None);
    let keys: Vec<_> =
        transcript.parameters.split(';').filter_map(|pair| pair.split('=').next()).collect();
    assert!(keys.is_sorted(), "{}", transcript.parameters);

    let decoded = engine.decode(&pcm).unwrap().unwrap();
    let onsets: Vec<usize> = decoded.tokens.iter().map(|token| token.frame * 80).collect();
    let expected: Vec<usize> = (0..TONES.len()).map(|index| 400 + 560 * index).collect();
    assert_eq!(onsets, expected, "in ms");
}

/// What a decoder may get wrong.
#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    ignores_durations: bool,
    keeps_state_of_blanks: bool,
    feeds_blanks: bool,
    bands: Layout,
}

#[derive(Clone, Copy, Debug, Default)]
enum Layout {
    #[default]
    Right,
    Reversed,
    TimeFirst,
}

/// A decoder with faults; without any it is the one under test, written twice.
fn decode_with(faults: Faults) -> String {
    let vocabulary = Vocabulary::parse(folder().vocabulary()).unwrap();
    let blank = vocabulary.blank();
    let network = Network::load(folder(), 128, blank + 1, 1).unwrap();
    let mut spectrum = Mel::new(128).spectrum(&float(&tones())).unwrap();
    lay_out(&mut spectrum, faults.bands);
    let encoded = network.encode(spectrum).unwrap();
    let mut walk = network.walk(&encoded);
    let (mut state, mut last, mut frame, mut ids) = (walk.start(), blank, 0, Vec::new());
    while frame < encoded.frames {
        let (scores, after) = walk.score(frame, last, &state).unwrap();
        let best = |scores: &[f32]| {
            let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
            best.unwrap()
        };
        let (id, duration) = (best(&scores[..=blank]), best(&scores[blank + 1..]));
        if id != blank {
            ids.push(id);
        }
        if id != blank || faults.keeps_state_of_blanks {
            state = after;
        }
        if id != blank || faults.feeds_blanks {
            last = id;
        }
        frame += if faults.ignores_durations { 1 } else { duration.max(1) };
    }
    vocabulary.text(ids)
}

fn lay_out(spectrum: &mut Spectrum, layout: Layout) {
    let Spectrum { bands, frames, values, .. } = spectrum;
    let (bands, frames, from) = (*bands, *frames, values.clone());
    for band in 0..bands {
        for frame in 0..frames {
            let at = band * frames + frame;
            values[at] = match layout {
                Layout::Right => from[at],
                Layout::Reversed => from[(bands - 1 - band) * frames + frame],
                // The right numbers, time by time, taken for band by band.
                Layout::TimeFirst => from[(at % bands) * frames + at / bands],
            };
        }
    }
}

/// The tone model is worth something: each of a decoder's usual faults shows.
#[test]
fn faulty_decoders_do_not_spell() {
    let right = Faults::default();
    assert_eq!(decode_with(right), TEXT);
    for faults in [
        Faults { ignores_durations: true, ..right },
        Faults { keeps_state_of_blanks: true, ..right },
        Faults { feeds_blanks: true, ..right },
        Faults { keeps_state_of_blanks: true, feeds_blanks: true, ..right },
        Faults { bands: Layout::Reversed, ..right },
        Faults { bands: Layout::TimeFirst, ..right },
    ] {
        assert_ne!(decode_with(faults), TEXT, "{faults:?}");
    }
}

#[test]
fn same_audio_gives_the_same_transcript() {
    let pcm = [float(&tones()), float(&wav("jfk.wav"))];
    let mut engine = load(1);
    let mut run = |pcm: &[f32]| engine.transcribe(pcm, None, Window::Fitted).unwrap();
    let first = [run(&pcm[0]), run(&pcm[1])];
    assert_eq!([run(&pcm[0]), run(&pcm[1])], first);
    let mut threaded = load(2);
    let mut run = |pcm: &[f32]| threaded.transcribe(pcm, None, Window::Full).unwrap();
    assert_eq!([run(&pcm[0]), run(&pcm[1])], first);
}

#[test]
fn no_audio_is_no_text_and_too_much_is_refused() {
    let mut engine = load(1);
    for samples in [0, 1, 319, 320, 3_200] {
        let transcript = engine.transcribe(&vec![0.0; samples], None, Window::Fitted).unwrap();
        assert_eq!((transcript.text.as_str(), transcript.tokens), ("", 0), "{samples}");
        assert!(judge(&transcript).is_some(), "{samples}: {transcript:?}");
    }
    let error = engine.transcribe(&vec![0.0; 640_001], None, Window::Fitted).unwrap_err();
    assert!(matches!(error, EngineError::TooLong { samples_max: 640_000, .. }), "{error}");
    let error = engine.transcribe(&[0.0; 3_200], Some("de"), Window::Fitted).unwrap_err();
    assert_eq!(error.to_string(), "language 'de' is not served by this model; served: en");
}

/// A copy of the tone model that a test may spoil.
fn copy() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(assets::tone_model()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

fn refusal(dir: &Path) -> String {
    let loaded = ModelFolder::read(dir, None).and_then(|folder| Parakeet::load(folder, 1));
    loaded.map(drop).unwrap_err().to_string()
}

#[test]
fn folders_that_are_no_model_say_what_is_missing() {
    for (file, expected) in [
        (
            "encoder-model.onnx",
            "encoder-model.onnx and decoder_joint-model.onnx are not both there",
        ),
        ("decoder_joint-model.onnx", "are not both there, nor as .int8.onnx"),
        ("vocab.txt", "vocab.txt is missing"),
        ("languages.txt", "languages.txt is missing; it lists the codes of the model's languages"),
    ] {
        let dir = copy();
        std::fs::remove_file(dir.path().join(file)).unwrap();
        let error = refusal(dir.path());
        assert!(
            error.contains(expected) && error.contains(&*dir.path().to_string_lossy()),
            "{error}"
        );
    }
    for (file, content, expected) in [
        ("languages.txt", "en klingon", "'klingon' is no language's code"),
        ("languages.txt", " \n", "languages.txt is empty"),
        ("vocab.txt", "a 0\nb 2\n", "vocab.txt: line 2: the numbers do not count up from 0"),
        ("vocab.txt", "a 0\n<blk> 1\n", "gives 23 scores for a vocabulary of 2 tokens"),
        ("encoder-model.onnx", "", "encoder-model.onnx"),
        ("encoder-model.onnx", "not a graph", "was refused by rten: encoder-model.onnx"),
    ] {
        let dir = copy();
        std::fs::write(dir.path().join(file), content).unwrap();
        let error = refusal(dir.path());
        assert!(error.contains(expected), "{error}");
    }
    let dir = copy();
    let [encoder, decoder] =
        ["encoder-model.onnx", "decoder_joint-model.onnx"].map(|file| dir.path().join(file));
    std::fs::copy(&decoder, &encoder).unwrap();
    assert!(refusal(dir.path()).contains("it has no node 'audio_signal'"));
}

/// Cut anywhere, or spoilt in its structure, a graph is refused or runs to some end without a panic.
/// Spoilt sizes among its constants are left out: rten does not bound what memory they ask for.
#[test]
fn damaged_graphs_are_refused_or_harmless() {
    let whole = std::fs::read(assets::tone_model().join("encoder-model.onnx")).unwrap();
    let dir = copy();
    let file = dir.path().join("encoder-model.onnx");
    for len in [1, 2, 100, 65_000, 65_700, 65_900, 66_000, whole.len() - 200] {
        std::fs::write(&file, &whole[..len]).unwrap();
        refusal(dir.path());
    }
    let pcm = float(&tones());
    let (mut refused, mut ran) = (0, 0);
    // Nodes come first, inputs and outputs last; weights and constants lie between.
    for at in (0..whole.len()).filter(|at| *at < 250 || *at > 66_000).step_by(9) {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 0x15;
        std::fs::write(&file, &spoilt).unwrap();
        let folder = ModelFolder::read(dir.path(), None).unwrap();
        match Parakeet::load(folder, 1) {
            Ok(mut engine) => {
                ran += 1;
                // Whatever comes of it.
                let _ = engine.transcribe(&pcm, None, Window::Fitted);
            }
            Err(_) => refused += 1,
        }
    }
    println!("{refused} refused, {ran} ran");
    assert!(refused > 5 && ran > 5);
}

/// The hash is that of the list which `sha256sum` prints, and only of files that decide.
#[test]
fn hash_is_of_the_list_of_files() {
    let dir = copy();
    let list = std::process::Command::new("sh")
        .args([
            "-c",
            "LC_ALL=C; sha256sum decoder_joint-model.onnx encoder-model.onnx vocab.txt | sha256sum",
        ])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let expected = String::from_utf8(list.stdout).unwrap()[..64].to_owned();
    let read = || ModelFolder::read(dir.path(), None).map(|folder| hex::encode(folder.sha256));
    assert_eq!(read().unwrap(), expected);
    std::fs::write(dir.path().join("README.md"), "about").unwrap();
    std::fs::write(dir.path().join("languages.txt"), "en de").unwrap();
    assert_eq!(read().unwrap(), expected);
    std::fs::write(dir.path().join("encoder-model.onnx.data"), "weights").unwrap();
    assert_ne!(read().unwrap(), expected);

    let error = ModelFolder::read(dir.path(), Some([7; 32])).unwrap_err().to_string();
    assert!(error.contains(&hex::encode([7; 32])), "{error}");
}

/// Through the worker, beside Whisper: the specialist is asked for by its hash or takes what was
/// asked for in its language; what it does not serve goes to Whisper.
#[tokio::test]
async fn worker_serves_both_engines() {
    let base = assets::model(BASE);
    let tone = assets::tone_model();
    let worker = Worker::start_at(&tone, &["--model", base.to_str().unwrap()]);
    let mut node = worker.connect().await;
    let FromWorker::Ready { models, .. } = node.ready.clone() else { unreachable!() };
    let engines: Vec<&str> = models.iter().map(|model| model.engine.as_str()).collect();
    assert_eq!(engines, ["whisper.cpp", "parakeet-tdt/rten"]);
    let spanish = wav("asterisk/es/demo-abouttotry.wav");
    let config = StreamConfig { language: Some("es".into()), ..StreamConfig::default() };
    let heard = node.hear_as(1, 0, &spanish, 8_000, config).await;
    assert!(heard.segments.iter().all(|segment| segment.record.engine == "whisper.cpp"));
    assert!(!heard.segments.is_empty());
    // Speech is no tone: the model hears nothing in it, and says so.
    let config = StreamConfig { language: Some("en".into()), ..StreamConfig::default() };
    let heard = node.hear_as(2, 0, &wav("jfk.wav"), 8_000, config).await;
    assert!(heard.segments.iter().all(|segment| segment.record.engine == "parakeet-tdt/rten"));
    assert!(heard.segments.len() + heard.dropped.len() > 0);
}
