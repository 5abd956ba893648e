//! Who carries a key, over a WebSocket: the protocol of dTelecom's clients.

use super::hosted::Hosted;
use super::keys::Seat;
use super::stream::{Heard, KeyStream, Over};
use crate::auth::Refusal;
use crate::state::{NodeState, Place, Refused};
use crate::stream::socket::{ClientSocket, Incoming};
use crate::time::unix_secs;
use heliograph_client::speech::{KeyClientMessage, KeyConfig, KeyServerMessage, SessionKey};
use heliograph_client::stream::{EndReason, ErrorCode, VadEvent};
use heliograph_protocol::Address;
use heliograph_protocol::hash::sha256;
use heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;
use heliograph_worker_ipc::StreamConfig;
use std::sync::Arc;

/// A key that was let in, with one of the node's places.
pub struct Admitted<'a> {
    pub hosted: Arc<Hosted>,
    pub seat: Seat,
    pub key: SessionKey,
    pub place: Place<'a>,
}

/// Checks a key and takes its place, and one of the node's.
pub async fn admit<'a>(state: &'a NodeState, token: &str) -> Result<Admitted<'a>, Refusal> {
    let (key, issuer) = SessionKey::read(token, unix_secs())
        .map_err(|error| (ErrorCode::Unauthorized, error.to_string()))?;
    let hosted = state.speech.payer(&key, &issuer)?;
    let seat = hosted.seat(state, &key, token).await?;
    let place = state.admit(place_of(&key)).map_err(|refused| match refused {
        Refused::AlreadyConnected => {
            (ErrorCode::AlreadyConnected, "the session key is in use".to_owned())
        }
        Refused::NoCapacity { capacity } => {
            (ErrorCode::NoCapacity, format!("all {capacity} places of this node are taken"))
        }
    })?;
    Ok(Admitted { hosted, seat, key, place })
}

/// Places are by address; a key's is one that no account has.
fn place_of(key: &SessionKey) -> Address {
    sha256(&[b"session key", &key.session, key.id.as_bytes()])
}

/// What a stream with this key asks the worker for.
pub fn worker_config(key: &SessionKey, language: Option<String>, is_live: bool) -> StreamConfig {
    let asked = language.filter(|language| language != "auto");
    let language = asked.or_else(|| key.language.clone()).filter(|language| language != "auto");
    StreamConfig { language, is_live, ..StreamConfig::default() }
}

/// Serves one connection. Whatever goes wrong ends here, with a reason for the client.
pub async fn serve(mut socket: ClientSocket, state: &NodeState, config: KeyConfig) {
    match stream(&mut socket, state, config).await {
        Ok(Some(Over::Finished)) => socket.close().await,
        Ok(Some(Over::Expired)) => {
            if socket.send(&KeyServerMessage::SessionExpired).await.is_some() {
                let why = "the session key is used up".to_owned();
                socket.close_with(ErrorCode::NoSession.close_code(), why).await;
            }
        }
        Ok(Some(Over::Session(reason))) => {
            let code = match reason {
                EndReason::Draining => ErrorCode::Unavailable,
                _ => ErrorCode::NoSession,
            };
            socket.refuse(code, super::explain(reason).to_owned()).await;
        }
        Ok(None) => tracing::debug!("client gone"),
        Err((code, message)) => {
            tracing::info!(?code, message, "key's stream refused or broken off");
            socket.refuse(code, message).await;
        }
    }
}

/// `None` if the client is gone.
async fn stream(
    socket: &mut ClientSocket,
    state: &NodeState,
    config: KeyConfig,
) -> Result<Option<Over>, Refusal> {
    let Admitted { hosted, seat, key, place: _place } = admit(state, &config.session_key).await?;
    let asked = worker_config(&key, config.language, config.interim);
    let mut stream = KeyStream::open(state, hosted, seat, asked).await?;
    let ready = KeyServerMessage::Ready {
        remaining_seconds: stream.remaining_secs(),
        languages: stream.info.languages().into_iter().map(str::to_owned).collect(),
    };
    if !say(socket, &stream, &ready).await {
        return Ok(None);
    }
    loop {
        stream.feed().await;
        // A client that is told to wait is not read: it feels that its audio is not taken.
        let is_read = stream.wants_audio() || stream.is_ending();
        let heard = tokio::select! {
            incoming = socket.next::<KeyClientMessage>(), if is_read => match incoming {
                Incoming::Audio(pcm) => stream.push(&pcm),
                Incoming::Message(KeyClientMessage::Finish) => {
                    stream.finish();
                    None
                }
                Incoming::Invalid(why) => return Err((ErrorCode::BadMessage, why)),
                Incoming::Gone => return Ok(None),
            },
            event = stream.event() => stream.on(event).await?,
        };
        let message = match heard {
            None => continue,
            Some(Heard::Over(over)) => return Ok(Some(over)),
            Some(heard) => message(heard),
        };
        if let Some(message) = message
            && !say(socket, &stream, &message).await
        {
            return Ok(None);
        }
    }
}

/// `false` if the client is gone or no longer reads.
async fn say(
    socket: &mut ClientSocket,
    stream: &KeyStream<'_>,
    message: &KeyServerMessage,
) -> bool {
    let sent = socket.send(message).await;
    stream.sent(sent.unwrap_or(0));
    sent.is_some()
}

fn message(heard: Heard) -> Option<KeyServerMessage> {
    let secs = |sample: u64| sample as f64 / f64::from(TRANSCRIPTION_RATE_HZ);
    Some(match heard {
        Heard::Final(segment) => KeyServerMessage::Transcription {
            text: segment.text,
            start: secs(segment.start_sample),
            end: secs(segment.end_sample),
            confidence: f64::from(segment.confidence_ppm) / 1e6,
            is_final: true,
            language: segment.language,
            latency_ms: segment.latency_ms,
        },
        Heard::Interim(interim) => KeyServerMessage::Transcription {
            text: interim.text,
            start: secs(interim.start_sample),
            end: secs(interim.end_sample),
            confidence: f64::from(interim.confidence_ppm) / 1e6,
            is_final: false,
            language: interim.language,
            latency_ms: 0,
        },
        Heard::Speech { at_sample, is_speaking } => {
            let event = if is_speaking { VadEvent::SpeechStart } else { VadEvent::SpeechEnd };
            KeyServerMessage::VadEvent { event, at: secs(at_sample) }
        }
        Heard::Expiring(remaining_seconds) => {
            KeyServerMessage::SessionExpiring { remaining_seconds }
        }
        Heard::Extended(remaining_seconds) => {
            KeyServerMessage::SessionExtended { remaining_seconds }
        }
        Heard::Over(_) => return None,
    })
}
