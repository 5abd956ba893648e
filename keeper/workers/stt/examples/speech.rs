//! Word error rate and real-time factor on the installed recordings, through everything but the
//! socket: `cargo run --release -p heliograph-stt --example speech -- [MODEL] [LANGUAGE...]`.
//! Real-time factor is computing time over audio time; below 1 keeps up. From the environment:
//! `THREADS`, `END_MS` (silence that ends a segment), `NOISE` (`white` or `babble`, made of the
//! other recordings) with `SNR_DB`, `SUPPRESS=on`, and `EVERY` to take every nth recording alone.

#[path = "../tests/worker/assets.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod assets;

use heliograph_stt::engine::Whisper;
use heliograph_stt::front::{Front, Settings, Step};
use heliograph_stt::model_file::ModelFile;
use heliograph_stt::router::Route;
use heliograph_stt::segment::{self, Event};
use heliograph_stt::transcribe::{Outcome, Transcriber};
use heliograph_stt::vad::VoiceActivity;
use std::time::{Duration, Instant};

struct Bench {
    voice: VoiceActivity,
    transcriber: Transcriber,
    settings: Settings,
}

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

#[derive(Default)]
struct Total {
    audio_secs: f64,
    voice: Duration,
    engine: Duration,
    segments: usize,
    withheld: usize,
    reference: String,
    text: String,
}

impl Bench {
    fn hear(&mut self, pcm: &[i16], total: &mut Total) {
        let mut front = Front::new(0, self.settings);
        let mut route = Route::default();
        front.push(pcm, Instant::now());
        front.finish();
        total.audio_secs += pcm.len() as f64 / 16_000.0;
        loop {
            let started = Instant::now();
            let step = front.advance(&mut self.voice).expect("voice activity");
            total.voice += started.elapsed();
            match step {
                Step::Event(Event::Speech(span)) => {
                    let started = Instant::now();
                    let samples = front.samples(span);
                    let outcome = self.transcriber.transcribe(
                        &samples,
                        span,
                        &mut route,
                        &self.settings,
                        started,
                    );
                    total.engine += started.elapsed();
                    total.segments += 1;
                    match outcome.expect("the engine") {
                        Outcome::Text(segment) => total.text += &(segment.text + " "),
                        Outcome::Withheld(gate, transcript) => {
                            total.withheld += 1;
                            println!("  withheld by {gate}: {}", transcript.text);
                        }
                    }
                    front.settle();
                }
                Step::Event(Event::Burst(_)) => front.settle(),
                Step::Judged => front.trim(),
                Step::Starved | Step::Ended => return,
            }
        }
    }
}

impl Total {
    fn print(&self, what: &str) {
        let factor = |time: Duration| time.as_secs_f64() / self.audio_secs;
        println!(
            "{what}: {:.0} s of audio, WER {:.1} %, RTF {:.3} (voice activity {:.3}), {} segments, \
             {} withheld",
            self.audio_secs,
            100.0 * assets::word_error_rate(&self.reference, &self.text),
            factor(self.voice + self.engine),
            factor(self.voice),
            self.segments,
            self.withheld,
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let model = arguments.first().map_or(assets::BASE, String::as_str);
    let threads = std::env::var("THREADS").map_or(2, |threads| threads.parse().expect("a number"));

    let voice = ModelFile::read(&assets::model(assets::SILERO), None).expect("readable");
    let voice = VoiceActivity::load(&voice).expect("a Silero model");
    let file = ModelFile::read(&assets::model(model), None).expect("readable");
    let layout = file.whisper_layout(None).expect("a Whisper model");
    let engine = Whisper::load(&file, layout, threads).expect("a Whisper model");
    let transcriber = Transcriber::new(vec![Box::new(engine)], voice.description());
    let settings = Settings {
        is_live: false,
        end_silence_samples: segment::samples(number("END_MS", 500)),
        suppresses_noise: std::env::var("SUPPRESS").is_ok_and(|value| value == "on"),
    };
    let mut bench = Bench { voice, transcriber, settings };
    let noise = std::env::var("NOISE").ok().map(|kind| (kind, number("SNR_DB", 10) as f64));

    println!("{model}, {threads} threads, {settings:?}, noise {noise:?}");
    if arguments.len() < 2 {
        let mut demo = Total { reference: assets::text("demo.txt"), ..Total::default() };
        bench.hear(&assets::wav("demo.wav"), &mut demo);
        demo.print("demo.wav");
    }
    for language in arguments.iter().skip(1) {
        let mut total = Total::default();
        let rows = assets::manifest(language).into_iter();
        let rows: Vec<_> = rows.step_by(number("EVERY", 1) as usize).collect();
        let recordings: Vec<_> = rows.iter().map(|(file, _)| assets::wav(file)).collect();
        for (index, (_, text)) in rows.iter().enumerate() {
            total.reference += &(text.clone() + " ");
            let mut pcm = recordings[index].clone();
            match &noise {
                Some((kind, snr_db)) if kind == "white" => {
                    let secs = pcm.len() / 16_000 + 1;
                    assets::mix(&mut pcm, &assets::noise(secs, 10_000), *snr_db);
                }
                Some((_, snr_db)) => {
                    let babble = assets::babble(&recordings, index, pcm.len());
                    assets::mix(&mut pcm, &babble, *snr_db);
                }
                None => {}
            }
            bench.hear(&pcm, &mut total);
        }
        total.print(language);
    }
}
