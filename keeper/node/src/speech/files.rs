//! Who carries a key, with a file, over HTTP: the API for transcriptions that OpenAI's clients speak.
//!
//! The key is asked first: a body is read only for who may be served, into a file without a name,
//! and nothing is charged before the recording is known to be readable and no longer than the key.

mod answer;
mod form;
mod refusal;

use super::admit::{Admitted, admit, worker_config};
use super::stream::{Heard, KeyStream, Over};
use crate::state::NodeState;
use answer::Transcript;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse, Response};
use form::Form;
use heliograph_audio::{Audio, AudioError, SAMPLE_RATE_HZ};
use heliograph_client::stream::{EndReason, ErrorCode};
use heliograph_worker_ipc::Model;
use refusal::Refused;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Seek;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Path of transcriptions.
pub const TRANSCRIPTIONS_PATH: &str = "/v1/audio/transcriptions";
/// Path of the list of models.
pub const MODELS_PATH: &str = "/v1/models";
/// Longest recording, in bytes: an hour of speech in 16 kHz PCM.
pub const FILE_BYTES_MAX: usize = 115_200_000;
/// Blocks of audio between decoder and stream, of a few seconds each.
const BLOCKS_MAX: usize = 4;
/// The model that tools name by habit: whatever the node's router takes.
const MODEL_ALIASES: [&str; 2] = ["whisper-1", "auto"];

/// `POST /v1/audio/transcriptions`.
pub async fn transcribe(State(state): State<Arc<NodeState>>, request: Request) -> Response {
    match serve(&state, request).await {
        Ok(response) => response,
        Err(refused) => {
            tracing::info!(%refused, "file refused");
            refused.into_response()
        }
    }
}

/// `GET /v1/models`.
pub async fn models(State(state): State<Arc<NodeState>>) -> Json<Value> {
    let info = state.worker.info();
    let models = info.iter().flat_map(|info| &info.models).map(|model| {
        json!({ "id": model.name, "object": "model", "created": 0, "owned_by": model.engine })
    });
    Json(json!({ "object": "list", "data": Vec::from_iter(models) }))
}

async fn serve(state: &NodeState, request: Request) -> Result<Response, Refused> {
    let token = bearer(&request).ok_or_else(Refused::no_key)?.to_owned();
    let Admitted { hosted, seat, key, place: _place } = admit(state, &token).await?;
    let form = Form::read(request).await?;
    let mut config = worker_config(&key, form.language.clone(), false);
    let info = state.worker.info();
    let served = info.iter().flat_map(|info| &info.models);
    config.model_sha256 = choose(form.model.as_deref(), served)?;
    let stream = KeyStream::open(state, hosted, seat, config).await?;

    // Once to know that it is worth charging, once to charge it: decoding costs a hundredth.
    let most = stream.remaining_samples();
    let mut file = form.file;
    let samples;
    (file, samples) = spawn_blocking(move || {
        let samples = Audio::open(file.try_clone()?)?.count(most)?;
        file.rewind()?;
        Ok::<_, AudioError>((file, samples))
    })
    .await
    .map_err(Refused::broken)??;
    if samples == 0 {
        return Err(Refused::bad("file", "there is no audio in the file"));
    }
    if samples > most {
        return Err(Refused::longer_than_key(most / u64::from(SAMPLE_RATE_HZ)));
    }
    let transcript = hear(stream, file, samples).await?;
    Ok(transcript.answer(form.format))
}

/// The key of `Authorization: Bearer KEY`.
fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim()).filter(|key| !key.is_empty())
}

/// The model that is asked for; `None` leaves it to the worker's router.
fn choose<'a>(
    asked: Option<&str>,
    mut served: impl Iterator<Item = &'a Model>,
) -> Result<Option<[u8; 32]>, Refused> {
    let Some(asked) = asked.filter(|asked| !MODEL_ALIASES.contains(asked)) else { return Ok(None) };
    let is_meant = |model: &&Model| model.name == asked || hex::encode(model.sha256) == asked;
    match served.find(is_meant) {
        Some(model) => Ok(Some(model.sha256)),
        None => Err(Refused::no_model(asked)),
    }
}

/// Streams the file, and collects what is heard.
async fn hear(mut stream: KeyStream<'_>, file: File, samples: u64) -> Result<Transcript, Refused> {
    let (blocks, mut decoded) = mpsc::channel::<Result<Vec<i16>, AudioError>>(BLOCKS_MAX);
    // Ends by itself when nobody takes its blocks any more.
    let decoding = spawn_blocking(move || {
        let mut audio = match Audio::open(file) {
            Ok(audio) => audio,
            Err(error) => return drop(blocks.blocking_send(Err(error))),
        };
        while let Some(block) = audio.next_block().transpose() {
            if blocks.blocking_send(block).is_err() {
                return;
            }
        }
    });
    let start = stream.position();
    let mut transcript = Transcript::new(start, samples);
    let over = loop {
        stream.feed().await;
        let heard = tokio::select! {
            block = decoded.recv(), if stream.wants_audio() => match block {
                Some(block) => stream.push(&block?),
                None => {
                    stream.finish();
                    None
                }
            },
            event = stream.event() => stream.on(event).await?,
        };
        match heard {
            Some(Heard::Final(segment)) => transcript.segments.push(*segment),
            Some(Heard::Over(over)) => break over,
            _ => {}
        }
    };
    drop(decoded);
    decoding.await.map_err(Refused::broken)?;
    match over {
        Over::Finished => Ok(transcript),
        // As long as what was left of the key, or nearly.
        Over::Expired => {
            let missing = start.saturating_add(samples).saturating_sub(stream.done());
            if missing == 0 { Ok(transcript) } else { Err(Refused::cut_short(missing)) }
        }
        Over::Session(reason) => {
            let code = match reason {
                EndReason::Draining => ErrorCode::Unavailable,
                _ => ErrorCode::NoSession,
            };
            Err((code, super::explain(reason).to_owned()).into())
        }
    }
}
