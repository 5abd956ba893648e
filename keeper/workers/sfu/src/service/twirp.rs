//! Twirp: remote procedures over HTTP, as protobuf or JSON.
//!
//! <https://twitchtv.github.io/twirp/docs/spec_v7.html>

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How a request is written; the answer is written the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/json`
    Json,
    /// `application/protobuf`
    Protobuf,
}

impl Encoding {
    /// As the headers name it.
    pub fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match named.and_then(|value| value.split(';').next()).map(str::trim) {
            Some("application/json") => Ok(Self::Json),
            Some("application/protobuf") => Ok(Self::Protobuf),
            _ => Err(Error::new(
                Code::BadRoute,
                "the content type must be application/protobuf or application/json",
            )),
        }
    }

    /// Reads a request.
    pub fn decode<T: Message + Default + DeserializeOwned>(
        self,
        body: &Bytes,
    ) -> Result<T, Error> {
        let decoded = match self {
            Self::Json => serde_json::from_slice(body).map_err(|error| error.to_string()),
            Self::Protobuf => T::decode(body.as_ref()).map_err(|error| error.to_string()),
        };
        decoded.map_err(|why| Error::new(Code::Malformed, format!("cannot read the request: {why}")))
    }

    /// Writes an answer.
    pub fn encode<T: Message + Serialize>(self, answer: &T) -> Response {
        match self {
            Self::Json => match serde_json::to_vec(answer) {
                Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
                Err(error) => Error::new(Code::Internal, error.to_string()).into_response(),
            },
            Self::Protobuf => {
                let body = answer.encode_to_vec();
                ([(header::CONTENT_TYPE, "application/protobuf")], body).into_response()
            }
        }
    }
}

/// What went wrong, in Twirp's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// There is no such path, or it is not called this way.
    BadRoute,
    /// The request cannot be read.
    Malformed,
    /// It makes no sense.
    InvalidArgument,
    /// There is no such room, participant or track.
    NotFound,
    /// No token, or none that is good here.
    Unauthenticated,
    /// The token does not allow it.
    PermissionDenied,
    /// There is no room for more.
    ResourceExhausted,
    /// This server does not do that.
    Unimplemented,
    /// Try again later.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Code {
    /// The word in the body, and the status that goes with it.
    const fn parts(self) -> (&'static str, StatusCode) {
        match self {
            Self::BadRoute => ("bad_route", StatusCode::NOT_FOUND),
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST),
            Self::InvalidArgument => ("invalid_argument", StatusCode::BAD_REQUEST),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND),
            Self::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED),
            Self::PermissionDenied => ("permission_denied", StatusCode::FORBIDDEN),
            Self::ResourceExhausted => ("resource_exhausted", StatusCode::TOO_MANY_REQUESTS),
            Self::Unimplemented => ("unimplemented", StatusCode::NOT_IMPLEMENTED),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// An error as Twirp's clients read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind.
    pub code: Code,
    /// For people.
    pub message: String,
}

impl Error {
    /// An error.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (code, status) = self.code.parts();
        let body = serde_json::json!({ "code": code, "msg": self.message }).to_string();
        (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}
