//! Admission, without an inference thread. The socket itself is in `tests/worker`.

use super::*;
use heliograph_worker_ipc::StreamConfig;
use std::time::Duration;
use tokio::time::timeout;

fn reader() -> (Reader, mpsc::Receiver<Command>, mpsc::Receiver<FromWorker>) {
    let (commands, commands_out) = mpsc::channel(COMMANDS_QUEUED);
    let (answers, answers_out) = mpsc::channel(ANSWERS_QUEUED);
    (Reader { windows: HashMap::new(), commands, answers }, commands_out, answers_out)
}

fn open(stream: u64) -> ToWorker {
    ToWorker::Open { stream, start_sample: 0, config: StreamConfig::default() }
}

fn audio(stream: u64) -> ToWorker {
    ToWorker::Audio { stream, pcm: vec![0; MAX_AUDIO_SAMPLES] }
}

/// Nobody takes the audio, so only the window's worth is read; what is done makes room again.
#[tokio::test]
async fn reading_stops_when_the_window_is_full() {
    let (mut reader, mut commands, _answers) = reader();
    reader.take(open(1)).await.unwrap();
    let Some(Command::Open { window, .. }) = commands.recv().await else { panic!() };
    for _ in 0..WINDOW_SAMPLES / MAX_AUDIO_SAMPLES {
        reader.take(audio(1)).await.unwrap();
    }
    let wait = Duration::from_millis(50);
    assert!(timeout(wait, reader.take(audio(1))).await.is_err(), "one too many was taken");
    window.add_permits(MAX_AUDIO_SAMPLES);
    timeout(wait, reader.take(audio(1))).await.unwrap().unwrap();
}

/// A stream that ends while its window is full must not block the connection for ever.
#[tokio::test]
async fn ended_stream_lets_its_late_audio_pass_by() {
    let (mut reader, mut commands, mut answers) = reader();
    reader.take(open(1)).await.unwrap();
    let Some(Command::Open { window, .. }) = commands.recv().await else { panic!() };
    window.forget_permits(WINDOW_SAMPLES);
    window.close();
    timeout(Duration::from_secs(5), reader.take(audio(1))).await.unwrap().unwrap();
    assert!(commands.try_recv().is_err(), "it goes nowhere");
    assert!(answers.try_recv().is_err(), "and is no fault");
}

#[tokio::test]
async fn ended_streams_are_not_remembered_without_bound() {
    let (mut reader, mut commands, _answers) = reader();
    for stream in 0..3 * ENDED_REMEMBERED as u64 {
        reader.take(open(stream)).await.unwrap();
        let Some(Command::Open { window, .. }) = commands.recv().await else { panic!() };
        window.close();
        assert!(reader.windows.len() <= ENDED_REMEMBERED);
    }
}
