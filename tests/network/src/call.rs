use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use heliograph_call::token::Token;
use heliograph_call::{
    AudioOptions, Call, Codec, Error, Event, JoinOptions, Kind, Layer, VideoOptions,
};
use heliograph_client::call::{CallConfig, CallEvent, CallHost, PaidCallMinute};
use heliograph_client::stream::{EndReason, StreamError};
use livekit_protocol::Transcription;
use serde_json::json;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

/// A token for a room, signed by a Solana keypair.
pub fn token(key: &Keypair, room: &str, identity: &str) -> String {
    Token::new(room, identity).sign_keypair(&key.to_bytes()).expect("a keypair signs")
}

/// The same, good until `expires_at_unix_secs`.
pub fn token_until(key: &Keypair, room: &str, identity: &str, expires_at_unix_secs: u64) -> String {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let grant = json!({ "room": room, "roomJoin": true });
    let claims = json!({
        "iss": key.pubkey().to_string(), "sub": identity, "exp": expires_at_unix_secs,
        "video": grant,
    });
    let signed = format!("{}.{}", part(json!({ "alg": "EdDSA", "typ": "JWT" })), part(claims));
    let signature = key.sign_message(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

/// A host that runs beside the scenario: it answers minutes as they come.
#[derive(Debug)]
pub struct Hosting {
    /// Where participants connect.
    pub url: String,
    minutes: watch::Receiver<Vec<PaidCallMinute>>,
    notes: watch::Receiver<Vec<(String, String)>>,
    ended: watch::Receiver<Option<Result<EndReason, String>>>,
    finish: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Hosting {
    /// Hosts as `signer`; a miser pays no minute.
    pub async fn start(
        config: CallConfig,
        signer: Keypair,
        is_miser: bool,
    ) -> Result<Self, StreamError> {
        let (opened, open) = oneshot::channel();
        let (paid, minutes) = watch::channel(Vec::new());
        let (end, ended) = watch::channel(None);
        let (note, notes) = watch::channel(Vec::new());
        let finish = Arc::new(Notify::new());
        let asked = finish.clone();
        let task = tokio::spawn(async move {
            let mut host = match CallHost::open(config, &signer).await {
                Ok(host) => host,
                Err(error) => return drop(opened.send(Err(error))),
            };
            if is_miser {
                host.set_policy(Box::new(|_, _| Err("not today".into())));
            }
            let _ = opened.send(Ok(host.url.clone()));
            let result = loop {
                let event = tokio::select! {
                    event = host.next() => event,
                    () = asked.notified() => match host.finish().await {
                        Ok(()) => continue,
                        Err(error) => Err(error),
                    },
                };
                match event {
                    Ok(CallEvent::Minute(minute)) => paid.send_modify(|paid| paid.push(*minute)),
                    Ok(CallEvent::NotTranscribed { identity, reason, .. }) => {
                        note.send_modify(|notes| notes.push((identity, reason)));
                    }
                    Ok(CallEvent::Ended { reason, .. }) => break Ok(reason),
                    Err(error) => break Err(error.to_string()),
                }
            };
            end.send_replace(Some(result));
            // The connection stays until the scenario drops it.
            std::future::pending::<()>().await;
        });
        let url = open.await.expect("the task says")?;
        Ok(Self { url, minutes, notes, ended, finish, task })
    }

    /// The minutes paid so far.
    pub fn paid(&self) -> Vec<PaidCallMinute> {
        self.minutes.borrow().clone()
    }

    /// Whose speech is not transcribed, and why: as the node has said so far.
    pub fn not_transcribed(&self) -> Vec<(String, String)> {
        self.notes.borrow().clone()
    }

    /// Waits until so many are paid.
    pub async fn minutes(&self, count: usize, limit: Duration) {
        let mut minutes = self.minutes.clone();
        let paid = tokio::time::timeout(limit, minutes.wait_for(|paid| paid.len() >= count)).await;
        assert!(paid.is_ok(), "{} minutes of {count} within {limit:?}", self.paid().len());
    }

    /// Waits for the end, as the node says it or as this host found it.
    pub async fn ended(&self, limit: Duration) -> Result<EndReason, String> {
        let mut ended = self.ended.clone();
        let told = tokio::time::timeout(limit, ended.wait_for(Option::is_some)).await;
        let told = told.unwrap_or_else(|_| panic!("not ended within {limit:?}"));
        told.expect("the task waits").clone().expect("waited for")
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// Says that the calls are over.
    pub fn finish(&self) {
        self.finish.notify_one();
    }
}

impl Drop for Hosting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A participant who publishes audio and video and receives what others do.
#[derive(Debug)]
pub struct Caller {
    call: Call,
    heard: Arc<[AtomicU64; 2]>,
    left: watch::Receiver<Option<String>>,
    texts: watch::Receiver<Vec<Transcription>>,
    transcribed: watch::Receiver<HashMap<String, bool>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Caller {
    /// Joins, publishes an Opus and a VP8 track and keeps sending.
    pub async fn join(url: &str, token: &str) -> Result<Self, Error> {
        // Opus, 20 ms, CELT full band, one frame; a decoder makes noise of it.
        let noise = Bytes::from_static(&[0xf8, 0xff, 0xfe, 1, 2, 3, 4, 5, 6, 7]);
        Self::speaking(url, token, vec![noise]).await
    }

    /// The same, with these Opus packets of 20 ms again and again.
    pub async fn speaking(url: &str, token: &str, speech: Vec<Bytes>) -> Result<Self, Error> {
        let (call, mut events) = Call::join(url, token, JoinOptions::default()).await?;
        let heard = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let (leave, left) = watch::channel(None);
        let (write, texts) = watch::channel(Vec::new());
        let (know, transcribed) = watch::channel(HashMap::new());
        let counts = heard.clone();
        let listen = tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let kind = match event {
                    Event::Audio { .. } => Kind::Audio,
                    Event::Video { .. } => Kind::Video,
                    Event::Transcription(said) => {
                        write.send_modify(|texts| texts.push(*said));
                        continue;
                    }
                    Event::Participant(info) => {
                        let is_transcribed = info.attributes.contains_key("heliograph.transcribed");
                        know.send_modify(|known| {
                            known.insert(info.identity, is_transcribed);
                        });
                        continue;
                    }
                    Event::Left { reason } => {
                        leave.send_replace(Some(reason));
                        return;
                    }
                    _ => continue,
                };
                counts[kind as usize].fetch_add(1, Ordering::Relaxed);
            }
        });
        let microphone = call.publish_audio(AudioOptions::default()).await?;
        let layer = Layer { width: 160, height: 120, bits_per_sec: 100_000 };
        let camera = call.publish_video(VideoOptions::camera(Codec::Vp8, vec![layer])).await?;
        let send = tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            for packet in 0u32.. {
                tick.tick().await;
                let audio = speech[packet as usize % speech.len()].clone();
                let sent = microphone.send_audio(packet.wrapping_mul(960), audio);
                // 10 frames a second, all of them key frames: nobody waits for one.
                let frame = || camera.send_video(0, packet.wrapping_mul(1_800), key_frame());
                if sent.is_err() || (packet % 5 == 0 && frame().is_err()) {
                    return;
                }
            }
        });
        Ok(Self { call, heard, left, texts, transcribed, tasks: vec![listen, send] })
    }

    /// Audio packets and video frames received so far.
    pub fn heard(&self) -> (u64, u64) {
        (self.heard[0].load(Ordering::Relaxed), self.heard[1].load(Ordering::Relaxed))
    }

    /// What was said, as far as it is transcribed.
    pub fn texts(&self) -> Vec<Transcription> {
        self.texts.borrow().clone()
    }

    /// Whether somebody is known to be transcribed.
    pub fn knows_transcribed(&self, identity: &str) -> bool {
        self.transcribed.borrow().get(identity).copied().unwrap_or(false)
    }

    /// Waits until the server has had this participant leave; says why.
    pub async fn left(&self, limit: Duration) -> String {
        let mut left = self.left.clone();
        let told = tokio::time::timeout(limit, left.wait_for(Option::is_some)).await;
        let told = told.unwrap_or_else(|_| panic!("still in the call after {limit:?}"));
        told.expect("the listener tells before it ends").clone().expect("waited for")
    }

    /// Leaves.
    pub async fn leave(&self) {
        let _ = self.call.leave().await;
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A VP8 key frame of 160 × 120 pixels (RFC 6386, 9.1) with a body that nobody decodes.
fn key_frame() -> Bytes {
    let mut frame = vec![0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 160, 0, 120, 0];
    frame.resize(400, 0x55);
    frame.into()
}
