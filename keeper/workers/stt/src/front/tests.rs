//! What needs no model. With the real one, see `tests/streams.rs`.

use super::*;

fn front(start: u64, samples: usize) -> Front {
    let mut front = Front::new(start);
    front.push(&vec![1000; samples], Instant::now());
    front
}

#[test]
fn first_block_is_aligned_to_the_session_whatever_the_start() {
    let start = 10 * BLOCK + 700;
    let front = front(start, BLOCK_SAMPLES);
    assert_eq!(front.next_block, 10 * BLOCK);
    let audio = front.block_audio();
    assert_eq!(audio.len(), BLOCK_SAMPLES, "no warm-up before the stream");
    assert!(audio[..700].iter().all(|sample| *sample == 0.0));
    assert!(audio[700..].iter().all(|sample| *sample == to_float(1000)));
}

#[test]
fn warm_up_grows_to_its_length_and_is_kept() {
    let mut front = front(0, 20 * BLOCK_SAMPLES);
    for block in 0..20 {
        let warm_up = (block * BLOCK_SAMPLES).min(WARM_UP_SAMPLES);
        assert_eq!(front.block_audio().len(), warm_up + BLOCK_SAMPLES);
        assert!(front.block_audio().iter().all(|sample| *sample != 0.0), "block {block}");
        front.judge([0.0; BLOCK_WINDOWS]);
        front.trim();
    }
    assert!(front.pcm.len() <= WARM_UP_SAMPLES, "silence is let go of");
}

#[test]
fn only_a_block_that_is_quiet_throughout_skips_the_model() {
    let mut samples = vec![QUIET_AMPLITUDE; 2 * BLOCK_SAMPLES];
    samples[BLOCK_SAMPLES + 4_000] = -QUIET_AMPLITUDE - 1;
    let mut front = Front::new(0);
    front.push(&samples, Instant::now());
    assert!(front.block_is_quiet());
    front.judge([0.0; BLOCK_WINDOWS]);
    assert!(!front.block_is_quiet());
}

#[test]
fn windows_of_padding_are_not_judged() {
    let mut front = front(0, BLOCK_SAMPLES + 600);
    front.judge([1.0; BLOCK_WINDOWS]);
    front.judge([1.0; BLOCK_WINDOWS]);
    let end = front.received();
    let event = front.segmenter.finish(end).unwrap();
    assert_eq!(event, Event::Speech(Span { start: 0, end }));
}

#[test]
fn speech_is_kept_until_it_is_settled() {
    let mut front = front(0, 12 * BLOCK_SAMPLES);
    for block in 0..12 {
        front.judge([if (4..8).contains(&block) { 1.0 } else { 0.0 }; BLOCK_WINDOWS]);
    }
    let span = front.decided.front().unwrap().span();
    front.trim();
    assert_eq!(front.done(), span.start);
    assert_eq!(front.samples(span).len() as u64, span.end - span.start);
    front.decided.clear();
    front.trim();
    assert!(front.done() > span.end);
}

#[test]
fn arrival_is_that_of_the_chunk_with_the_last_sample() {
    let mut front = Front::new(5);
    let (first, second) = (Instant::now(), Instant::now() + std::time::Duration::from_secs(1));
    front.push(&[0; 10], first);
    front.push(&[0; 10], second);
    assert_eq!(front.received_at(15), Some(first));
    assert_eq!(front.received_at(16), Some(second));
    assert_eq!(front.received_at(26), None);
}
