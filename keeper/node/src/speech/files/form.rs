//! The form of a request: a file and what is to be made of it.

use super::answer::Format;
use super::refusal::Refused;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use std::fs::File;
use std::io::{Seek, Write};
use std::time::Duration;
use tokio::time::timeout;

/// How long a client may send nothing while its place is held.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);
/// Longest member that is not the file, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Members of a form that are looked at.
const FIELDS_MAX: usize = 64;

/// What was asked for. Members that only change how a model writes (`prompt`, `temperature`) mean
/// nothing here.
#[derive(Debug)]
pub struct Form {
    /// The recording, at its beginning; gone from the disk when dropped.
    pub file: File,
    pub model: Option<String>,
    pub language: Option<String>,
    pub format: Format,
}

impl Form {
    /// Reads the body, the file to disk.
    pub async fn read(request: Request) -> Result<Self, Refused> {
        let mut parts = Multipart::from_request(request, &()).await.map_err(|rejection| {
            Refused::body(rejection.status(), "the body is not multipart/form-data with a file")
        })?;
        let (mut file, mut model, mut language) = (None, None, None);
        let mut format = Format::Json;
        for _ in 0..FIELDS_MAX {
            let Some(mut field) = within(parts.next_field()).await? else { break };
            let name = field.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "file" => file = Some(save(&mut field).await?),
                "model" => model = Some(text(&mut field).await?),
                "language" => language = Some(text(&mut field).await?),
                "response_format" => {
                    let asked = text(&mut field).await?;
                    format = Format::named(&asked).ok_or_else(|| {
                        let why = format!("{asked} is not one of {}", Format::NAMES.join(", "));
                        Refused::bad("response_format", why)
                    })?;
                }
                "timestamp_granularities[]" | "timestamp_granularities" => {
                    if text(&mut field).await? != "segment" {
                        let why = "only segments have times here";
                        return Err(Refused::bad("timestamp_granularities", why));
                    }
                }
                "stream" => {
                    if text(&mut field).await?.eq_ignore_ascii_case("true") {
                        let why = "files are answered at once; live audio streams over /v1/stream";
                        return Err(Refused::bad("stream", why));
                    }
                }
                _ => drop(text(&mut field).await?),
            }
        }
        let file = file.ok_or_else(|| Refused::bad("file", "the form has no file"))?;
        Ok(Self { file, model, language, format })
    }
}

/// Writes a file without a name as it comes in.
async fn save(field: &mut Field<'_>) -> Result<File, Refused> {
    let mut file = tempfile::tempfile().map_err(Refused::broken)?;
    while let Some(chunk) = within(field.chunk()).await? {
        // Chunks are as small as what the socket had; the page cache takes them.
        file.write_all(&chunk).map_err(Refused::broken)?;
    }
    file.rewind().map_err(Refused::broken)?;
    Ok(file)
}

/// A member that is not the file.
async fn text(field: &mut Field<'_>) -> Result<String, Refused> {
    let mut bytes = Vec::new();
    while let Some(chunk) = within(field.chunk()).await? {
        if bytes.len() + chunk.len() > TEXT_BYTES_MAX {
            let why = "a member of the form is longer than 64 KiB";
            return Err(Refused::body(StatusCode::BAD_REQUEST, why));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes)
        .map_err(|_| Refused::body(StatusCode::BAD_REQUEST, "a member of the form is not UTF-8"))
}

async fn within<T>(part: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Refused> {
    match timeout(SILENCE_LIMIT, part).await {
        Ok(Ok(part)) => Ok(part),
        Ok(Err(error)) => Err(Refused::body(error.status(), error.body_text())),
        Err(_) => {
            let why = "nothing came for 30 s";
            Err(Refused::body(StatusCode::REQUEST_TIMEOUT, why))
        }
    }
}
