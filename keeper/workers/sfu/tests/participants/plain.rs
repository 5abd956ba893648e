//! What a participant can do on a good path.

use crate::media::{LAYERS, PICTURES, SPEECH, camera, picture};
use crate::server::{Server, until};
use bytes::Bytes;
use heliograph_call::{
    AudioOptions, Call, Codec, Error, Event, JoinOptions, Kind, Layer, TrackStats, VideoOptions,
    player,
};
use std::sync::LazyLock;
use std::time::Duration;

/// The tracks' figures, once `done` holds for them.
async fn stats_when(
    call: &Call,
    done: impl Fn(&[(String, TrackStats)]) -> bool,
) -> Vec<(String, TrackStats)> {
    for _ in 0..300 {
        let stats = call.stats().await.unwrap();
        if done(&stats) {
            return stats;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not in 30 s: {:?}", call.stats().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn speech_and_pictures_arrive_as_they_were_sent() {
    // Encoding them takes longer than anything below may.
    LazyLock::force(&SPEECH);
    LazyLock::force(&PICTURES);
    let server = Server::start();
    let (speaker, _heard) = server.join("talk", "speaker", JoinOptions::default()).await;
    let (listener, mut events) = server.join("talk", "listener", JoinOptions::default()).await;
    let microphone = speaker.publish_audio(AudioOptions::default()).await.unwrap();
    let camera = speaker.publish_video(camera()).await.unwrap();
    for _ in 0..2 {
        let (kind, identity) = until(&mut events, |event| match event {
            Event::Subscribed { kind, identity, .. } => Some((*kind, identity.clone())),
            _ => None,
        })
        .await;
        assert!(matches!(kind, Kind::Audio | Kind::Video));
        assert_eq!(identity, "speaker");
    }
    tokio::spawn(async move { player::audio(&microphone, &SPEECH, 100).await });
    tokio::spawn(async move { player::video(&camera, &PICTURES, 100).await });

    let packet = until(&mut events, |event| match event {
        Event::Audio { packet, .. } => Some(packet.clone()),
        _ => None,
    })
    .await;
    assert!(SPEECH.contains(&packet), "an Opus packet that was never sent");
    let frame = until(&mut events, |event| match event {
        Event::Video { frame, is_key: true, .. } => Some(frame.clone()),
        _ => None,
    })
    .await;
    let sent = PICTURES.iter().flat_map(|video| &video.frames);
    assert!(sent.into_iter().any(|sent| sent.data == frame), "a frame that was never sent");

    // The best layer comes after a while: a path's width has to be found out.
    let largest = LAYERS[2];
    let stats = stats_when(&listener, |stats| {
        let done = |stats: &TrackStats| {
            stats.size == Some((largest.0, largest.1)) || stats.audio_delivered > 200
        };
        stats.len() == 2 && stats.iter().all(|(_, stats)| done(stats))
    })
    .await;
    for (track, stats) in stats {
        println!("{track}: {stats:?}");
        assert_eq!(stats.lost, 0);
    }
    speaker.leave().await.unwrap();
    let gone = until(&mut events, |event| match event {
        Event::ParticipantLeft { identity } => Some(identity.clone()),
        _ => None,
    })
    .await;
    assert_eq!(gone, "speaker");
}

#[tokio::test(flavor = "multi_thread")]
async fn h264_of_one_layer_arrives() {
    let server = Server::start();
    let (speaker, _heard) = server.join("h264", "speaker", JoinOptions::default()).await;
    let (listener, mut events) = server.join("h264", "listener", JoinOptions::default()).await;
    let layer = Layer { width: 320, height: 180, bits_per_sec: 200_000 };
    let options = VideoOptions::camera(Codec::H264, vec![layer]);
    let camera = speaker.publish_video(options).await.unwrap();
    let video = [picture(Codec::H264, 320, 180, 200_000)];
    let sent = video[0].clone();
    tokio::spawn(async move { player::video(&camera, &video, 100).await });
    let frame = until(&mut events, |event| match event {
        Event::Video { frame, is_key: true, .. } => Some(frame.clone()),
        _ => None,
    })
    .await;
    let units = heliograph_call::packet::h264::nal_units;
    let sent = sent.frames.iter().find(|sent| units(&sent.data) == units(&frame));
    assert!(sent.is_some(), "a frame that was never sent");
    stats_when(&listener, |stats| stats.iter().any(|(_, stats)| stats.frames > 40)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_arrive_at_those_they_are_for() {
    let server = Server::start();
    let (ada, _) = server.join("data", "ada", JoinOptions::default()).await;
    let (_ben, mut ben_hears) = server.join("data", "ben", JoinOptions::default()).await;
    let (_cyd, mut cyd_hears) = server.join("data", "cyd", JoinOptions::default()).await;
    let message = |event: &Event| match event {
        Event::Data { identity, topic, reliable, payload } => {
            Some((identity.clone(), topic.clone(), *reliable, payload.clone()))
        }
        _ => None,
    };
    let secret = Bytes::from_static(b"for ben");
    let topic = Some("greeting".to_string());
    ada.send_data(secret.clone(), true, topic, vec!["ben".to_string()]).await.unwrap();
    let large = Bytes::from(vec![7; 50_000]);
    ada.send_data(large.clone(), true, None, Vec::new()).await.unwrap();

    let (from, topic, reliable, payload) = until(&mut ben_hears, message).await;
    assert_eq!((from.as_str(), topic.as_str(), reliable), ("ada", "greeting", true));
    assert_eq!(payload, secret);
    assert_eq!(until(&mut ben_hears, message).await.3, large);
    // What was for ben alone is not the first that cyd hears.
    assert_eq!(until(&mut cyd_hears, message).await.3, large);

    let too_large = Bytes::from(vec![0; 100_000]);
    let error = ada.send_data(too_large, true, None, Vec::new()).await.unwrap_err();
    assert!(matches!(error, Error::Data(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tracks_need_more_sections_than_the_first_offer_has() {
    let server = Server::start();
    let options = || {
        let mut options = JoinOptions::default();
        options.sections = (1, 0);
        options
    };
    let mut calls = Vec::new();
    for number in 0..5 {
        let (call, events) = server.join("many", &format!("n{number}"), options()).await;
        let microphone = call.publish_audio(AudioOptions::default()).await.unwrap();
        tokio::spawn(async move { player::audio(&microphone, &SPEECH, 100).await });
        calls.push((call, events));
    }
    for (call, _) in &calls {
        let heard = |stats: &[(String, TrackStats)]| {
            stats.iter().filter(|(_, stats)| stats.audio_delivered > 20).count() == 4
        };
        stats_when(call, heard).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_are_refused_with_a_reason() {
    let server = Server::start();
    let stranger = heliograph_call::token::Token::new("room", "eve");
    let cases = [
        stranger.sign_hs256("test", "not the secret that these tests know").unwrap(),
        stranger.sign_hs256("another", "a secret that only these tests know").unwrap(),
        "not.a.token".to_string(),
    ];
    for token in cases {
        let error = Call::join(server.url(), &token, JoinOptions::default()).await.unwrap_err();
        let Error::Refused { status, reason } = error else { panic!("{error}") };
        assert_eq!(status, 401);
        assert!(!reason.is_empty());
    }
}
