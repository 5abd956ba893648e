//! What can go wrong in a call.

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server's URL cannot be used.
    #[error("not a usable server URL: {0}")]
    Url(String),
    /// The server refused to let the participant in; the text is the server's.
    #[error("the server answered {status}: {reason}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Body of the answer.
        reason: String,
    },
    /// The signalling connection failed.
    #[error("signalling: {0}")]
    Signalling(String),
    /// Something that must happen did not in time.
    #[error("{what} took more than {secs} s")]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long.
        secs: u64,
    },
    /// The call is over.
    #[error("the call is over")]
    Over,
    /// A publication's options make no sense, or the server takes no such track.
    #[error("cannot publish: {0}")]
    Publish(String),
    /// A data message that cannot be sent.
    #[error("cannot send data: {0}")]
    Data(String),
    /// The WebRTC library.
    #[error("media: {0}")]
    Media(#[from] str0m::RtcError),
    /// A socket.
    #[error("socket: {0}")]
    Socket(#[from] std::io::Error),
    /// A token could not be signed.
    #[error("token: {0}")]
    Token(String),
    /// A file is not what it should be.
    #[error("source: {0}")]
    Source(String),
}
