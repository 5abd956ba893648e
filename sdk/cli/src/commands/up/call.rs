//! The call of `heliograph up`: two headless participants, through the same code as the commands.

use super::Ready;
use crate::commands::app::AppId;
use crate::commands::call::{Host, Hosted, Joined, Media, describe_minutes, make_token, take_part};
use crate::context::Context;
use crate::exit::Exit;
use crate::keys::KeyRef;
use crate::output::table;
use anyhow::{Context as _, Result};
use serde::Serialize;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::sync::{Notify, watch};

const ROOM: &str = "demo";
const CAP_USDC: &str = "0.5";
const TOKEN_TTL: Duration = Duration::from_secs(600);

/// A call that was held.
#[derive(Debug, Serialize)]
pub struct HeldCall {
    /// What the host paid.
    pub hosted: Hosted,
    /// What each participant received.
    pub participants: Vec<(&'static str, Joined)>,
}

impl HeldCall {
    /// Whether everybody heard and saw somebody, and every minute was paid by a transaction.
    pub fn is_paid(&self) -> bool {
        let minutes = &self.hosted.minutes;
        self.hosted.exit == Exit::Ok
            && !minutes.is_empty()
            && minutes.iter().all(|minute| minute.transaction.is_some())
            && self.participants.iter().all(|(_, got)| got.audio_packets > 0 && got.key_frames > 0)
    }

    /// Tables.
    pub fn describe(&self) -> String {
        let rows = self.participants.iter().map(|(name, got)| {
            let counts = [got.audio_packets, got.video_frames, got.key_frames, got.bytes];
            std::iter::once((*name).to_owned()).chain(counts.map(|count| count.to_string()))
        });
        let headings = ["participant", ">audio packets", ">video frames", ">key frames", ">bytes"];
        let rows = rows.map(|row| row.collect::<Vec<_>>());
        let captions = self.participants.iter().flat_map(|(_, got)| got.captions.first());
        let captions =
            captions.map(|caption| format!("{} said: {}\n", caption.speaker, caption.text));
        let captions: String = captions.collect();
        let minutes = describe_minutes(&self.hosted.minutes);
        format!("{}\n{captions}{minutes}", table(&headings, rows))
    }
}

/// Whether the program that encodes audio and picture is here.
pub fn is_possible() -> bool {
    let tried = Command::new("ffmpeg").arg("-version").stdout(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// Hosts a session, has two join it and talk for `secs`, and pays.
pub async fn hold(context: &Context, ready: &Ready, audio: &Path, secs: u64) -> Result<HeldCall> {
    let keys = &ready.keys;
    let media = Media::prepare(Some(audio), true).await?;
    let host = Host {
        voucher_signer: keys.path("voucher"),
        node: Some(KeyRef::Key(keys.node.pubkey())),
        cap: Some(CAP_USDC.parse()?),
        hours: 1,
        session: None,
        webhook: None,
        captions: Some("en".to_owned()),
        settle_limit: 180,
        evidence: Some(ready.folder.path("sessions")),
        app: AppId::default(),
    };
    let (told, url) = watch::channel(None);
    let done = Notify::new();
    let context = context.signing_with(keys.path("app"));
    let hosting = host.run(&context, done.notified(), |url| {
        told.send_replace(Some(url.to_owned()));
    });
    let calling = async {
        let mut url = url;
        let url = url.wait_for(Option::is_some).await?.clone().context("waited for")?;
        let part = async |key: &Keypair, name| {
            let token = make_token(key, ROOM, name, TOKEN_TTL, None)?;
            let stop = tokio::time::sleep(Duration::from_secs(secs));
            anyhow::Ok((name, take_part(&url, &token, &media, stop, |_| ()).await?))
        };
        // One with a token of the voucher signer, one with a token of the app's wallet.
        let both = tokio::try_join!(part(&keys.voucher, "ann"), part(&keys.app, "bob"))?;
        done.notify_one();
        anyhow::Ok(vec![both.0, both.1])
    };
    let (hosted, participants) = tokio::try_join!(hosting, calling)?;
    Ok(HeldCall { hosted, participants })
}
