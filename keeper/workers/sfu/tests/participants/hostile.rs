//! Strangers at the worker's own program: what they cost, and that a call goes on beside them.

use crate::media::SPEECH;
use crate::server::Server;
use heliograph_call::{AudioOptions, JoinOptions, player};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Connections that begin a request and never end it.
const HALF_OPEN: usize = 400;
/// Requests with tokens of no use.
const TOKENS: usize = 1_000;
/// Participants of one room, all with good tokens.
const CROWD: usize = 150;
/// A half-open connection is told to go after ten seconds; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// What all of them may have made the worker hold at the end.
const GROWTH_KIB_MAX: u64 = 128 << 10;

fn connect(server: &Server) -> TcpStream {
    let address = server.url().strip_prefix("ws://").unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The first line of the answer.
fn ask(server: &Server, path: &str) -> String {
    let mut stream = connect(server);
    let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_a_crowd_leave_a_call_and_the_workers_memory_alone() {
    let server = Server::start();
    let (speaker, _heard) = server.join("calm", "speaker", JoinOptions::default()).await;
    let (listener, _hears) = server.join("calm", "listener", JoinOptions::default()).await;
    let microphone = speaker.publish_audio(AudioOptions::default()).await.unwrap();
    let sid = microphone.sid().to_owned();
    tokio::spawn(async move { player::audio(&microphone, &SPEECH, 100).await });
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before_kib = server.resident_kib();

    let noise = std::thread::scope(|scope| {
        let half_open = scope.spawn(|| {
            let begun = Instant::now();
            let mut all: Vec<TcpStream> = (0..HALF_OPEN).map(|_| connect(&server)).collect();
            for stream in &mut all {
                stream.write_all(b"GET /rtc?access_token=").unwrap();
            }
            let held_kib = server.resident_kib().saturating_sub(before_kib);
            for mut stream in all {
                let ended = stream.read(&mut [0; 64]);
                assert!(matches!(ended, Ok(0)) || begun.elapsed() < PATIENCE, "{ended:?}");
            }
            (held_kib, begun.elapsed())
        });
        let tokens = scope.spawn(|| {
            let good = server.token("calm", "mallory");
            for number in 0..TOKENS {
                let token = match number % 3 {
                    0 => "x".repeat(1 + number * 8),
                    1 => good[..good.len() - 1 - number % 40].to_owned(),
                    _ => format!("{}.{}.{}", &good[..9], number, &good[20..]),
                };
                let status = ask(&server, &format!("/rtc/validate?access_token={token}"));
                assert!(status.contains(" 401 "), "{status}");
            }
        });
        tokens.join().unwrap();
        half_open.join().unwrap()
    });
    let (held_kib, took) = noise;
    println!(
        "{HALF_OPEN} half-open connections held {held_kib} KiB with {TOKENS} wrong tokens beside \
         them, and were ended after {:.1} s",
        took.as_secs_f64()
    );
    assert!(took < PATIENCE, "half-open connections stay");

    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let mut options = JoinOptions::default();
        options.sections = (0, 0);
        options.media_events = false;
        crowd.push(server.join("crowd", &format!("n{number}"), options).await);
    }
    let crowd_kib = server.resident_kib().saturating_sub(before_kib);
    println!("{CROWD} participants hold {crowd_kib} KiB, {} each", crowd_kib / CROWD as u64);
    for (call, _) in crowd {
        call.leave().await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let left_kib = server.resident_kib().saturating_sub(before_kib);
    println!("afterwards {left_kib} KiB more than before");
    assert!(left_kib < GROWTH_KIB_MAX, "{left_kib} KiB");

    let stats = listener.stats().await.unwrap();
    let (_, audio) = stats.iter().find(|(track, _)| *track == sid).unwrap();
    let in_time_ppm = audio.audio_in_time_ppm();
    println!("the call beside: {} packets, {in_time_ppm} ppm in time", audio.packets);
    assert!(in_time_ppm >= 950_000, "{audio:?}");
}
