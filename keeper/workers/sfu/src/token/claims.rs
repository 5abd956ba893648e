//! A LiveKit access token's payload as JSON.

use crate::access::{Claims, Denied, Grants, Transcribe};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// The payload. Members that are not named here (`iat`, `jti`, `roomConfig`, …) mean nothing.
#[derive(Debug, Deserialize)]
pub struct Payload {
    pub iss: String,
    #[serde(deserialize_with = "numeric_date")]
    pub exp: u64,
    #[serde(default, deserialize_with = "optional_numeric_date")]
    pub nbf: Option<u64>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    attributes: Option<BTreeMap<String, String>>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    video: Option<VideoGrant>,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    heliograph: Option<Ours>,
}

/// `video`. Everything is optional; what absence means is [`Grants`]' to say.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VideoGrant {
    room_join: Option<bool>,
    room: Option<String>,
    room_create: Option<bool>,
    room_list: Option<bool>,
    room_admin: Option<bool>,
    can_publish: Option<bool>,
    can_subscribe: Option<bool>,
    can_publish_data: Option<bool>,
    can_update_own_metadata: Option<bool>,
    can_publish_sources: Option<Vec<String>>,
    hidden: Option<bool>,
    recorder: Option<bool>,
    agent: Option<bool>,
}

/// `heliograph`. A member that is misspelt would be charged to another session than meant, or not
/// be transcribed: it is refused instead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    transcribe: Option<Speech>,
}

/// `heliograph.transcribe`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Speech {
    Language(String),
    Whether(bool),
}

impl From<Option<Speech>> for Transcribe {
    fn from(speech: Option<Speech>) -> Self {
        match speech {
            None => Self::AsSession,
            Some(Speech::Language(language)) => Self::Always(language),
            Some(Speech::Whether(true)) => Self::Always(String::new()),
            Some(Speech::Whether(false)) => Self::Never,
        }
    }
}

impl Payload {
    pub fn into_claims(self) -> Result<Claims, Denied> {
        let ours = self.heliograph.unwrap_or(Ours { session: None, transcribe: None });
        if ours.session.as_deref().is_some_and(|session| super::public_key(session).is_none()) {
            let why = "heliograph.session is not the address of a session";
            return Err(Denied::Unauthorized(why.into()));
        }
        Ok(Claims {
            issuer: self.iss,
            identity: self.sub.unwrap_or_default(),
            name: self.name.unwrap_or_default(),
            metadata: self.metadata.unwrap_or_default(),
            attributes: self.attributes.unwrap_or_default().into_iter().collect(),
            kind: self.kind.filter(|kind| kind != "standard").unwrap_or_default(),
            expires_at_unix_secs: self.exp,
            grants: self.video.unwrap_or_default().into_grants(),
            sha256: self.sha256,
            session: ours.session,
            transcribe: ours.transcribe.into(),
        })
    }
}

impl VideoGrant {
    fn into_grants(self) -> Grants {
        let absent = Grants::default();
        Grants {
            room_join: self.room_join.unwrap_or(absent.room_join),
            room: self.room.unwrap_or(absent.room),
            room_create: self.room_create.unwrap_or(absent.room_create),
            room_list: self.room_list.unwrap_or(absent.room_list),
            room_admin: self.room_admin.unwrap_or(absent.room_admin),
            can_publish: self.can_publish.unwrap_or(absent.can_publish),
            can_subscribe: self.can_subscribe.unwrap_or(absent.can_subscribe),
            can_publish_data: self.can_publish_data.unwrap_or(absent.can_publish_data),
            can_update_own_metadata: self
                .can_update_own_metadata
                .unwrap_or(absent.can_update_own_metadata),
            can_publish_sources: self.can_publish_sources.unwrap_or(absent.can_publish_sources),
            hidden: self.hidden.unwrap_or(absent.hidden),
            recorder: self.recorder.unwrap_or(absent.recorder),
            agent: self.agent.unwrap_or(absent.agent),
        }
    }
}

/// RFC 7519: seconds since 1970, which may have a fraction.
fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked; a float past u64 saturates"
    )]
    let secs = number
        .as_u64()
        .or_else(|| number.as_f64().filter(|&secs| secs >= 0.0).map(|secs| secs as u64));
    secs.ok_or_else(|| serde::de::Error::custom("not a date"))
}

fn optional_numeric_date<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Date(#[serde(deserialize_with = "numeric_date")] u64);
    Ok(Option::<Date>::deserialize(deserializer)?.map(|Date(secs)| secs))
}
