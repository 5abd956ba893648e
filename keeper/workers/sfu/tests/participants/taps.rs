//! What the node role hears of a participant who is to be transcribed.

use crate::media::{SPEECH, speech_pcm};
use crate::server::{PATIENCE, Server};
use futures_util::{SinkExt, StreamExt};
use heliograph_call::relay::{Impaired, Impairment};
use heliograph_call::token::Token;
use heliograph_call::{AudioOptions, Call, JoinOptions, player};
use heliograph_worker_ipc::SfuNodeCodec;
use heliograph_worker_ipc::call::{Captions, FromSfu, ToSfu};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio_util::codec::Framed;

/// A key pair of RFC 8032 (7.1, test 1): seed and public key.
const KEYPAIR: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\
                       d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
/// Samples of 20 ms.
const FRAME: usize = 320;

/// Plays the recording once into a room whose host asks for captions; gives what is tapped.
async fn tapped(impaired: Option<Impaired>) -> Vec<i16> {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sfu.sock");
    let server = Server::start_with_node_role(&socket);
    let mut node = Framed::new(UnixStream::connect(&socket).await.unwrap(), SfuNodeCodec::new());
    let keypair: [u8; 64] = hex::decode(KEYPAIR).unwrap().try_into().unwrap();
    let token = Token::new("hall", "ann").sign_keypair(&keypair).unwrap();
    let url = server.url().to_owned();
    let speaking = tokio::spawn(async move {
        let mut options = JoinOptions::default();
        (options.patience, options.impaired) = (PATIENCE, impaired);
        let (call, mut events) = Call::join(&url, &token, options).await.unwrap();
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        let microphone = call.publish_audio(AudioOptions::default()).await.unwrap();
        player::audio(&microphone, &SPEECH, 1).await.unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        call.leave().await.unwrap();
    });
    let (mut pcm, mut open) = (Vec::new(), None);
    let heard = async {
        while let Some(message) = node.next().await {
            match message.unwrap() {
                FromSfu::Authorize { request, .. } => {
                    let everybody = Some("en".to_owned());
                    let captions = Captions { bought: true, everybody };
                    let (scope, payer, participants_max) = ([1; 32], [2; 32], 9);
                    let allowed =
                        ToSfu::Allowed { request, scope, payer, participants_max, captions };
                    node.send(allowed).await.unwrap();
                }
                FromSfu::TapOpened { tap, payer, room, identity, language, .. } => {
                    assert_eq!((payer, room.as_str(), identity.as_str()), ([2; 32], "hall", "ann"));
                    assert_eq!(language.as_deref(), Some("en"));
                    assert_eq!(open.replace(tap), None);
                }
                FromSfu::TapAudio { tap, pcm: audio } => {
                    assert_eq!(Some(tap), open);
                    pcm.extend(audio);
                }
                FromSfu::TapClosed { tap } => {
                    assert_eq!(Some(tap), open);
                    return;
                }
                FromSfu::Usage { report, .. } => node.send(ToSfu::Booked { report }).await.unwrap(),
                _ => {}
            }
        }
    };
    tokio::time::timeout(3 * PATIENCE, heard).await.expect("the tap closes");
    speaking.await.unwrap();
    pcm
}

/// How much alike two recordings are: the correlation of how loud they are, 20 ms by 20 ms, at the
/// delay of at most a second at which they are most alike.
fn likeness(sent: &[i16], heard: &[i16]) -> f64 {
    let loudness = |pcm: &[i16]| -> Vec<f64> {
        let of = |frame: &[i16]| frame.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>();
        pcm.chunks_exact(FRAME).map(|frame| (1.0 + of(frame)).ln()).collect()
    };
    let (sent, heard) = (loudness(sent), loudness(heard));
    let correlation = |a: &[f64], b: &[f64]| {
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let (mean_a, mean_b) = (mean(a), mean(b));
        let pairs = || a.iter().zip(b).map(|(a, b)| (a - mean_a, b - mean_b));
        let product: f64 = pairs().map(|(a, b)| a * b).sum();
        let norms: f64 =
            pairs().map(|(a, _)| a * a).sum::<f64>() * pairs().map(|(_, b)| b * b).sum::<f64>();
        product / norms.sqrt()
    };
    let at = |delay: usize| {
        let heard = &heard[delay..];
        let len = sent.len().min(heard.len());
        correlation(&sent[..len], &heard[..len])
    };
    (0..50.min(heard.len())).map(at).fold(f64::MIN, f64::max)
}

#[tokio::test(flavor = "multi_thread")]
async fn tapped_speech_is_what_was_said() {
    let sent = speech_pcm();
    let heard = tapped(None).await;
    let secs = heard.len() as f64 / 16_000.0;
    let like = likeness(&sent, &heard);
    println!("{secs:.2} s, likeness {like:.3}");
    // The recording, and at most two seconds of the silence after it.
    let whole = sent.len() as f64 / 16_000.0;
    assert!((whole - 0.1..whole + 2.5).contains(&secs), "{secs} s of {whole} s");
    assert!(like > 0.95, "{like}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tapped_speech_survives_a_bad_path() {
    let sent = speech_pcm();
    // One in ten lost, one in twenty overtaken.
    let up = Impairment {
        loss_ppm: 100_000,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(10),
        reorder_ppm: 50_000,
        reorder_by: Duration::from_millis(50),
        ..Impairment::default()
    };
    let heard = tapped(Some(Impaired { up, down: Impairment::default(), seed: 7 })).await;
    let like = likeness(&sent, &heard);
    println!("{:.2} s, likeness {like:.3}", heard.len() as f64 / 16_000.0);
    assert!(like > 0.85, "{like}");
}
