//! Latency and capacity of the worker's binary with live streams, over its socket:
//! `cargo build --release -p heliograph-stt --bins --examples`, then
//! `target/release/examples/live --model ggml-tiny.en-q8_0.bin --streams 8`.
//!
//! Every stream speaks the installed English recordings of 1.5 to 10 s in its own order, at the pace
//! of speech, with 1.2 s of silence between them. All times are taken here, at the client's end of
//! the socket, from the moment a sample was sent:
//!
//! - `final_after_speech_ms`: from the last sample of speech, as voice activity has it, to the final
//!   text. Includes the silence that ends a segment.
//! - `final_after_end_ms`: the same from the sample at which that silence was long enough. What is
//!   left is the worker's.
//! - `first_interim_ms`: from the first sample of speech to the first text.
//! - `activity_ms`: from the first sample of speech to hearing of it.
//! - `behind_max_ms`: the worst `final_after_end_ms` of each stream's worst segment.

#[path = "../tests/worker/assets.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod assets;

use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use heliograph_stt::segment::{END_PADDING_SAMPLES, SEGMENT_SAMPLES_MAX, samples};
use heliograph_worker_ipc::{FromWorker, NodeCodec, StreamConfig, ToWorker};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use tokio::net::UnixStream;
use tokio_util::codec::Framed;

/// 20 ms, as calls have it.
const CHUNK: usize = 320;

/// Silence between two recordings.
const GAP_SAMPLES: usize = 19_200;

#[derive(Parser)]
struct Arguments {
    /// Installed model
    #[arg(long, default_value = assets::TINY_EN)]
    model: String,
    /// Streams at once
    #[arg(long, default_value_t = 1)]
    streams: u64,
    /// Seconds that each stream speaks
    #[arg(long, default_value_t = 60)]
    seconds: usize,
    /// Threads of the worker
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Silence that ends a segment
    #[arg(long, default_value_t = 416)]
    end_silence_ms: u64,
    /// Take the noise off
    #[arg(long)]
    suppress_noise: bool,
    /// One line of JSON instead of text
    #[arg(long)]
    json: bool,
}

/// What one stream sees.
struct Speaker {
    pcm: Vec<i16>,
    /// When its first sample was due.
    start: Instant,
    sent: usize,
    speech_began: Option<u64>,
    finished: bool,
    behind_max_ms: f64,
}

#[derive(Default)]
struct Times {
    final_after_speech_ms: Vec<f64>,
    final_after_end_ms: Vec<f64>,
    first_interim_ms: Vec<f64>,
    activity_ms: Vec<f64>,
    interims: usize,
    dropped: usize,
}

impl Speaker {
    fn new(index: u64, seconds: usize, recordings: &[Vec<i16>], start: Instant) -> Self {
        let mut pcm = vec![0; GAP_SAMPLES / 2];
        let mut next = index as usize * 7;
        while pcm.len() < seconds * 16_000 {
            pcm.extend(&recordings[next % recordings.len()]);
            pcm.extend(vec![0; GAP_SAMPLES]);
            next += 1 + index as usize % 3;
        }
        Self { pcm, start, sent: 0, speech_began: None, finished: false, behind_max_ms: 0.0 }
    }

    /// Milliseconds since the chunk with the sample before this position was due.
    fn since(&self, position: u64) -> f64 {
        let chunk = position.div_ceil(CHUNK as u64);
        let due = self.start + Duration::from_millis(20) * chunk as u32;
        Instant::now().saturating_duration_since(due).as_secs_f64() * 1e3
    }

    fn take(&mut self, answer: FromWorker, end_silence: u64, times: &mut Times) {
        match answer {
            FromWorker::Speech { at_sample, is_speaking: true, .. } => {
                times.activity_ms.push(self.since(at_sample));
                self.speech_began = Some(at_sample);
            }
            FromWorker::Interim { .. } => {
                times.interims += 1;
                if let Some(began) = self.speech_began.take() {
                    times.first_interim_ms.push(self.since(began));
                }
            }
            FromWorker::Final { segment, .. } => {
                let speech_end = segment.end_sample - END_PADDING_SAMPLES;
                // A segment that was cut for its length has no end of speech.
                if segment.end_sample - segment.start_sample < SEGMENT_SAMPLES_MAX / 2 {
                    times.final_after_speech_ms.push(self.since(speech_end));
                    let behind_ms = self.since(speech_end + end_silence);
                    times.final_after_end_ms.push(behind_ms);
                    self.behind_max_ms = self.behind_max_ms.max(behind_ms);
                }
            }
            FromWorker::Dropped { .. } => times.dropped += 1,
            FromWorker::Finished { .. } => self.finished = true,
            FromWorker::Failed { reason, .. } => panic!("refused: {reason}"),
            _ => {}
        }
    }
}

fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(place).copied().unwrap_or(f64::NAN)
}

/// Processor seconds that a process has used so far.
fn processor_secs(child: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

async fn connect(socket: &Path) -> Framed<UnixStream, NodeCodec> {
    for _ in 0..600 {
        if let Ok(stream) = UnixStream::connect(socket).await {
            let mut framed = Framed::new(stream, NodeCodec::new());
            framed.next().await.expect("a greeting").expect("a greeting");
            return framed;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no worker at {}", socket.display());
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::parse();
    let recordings: Vec<Vec<i16>> = assets::manifest("en")
        .iter()
        .map(|(file, _)| assets::wav(file))
        .filter(|pcm| (24_000..160_000).contains(&pcm.len()))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("stt.sock");
    let program = std::env::current_exe().expect("a path");
    let worker = program.parent().and_then(Path::parent).expect("it is in examples/");
    let mut child = Command::new(worker.join("heliograph-stt"))
        .arg("--socket")
        .arg(&socket)
        .arg("--model")
        .arg(assets::model(&arguments.model))
        .arg("--vad-model")
        .arg(assets::model(assets::SILERO))
        .args(["--threads", &arguments.threads.to_string()])
        .args(["--end-silence-ms", &arguments.end_silence_ms.to_string()])
        .args(["--streams-max", "1024", "--exit-with-parent"])
        .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned()))
        .spawn()
        .expect("the worker's binary beside this one");
    let (mut sink, mut answers) = connect(&socket).await.split();

    // Started one after the other, so that they do not pause in step.
    let spread = Duration::from_millis(2_300) / arguments.streams as u32;
    let first = Instant::now() + Duration::from_millis(200);
    let mut speakers: BTreeMap<u64, Speaker> = (0..arguments.streams)
        .map(|index| {
            let start = first + spread * index as u32;
            (index, Speaker::new(index, arguments.seconds, &recordings, start))
        })
        .collect();
    for stream in 0..arguments.streams {
        let config = StreamConfig {
            is_live: true,
            suppresses_noise: Some(arguments.suppress_noise),
            ..StreamConfig::default()
        };
        sink.send(ToWorker::Open { stream, start_sample: 0, config }).await.expect("sent");
    }
    let processor_before = processor_secs(&child);
    let mut times = Times::default();
    let mut clock = tokio::time::interval(Duration::from_millis(5));
    let end_silence = samples(arguments.end_silence_ms);
    while speakers.values().any(|speaker| !speaker.finished) {
        tokio::select! {
            answer = answers.next() => {
                let answer = answer.expect("the worker is there").expect("a message");
                if let Some(speaker) = stream_of(&answer).and_then(|id| speakers.get_mut(&id)) {
                    speaker.take(answer, end_silence, &mut times);
                }
            }
            _ = clock.tick() => {
                for (stream, speaker) in &mut speakers {
                    let stream = *stream;
                    // A chunk is sent when its last sample has been spoken.
                    let elapsed = Instant::now().saturating_duration_since(speaker.start);
                    let due = (elapsed.as_millis() / 20) as usize * CHUNK;
                    while speaker.sent < due.min(speaker.pcm.len()) {
                        let end = (speaker.sent + CHUNK).min(speaker.pcm.len());
                        let pcm = speaker.pcm[speaker.sent..end].to_vec();
                        speaker.sent = end;
                        sink.send(ToWorker::Audio { stream, pcm }).await.expect("sent");
                        if end == speaker.pcm.len() {
                            sink.send(ToWorker::Finish { stream }).await.expect("sent");
                        }
                    }
                }
            }
        }
    }
    let wall_secs = first.elapsed().as_secs_f64();
    let processors = (processor_secs(&child) - processor_before) / wall_secs;
    let behind_max_ms = speakers.values().map(|s| s.behind_max_ms).fold(0.0, f64::max);
    report(&arguments, &mut times, behind_max_ms, processors);
    let _ = child.kill();
    let _ = child.wait();
}

fn stream_of(answer: &FromWorker) -> Option<u64> {
    match answer {
        FromWorker::Ready { .. } => None,
        FromWorker::Opened { stream }
        | FromWorker::Interim { stream, .. }
        | FromWorker::Speech { stream, .. }
        | FromWorker::Final { stream, .. }
        | FromWorker::Dropped { stream, .. }
        | FromWorker::Progress { stream, .. }
        | FromWorker::Finished { stream, .. }
        | FromWorker::Failed { stream, .. } => Some(*stream),
    }
}

fn report(arguments: &Arguments, times: &mut Times, behind_max_ms: f64, processors: f64) {
    let Arguments { model, streams, threads, end_silence_ms, suppress_noise, .. } = arguments;
    let segments = times.final_after_end_ms.len();
    let rows = [
        ("final_after_speech_ms", &mut times.final_after_speech_ms),
        ("final_after_end_ms", &mut times.final_after_end_ms),
        ("first_interim_ms", &mut times.first_interim_ms),
        ("activity_ms", &mut times.activity_ms),
    ]
    .map(|(name, values)| (name, percentile(values, 50), percentile(values, 95)));
    let per_segment = times.interims as f64 / segments.max(1) as f64;
    if arguments.json {
        let rows = rows
            .map(|(name, p50, p95)| format!("\"{name}\":{{\"p50\":{p50:.0},\"p95\":{p95:.0}}}"));
        println!(
            "{{\"model\":\"{model}\",\"streams\":{streams},\"threads\":{threads},\
             \"end_silence_ms\":{end_silence_ms},\"suppresses_noise\":{suppress_noise},\
             \"segments\":{segments},\"interims_per_segment\":{per_segment:.1},{},\
             \"behind_max_ms\":{behind_max_ms:.0},\"processors\":{processors:.2}}}",
            rows.join(",")
        );
        return;
    }
    println!(
        "{model}, {streams} streams, {threads} threads, end silence {end_silence_ms} ms, noise \
         suppression {suppress_noise}: {segments} segments, {} withheld, {per_segment:.1} interim \
         texts each, {processors:.2} processors busy",
        times.dropped
    );
    for (name, p50, p95) in rows {
        println!("  {name:<22} p50 {p50:>5.0}  p95 {p95:>5.0}");
    }
    println!("  behind_max_ms {behind_max_ms:>18.0}");
}
