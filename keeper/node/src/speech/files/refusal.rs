//! Why a file is not transcribed, in the shape of OpenAI's errors.

use crate::auth::Refusal;
use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use heliograph_audio::{AudioError, SAMPLE_RATE_HZ};
use heliograph_client::stream::ErrorCode;
use serde_json::json;

/// What goes into the answer.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<&'static str>,
    message: String,
    /// Seconds after which the same request may succeed.
    retry_after_secs: Option<u16>,
}

impl Refused {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, kind, code: None, param: None, message, retry_after_secs: None }
    }

    fn coded(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    /// A member of the form that cannot be served.
    pub fn bad(param: &'static str, message: impl Into<String>) -> Self {
        let refused = Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message);
        Self { param: Some(param), ..refused }
    }

    /// The body as a whole.
    pub fn body(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, "invalid_request_error", message)
    }

    pub fn no_key() -> Self {
        let why = "no session key: send it as `Authorization: Bearer KEY`";
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", why).coded("invalid_api_key")
    }

    pub fn no_model(asked: &str) -> Self {
        let why =
            format!("the model {asked} is not served here: GET /v1/models lists those that are");
        let refused = Self::new(StatusCode::NOT_FOUND, "invalid_request_error", why);
        Self { param: Some("model"), ..refused.coded("model_not_found") }
    }

    pub fn longer_than_key(seconds: u64) -> Self {
        let why = format!(
            "the recording is longer than the {seconds} s that are left of the session key; \
             nothing was charged"
        );
        Self::new(StatusCode::PAYMENT_REQUIRED, "insufficient_quota", why)
            .coded("insufficient_quota")
    }

    /// The key was used up before the end of the recording.
    pub fn cut_short(missing_samples: u64) -> Self {
        let secs = missing_samples as f64 / f64::from(SAMPLE_RATE_HZ);
        let why = format!(
            "the session key was used up {secs:.2} s before the end of the recording: extend it or \
             buy another and send the recording again"
        );
        Self::new(StatusCode::PAYMENT_REQUIRED, "insufficient_quota", why)
            .coded("insufficient_quota")
    }

    /// Something of ours that should not happen.
    pub fn broken(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "file cannot be served");
        let why = "the node has an internal problem; try again or elsewhere";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", why)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.status.as_u16(), self.message)
    }
}

impl From<Refusal> for Refused {
    fn from((code, message): Refusal) -> Self {
        let new = |status, kind| Self::new(status, kind, message);
        match code {
            ErrorCode::Unauthorized => {
                new(StatusCode::UNAUTHORIZED, "authentication_error").coded("invalid_api_key")
            }
            ErrorCode::NoSession => {
                new(StatusCode::PAYMENT_REQUIRED, "insufficient_quota").coded("insufficient_quota")
            }
            ErrorCode::AlreadyConnected => Self {
                retry_after_secs: Some(2),
                ..new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error").coded("key_in_use")
            },
            ErrorCode::NoCapacity => Self {
                retry_after_secs: Some(10),
                ..new(StatusCode::SERVICE_UNAVAILABLE, "server_error").coded("no_capacity")
            },
            ErrorCode::Unavailable => Self {
                retry_after_secs: Some(5),
                ..new(StatusCode::SERVICE_UNAVAILABLE, "server_error").coded("unavailable")
            },
            ErrorCode::BadConfig | ErrorCode::BadMessage => {
                new(StatusCode::BAD_REQUEST, "invalid_request_error")
            }
        }
    }
}

impl From<AudioError> for Refused {
    fn from(error: AudioError) -> Self {
        let message = error.to_string();
        match error {
            AudioError::Unsupported(_) => Self {
                param: Some("file"),
                ..Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request_error", message)
                    .coded("unsupported_format")
            },
            AudioError::Read(error) => Self::broken(error),
            _ => Self::bad("file", message),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "error": {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }});
        let mut response = (self.status, Json(body)).into_response();
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}
