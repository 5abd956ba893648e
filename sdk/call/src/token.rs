//! Access tokens: LiveKit's JWTs, signed with a local key or with a Solana keypair.
//!
//! A node admits a token whose `iss` is the voucher signer, or the wallet, of an app with a session
//! at that node. Clients pass tokens through unread, so every LiveKit client can be given one.

use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a token can be used to join, unless said otherwise. A call that runs longer goes on.
pub const DEFAULT_TTL: Duration = Duration::from_secs(6 * 60 * 60);

/// A token to be signed.
#[derive(Clone, Debug)]
pub struct Token {
    claims: Claims,
    ttl: Duration,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    iss: String,
    sub: String,
    nbf: u64,
    exp: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    metadata: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
    video: Video,
    #[serde(skip_serializing_if = "Heliograph::is_empty")]
    heliograph: Heliograph,
}

/// LiveKit's grant; what is left out has LiveKit's meaning.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Video {
    #[serde(skip_serializing_if = "String::is_empty")]
    room: String,
    #[serde(skip_serializing_if = "is_false")]
    room_join: bool,
    #[serde(skip_serializing_if = "is_false")]
    room_create: bool,
    #[serde(skip_serializing_if = "is_false")]
    room_list: bool,
    #[serde(skip_serializing_if = "is_false")]
    room_admin: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_publish: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_subscribe: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_publish_data: Option<bool>,
    #[serde(skip_serializing_if = "is_false")]
    hidden: bool,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Heliograph {
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transcribe: Option<Transcribe>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Transcribe {
    Language(String),
    Whether(bool),
}

impl Heliograph {
    const fn is_empty(&self) -> bool {
        self.session.is_none() && self.transcribe.is_none()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Token {
    /// A token with which `identity` joins `room` and may publish, subscribe and send data.
    pub fn new(room: impl Into<String>, identity: impl Into<String>) -> Self {
        let video = Video { room: room.into(), room_join: true, ..Video::default() };
        let claims = Claims { sub: identity.into(), video, ..Claims::default() };
        Self { claims, ttl: DEFAULT_TTL }
    }

    /// A token for the room service: it makes, lists and administers rooms, and joins none.
    /// `room` is the one that may be administered.
    pub fn service(room: impl Into<String>) -> Self {
        let video = Video {
            room: room.into(),
            room_create: true,
            room_list: true,
            room_admin: true,
            ..Video::default()
        };
        Self { claims: Claims { video, ..Claims::default() }, ttl: DEFAULT_TTL }
    }

    /// How long the token can be used from now on, in whole seconds.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// The name others see.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.claims.name = name.into();
        self
    }

    /// Metadata of the participant.
    #[must_use]
    pub fn metadata(mut self, metadata: impl Into<String>) -> Self {
        self.claims.metadata = metadata.into();
        self
    }

    /// An attribute of the participant.
    #[must_use]
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.claims.attributes.insert(key.into(), value.into());
        self
    }

    /// What the participant may do.
    #[must_use]
    pub const fn allow(mut self, publish: bool, subscribe: bool, data: bool) -> Self {
        self.claims.video.can_publish = Some(publish);
        self.claims.video.can_subscribe = Some(subscribe);
        self.claims.video.can_publish_data = Some(data);
        self
    }

    /// Nobody sees the participant.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.claims.video.hidden = true;
        self
    }

    /// The session (base58 of its account) that pays; without, the node takes the issuer's newest.
    #[must_use]
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.claims.heliograph.session = Some(session.into());
        self
    }

    /// The participant's audio is transcribed; an empty language leaves it to the speech worker.
    #[must_use]
    pub fn transcribe(mut self, language: impl Into<String>) -> Self {
        self.claims.heliograph.transcribe = Some(Transcribe::Language(language.into()));
        self
    }

    /// The participant's audio is not transcribed, though the host asks for everybody's.
    #[must_use]
    pub fn not_transcribed(mut self) -> Self {
        self.claims.heliograph.transcribe = Some(Transcribe::Whether(false));
        self
    }

    /// Signs with a local key of the server's.
    pub fn sign_hs256(&self, key: &str, secret: &str) -> Result<String, Error> {
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        let secret = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&header, &self.issued_by(key.to_string())?, &secret)
            .map_err(|error| Error::Token(error.to_string()))
    }

    /// Signs with a Solana keypair in its usual form: 32 bytes of seed, 32 of public key.
    pub fn sign_keypair(&self, keypair: &[u8; 64]) -> Result<String, Error> {
        let (seed, public_key) = keypair.split_at(32);
        let public_key: [u8; 32] = public_key.try_into().expect("64 bytes less 32");
        let key = jsonwebtoken::EncodingKey::from_ed_der(&[PKCS8_ED25519, seed].concat());
        let token = self.sign_with(&public_key, |message| {
            let signature =
                jsonwebtoken::crypto::sign(message, &key, jsonwebtoken::Algorithm::EdDSA)
                    .map_err(|error| Error::Token(error.to_string()))?;
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
            signature.try_into().map_err(|_| Error::Token("a signature has 64 bytes".to_string()))
        })?;
        // A seed with another key's public half would give tokens that nobody accepts.
        let (message, signature) = token.rsplit_once('.').expect("a JWT has dots");
        let public = jsonwebtoken::DecodingKey::from_ed_der(&public_key);
        match jsonwebtoken::crypto::verify(
            signature,
            message.as_bytes(),
            &public,
            jsonwebtoken::Algorithm::EdDSA,
        ) {
            Ok(true) => Ok(token),
            _ => Err(Error::Token("the keypair's two halves do not belong together".to_string())),
        }
    }

    /// Signs with an Ed25519 key held elsewhere: `sign` gets the message and gives its signature.
    pub fn sign_with<F>(&self, public_key: &[u8; 32], sign: F) -> Result<String, Error>
    where
        F: FnOnce(&[u8]) -> Result<[u8; 64], Error>,
    {
        let claims = self.issued_by(bs58::encode(public_key).into_string())?;
        let claims =
            serde_json::to_vec(&claims).map_err(|error| Error::Token(error.to_string()))?;
        let message =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
        let signature = sign(message.as_bytes())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn issued_by(&self, issuer: String) -> Result<Claims, Error> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|_| Error::Token("the clock is before 1970".to_string()))?
            .as_secs();
        let exp = now.saturating_add(self.ttl.as_secs());
        Ok(Claims { iss: issuer, nbf: now, exp, ..self.claims.clone() })
    }
}

/// No `kid`: the issuer is the key.
const HEADER: &str = r#"{"typ":"JWT","alg":"EdDSA"}"#;

/// What comes before an Ed25519 seed in PKCS #8 (RFC 8410, section 7).
const PKCS8_ED25519: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

#[cfg(test)]
mod tests;
