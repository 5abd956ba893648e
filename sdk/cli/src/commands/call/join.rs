//! `heliograph call join`.

use crate::context::Context;
use crate::exit::usage;
use crate::output::{Outcome, fields};
use anyhow::{Context as _, Result};
use bytes::Bytes;
use clap::Args;
use heliograph_call::source::ffmpeg::{Picture, opus, test_picture};
use heliograph_call::source::ivf::Video;
use heliograph_call::source::ogg;
use heliograph_call::{AudioOptions, Call, Codec, Event, JoinOptions, Layer, VideoOptions, player};
use serde::Serialize;
use std::future::Future;
use std::path::{Path, PathBuf};

/// Bits a second of speech, and of the test picture.
const AUDIO_BITS_PER_SEC: u32 = 32_000;
const PICTURE: Picture = Picture {
    codec: Codec::Vp8,
    width: 320,
    height: 180,
    fps: 15,
    secs: 10,
    bits_per_sec: 150_000,
    key_frame_every: 30,
};

/// Join a call as a headless participant
#[derive(Debug, Args)]
#[command(
    long_about = "Join a call as a headless participant: publishes a recording and a test picture, \
    receives what others publish, prints captions as they are final, and says in the end how it was. An Ogg file with Opus is sent as \
    it is; anything else is encoded by the ffmpeg program, as is the picture.",
    after_long_help = "EXAMPLE\n  \
    heliograph call join --url ws://127.0.0.1:7882 --token TOKEN --audio speech.wav --video"
)]
pub struct Join {
    /// The node's URL for participants, as `heliograph call host` prints it
    #[arg(long, value_name = "URL")]
    pub url: String,
    /// The token, as `heliograph call token` makes it
    #[arg(long, value_name = "TOKEN")]
    pub token: String,
    /// Publish this recording, again and again
    #[arg(long, value_name = "FILE")]
    pub audio: Option<PathBuf>,
    /// Publish a test picture
    #[arg(long)]
    pub video: bool,
    /// Seconds until leaving [default: until ctrl-c]
    #[arg(long, value_name = "SECONDS")]
    pub secs: Option<u64>,
}

/// What a participant received.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Joined {
    pub audio_packets: u64,
    pub video_frames: u64,
    pub key_frames: u64,
    pub bytes: u64,
    /// What was said, as far as it is transcribed.
    pub captions: Vec<Caption>,
    /// Why the call was over, if it was not this participant who left.
    pub ended: Option<String>,
}

/// What somebody said.
#[derive(Clone, Debug, Serialize)]
pub struct Caption {
    /// Identity.
    pub speaker: String,
    /// The words.
    pub text: String,
}

/// What a participant publishes.
#[derive(Clone, Debug, Default)]
pub struct Media {
    pub audio: Option<Vec<Bytes>>,
    pub video: Option<Video>,
}

impl Media {
    /// Reads or encodes what is asked for.
    pub async fn prepare(audio: Option<&Path>, video: bool) -> Result<Self> {
        let audio = audio.map(Path::to_owned);
        tokio::task::spawn_blocking(move || {
            let audio = audio.as_deref().map(read_audio).transpose()?;
            let picture = || test_picture(&PICTURE).context("cannot make a test picture");
            let video = video.then(picture).transpose()?;
            Ok(Self { audio, video })
        })
        .await?
    }
}

fn read_audio(path: &Path) -> Result<Vec<Bytes>> {
    if !path.is_file() {
        return Err(usage(format!("there is no recording {}", path.display())));
    }
    let ogg = path.extension().is_some_and(|extension| extension == "ogg" || extension == "opus");
    let packets = if ogg {
        let file =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        ogg::packets(&file)
    } else {
        opus(path, AUDIO_BITS_PER_SEC)
    };
    packets.with_context(|| format!("cannot use {}", path.display()))
}

impl Join {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let media = Media::prepare(self.audio.as_deref(), self.video).await?;
        if !context.json {
            eprintln!("joining {}", self.url);
        }
        let secs = self.secs;
        let stop = async {
            let ends = async {
                match secs {
                    Some(secs) => tokio::time::sleep(std::time::Duration::from_secs(secs)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = ends => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        let joined = take_part(&self.url, &self.token, &media, stop, |caption| {
            if !context.json {
                eprintln!("{}: {}", caption.speaker, caption.text);
            }
        })
        .await?;
        let text = fields([
            ("audio packets", joined.audio_packets.to_string()),
            ("video frames", format!("{} ({} key)", joined.video_frames, joined.key_frames)),
            ("bytes", joined.bytes.to_string()),
            ("ended", joined.ended.clone().unwrap_or_else(|| "left".into())),
        ]);
        Outcome::new(&joined, text)
    }
}

/// Joins, publishes and receives until `stop` or the end of the call; `captioned` hears each
/// caption once it is final.
pub async fn take_part(
    url: &str,
    token: &str,
    media: &Media,
    stop: impl Future<Output = ()>,
    mut captioned: impl FnMut(&Caption),
) -> Result<Joined> {
    let (call, mut events) = Call::join(url, token, JoinOptions::default()).await?;
    let mut players = tokio::task::JoinSet::new();
    if let Some(packets) = media.audio.clone() {
        let track = call.publish_audio(AudioOptions::default()).await?;
        players.spawn(async move { player::audio(&track, &packets, usize::MAX).await });
    }
    if let Some(video) = media.video.clone() {
        let (width, height) = (PICTURE.width.into(), PICTURE.height.into());
        let layer = Layer { width, height, bits_per_sec: PICTURE.bits_per_sec };
        let track = call.publish_video(VideoOptions::camera(Codec::Vp8, vec![layer])).await?;
        players.spawn(async move { player::video(&track, &[video], usize::MAX).await });
    }
    let mut joined = Joined::default();
    let mut stop = std::pin::pin!(stop);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = &mut stop => {
                call.leave().await?;
                return Ok(joined);
            }
        };
        match event {
            Some(Event::Audio { packet, .. }) => {
                joined.audio_packets += 1;
                joined.bytes += packet.len() as u64;
            }
            Some(Event::Video { frame, is_key, .. }) => {
                joined.video_frames += 1;
                joined.key_frames += u64::from(is_key);
                joined.bytes += frame.len() as u64;
            }
            Some(Event::Transcription(said)) => {
                for segment in said.segments.into_iter().filter(|segment| segment.r#final) {
                    let speaker = said.transcribed_participant_identity.clone();
                    let caption = Caption { speaker, text: segment.text };
                    captioned(&caption);
                    joined.captions.push(caption);
                }
            }
            Some(Event::Left { reason }) => {
                joined.ended = Some(reason);
                return Ok(joined);
            }
            Some(_) => {}
            None => return Ok(joined),
        }
    }
}
