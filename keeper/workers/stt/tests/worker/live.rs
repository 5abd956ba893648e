//! Live streams: texts that may still change, voice activity, noise suppression, and that none of it
//! changes a final text.

use crate::assets::{
    JFK, TINY_EN, manifest, mix, noise, silence, tone, wav, word_error_rate, words,
};
use crate::client::{Heard, Node, Worker};
use heliograph_stt::noise::DESCRIPTION;
use heliograph_stt::transcribe::audio_sha256;
use heliograph_worker_ipc::{FromWorker, StreamConfig, ToWorker};
use std::time::Duration;

/// 40 ms, as a call sends them.
const CHUNK: usize = 640;

fn live() -> StreamConfig {
    StreamConfig { is_live: true, ..StreamConfig::default() }
}

/// What a live stream gave, in order.
#[derive(Default)]
struct Live {
    heard: Heard,
    interims: Vec<(u64, u64, String)>,
    activity: Vec<(u64, bool)>,
    /// Segments before each interim text.
    segments_before: Vec<usize>,
}

impl Live {
    fn take(&mut self, answer: FromWorker) {
        match answer {
            FromWorker::Interim {
                start_sample,
                end_sample,
                text,
                confidence_ppm,
                language,
                ..
            } => {
                assert!(!text.is_empty() && text.trim() == text, "{text:?}");
                assert!(self.heard.done_sample <= start_sample && start_sample < end_sample);
                assert!(confidence_ppm <= 1_000_000 && !language.is_empty());
                self.interims.push((start_sample, end_sample, text));
                self.segments_before.push(self.heard.segments.len());
            }
            FromWorker::Speech { at_sample, is_speaking, .. } => {
                assert_eq!(is_speaking, self.activity.len() % 2 == 0, "it alternates");
                self.activity.push((at_sample, is_speaking));
            }
            answer => self.heard.take(answer),
        }
    }
}

/// Sends audio as fast as a live stream is served at all, `speed` times real time.
async fn speak(
    node: &mut Node,
    stream: u64,
    config: StreamConfig,
    pcm: &[i16],
    speed: f64,
) -> Live {
    node.send(ToWorker::Open { stream, start_sample: 0, config }).await;
    let mut live = Live::default();
    let period = Duration::from_secs_f64(CHUNK as f64 / 16_000.0 / speed);
    let mut clock = tokio::time::interval(period);
    let mut chunks = pcm.chunks(CHUNK);
    let mut is_open = true;
    while !live.heard.finished {
        tokio::select! {
            biased;
            answer = node.answer() => live.take(answer.expect("the worker is there")),
            _ = clock.tick(), if is_open => {
                if let Some(pcm) = chunks.next() {
                    node.send(ToWorker::Audio { stream, pcm: pcm.to_vec() }).await;
                } else {
                    node.send(ToWorker::Finish { stream }).await;
                    is_open = false;
                }
            }
        }
    }
    live
}

/// The segments' positions, texts and records; what depends on the silence that ends a segment
/// differs between live and not, so both sides of a comparison are live.
#[tokio::test]
async fn texts_that_may_change_do_not_change_the_final_one() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let pcm = [wav("jfk.wav"), silence(1)].concat();
    let live_heard = speak(&mut node, 1, live(), &pcm, 1.0).await;

    // All at once it is as far ahead of the clock as a file, and nothing is shown early.
    let mut at_once = Live::default();
    node.send(ToWorker::Open { stream: 2, start_sample: 0, config: live() }).await;
    for pcm in pcm.chunks(48_000) {
        node.send(ToWorker::Audio { stream: 2, pcm: pcm.to_vec() }).await;
    }
    node.send(ToWorker::Finish { stream: 2 }).await;
    while !at_once.heard.finished {
        at_once.take(node.answer().await.expect("the worker is there"));
    }

    assert!(live_heard.interims.len() >= 3, "{:?}", live_heard.interims);
    assert_eq!(live_heard.activity, at_once.activity);
    assert!(live_heard.activity.len() >= 2 && live_heard.activity.len() % 2 == 0);
    let last = live_heard.interims.last().unwrap().clone();
    let heard = live_heard.heard.timeless();
    assert_eq!(heard, at_once.heard.timeless());
    assert!(word_error_rate(JFK, &heard.text()) <= 0.05, "{}", heard.text());
    let end = heard.segments.last().unwrap();
    assert_eq!(last.0, end.start_sample, "texts belong to a segment by where it starts");
    for (segment, (started, _)) in heard.segments.iter().zip(live_heard.activity.iter().step_by(2))
    {
        assert!(segment.start_sample <= *started, "activity is without the padding");
    }
    assert!(heard.segments[0].record.filters.contains(",end=6656,"), "416 ms");
}

#[tokio::test]
async fn nobody_who_did_not_ask_hears_of_interim_texts_or_activity() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let pcm = &wav("jfk.wav")[..4 * 16_000];
    let heard = speak(&mut node, 1, StreamConfig::default(), pcm, 1.0).await;
    assert!(heard.interims.is_empty() && heard.activity.is_empty());
    assert!(heard.heard.segments[0].record.filters.contains(",end=8000,"));
}

#[tokio::test]
async fn what_is_not_speech_gives_no_interim_text_either() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    for (stream, pcm) in (1..).zip([silence(4), tone(4), noise(4, 3_000)]) {
        let heard = speak(&mut node, stream, live(), &pcm, 1.5).await;
        assert!(heard.interims.is_empty() && heard.heard.segments.is_empty(), "sound {stream}");
    }
}

/// What is hashed is what the client sent; what is heard is without the noise; and how it was cut
/// on its way, or whether it came live, changes neither.
#[tokio::test]
async fn noise_is_suppressed_for_those_who_ask_and_the_record_says_so() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let mut pcm = wav("jfk.wav");
    let hiss = noise(pcm.len() / 16_000 + 1, 8_000);
    mix(&mut pcm, &hiss, 20.0);
    let clean = StreamConfig { suppresses_noise: Some(true), ..StreamConfig::default() };
    let large = node.hear_as(1, 0, &pcm, 48_000, clean.clone()).await.timeless();
    let odd = node.hear_as(2, 0, &pcm, 4_099, clean).await.timeless();
    assert_eq!(large, odd);
    let text = large.text();
    assert!(words(&text).contains("ask not what your country can do for you"), "{text}");
    for segment in &large.segments {
        assert!(segment.record.filters.starts_with(DESCRIPTION), "{}", segment.record.filters);
        let span = segment.start_sample as usize..segment.end_sample as usize;
        assert_eq!(segment.record.audio_sha256, audio_sha256(&pcm[span]));
    }
    let raw = node.hear(3, 0, &pcm, 48_000).await;
    assert!(raw.segments.iter().all(|segment| segment.record.filters.starts_with("silero=")));

    let worker = Worker::start_with(TINY_EN, &["--suppress-noise", "on"]);
    let mut node = worker.connect().await;
    let by_default = node.hear(1, 0, &pcm, 48_000).await.timeless();
    assert_eq!(by_default, large);
    let refused = StreamConfig { suppresses_noise: Some(false), ..StreamConfig::default() };
    let heard = node.hear_as(2, 0, &pcm, 48_000, refused).await;
    assert_eq!(heard.timeless(), raw.timeless());
}

/// Taken up in a pause, a stream with suppressed noise goes on as if nothing had happened.
#[tokio::test]
async fn suppression_does_not_depend_on_where_a_stream_was_taken_up() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let mut pcm = Vec::new();
    for (file, _) in manifest("en").into_iter().filter(|(file, _)| file.starts_with("librivox/")) {
        pcm.extend(wav(&file));
        pcm.extend(silence(1));
    }
    let hiss = noise(pcm.len() / 16_000 + 1, 8_000);
    mix(&mut pcm, &hiss, 20.0);
    let config = StreamConfig { suppresses_noise: Some(true), ..StreamConfig::default() };
    let whole = node.hear_as(1, 0, &pcm, 48_000, config.clone()).await.timeless();
    // In the middle of the second of silence before a later segment.
    let third = &whole.segments[2];
    let from = third.start_sample - 4_000;
    let rest = node.hear_as(2, from, &pcm[from as usize..], 4_001, config).await.timeless();
    let later = |heard: &Heard| heard.segments.last().cloned();
    assert_eq!(later(&rest), later(&whole));
    assert!(rest.segments[0].start_sample.abs_diff(third.start_sample) <= 2 * 512);
    assert_eq!(words(&rest.segments[0].text), words(&third.text));
}

/// One stream that floods the worker does not hold up one that speaks in time.
#[tokio::test]
async fn flood_does_not_hold_up_a_call() {
    let worker = Worker::start(TINY_EN);
    let mut flood = worker.connect().await;
    let speech = wav("jfk.wav");
    for stream in 1..=3 {
        flood.send(ToWorker::Open { stream, start_sample: 0, config: live() }).await;
        for _ in 0..3 {
            for pcm in speech.chunks(48_000) {
                flood.send(ToWorker::Audio { stream, pcm: pcm.to_vec() }).await;
            }
        }
    }
    flood.send(ToWorker::Open { stream: 9, start_sample: 0, config: live() }).await;
    let mut call = Live::default();
    let mut flooded = 0;
    let mut clock = tokio::time::interval(Duration::from_millis(40));
    let pcm = [speech[..5 * 16_000].to_vec(), silence(1)].concat();
    let mut chunks = pcm.chunks(CHUNK);
    let mut is_open = true;
    while !call.heard.finished {
        tokio::select! {
            biased;
            answer = flood.answer() => match answer.expect("the worker is there") {
                FromWorker::Final { stream: 9, segment } => {
                    call.take(FromWorker::Final { stream: 9, segment });
                }
                FromWorker::Final { .. } => flooded += 1,
                FromWorker::Opened { .. } => {}
                answer @ (FromWorker::Interim { stream, .. }
                | FromWorker::Speech { stream, .. }
                | FromWorker::Dropped { stream, .. }
                | FromWorker::Progress { stream, .. }
                | FromWorker::Finished { stream, .. }) => {
                    if stream == 9 {
                        call.take(answer);
                    }
                }
                other => panic!("{other:?}"),
            },
            _ = clock.tick(), if is_open => {
                if let Some(pcm) = chunks.next() {
                    flood.send(ToWorker::Audio { stream: 9, pcm: pcm.to_vec() }).await;
                } else {
                    flood.send(ToWorker::Finish { stream: 9 }).await;
                    is_open = false;
                }
            }
        }
    }
    assert!(!call.heard.segments.is_empty());
    // 33 s of speech three times over take this model and one thread far longer than the call.
    assert!(flooded > 0, "the flood is served, too");
}
