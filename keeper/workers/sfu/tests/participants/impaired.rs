//! Calls over bad paths, in figures.

use crate::media::{LAYERS, PICTURES, SPEECH, camera};
use crate::server::Server;
use heliograph_call::relay::{Impaired, Impairment};
use heliograph_call::{AudioOptions, Call, JoinOptions, Publication, TrackStats, player};
use std::time::Duration;

/// How long a path is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// How long the worker is given to find out how wide a path is.
const SETTLING: Duration = Duration::from_secs(5);

/// 5 % lost, 20 ms with up to 10 ms more, one in a hundred overtaken.
fn lossy(seed: u64) -> Impaired {
    let path = Impairment {
        loss_ppm: 50_000,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(10),
        reorder_ppm: 10_000,
        reorder_by: Duration::from_millis(15),
        ..Impairment::default()
    };
    Impaired { up: path, down: path, seed }
}

/// Half a megabit a second towards the participant, behind the buffer of a home router.
fn narrow() -> Impaired {
    let down = Impairment {
        delay: Duration::from_millis(20),
        bits_per_sec: Some(500_000),
        queue: Duration::from_millis(300),
        ..Impairment::default()
    };
    Impaired { up: Impairment::default(), down, seed: 3 }
}

fn through(impaired: Impaired) -> JoinOptions {
    let mut options = JoinOptions::default();
    options.media_events = false;
    options.impaired = Some(impaired);
    options
}

/// Two levels of redundancy: on two paths in a row, one in ten packets is lost.
async fn publish(speaker: &Call) -> (Publication, Publication) {
    // Encoding takes seconds, which are not the path's.
    let (speech, pictures) = (&*SPEECH, &*PICTURES);
    let mut microphone = AudioOptions::default();
    microphone.red_levels = 2;
    let microphone = speaker.publish_audio(microphone).await.unwrap();
    let camera = speaker.publish_video(camera()).await.unwrap();
    let sids = (microphone.clone(), camera.clone());
    tokio::spawn(async move { player::audio(&microphone, speech, 100).await });
    tokio::spawn(async move { player::video(&camera, pictures, 100).await });
    sids
}

async fn received(call: &Call, track: &Publication) -> TrackStats {
    let stats = call.stats().await.unwrap();
    let found = stats.into_iter().find(|(sid, _)| sid == track.sid());
    found.map(|(_, stats)| stats).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_in_twenty_lost_both_ways_leaves_speech_whole_and_the_picture_moving() {
    let server = Server::start();
    let (speaker, _heard) = server.join("lossy", "speaker", through(lossy(1))).await;
    let (listener, _hears) = server.join("lossy", "listener", through(lossy(2))).await;
    let (microphone, camera) = publish(&speaker).await;
    tokio::time::sleep(WATCHED).await;

    let audio = received(&listener, &microphone).await;
    let in_time_ppm = audio.audio_in_time_ppm();
    println!(
        "audio: {} packets lost of {}, {} made good by redundancy, {:.2} % in time",
        audio.lost,
        audio.packets + audio.lost,
        audio.audio_recovered,
        in_time_ppm as f64 / 10_000.0
    );
    assert!(audio.lost * 100 > audio.packets, "the path lost nothing: {audio:?}");
    // 99 % on an idle machine; a loaded one delays the tasks of both ends as well.
    assert!(in_time_ppm >= 980_000, "{audio:?}");

    let video = received(&listener, &camera).await;
    println!(
        "video: {} of about {} frames decodable, {} packets sent again or overtaken, {} lost, \
         {} freezes of {} ms together",
        video.frames,
        WATCHED.as_secs() * 20,
        video.out_of_order,
        video.lost,
        video.freezes,
        video.freeze_ms
    );
    assert!(video.frames * 100 >= WATCHED.as_secs() * 20 * 70, "{video:?}");
    assert!(video.freeze_ms < WATCHED.as_millis() as u64 / 4, "{video:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn narrow_path_gets_a_smaller_picture_and_all_of_the_speech() {
    let server = Server::start();
    let (speaker, _heard) = server.join("narrow", "speaker", JoinOptions::default()).await;
    let (listener, _hears) = server.join("narrow", "listener", through(narrow())).await;
    let (microphone, camera) = publish(&speaker).await;
    // The path's width has to be found out first.
    tokio::time::sleep(SETTLING).await;
    let (audio_before, video_before) =
        (received(&listener, &microphone).await, received(&listener, &camera).await);
    tokio::time::sleep(WATCHED).await;
    let (audio, video) =
        (received(&listener, &microphone).await, received(&listener, &camera).await);

    let sent = audio.packets + audio.lost - audio_before.packets - audio_before.lost;
    let in_time = audio.audio_in_time - audio_before.audio_in_time;
    let video_bits_per_sec = (video.bytes - video_before.bytes) * 8 / WATCHED.as_secs();
    println!(
        "audio: {in_time} of {sent} in time; video: {video_bits_per_sec} bit/s at {:?}, {} frames, \
         {} freezes of {} ms together",
        video.size,
        video.frames - video_before.frames,
        video.freezes - video_before.freezes,
        video.freeze_ms - video_before.freeze_ms
    );
    assert!(in_time * 100 >= sent * 95, "{in_time} of {sent} in time: {audio:?}");
    // The largest layer alone is more than the path takes.
    assert!(video.size.is_some_and(|(width, _)| width < LAYERS[2].0), "{video:?}");
    assert!(video.frames > video_before.frames, "the picture stands: {video:?}");
}
