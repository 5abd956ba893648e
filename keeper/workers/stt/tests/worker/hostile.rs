//! Odd audio and nodes that misbehave. What else there is: silence, tones and noise in `streams`,
//! a node that does not read and garbage in `streams`, damaged models in `process`, hostile frames
//! in the codec's own tests.

use crate::assets::{JFK, TINY_EN, music, silence, wav, word_error_rate};
use crate::client::{Heard, Node, Worker};
use heliograph_worker_ipc::{FromWorker, MAX_AUDIO_SAMPLES, StreamConfig, ToWorker};
use tokio::io::AsyncWriteExt;

const CHUNK: usize = 8_000;

/// Words survive what telephones and microphones do to them.
#[tokio::test]
async fn clipped_and_telephone_speech_is_understood() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let pcm = wav("jfk.wav");
    let clipped: Vec<i16> = pcm.iter().map(|sample| sample.saturating_mul(4)).collect();
    let full_scale = clipped.iter().filter(|sample| sample.unsigned_abs() >= 32_767).count();
    assert!(full_scale > clipped.len() / 50, "it is clipped: {full_scale} samples");
    // 8 kHz: pairs averaged, and drawn out again along straight lines.
    let narrow: Vec<i32> =
        pcm.chunks_exact(2).map(|pair| (i32::from(pair[0]) + i32::from(pair[1])) / 2).collect();
    let telephone: Vec<i16> = narrow
        .windows(2)
        .flat_map(|pair| [pair[0] as i16, ((pair[0] + pair[1]) / 2) as i16])
        .collect();
    // Of clipped speech this model loses the two words that stand alone, "ask not".
    let both = [("clipped", clipped, 0.3), ("telephone", telephone, 0.15)];
    for (stream, (what, pcm, errors_max)) in (1..).zip(both) {
        let text = node.hear(stream, 0, &pcm, CHUNK).await.text();
        assert!(word_error_rate(JFK, &text) <= errors_max, "{what}: {text}");
    }
}

/// Speech with its bytes in the wrong order is noise at full scale. Nothing is invented from it.
#[tokio::test]
async fn wrong_byte_order_and_music_give_no_text() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let swapped: Vec<i16> = wav("jfk.wav").into_iter().map(i16::swap_bytes).collect();
    for (stream, (what, pcm)) in (1..).zip([("swapped", swapped), ("music", music(12))]) {
        let heard = node.hear(stream, 0, &pcm, CHUNK).await;
        assert_eq!(heard.segments, [], "{what}");
    }
}

#[tokio::test]
async fn no_audio_at_all_is_an_answer_too() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    for (stream, is_live) in [(1, false), (2, true)] {
        let config = StreamConfig { is_live, ..StreamConfig::default() };
        let heard = node.hear_as(stream, 777, &[], CHUNK, config.clone()).await;
        assert_eq!(heard, Heard { done_sample: 777, finished: true, ..Heard::default() });
        // Messages without a sample in them, and a single sample.
        node.send(ToWorker::Open { stream: stream + 10, start_sample: 5, config }).await;
        assert_eq!(node.answer().await, Some(FromWorker::Opened { stream: stream + 10 }));
        for pcm in [vec![], vec![], vec![9], vec![]] {
            node.send(ToWorker::Audio { stream: stream + 10, pcm }).await;
        }
        node.send(ToWorker::Finish { stream: stream + 10 }).await;
        let mut heard = Heard::default();
        while !heard.finished {
            heard.take(node.answer().await.expect("the worker is there"));
        }
        assert_eq!((heard.done_sample, heard.segments.len()), (6, 0));
    }
}

/// A frame that stops in the middle ends its connection; the next one is served.
#[tokio::test]
async fn truncated_frame_is_no_harm_to_the_next_connection() {
    let worker = Worker::start(TINY_EN);
    for announced in [1u32, 1_000, 200_000] {
        let mut node = worker.connect().await;
        node.open(1, None, 0).await;
        let socket = node.framed.get_mut();
        socket.write_all(&announced.to_le_bytes()).await.unwrap();
        socket.write_all(&[1]).await.unwrap();
        socket.shutdown().await.unwrap();
        assert_eq!(node.answer().await, None, "{announced} bytes announced");
    }
    let mut node = worker.connect().await;
    let heard = node.hear(1, 0, &wav("jfk.wav"), CHUNK).await;
    assert!(word_error_rate(JFK, &heard.text()) <= 0.05, "{}", heard.text());
}

/// Highest resident memory of a process so far, in KiB.
fn memory_peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Two hours, mostly of silence, sent as fast as they are taken: everything is heard where it was
/// said, and nothing is kept.
#[tokio::test]
async fn two_hours_are_heard_in_bounded_memory() {
    const SECS: usize = 2 * 3_600;
    const EVERY_SECS: usize = 1_200;
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let speech = wav("jfk.wav");
    let mut round = silence(EVERY_SECS);
    round[32_000..32_000 + speech.len()].copy_from_slice(&speech);

    node.open(1, None, 0).await;
    let mut heard = Heard::default();
    let mut sent = 0;
    let mut after_first_round = 0;
    while sent < SECS * 16_000 {
        let from = sent % round.len();
        let pcm = round[from..(from + MAX_AUDIO_SAMPLES).min(round.len())].to_vec();
        sent += pcm.len();
        node.send(ToWorker::Audio { stream: 1, pcm }).await;
        // Within the window, as the protocol asks of a node.
        while (heard.done_sample as usize) + 40 * 16_000 < sent {
            heard.take(node.answer().await.expect("the worker is there"));
        }
        if after_first_round == 0 && sent >= round.len() {
            after_first_round = memory_peak_kib(worker.child.id());
        }
    }
    node.send(ToWorker::Finish { stream: 1 }).await;
    while !heard.finished {
        heard.take(node.answer().await.expect("the worker is there"));
    }
    assert_eq!(heard.done_sample as usize, SECS * 16_000);
    let texts = heard.text();
    let expected = [JFK; SECS / EVERY_SECS].join(" ");
    assert!(word_error_rate(&expected, &texts) <= 0.05, "{texts}");
    let grown_kib = memory_peak_kib(worker.child.id()) - after_first_round;
    assert!(grown_kib < 16 * 1_024, "it grew by {grown_kib} KiB after the first 20 min");
}

/// Sixteen are served, the others are told to try again, and nobody's text suffers.
#[tokio::test]
async fn thousand_streams_leave_the_served_ones_alone() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let pcm = wav("jfk.wav");
    let alone = node.hear(5_000, 0, &pcm, CHUNK).await.timeless();

    node.open(1, None, 0).await;
    let mut heard = Heard::default();
    let mut chunks = pcm.chunks(CHUNK);
    let (mut opened, mut refused) = (1, 0);
    for stream in 2..=1_000 {
        node.send(ToWorker::Open { stream, start_sample: 0, config: StreamConfig::default() })
            .await;
        if stream % 40 == 0
            && let Some(pcm) = chunks.next()
        {
            node.send(ToWorker::Audio { stream: 1, pcm: pcm.to_vec() }).await;
        }
        loop {
            match node.answer().await.expect("the worker is there") {
                FromWorker::Opened { stream: of } if of == stream => opened += 1,
                FromWorker::Failed { stream: of, retryable: true, .. } if of == stream => {
                    refused += 1;
                }
                answer => {
                    heard.take(answer);
                    continue;
                }
            }
            break;
        }
        // Those that are served send what nobody should.
        if stream <= 16 {
            let pcm = vec![i16::MIN; CHUNK];
            node.send(ToWorker::Audio { stream, pcm }).await;
        }
    }
    assert_eq!((opened, refused), (16, 984));
    node.send(ToWorker::Audio { stream: 2, pcm: vec![0; MAX_AUDIO_SAMPLES + 1] }).await;
    for pcm in chunks {
        node.send(ToWorker::Audio { stream: 1, pcm: pcm.to_vec() }).await;
    }
    node.send(ToWorker::Finish { stream: 1 }).await;
    while !heard.finished {
        match node.answer().await.expect("the worker is there") {
            FromWorker::Failed { stream: 2, retryable: false, .. } => {}
            FromWorker::Progress { stream, .. } if stream != 1 => {}
            answer => heard.take(answer),
        }
    }
    assert_eq!(heard.timeless(), alone);
}

#[tokio::test]
async fn thousand_connections_are_survived() {
    let worker = Worker::start(TINY_EN);
    drop(worker.connect().await);
    let descriptors =
        || std::fs::read_dir(format!("/proc/{}/fd", worker.child.id())).unwrap().count();
    let before = descriptors();
    for _ in 0..1_000 {
        let mut node = Node::connect(&worker.socket).await;
        node.send(ToWorker::Open { stream: 1, start_sample: 0, config: StreamConfig::default() })
            .await;
    }
    let mut node = worker.connect().await;
    let heard = node.hear(1, 0, &wav("jfk.wav"), CHUNK).await;
    assert!(word_error_rate(JFK, &heard.text()) <= 0.05, "{}", heard.text());
    let after = descriptors();
    assert!(after <= before + 2, "{before} descriptors became {after}");
}
