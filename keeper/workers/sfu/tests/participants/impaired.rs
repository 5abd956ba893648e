//! Calls over bad paths, in figures.

use crate::media::{PICTURES, SPEECH, camera};
use crate::server::Server;
use heliograph_call::relay::{Impaired, Impairment};
use heliograph_call::{AudioOptions, Call, JoinOptions, Publication, TrackStats, player};
use std::time::Duration;

/// How long a path is watched.
const WATCHED: Duration = Duration::from_secs(20);

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
