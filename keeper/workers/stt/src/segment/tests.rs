use super::*;
use proptest::prelude::*;

const SILENCE: f32 = 0.02;
const SPEECH: f32 = 0.97;

fn windows(ms: u64) -> usize {
    (samples(ms) / WINDOW) as usize
}

/// Feeds runs of (probability, ms) to a segmenter that starts at 0 and finishes it.
fn run(runs: &[(f32, u64)]) -> Vec<Event> {
    let probabilities: Vec<f32> =
        runs.iter().flat_map(|(p, ms)| std::iter::repeat_n(*p, windows(*ms))).collect();
    feed(0, &probabilities).0
}

/// Events, and the done position after every window.
fn feed(start: u64, probabilities: &[f32]) -> (Vec<Event>, Vec<u64>) {
    let mut segmenter = Segmenter::new(start, start, END_SILENCE_SAMPLES);
    let (mut events, mut done) = (Vec::new(), Vec::new());
    for probability in probabilities {
        events.extend(segmenter.push(*probability));
        done.push(segmenter.done());
    }
    events.extend(segmenter.finish(start + probabilities.len() as u64 * WINDOW));
    done.push(segmenter.done());
    (events, done)
}

fn speech(from_window: usize, to_window: usize) -> Event {
    Event::Speech(Span {
        start: from_window as u64 * WINDOW - PADDING_SAMPLES,
        end: to_window as u64 * WINDOW + PADDING_SAMPLES,
    })
}

#[test]
fn silence_gives_nothing() {
    assert_eq!(run(&[(SILENCE, 60_000)]), []);
    assert_eq!(run(&[]), []);
}

#[test]
fn speech_between_silences_is_one_padded_segment() {
    let (start, end) = (windows(2_000), windows(2_000) + windows(3_000));
    assert_eq!(run(&[(SILENCE, 2_000), (SPEECH, 3_000), (SILENCE, 2_000)]), [speech(start, end)]);
}

#[test]
fn short_pause_does_not_cut_and_a_long_one_does() {
    let talk = |pause| run(&[(SILENCE, 960), (SPEECH, 960), (SILENCE, pause), (SPEECH, 960)]);
    assert_eq!(talk(480).len(), 1);
    assert_eq!(talk(512).len(), 2);
}

#[test]
fn uncertain_windows_keep_what_is() {
    let uncertain = (SPEECH_MIN + SILENCE_BELOW) / 2.0;
    assert_eq!(run(&[(uncertain, 5_000)]), [], "they do not start speech");
    let events = run(&[(SILENCE, 960), (SPEECH, 480), (uncertain, 2_880), (SILENCE, 960)]);
    assert_eq!(events, [speech(30, 30 + 15 + 90)], "they continue it");
    let events =
        run(&[(SILENCE, 960), (SPEECH, 480), (SILENCE, 96), (uncertain, 2_880), (SILENCE, 96)]);
    assert_eq!(events, [speech(30, 45)], "they do not interrupt silence");
}

#[test]
fn burst_is_reported_as_such() {
    let events = run(&[(SILENCE, 960), (SPEECH, 224), (SILENCE, 960)]);
    assert!(matches!(events[..], [Event::Burst(_)]), "{events:?}");
    let events = run(&[(SILENCE, 960), (SPEECH, 256), (SILENCE, 960)]);
    assert!(matches!(events[..], [Event::Speech(_)]), "{events:?}");
}

#[test]
fn padding_of_neighbours_does_not_overlap() {
    let events = run(&[(SPEECH, 640), (SILENCE, 512), (SPEECH, 640), (SILENCE, 640)]);
    let [Event::Speech(first), Event::Speech(second)] = events[..] else { panic!("{events:?}") };
    assert_eq!(first.start, 0, "nothing lies before the stream");
    assert!(first.end <= second.start);
}

#[test]
fn long_speech_is_cut_where_it_is_least_likely() {
    let mut probabilities = vec![SPEECH; windows(30_000)];
    let dip = windows(20_000);
    probabilities[dip] = 0.6;
    // Lower, but too early: both parts would be short.
    probabilities[windows(5_000)] = 0.55;
    let (events, _) = feed(0, &probabilities);
    let cut = (dip as u64 + 1) * WINDOW;
    let end = probabilities.len() as u64 * WINDOW;
    assert_eq!(
        events,
        [Event::Speech(Span { start: 0, end: cut }), Event::Speech(Span { start: cut, end })]
    );
}

#[test]
fn speech_without_a_dip_is_cut_late() {
    let (events, _) = feed(0, &vec![SPEECH; windows(24_900) + windows(10_000)]);
    let [Event::Speech(first), Event::Speech(second)] = events[..] else { panic!("{events:?}") };
    assert!(first.end - first.start > samples(23_000), "{first:?}");
    assert_eq!(first.end, second.start);
}

/// A cut that falls into a pause leaves silence behind, not an empty segment.
#[test]
fn cut_at_a_pause_ends_the_speech() {
    let mut probabilities = vec![SPEECH; windows(23_700)];
    probabilities.extend(vec![SILENCE; windows(480)]);
    probabilities.extend(vec![0.4; windows(600)]);
    probabilities.extend(vec![SILENCE; windows(2_000)]);
    let (events, _) = feed(0, &probabilities);
    assert_eq!(events.len(), 1, "{events:?}");
}

#[test]
fn positions_count_from_the_start_of_the_session() {
    let probabilities = [vec![SILENCE; 40], vec![SPEECH; 40], vec![SILENCE; 40]].concat();
    let at = |start| match feed(start, &probabilities).0[..] {
        [Event::Speech(span)] => (span.start - start, span.end - start),
        ref other => panic!("{other:?}"),
    };
    assert_eq!(at(0), at(4096 * 1_000_003));
}

#[test]
fn done_waits_for_padding_and_for_open_speech() {
    let probabilities = [vec![SILENCE; 50], vec![SPEECH; 50], vec![SILENCE; 20]].concat();
    let (_, done) = feed(0, &probabilities);
    assert_eq!(done[49], 50 * WINDOW - PADDING_SAMPLES);
    assert_eq!(done[99], 50 * WINDOW - PADDING_SAMPLES);
    assert!(done[115] >= 100 * WINDOW + PADDING_SAMPLES);
    assert_eq!(done[120], 120 * WINDOW, "finished: all is done");
}

#[test]
fn silence_that_ends_a_segment_is_as_configured() {
    let pauses = |end_silence| {
        let mut segmenter = Segmenter::new(0, 0, end_silence);
        let mut silence = None;
        for window in 0..windows(4_000) {
            let probability = if window < windows(960) { SPEECH } else { SILENCE };
            if segmenter.push(probability).is_some() {
                silence = Some((window + 1 - windows(960)) as u64 * WINDOW);
            }
        }
        silence.unwrap()
    };
    assert_eq!(pauses(samples(416)), samples(416));
    assert_eq!(pauses(samples(500)), samples(512), "whole windows");
    assert_eq!(pauses(0), END_SILENCE_SAMPLES_MIN);
    assert_eq!(pauses(u64::MAX), samples(2_016), "the most there is");
}

#[test]
fn speech_is_told_of_after_three_windows_and_its_end_when_it_is_certain() {
    let mut segmenter = Segmenter::new(0, 0, samples(416));
    let mut told = Vec::new();
    let probabilities = [vec![SILENCE; 10], vec![SPEECH; 20], vec![SILENCE; 20]].concat();
    for (window, probability) in probabilities.into_iter().enumerate() {
        segmenter.push(probability);
        while let Some(activity) = segmenter.take_activity() {
            told.push((window, activity.at_sample / WINDOW, activity.is_speaking));
        }
    }
    assert_eq!(told, [(12, 10, true), (42, 30, false)]);
}

#[test]
fn click_is_not_told_of() {
    let mut segmenter = Segmenter::new(0, 0, samples(416));
    for probability in [vec![SPEECH; 2], vec![SILENCE; 40]].concat() {
        segmenter.push(probability);
    }
    assert_eq!(segmenter.take_activity(), None);
}

/// Runs of random length and probability: shapes that speech does not have.
fn probabilities() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec((0.0f32..=1.0, 1usize..120), 1..60).prop_map(|runs| {
        runs.into_iter().flat_map(|(p, len)| std::iter::repeat_n(p, len)).collect()
    })
}

proptest! {
    #[test]
    fn spans_are_ordered_bounded_and_never_overlap(probabilities in probabilities()) {
        let end = probabilities.len() as u64 * WINDOW;
        let (events, _) = feed(0, &probabilities);
        let mut floor = 0;
        for event in events {
            let span = event.span();
            prop_assert!(floor <= span.start && span.start < span.end && span.end <= end);
            prop_assert!(span.end - span.start <= SEGMENT_SAMPLES_MAX);
            floor = span.end;
        }
    }

    #[test]
    fn done_never_moves_back_nor_past_what_follows(probabilities in probabilities()) {
        let mut segmenter = Segmenter::new(0, 0, END_SILENCE_SAMPLES);
        let mut done = 0;
        for probability in &probabilities {
            if let Some(event) = segmenter.push(*probability) {
                prop_assert!(done <= event.span().start);
                prop_assert!(segmenter.done() >= event.span().end);
            }
            prop_assert!(segmenter.done() >= done);
            done = segmenter.done();
        }
    }

    /// No window that is surely speech is lost, bursts aside.
    #[test]
    fn every_window_of_speech_is_in_a_span(probabilities in probabilities()) {
        let (events, _) = feed(0, &probabilities);
        for (index, probability) in probabilities.iter().enumerate() {
            let (from, to) = (index as u64 * WINDOW, (index as u64 + 1) * WINDOW);
            let inside = events.iter().any(|e| e.span().start <= from && to <= e.span().end);
            prop_assert!(*probability < SPEECH_MIN || inside, "window {index}");
        }
    }

    #[test]
    fn activity_alternates_and_moves_forward(probabilities in probabilities()) {
        let mut segmenter = Segmenter::new(0, 0, END_SILENCE_SAMPLES);
        for probability in &probabilities {
            segmenter.push(*probability);
        }
        segmenter.finish(probabilities.len() as u64 * WINDOW);
        let mut expected = true;
        let mut at = 0;
        while let Some(activity) = segmenter.take_activity() {
            prop_assert_eq!(activity.is_speaking, expected);
            prop_assert!(at <= activity.at_sample);
            at = activity.at_sample;
            expected = !expected;
        }
        prop_assert!(expected, "what has begun has ended");
    }

    /// What is decoded ahead in a pause is the segment, unless the speech goes on.
    #[test]
    fn pause_foretells_its_segment(probabilities in probabilities()) {
        let mut segmenter = Segmenter::new(0, 0, samples(416));
        let mut foretold = None;
        for probability in &probabilities {
            let event = segmenter.push(*probability);
            if let Some(Event::Speech(span)) = event
                && let Some(foretold) = foretold
                && span.end < SEGMENT_SAMPLES_MAX / 2
            {
                prop_assert_eq!(span, foretold);
            }
            foretold = match segmenter.hearing() {
                Some(Hearing::Pause(span)) => Some(span),
                _ => None,
            };
        }
    }
}
