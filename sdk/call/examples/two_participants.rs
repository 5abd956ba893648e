//! Two participants in a room: one speaks and shows a test picture in three sizes, the other counts
//! what arrives. Needs `ffmpeg`, and a recording.
//!
//! ```text
//! cargo run -p heliograph-call --example two_participants -- ws://127.0.0.1:7880 KEY SECRET speech.wav
//! ```

use anyhow::{Context, Result};
use bytes::Bytes;
use heliograph_call::source::ffmpeg::{self, Picture};
use heliograph_call::token::Token;
use heliograph_call::{AudioOptions, Call, Codec, Event, JoinOptions, Layer, VideoOptions, player};
use std::path::Path;
use std::time::Duration;

const SECS: u16 = 10;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().with_context(|| format!("wants {what}"));
    let (url, key, secret) = (next("a URL")?, next("a key")?, next("its secret")?);
    let recording = next("a recording")?;

    let speech = ffmpeg::opus(Path::new(&recording), 32_000)?;
    let sizes = [(320, 180, 120_000), (640, 360, 400_000), (1_280, 720, 1_500_000)];
    let mut pictures = Vec::new();
    for (width, height, bits_per_sec) in sizes {
        pictures.push(ffmpeg::test_picture(&Picture {
            codec: Codec::Vp8,
            width,
            height,
            fps: 30,
            secs: SECS,
            bits_per_sec,
            key_frame_every: 60,
        })?);
    }

    let join = async |identity: &str| {
        let token = Token::new("example", identity).sign_hs256(&key, &secret)?;
        Call::join(&url, &token, JoinOptions::default()).await
    };
    let (speaker, _heard) = join("speaker").await?;
    let (listener, mut events) = join("listener").await?;

    let microphone = speaker.publish_audio(AudioOptions::default()).await?;
    let layers = sizes.map(|(width, height, bits_per_sec)| Layer {
        width: u32::from(width),
        height: u32::from(height),
        bits_per_sec,
    });
    let camera = VideoOptions::camera(Codec::Vp8, layers.to_vec());
    let camera = speaker.publish_video(camera).await?;
    tokio::spawn(async move { player::audio(&microphone, &speech, 100).await });
    let playing = tokio::spawn(async move { player::video(&camera, &pictures, 1).await });
    speaker.send_data(Bytes::from_static(b"hello"), true, None, Vec::new()).await?;

    let end = tokio::time::sleep(Duration::from_secs(SECS.into()));
    tokio::pin!(end);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Audio { .. } | Event::Video { .. }) => {}
                Some(event) => println!("{event:?}"),
                None => break,
            },
            () = &mut end => break,
        }
    }
    for (track_sid, stats) in listener.stats().await? {
        println!("{track_sid}: {stats:#?}");
    }
    playing.abort();
    speaker.leave().await?;
    listener.leave().await?;
    Ok(())
}
