//! Who may come in, and who pays for it.
//!
//! Two answer that question: a file of local keys (HS256, nobody pays) and the node role (EdDSA,
//! a session pays). Signalling asks before it allocates anything.

use async_trait::async_trait;
use std::fmt;

pub use heliograph_worker_ipc::call::Captions;

/// Rooms of one name in two scopes are two rooms: an app's account, or the name of a local key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(pub String);

/// The session that is charged, as its account's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Payer(pub [u8; 32]);

/// A token that is good here.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Whose rooms.
    pub scope: Scope,
    /// Who pays; nobody for local keys.
    pub payer: Option<Payer>,
    /// Participants that may be in the scope's rooms at once; `None` for as many as the worker
    /// holds.
    pub participants_max: Option<u32>,
    /// Whose speech the payer pays to have transcribed.
    pub captions: Captions,
    /// What the token says.
    pub claims: Claims,
}

/// What a token says about its holder's speech.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Transcribe {
    /// Nothing: as the session has it.
    #[default]
    AsSession,
    /// It is transcribed: in which language (ISO 639-1), empty for automatic.
    Always(String),
    /// It is not.
    Never,
}

/// The part of a LiveKit access token that matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// `iss`.
    pub issuer: String,
    /// `sub`: the participant's identity; empty in tokens for the room service.
    pub identity: String,
    /// `name`.
    pub name: String,
    /// `metadata`.
    pub metadata: String,
    /// `attributes`.
    pub attributes: Vec<(String, String)>,
    /// `kind`, such as `agent`; empty for `standard`.
    pub kind: String,
    /// `exp`, Unix seconds.
    pub expires_at_unix_secs: u64,
    /// `video`.
    pub grants: Grants,
    /// `sha256`: hash of the body that the token was made for (webhooks), base64.
    pub sha256: Option<String>,
    /// `heliograph.session`: the session that the app wants charged, base58.
    pub session: Option<String>,
    /// `heliograph.transcribe`: a language, empty for automatic, or `false`.
    pub transcribe: Transcribe,
}

/// `video` of a LiveKit token. Absent permissions are as LiveKit has them: publishing, subscribing
/// and data are allowed unless denied, everything else is denied unless granted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "the names and shape are LiveKit's")]
pub struct Grants {
    /// `roomJoin`.
    pub room_join: bool,
    /// `room`.
    pub room: String,
    /// `roomCreate`.
    pub room_create: bool,
    /// `roomList`.
    pub room_list: bool,
    /// `roomAdmin`.
    pub room_admin: bool,
    /// `canPublish`.
    pub can_publish: bool,
    /// `canSubscribe`.
    pub can_subscribe: bool,
    /// `canPublishData`.
    pub can_publish_data: bool,
    /// `canUpdateOwnMetadata`.
    pub can_update_own_metadata: bool,
    /// `canPublishSources`, LiveKit's words (`camera`, `microphone`, …); empty for all.
    pub can_publish_sources: Vec<String>,
    /// `hidden`.
    pub hidden: bool,
    /// `recorder`.
    pub recorder: bool,
    /// `agent`.
    pub agent: bool,
}

impl Default for Grants {
    fn default() -> Self {
        Self {
            room_join: false,
            room: String::new(),
            room_create: false,
            room_list: false,
            room_admin: false,
            can_publish: true,
            can_subscribe: true,
            can_publish_data: true,
            can_update_own_metadata: false,
            can_publish_sources: Vec::new(),
            hidden: false,
            recorder: false,
            agent: false,
        }
    }
}

/// Why somebody may not come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// 401: the token is missing, malformed, expired, forged, or of an issuer not served here.
    Unauthorized(String),
    /// 403: the token is good but does not allow this.
    Forbidden(String),
    /// 503: nobody can say at the moment, or there is no room for more.
    Unavailable(String),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized(why) | Self::Forbidden(why) | Self::Unavailable(why) => {
                f.write_str(why)
            }
        }
    }
}

impl std::error::Error for Denied {}

/// Who decides.
#[async_trait]
pub trait Access: Send + Sync + fmt::Debug {
    /// Verifies a token. Checks signature, times and issuer; what the grants allow is for the
    /// caller to look at.
    async fn admit(&self, token: &str) -> Result<Admission, Denied>;
}
