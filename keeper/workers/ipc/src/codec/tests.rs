use super::*;
use crate::message::{Gate, Model, Segment, StreamConfig};
use futures_util::{SinkExt, StreamExt};
use heliograph_protocol::record::Record;
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;
use tokio_util::codec::{Framed, FramedRead};

fn segment() -> Segment {
    Segment {
        text: "日本語 and é".into(),
        start_sample: 16_000,
        end_sample: 48_000,
        confidence_ppm: 912_345,
        language: "ja".into(),
        latency_ms: 640,
        record: Record {
            engine: "whisper.cpp".into(),
            engine_version: "1.8.3".into(),
            model_sha256: [7; 32],
            language: "ja".into(),
            parameters: "audio_ctx=256;temperature=0".into(),
            filters: "vad".into(),
            audio_sha256: [8; 32],
            audio_start_sample: 16_000,
            audio_end_sample: 48_000,
            text_sha256: [9; 32],
            started_at_unix_ms: 1,
            finished_at_unix_ms: 2,
        },
    }
}

fn from_worker() -> Vec<FromWorker> {
    let mut all = vec![
        FromWorker::Ready {
            version: crate::VERSION,
            models: vec![Model {
                engine: "whisper.cpp".into(),
                engine_version: "1.8.3".into(),
                name: "ggml-base.bin".into(),
                sha256: [1; 32],
                languages: vec!["de".into(), "en".into()],
            }],
            streams_max: 16,
            window_samples: 960_000,
        },
        FromWorker::Opened { stream: 1 },
        FromWorker::Speech { stream: 1, at_sample: 16_000, is_speaking: true },
        FromWorker::Interim {
            stream: 1,
            start_sample: 16_000,
            end_sample: 32_000,
            text: "日本".into(),
            confidence_ppm: 500_000,
            language: "ja".into(),
        },
        FromWorker::Final { stream: 1, segment: segment() },
        FromWorker::Progress { stream: 1, done_sample: 48_000 },
        FromWorker::Finished { stream: 1, done_sample: u64::MAX },
        FromWorker::Failed { stream: 2, reason: "no".into(), retryable: true },
    ];
    all.extend(Gate::ALL.map(|gate| FromWorker::Dropped {
        stream: 1,
        start_sample: 0,
        end_sample: 1,
        gate,
    }));
    all
}

fn encoded<T: BorshSerialize>(message: T) -> BytesMut {
    let mut bytes = BytesMut::new();
    FrameCodec::<(), T>::new().encode(message, &mut bytes).unwrap();
    bytes
}

fn decode<T: BorshDeserialize>(bytes: &[u8]) -> Result<Option<T>, FrameError> {
    FrameCodec::<T, ()>::new().decode(&mut BytesMut::from(bytes))
}

/// The bytes of version 2. A change here is a change of [`crate::VERSION`].
#[test]
fn layout_is_pinned() {
    let audio = ToWorker::Audio { stream: 0x0102, pcm: vec![1, -2] };
    assert_eq!(hex::encode(encoded(audio)), "11000000010201000000000000020000000100feff");
    let config = StreamConfig {
        language: Some("en".into()),
        is_live: true,
        suppresses_noise: Some(false),
        ..StreamConfig::default()
    };
    let open = ToWorker::Open { stream: 3, start_sample: 9, config };
    assert_eq!(
        hex::encode(encoded(open)),
        "1c00000000030000000000000009000000000000000102000000656e00010100"
    );
    let dropped =
        FromWorker::Dropped { stream: 1, start_sample: 2, end_sample: 3, gate: Gate::KnownPhrase };
    assert_eq!(
        hex::encode(encoded(dropped)),
        "1a0000000501000000000000000200000000000000030000000000000004"
    );
}

#[test]
fn every_answer_survives_the_round_trip() {
    for message in from_worker() {
        assert_eq!(decode(&encoded(message.clone())).unwrap(), Some(message));
    }
}

#[test]
fn a_full_audio_message_fits_and_a_larger_one_is_refused() {
    let full = ToWorker::Audio { stream: 1, pcm: vec![-1; MAX_AUDIO_SAMPLES] };
    assert_eq!(decode(&encoded(full.clone())).unwrap(), Some(full));

    let mut sent = BytesMut::from(&b"earlier frames"[..]);
    let huge = ToWorker::Audio { stream: 1, pcm: vec![0; MAX_FRAME_BYTES] };
    let error = NodeCodec::new().encode(huge, &mut sent).unwrap_err();
    assert!(matches!(error, FrameError::TooLong { len } if len > MAX_FRAME_BYTES), "{error}");
    assert_eq!(&sent[..], b"earlier frames");
}

#[test]
fn an_oversized_length_is_refused_before_its_bytes_arrive() {
    let mut src = BytesMut::from(&u32::MAX.to_le_bytes()[..]);
    let error = WorkerCodec::new().decode(&mut src).unwrap_err();
    assert_eq!(error.to_string(), "frame of 4294967295 bytes exceeds the limit of 262144");
    assert!(src.capacity() < MAX_FRAME_BYTES, "nothing was reserved for it");
}

#[test]
fn garbage_names_the_expected_message() {
    let mut frame = BytesMut::from(&[3, 0, 0, 0, 0xff, 1, 2][..]);
    let error = WorkerCodec::new().decode(&mut frame).unwrap_err().to_string();
    assert!(error.starts_with("frame of 3 bytes is not a ToWorker message"), "{error}");
    assert!(matches!(decode::<ToWorker>(&[0, 0, 0, 0]), Err(FrameError::Malformed { len: 0, .. })));
}

#[test]
fn bytes_after_the_message_are_refused() {
    let mut frame = encoded(ToWorker::Finish { stream: 1 });
    frame.put_u8(0);
    frame[0] += 1;
    assert!(matches!(decode::<ToWorker>(&frame), Err(FrameError::Malformed { len: 10, .. })));
}

#[tokio::test]
async fn a_hang_up_inside_a_frame_is_not_an_orderly_end() {
    let frame = encoded(ToWorker::Finish { stream: 1 });
    for cut in 1..frame.len() {
        let mut reader = FramedRead::new(&frame[..cut], WorkerCodec::new());
        let error = reader.next().await.unwrap().unwrap_err();
        assert!(matches!(error, FrameError::Truncated { got, .. } if got == cut), "{error}");
    }
    let mut reader = FramedRead::new(&frame[..], WorkerCodec::new());
    assert!(reader.next().await.unwrap().is_ok());
    assert!(reader.next().await.is_none(), "between frames the end is orderly");
}

#[tokio::test]
async fn a_socket_carries_both_directions() {
    let (node, worker) = tokio::net::UnixStream::pair().unwrap();
    let mut node = Framed::new(node, NodeCodec::new());
    let mut worker = Framed::new(worker, WorkerCodec::new());
    worker.send(FromWorker::Opened { stream: 4 }).await.unwrap();
    node.send(ToWorker::Close { stream: 4 }).await.unwrap();
    assert_eq!(node.next().await.unwrap().unwrap(), FromWorker::Opened { stream: 4 });
    assert_eq!(worker.next().await.unwrap().unwrap(), ToWorker::Close { stream: 4 });
    node.get_mut().write_all(&[9, 0, 0]).await.unwrap();
    drop(node);
    assert!(matches!(worker.next().await, Some(Err(FrameError::Truncated { got: 3, want: 4 }))));
}

fn config() -> impl Strategy<Value = StreamConfig> {
    (any::<Option<String>>(), any::<Option<[u8; 32]>>(), any::<bool>(), any::<Option<bool>>())
        .prop_map(|(language, model_sha256, is_live, suppresses_noise)| StreamConfig {
            language,
            model_sha256,
            is_live,
            suppresses_noise,
        })
}

fn to_worker() -> impl Strategy<Value = ToWorker> {
    prop_oneof![
        (any::<u64>(), any::<u64>(), config()).prop_map(|(stream, start_sample, config)| {
            ToWorker::Open { stream, start_sample, config }
        }),
        (any::<u64>(), prop::collection::vec(any::<i16>(), 0..400))
            .prop_map(|(stream, pcm)| ToWorker::Audio { stream, pcm }),
        any::<u64>().prop_map(|stream| ToWorker::Finish { stream }),
        any::<u64>().prop_map(|stream| ToWorker::Close { stream }),
    ]
}

proptest! {
    #[test]
    fn messages_survive_however_the_socket_cuts_them(
        messages in prop::collection::vec(to_worker(), 1..8),
        pieces in prop::collection::vec(1usize..64, 1..16),
    ) {
        let mut wire = BytesMut::new();
        for message in &messages {
            NodeCodec::new().encode(message.clone(), &mut wire).unwrap();
        }
        let mut codec = WorkerCodec::new();
        let (mut buffer, mut got) = (BytesMut::new(), Vec::new());
        for size in pieces.iter().cycle() {
            if wire.is_empty() {
                break;
            }
            buffer.extend_from_slice(&wire.split_to(wire.len().min(*size)));
            while let Some(message) = codec.decode(&mut buffer).unwrap() {
                got.push(message);
            }
        }
        prop_assert_eq!(got, messages);
        prop_assert!(codec.decode_eof(&mut buffer).unwrap().is_none());
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode::<ToWorker>(&bytes);
        let _ = decode::<FromWorker>(&bytes);
    }
}
