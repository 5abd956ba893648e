//! Streams over the socket of a running worker.

use crate::assets::{self, BASE, JFK, TINY_EN, noise, silence, tone, wav, word_error_rate, words};
use crate::client::{Heard, Node, Worker};
use heliograph_protocol::record::text_sha256;
use heliograph_stt::transcribe::audio_sha256;
use heliograph_worker_ipc::{FromWorker, Gate, MAX_AUDIO_SAMPLES, Model, StreamConfig, ToWorker};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

const CHUNK: usize = 8_000;

/// A novel, read aloud: five sentences in 27 s.
fn novel() -> (Vec<i16>, String) {
    let mut all = (Vec::new(), String::new());
    for (file, text) in assets::manifest("en") {
        if file.starts_with("librivox/") {
            all.0.extend(wav(&file));
            all.0.extend(vec![0; 8_000]);
            all.1 += &(text + " ");
        }
    }
    assert!(all.0.len() > 20 * 16_000, "the recordings are there");
    all
}

#[tokio::test]
async fn speech_becomes_text_with_a_record_that_can_be_checked() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let pcm = wav("jfk.wav");
    let heard = node.hear(1, 0, &pcm, CHUNK).await;

    let text = heard.text();
    assert!(words(&text).contains("ask not what your country can do for you"), "{text}");
    assert!(word_error_rate(JFK, &text) <= 0.05, "{text}");

    let FromWorker::Ready { models, .. } = &node.ready else { unreachable!() };
    let Model { engine, engine_version, sha256, languages, .. } = &models[0];
    assert_eq!((engine.as_str(), languages.as_slice()), ("whisper.cpp", &["en".to_owned()][..]));
    for segment in &heard.segments {
        let record = &segment.record;
        let span = segment.start_sample as usize..segment.end_sample as usize;
        assert_eq!(record.audio_sha256, audio_sha256(&pcm[span]));
        assert_eq!(record.text_sha256, text_sha256(&segment.text));
        assert_eq!(
            (record.audio_start_sample, record.audio_end_sample),
            (segment.start_sample, segment.end_sample)
        );
        assert_eq!((&record.engine, &record.engine_version), (engine, engine_version));
        assert_eq!(&record.model_sha256, sha256);
        assert_eq!(record.language, "en");
        assert!(record.started_at_unix_ms <= record.finished_at_unix_ms);
        assert!(segment.confidence_ppm > 300_000 && segment.confidence_ppm <= 1_000_000);
        let keys: Vec<&str> =
            record.parameters.split(';').filter_map(|pair| pair.split('=').next()).collect();
        assert!(keys.is_sorted() && keys.contains(&"audio_ctx"), "{}", record.parameters);
        assert!(record.filters.starts_with("silero=v6.2.0,sha256:"), "{}", record.filters);
    }
}

/// Two promises at once: runs repeat, and how audio is cut on its way changes nothing.
#[tokio::test]
async fn chunk_size_changes_nothing() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let (pcm, text) = novel();
    let large = node.hear(1, 0, &pcm, 48_000).await.timeless();
    let small = node.hear(2, 0, &pcm, 1_600).await.timeless();
    let odd = node.hear(3, 0, &pcm, 4_099).await.timeless();
    assert!(large.segments.len() >= 4, "{large:?}");
    assert!(word_error_rate(&text, &large.text()) <= 0.15, "{}", large.text());
    assert_eq!(large, small);
    assert_eq!(large, odd);
}

#[tokio::test]
async fn what_is_not_speech_gives_no_text_and_all_of_it_is_done() {
    for model in [TINY_EN, BASE] {
        let worker = Worker::start(model);
        let mut node = worker.connect().await;
        let sounds = [silence(12), tone(12), noise(12, 300), noise(12, 3_000), noise(12, 20_000)];
        for (stream, pcm) in (1..).zip(sounds) {
            let heard = node.hear(stream, 0, &pcm, CHUNK).await;
            assert_eq!(heard.segments, [], "{model}, sound {stream}");
        }
    }
}

/// Pieces of speech too short for the detector's taste are reported, not lost without a word.
#[tokio::test]
async fn burst_is_reported_as_dropped() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    // 0.2 s from the middle of a word.
    let mut pcm = silence(2);
    pcm.extend_from_slice(&wav("jfk.wav")[8_000..11_200]);
    pcm.extend(silence(2));
    let heard = node.hear(1, 0, &pcm, CHUNK).await;
    assert_eq!(heard.segments, []);
    assert!(matches!(heard.dropped[..], [(_, _, Gate::VoiceActivity)]), "{:?}", heard.dropped);
}

#[tokio::test]
async fn stream_that_starts_later_counts_from_there() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let pcm = wav("jfk.wav");
    let base = node.hear(1, 0, &pcm, CHUNK).await.timeless();

    // A day and a bit into a session, on the detector's grid: the same in every respect.
    let offset = 4_096 * 337_501;
    let mut shifted = node.hear(2, offset, &pcm, CHUNK).await.timeless();
    for segment in &mut shifted.segments {
        segment.start_sample -= offset;
        segment.end_sample -= offset;
        segment.record.audio_start_sample -= offset;
        segment.record.audio_end_sample -= offset;
    }
    assert_eq!(shifted.segments, base.segments);

    // Off the grid, boundaries may move by a window, words may not.
    let offset = 1_000_000_007;
    let odd = node.hear(3, offset, &pcm, CHUNK).await;
    assert!(odd.segments[0].start_sample >= offset);
    assert!(word_error_rate(JFK, &odd.text()) <= 0.05, "{}", odd.text());
}

#[tokio::test]
async fn interleaved_streams_do_not_disturb_each_other() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let (first, second) = (wav("jfk.wav"), novel().0);
    let alone = [
        node.hear(1, 0, &first, CHUNK).await.timeless(),
        node.hear(2, 0, &second, CHUNK).await.timeless(),
    ];

    node.open(11, Some("en"), 0).await;
    node.open(12, None, 0).await;
    let mut chunks = (first.chunks(CHUNK), second.chunks(CHUNK));
    loop {
        let next = (chunks.0.next(), chunks.1.next());
        for (stream, chunk) in [(11, next.0), (12, next.1)] {
            if let Some(pcm) = chunk {
                node.send(ToWorker::Audio { stream, pcm: pcm.to_vec() }).await;
            }
        }
        if next == (None, None) {
            break;
        }
    }
    node.send(ToWorker::Finish { stream: 12 }).await;
    node.send(ToWorker::Finish { stream: 11 }).await;
    let mut together = [Heard::default(), Heard::default()];
    let mut order = Vec::new();
    while !together.iter().all(|heard| heard.finished) {
        let answer = node.answer().await.expect("the worker is there");
        let index = match &answer {
            FromWorker::Final { stream, .. } => {
                order.push(*stream);
                *stream
            }
            FromWorker::Dropped { stream, .. }
            | FromWorker::Progress { stream, .. }
            | FromWorker::Finished { stream, .. } => *stream,
            other => panic!("{other:?}"),
        } - 11;
        together[index as usize].take(answer);
    }
    let [mut jfk, novel] = together.map(Heard::timeless);
    // Asked for, not detected: the one thing that differs, and the record says so.
    for segment in &mut jfk.segments {
        let asked = segment.record.parameters.replace("from=request", "from=audio");
        assert_ne!(asked, segment.record.parameters);
        segment.record.parameters = asked;
    }
    assert_eq!(jfk.segments, alone[0].segments);
    assert_eq!(novel.segments, alone[1].segments);
    let last_of_jfk = order.iter().rposition(|stream| *stream == 11).unwrap();
    assert!(order[..last_of_jfk].contains(&12), "they took turns: {order:?}");
}

#[tokio::test]
async fn languages_are_honoured_detected_or_refused() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let spanish = Some("es".to_owned());
    let config = StreamConfig { language: spanish, ..StreamConfig::default() };
    node.send(ToWorker::Open { stream: 1, start_sample: 0, config }).await;
    assert_eq!(
        node.answer().await,
        Some(FromWorker::Failed {
            stream: 1,
            reason: "language 'es' is not served by this model; served: en".into(),
            retryable: false,
        })
    );
    node.open(2, Some("en-GB"), 0).await;
    drop(node);

    let worker = Worker::start(BASE);
    let mut node = worker.connect().await;
    for (stream, language) in [(1, "es"), (2, "fr"), (3, "en")] {
        let pcm = wav(&format!("asterisk/{language}/demo-abouttotry.wav"));
        let heard = node.hear(stream, 0, &pcm, CHUNK).await;
        assert!(!heard.segments.is_empty(), "{language}");
        assert!(heard.segments.iter().all(|segment| segment.language == language), "{heard:?}");
    }
}

#[tokio::test]
async fn one_stream_too_many_is_refused_until_another_ends() {
    let worker = Worker::start_with(TINY_EN, &["--streams-max", "2"]);
    let mut node = worker.connect().await;
    assert!(matches!(node.ready, FromWorker::Ready { streams_max: 2, .. }));
    node.open(1, None, 0).await;
    node.open(2, None, 0).await;
    node.send(ToWorker::Open { stream: 3, start_sample: 0, config: StreamConfig::default() }).await;
    let refused = node.answer().await;
    assert!(
        matches!(refused, Some(FromWorker::Failed { stream: 3, retryable: true, .. })),
        "{refused:?}"
    );
    // Late audio of a refused or closed stream is no fault.
    node.send(ToWorker::Audio { stream: 3, pcm: vec![0; 10] }).await;
    node.send(ToWorker::Close { stream: 1 }).await;
    node.send(ToWorker::Audio { stream: 1, pcm: vec![0; 10] }).await;
    node.open(4, None, 0).await;
}

#[tokio::test]
async fn mistakes_of_the_node_end_the_stream_they_concern() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let failed = |answer: Option<FromWorker>| match answer {
        Some(FromWorker::Failed { stream, reason, retryable: false }) => (stream, reason),
        other => panic!("{other:?}"),
    };
    node.send(ToWorker::Audio { stream: 9, pcm: vec![0; 10] }).await;
    assert_eq!(failed(node.answer().await), (9, "it is not open".into()));

    node.open(1, None, 0).await;
    node.send(ToWorker::Open { stream: 1, start_sample: 0, config: StreamConfig::default() }).await;
    assert_eq!(failed(node.answer().await).0, 1);

    node.open(2, None, 0).await;
    node.send(ToWorker::Audio { stream: 2, pcm: vec![0; MAX_AUDIO_SAMPLES + 1] }).await;
    assert_eq!(failed(node.answer().await).0, 2);

    node.send(ToWorker::Open {
        stream: 3,
        start_sample: u64::MAX,
        config: StreamConfig::default(),
    })
    .await;
    assert_eq!(failed(node.answer().await).0, 3);

    // After all that the connection still serves.
    let heard = node.hear(4, 0, &wav("jfk.wav"), CHUNK).await;
    assert!(word_error_rate(JFK, &heard.text()) <= 0.05);
}

#[tokio::test]
async fn garbage_ends_the_connection_and_not_the_worker() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    node.framed.get_mut().write_all(&[0xff; 64]).await.unwrap();
    assert_eq!(node.answer().await, None);
    let mut again = worker.connect().await;
    again.open(1, None, 0).await;
}

#[tokio::test]
async fn newest_connection_wins_and_starts_afresh() {
    let worker = Worker::start(TINY_EN);
    let mut old = worker.connect().await;
    old.open(1, None, 0).await;
    let mut new = worker.connect().await;
    new.open(1, None, 0).await;
    assert_eq!(old.answer().await, None);
}

/// Progress comes while speech is still open, and does not move past its start.
#[tokio::test]
async fn progress_is_steady_and_honest() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    let pcm = wav("jfk.wav");
    let (sentence, _) = pcm.split_at(2 * 16_000);
    node.open(1, None, 0).await;
    node.send(ToWorker::Audio { stream: 1, pcm: sentence.to_vec() }).await;
    let answer = node.answer().await;
    let Some(FromWorker::Progress { done_sample, .. }) = answer else { panic!("{answer:?}") };
    assert!(done_sample < 16_000, "speech has begun and is undone: {done_sample}");

    node.open_silent(2).await;
    let mut done = 0;
    while done < 4 * 16_000 {
        match node.answer().await {
            Some(FromWorker::Progress { stream: 2, done_sample }) => {
                assert!(done_sample - done <= 2 * 16_000, "from {done} to {done_sample}");
                done = done_sample;
            }
            Some(FromWorker::Progress { stream: 1, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

impl Node {
    /// A stream with 6 s of silence in it.
    async fn open_silent(&mut self, stream: u64) {
        self.send(ToWorker::Open { stream, start_sample: 0, config: StreamConfig::default() })
            .await;
        self.send(ToWorker::Audio { stream, pcm: silence(6) }).await;
        let opened = loop {
            match self.answer().await {
                Some(FromWorker::Progress { stream: other, .. }) if other != stream => {}
                answer => break answer,
            }
        };
        assert_eq!(opened, Some(FromWorker::Opened { stream }));
    }
}

/// A node that does not read cannot make the worker hoard: it stops reading, too.
#[tokio::test]
async fn unread_answers_hold_back_the_node() {
    let worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    node.open(1, None, 0).await;
    let mut sent_secs = 0;
    // Each second of silence is answered by some 30 bytes, so the answers take a while to fill
    // both sockets' buffers; hours of audio must not fit.
    let blocked = loop {
        let message = ToWorker::Audio { stream: 1, pcm: vec![0; MAX_AUDIO_SAMPLES] };
        match tokio::time::timeout(Duration::from_secs(5), node.send(message)).await {
            Err(_) => break true,
            Ok(()) => sent_secs += MAX_AUDIO_SAMPLES / 16_000,
        }
        if sent_secs > 10 * 3_600 {
            break false;
        }
    };
    assert!(blocked, "took {sent_secs} s");
}

/// Two models behind one socket: each can be asked for by its hash, and a language asked for goes
/// to the first that serves it.
#[tokio::test]
async fn models_are_listed_and_chosen_by_hash_or_language() {
    let base = assets::model(BASE);
    let worker = Worker::start_with(TINY_EN, &["--model", base.to_str().unwrap()]);
    let mut node = worker.connect().await;
    let FromWorker::Ready { models, .. } = node.ready.clone() else { unreachable!() };
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, [BASE, TINY_EN], "what serves most comes first");
    let [base, tiny] = [models[0].sha256, models[1].sha256];

    let pcm = wav("jfk.wav");
    let asked = [
        (None, None, base),
        (Some("en"), None, tiny),
        (None, Some(tiny), tiny),
        (Some("en"), Some(base), base),
    ];
    for (stream, (language, model_sha256, expected)) in (1..).zip(asked) {
        let language = language.map(str::to_owned);
        let config = StreamConfig { language, model_sha256, ..StreamConfig::default() };
        let heard = node.hear_as(stream, 0, &pcm, CHUNK, config).await;
        assert!(word_error_rate(JFK, &heard.text()) <= 0.05, "{}", heard.text());
        assert!(heard.segments.iter().all(|segment| segment.record.model_sha256 == expected));
    }

    for (stream, language, model_sha256, part) in [
        (8, None, Some([7; 32]), format!("{TINY_EN} ({})", hex::encode(tiny))),
        (9, Some("es"), Some(tiny), "'es' is not served by this model; served: en".into()),
    ] {
        let language: Option<&str> = language;
        let language = language.map(str::to_owned);
        let config = StreamConfig { language, model_sha256, ..StreamConfig::default() };
        node.send(ToWorker::Open { stream, start_sample: 0, config }).await;
        let Some(FromWorker::Failed { reason, retryable: false, .. }) = node.answer().await else {
            panic!("refused for good")
        };
        assert!(reason.contains(&part), "{reason}");
    }
}
