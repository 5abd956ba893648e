//! Access tokens: JWTs as LiveKit's clients carry them, of two kinds of issuer.
//!
//! | `iss` | signed with | who vouches for it |
//! |---|---|---|
//! | name of a local key | HS256 | the file of keys |
//! | base58 Ed25519 key | EdDSA | the node role, if it serves the key |
//!
//! The algorithm follows from the issuer, never from the token's header: a header that says
//! otherwise is refused, so a public key cannot be passed off as a shared secret. Nothing here does
//! I/O or looks at a clock.

mod claims;
mod keys;
#[cfg(test)]
mod tests;

pub use keys::{KeysError, LocalKeys};
#[cfg(test)]
pub use tests::test_token;

use crate::access::{Access, Admission, Captions, Claims, Denied, Scope};
use async_trait::async_trait;
use claims::Payload;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use std::time::{SystemTime, UNIX_EPOCH};

/// Longest token that is looked at. The signature is checked over all of it.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// How far clocks may differ: a token is good this long after `exp` and before `nbf`, as in
/// LiveKit's servers.
pub const LEEWAY_SECS: u64 = 60;

/// Who signed a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The local key of this name.
    Local(String),
    /// The holder of this Ed25519 key. Whether it is served here is not known yet.
    Key([u8; 32]),
}

/// A token whose signature and times are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who signed it.
    pub signer: Signer,
    /// What it says.
    pub claims: Claims,
}

/// Verifies a token's signature and times.
pub fn verify(keys: &LocalKeys, token: &str, now_unix_secs: u64) -> Result<Verified, Denied> {
    let refused = |why: &str| Denied::Unauthorized(why.to_owned());
    if token.is_empty() {
        return Err(refused("there is no token"));
    }
    if token.len() > TOKEN_BYTES_MAX {
        return Err(refused("the token is longer than 16 KiB"));
    }
    let payload: Payload = jsonwebtoken::dangerous::insecure_decode_claims(token)
        .map_err(|_| refused("the token is not a JWT with an issuer and an expiry"))?;
    let (signer, key, algorithm) = match keys.secret(&payload.iss) {
        Some(secret) => {
            let key = DecodingKey::from_secret(secret);
            (Signer::Local(payload.iss.clone()), key, Algorithm::HS256)
        }
        None => {
            let public = public_key(&payload.iss)
                .ok_or_else(|| refused("the token's issuer is not known here"))?;
            (Signer::Key(public), DecodingKey::from_ed_der(&public), Algorithm::EdDSA)
        }
    };
    // Only the signature: times are checked against the caller's clock below.
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    // What is read again here is the same text that named the issuer, and now it is signed.
    let payload = jsonwebtoken::decode::<Payload>(token, &key, &validation)
        .map_err(|error| refused(signature_reason(error.kind())))?
        .claims;
    check_times(&payload, now_unix_secs)?;
    Ok(Verified { signer, claims: payload.into_claims()? })
}

/// The Ed25519 key that an issuer names: base58 of 32 bytes.
pub fn public_key(issuer: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    let written = bs58::decode(issuer).onto(&mut key).ok()?;
    // Shorter text is another key's or none: leading zeros are digits of base58.
    (written == key.len()).then_some(key)
}

fn check_times(payload: &Payload, now_unix_secs: u64) -> Result<(), Denied> {
    let refused = |why: &str| Err(Denied::Unauthorized(why.to_owned()));
    if payload.exp.saturating_add(LEEWAY_SECS) <= now_unix_secs {
        return refused("the token has expired");
    }
    if payload.nbf.is_some_and(|nbf| nbf > now_unix_secs.saturating_add(LEEWAY_SECS)) {
        return refused("the token is not valid yet");
    }
    Ok(())
}

fn signature_reason(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            "the token's algorithm is not its issuer's: HS256 for local keys, EdDSA for wallets"
        }
        _ => "the token's signature is not its issuer's",
    }
}

/// Unix time in s, for callers of [`verify`].
pub fn unix_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

#[async_trait]
impl Access for LocalKeys {
    /// Admits tokens of local keys. A worker that has no node role at the other end serves nobody
    /// else.
    async fn admit(&self, token: &str) -> Result<Admission, Denied> {
        let verified = verify(self, token, unix_secs())?;
        match verified.signer {
            Signer::Local(name) => Ok(Admission {
                scope: Scope(name),
                payer: None,
                participants_max: None,
                captions: Captions::default(),
                claims: verified.claims,
            }),
            Signer::Key(_) => Err(Denied::Unauthorized(
                "the token's issuer is not known here: this server knows local keys only".into(),
            )),
        }
    }
}
