//! Session keys: who carries one may have so many seconds of audio transcribed, and its maker pays.
//!
//! A key is a JWT signed with EdDSA. Its `iss` is the Ed25519 key that signed it, base58: the voucher
//! signer of the session it names, or the app's wallet. It is made without asking anybody.
//!
//! ```json
//! {"iss": "…", "jti": "visitor-17", "exp": 1790000000,
//!  "heliograph": {"session": "…", "speech": {"seconds": 300, "language": "en"}}}
//! ```
//!
//! `jti` is what the seconds are counted by: a key with the same one and more seconds extends the
//! first. A token for calls has no `speech`, and a server of calls takes no token that has it, so
//! neither passes for the other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use heliograph_protocol::Address;
use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;

/// Longest key that is looked at, in bytes.
pub const KEY_BYTES_MAX: usize = 2_048;
/// Longest id, in bytes.
pub const ID_BYTES_MAX: usize = 128;
/// How far clocks may differ: a key is good this long after `exp`, as tokens for calls are.
pub const LEEWAY_SECS: u64 = 60;

/// No `kid`: the issuer is the key.
const HEADER: &str = r#"{"typ":"JWT","alg":"EdDSA"}"#;

/// What a key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKey {
    /// The session that pays.
    pub session: Address,
    /// What its seconds are counted by, unique in the session: 1 to [`ID_BYTES_MAX`] bytes.
    pub id: String,
    /// Seconds of audio bought in all, those used before included.
    pub seconds: u32,
    /// ISO 639-1; `None` leaves it to who streams.
    pub language: Option<String>,
    /// Unix time in seconds until which a stream can be opened with it. One that runs goes on.
    pub expires_at_unix_secs: u64,
}

/// Why a text is not a key that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a JWT of the form above.
    #[error("the session key is not one: {0}")]
    Malformed(String),
    /// Signed by somebody else than it says, or altered.
    #[error("the session key's signature is not its issuer's")]
    Signature,
    /// Its time is over.
    #[error("the session key has expired")]
    Expired,
    /// The issuer could not sign.
    #[error("cannot sign the session key: {0}")]
    Sign(String),
}

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    iss: String,
    jti: String,
    exp: u64,
    heliograph: Ours,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    session: String,
    speech: Speech,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Speech {
    seconds: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

impl SessionKey {
    /// The key as text, issued by `signer`: the session's voucher signer or the app's wallet.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, KeyError> {
        if self.id.is_empty() || self.id.len() > ID_BYTES_MAX {
            return Err(KeyError::Malformed(format!("its id has 1 to {ID_BYTES_MAX} bytes")));
        }
        let failed = |error: solana_signer::SignerError| KeyError::Sign(error.to_string());
        let payload = Payload {
            iss: signer.try_pubkey().map_err(failed)?.to_string(),
            jti: self.id.clone(),
            exp: self.expires_at_unix_secs,
            heliograph: Ours {
                session: Pubkey::from(self.session).to_string(),
                speech: Speech { seconds: self.seconds, language: self.language.clone() },
            },
        };
        let payload =
            serde_json::to_string(&payload).map_err(|error| KeyError::Sign(error.to_string()))?;
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(payload));
        let signature = signer.try_sign_message(signed.as_bytes()).map_err(failed)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }

    /// Reads a key, checks its signature and its time, and says who issued it. Whether the issuer
    /// may spend from the session is not known here.
    pub fn read(token: &str, now_unix_secs: u64) -> Result<(Self, Address), KeyError> {
        let read = Self::read_signed(token)?;
        if read.0.expires_at_unix_secs.saturating_add(LEEWAY_SECS) <= now_unix_secs {
            return Err(KeyError::Expired);
        }
        Ok(read)
    }

    /// The same, whatever the time.
    pub fn read_signed(token: &str) -> Result<(Self, Address), KeyError> {
        let malformed = |why: &str| KeyError::Malformed(why.to_owned());
        if token.len() > KEY_BYTES_MAX {
            return Err(malformed("it is longer than 2 KiB"));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or_else(|| malformed("not a JWT"))?;
        let (header, payload) = signed.split_once('.').ok_or_else(|| malformed("not a JWT"))?;
        let decode = |part: &str| {
            URL_SAFE_NO_PAD.decode(part).map_err(|error| KeyError::Malformed(error.to_string()))
        };
        let json = |error: serde_json::Error| KeyError::Malformed(error.to_string());
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(json)?;
        if header.alg != "EdDSA" {
            return Err(malformed("its algorithm is not EdDSA"));
        }
        let payload: Payload = serde_json::from_slice(&decode(payload)?).map_err(json)?;
        let address = |text: &str, what: &str| {
            text.parse::<Pubkey>().map(|key| key.to_bytes()).map_err(|_| malformed(what))
        };
        let issuer = address(&payload.iss, "its issuer is not a key")?;
        let signature = <[u8; 64]>::try_from(decode(signature)?)
            .map_err(|_| malformed("its signature does not have 64 bytes"))?;
        if !Signature::from(signature).verify(&issuer, signed.as_bytes()) {
            return Err(KeyError::Signature);
        }
        if payload.jti.is_empty() || payload.jti.len() > ID_BYTES_MAX {
            return Err(malformed("its jti has 1 to 128 bytes"));
        }
        let Speech { seconds, language } = payload.heliograph.speech;
        let key = Self {
            session: address(&payload.heliograph.session, "it names no session")?,
            id: payload.jti,
            seconds,
            language,
            expires_at_unix_secs: payload.exp,
        };
        Ok((key, issuer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_keypair::Keypair;

    const NOW: u64 = 1_790_000_000;

    fn key() -> SessionKey {
        SessionKey {
            session: [7; 32],
            id: "visitor-17".into(),
            seconds: 300,
            language: Some("en".into()),
            expires_at_unix_secs: NOW + 60,
        }
    }

    #[test]
    fn reads_back_what_was_signed_and_by_whom() {
        let signer = Keypair::new();
        for language in [Some("en".to_owned()), None] {
            let key = SessionKey { language, ..key() };
            let token = key.sign(&signer).unwrap();
            assert_eq!(SessionKey::read(&token, NOW), Ok((key, signer.pubkey().to_bytes())));
        }
    }

    #[test]
    fn every_altered_character_is_noticed() {
        let token = key().sign(&Keypair::new()).unwrap();
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            // Unused bits of a last character say nothing; the decoder refuses them as well.
            assert!(SessionKey::read(&altered, NOW).is_err(), "character {at}");
        }
    }

    #[test]
    fn time_is_over_a_minute_after_it_says() {
        let token = key().sign(&Keypair::new()).unwrap();
        assert!(SessionKey::read(&token, NOW + 60 + LEEWAY_SECS - 1).is_ok());
        assert_eq!(SessionKey::read(&token, NOW + 60 + LEEWAY_SECS), Err(KeyError::Expired));
    }

    fn signed(header: &str, payload: &str) -> String {
        let signer = Keypair::new();
        let payload = payload.replace("ISS", &signer.pubkey().to_string());
        let text =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = signer.sign_message(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    #[test]
    fn tokens_of_another_kind_are_not_session_keys() {
        let session = Pubkey::from([7; 32]).to_string();
        let speech = r#""speech":{"seconds":300}"#;
        let good = format!(
            r#"{{"iss":"ISS","jti":"a","exp":{NOW},"heliograph":{{"session":"{session}",{speech}}}}}"#
        );
        assert!(SessionKey::read(&signed(HEADER, &good), NOW).is_ok());
        assert!(SessionKey::read(&signed(r#"{"alg":"HS256"}"#, &good), NOW).is_err());
        assert!(SessionKey::read(&signed(r#"{"alg":"none"}"#, &good), NOW).is_err());
        for (from, to) in [
            (speech, r#""transcribe":"en""#),
            (r#""jti":"a","#, ""),
            (r#""jti":"a""#, r#""jti":"""#),
            (r#""seconds":300"#, r#""seconds":-1"#),
            (r#""seconds":300"#, r#""seconds":300,"free":true"#),
            (session.as_str(), "nowhere"),
            (r#""iss":"ISS""#, r#""iss":"APIabc""#),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            assert!(SessionKey::read(&signed(HEADER, &bad), NOW).is_err(), "{bad}");
        }
        for junk in ["", ".", "..", "a.b.c", &"x".repeat(KEY_BYTES_MAX + 1)] {
            assert!(matches!(SessionKey::read(junk, NOW), Err(KeyError::Malformed(_))));
        }
    }
}
