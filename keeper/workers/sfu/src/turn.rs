//! TURN servers that clients are told of, for networks that let nothing through but a relay.
//!
//! The worker runs none itself: it shares a secret with one, such as coturn with
//! `use-auth-secret`, and makes credentials that hold for a while, as the draft *A REST API For
//! Access To TURN Services* (behave-turn-rest) has it: the name is the time at which it expires, in
//! Unix seconds, a colon, and whose it is; the password is the base64 of the name's HMAC-SHA1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use livekit_protocol as proto;
use std::fmt;

/// How long a client may use what it was told: longer than any call, since a relay asks for the
/// credentials again all the time. Who comes back is told new ones.
const LIFETIME_SECS: u64 = 24 * 60 * 60;

/// Relays, and what they share with us.
#[derive(Clone, PartialEq, Eq)]
pub struct Turn {
    urls: Vec<String>,
    secret: String,
}

impl fmt::Debug for Turn {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// A relay that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnError {
    /// Not the address of a relay.
    #[error("{0} is no TURN server: turn:HOST[:PORT][?transport=udp|tcp], or turns: with TLS")]
    Url(String),
    /// Anybody could make credentials.
    #[error("the TURN secret is empty")]
    NoSecret,
}

impl Turn {
    /// Relays of one secret. White space around it, such as a file's last line break, is not part of
    /// it.
    ///
    /// # Errors
    /// See [`TurnError`].
    pub fn new(urls: Vec<String>, secret: &str) -> Result<Self, TurnError> {
        let is_turn = |url: &&String| {
            let address = url.strip_prefix("turn:").or_else(|| url.strip_prefix("turns:"));
            let fits = |letter: char| letter.is_ascii_graphic() && letter != '"';
            address.is_some_and(|address| !address.is_empty() && address.chars().all(fits))
        };
        if let Some(wrong) = urls.iter().find(|url| !is_turn(url)) {
            return Err(TurnError::Url(wrong.clone()));
        }
        let secret = secret.trim().to_owned();
        if secret.is_empty() {
            return Err(TurnError::NoSecret);
        }
        Ok(Self { urls, secret })
    }

    /// What one client is told. `whose` is for the relay's logs.
    pub fn server_for(&self, whose: &str, now_ms: u64) -> proto::IceServer {
        let username = format!("{}:{whose}", now_ms / 1_000 + LIFETIME_SECS);
        let hmac = str0m::crypto::from_feature_flags().sha1_hmac_provider;
        let password = hmac.sha1_hmac(self.secret.as_bytes(), &[username.as_bytes()]);
        proto::IceServer {
            urls: self.urls.clone(),
            username,
            credential: STANDARD.encode(password),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_those_that_a_relay_computes() {
        let turn = Turn::new(vec!["turn:turn.example:3478".to_owned()], "north\n").unwrap();
        let server = turn.server_for("PA_ada", 1_700_000_000_999);
        assert_eq!(server.urls, ["turn:turn.example:3478"]);
        assert_eq!(server.username, "1700086400:PA_ada");
        // printf 1700086400:PA_ada | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(server.credential, "8ZVybEcV8GWp6CvFlqzTMXFU7j0=");
        assert!(!format!("{turn:?}").contains("north"));
    }

    #[test]
    fn what_is_no_relay_is_refused() {
        for wrong in ["turn.example", "stun:turn.example", "turn:", "turns:a b", "turn:a\"b"] {
            let error = Turn::new(vec![wrong.to_owned()], "north").unwrap_err();
            assert_eq!(error, TurnError::Url(wrong.to_owned()));
        }
        let fine = vec!["turns:turn.example?transport=tcp".to_owned()];
        assert_eq!(Turn::new(fine, " \n"), Err(TurnError::NoSecret));
    }
}
