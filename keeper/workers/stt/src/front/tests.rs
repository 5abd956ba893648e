//! What needs no model. With the real one, see `tests/streams.rs`.

use super::*;

fn front(start: u64, samples: usize) -> Front {
    let mut front = Front::new(start, Settings::default());
    front.push(&vec![1000; samples], Instant::now());
    front
}

#[test]
fn first_block_is_aligned_to_the_session_whatever_the_start() {
    let start = 10 * BLOCK + 700;
    let mut front = front(start, BLOCK_SAMPLES);
    assert_eq!(front.next_window, 10 * BLOCK);
    let audio = front.audio(BLOCK_WINDOWS);
    assert_eq!(audio.len(), BLOCK_SAMPLES, "no warm-up before the stream");
    assert!(audio[..700].iter().all(|sample| *sample == 0.0));
    assert!(audio[700..].iter().all(|sample| *sample == to_float(1000)));
}

#[test]
fn warm_up_grows_to_its_length_and_is_kept() {
    let mut front = front(0, 20 * BLOCK_SAMPLES);
    for block in 0..20 {
        let warm_up = (block * BLOCK_SAMPLES).min(WARM_UP_SAMPLES);
        assert_eq!(front.audio(BLOCK_WINDOWS).len(), warm_up + BLOCK_SAMPLES);
        assert!(front.audio(BLOCK_WINDOWS).iter().all(|sample| *sample != 0.0), "block {block}");
        front.decide(&[0.0; BLOCK_WINDOWS]);
        front.trim();
    }
    assert!(front.pcm.len() <= WARM_UP_SAMPLES, "silence is let go of");
}

#[test]
fn windows_before_the_first_sound_of_a_block_skip_the_model() {
    let mut samples = vec![QUIET_AMPLITUDE; 2 * BLOCK_SAMPLES];
    samples[BLOCK_SAMPLES + 3 * WINDOW_SAMPLES] = -QUIET_AMPLITUDE - 1;
    let mut front = Front::new(0, Settings::default());
    front.push(&samples, Instant::now());
    assert_eq!(front.quiet_windows(BLOCK_WINDOWS), BLOCK_WINDOWS);
    front.decide(&[0.0; BLOCK_WINDOWS]);
    assert_eq!(front.quiet_windows(BLOCK_WINDOWS), 3);
    // In pieces it is the same: two of two, one of two, none of two.
    assert_eq!(front.quiet_windows(2), 2);
    front.decide(&[0.0; 2]);
    assert_eq!(front.quiet_windows(2), 1);
    front.decide(&[0.0; 2]);
    assert_eq!(front.quiet_windows(2), 0, "quiet itself, but after a sound of its block");
}

#[test]
fn live_audio_is_judged_in_steps_and_a_file_by_the_block() {
    let live = Settings { is_live: true, ..Settings::default() };
    for (settings, steps) in [(live, [0, 2, 2, 2, 2]), (Settings::default(), [0, 0, 0, 0, 8])] {
        let mut front = Front::new(0, settings);
        let mut judged = Vec::new();
        for samples in [WINDOW_SAMPLES, WINDOW_SAMPLES, 1_024, 1_024, 1_024] {
            front.push(&vec![1000; samples], Instant::now());
            let windows = front.judgeable();
            front.decide(&vec![0.0; windows]);
            judged.push(windows);
        }
        assert_eq!(judged, steps, "{settings:?}");
    }
    // What has come late is judged in larger steps, but never across the end of a block.
    let mut front = Front::new(0, live);
    front.push(&vec![1000; 7 * WINDOW_SAMPLES], Instant::now());
    assert_eq!(front.judgeable(), 7);
    front.decide(&[0.0; 7]);
    front.push(&vec![1000; 4 * WINDOW_SAMPLES], Instant::now());
    assert_eq!(front.judgeable(), 1);
}

#[test]
fn noise_is_taken_off_the_same_however_the_block_is_judged() {
    let settings = Settings { suppresses_noise: true, ..Settings::default() };
    let samples: Vec<i16> =
        (0..3 * BLOCK_SAMPLES as u64).map(|n| (n * n * 37 % 4_001) as i16 - 2_000).collect();
    let at_once = |settings| {
        let mut front = Front::new(0, settings);
        front.push(&samples, Instant::now());
        front.decide(&[0.0; 2 * BLOCK_WINDOWS]);
        front
    };
    let whole = at_once(settings).audio(BLOCK_WINDOWS);
    assert_ne!(whole, at_once(Settings::default()).audio(BLOCK_WINDOWS));
    let mut pieces = at_once(settings);
    let mut last = Vec::new();
    for windows in [1, 2, 3, 2] {
        last = pieces.audio(windows);
        pieces.decide(&vec![0.0; windows]);
    }
    assert_eq!(last, whole);
}

#[test]
fn windows_of_padding_are_not_judged() {
    let mut front = front(0, BLOCK_SAMPLES + 600);
    front.decide(&[1.0; BLOCK_WINDOWS]);
    front.decide(&[1.0; BLOCK_WINDOWS]);
    let end = front.received();
    let event = front.segmenter.finish(end).unwrap();
    assert_eq!(event, Event::Speech(Span { start: 0, end }));
}

#[test]
fn speech_is_kept_until_it_is_settled() {
    let mut front = front(0, 12 * BLOCK_SAMPLES);
    for block in 0..12 {
        front.decide(&[if (4..8).contains(&block) { 1.0 } else { 0.0 }; BLOCK_WINDOWS]);
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
    let mut front = Front::new(5, Settings::default());
    let (first, second) = (Instant::now(), Instant::now() + std::time::Duration::from_secs(1));
    front.push(&[0; 10], first);
    front.push(&[0; 10], second);
    assert_eq!(front.received_at(15), Some(first));
    assert_eq!(front.received_at(16), Some(second));
    assert_eq!(front.received_at(26), None);
}
