//! Any text as a token, and true tokens with something changed: only what was signed is let in.
#![no_main]

use arbitrary::Arbitrary;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use heliograph_sfu::token::{LocalKeys, verify};
use jsonwebtoken::{EncodingKey, Header};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const SECRET: &str = "a secret of thirty-two letters or more";
/// Of the true token; the clock stands at its beginning.
const NOW_UNIX_SECS: u64 = 1_700_000_000;

static KEYS: LazyLock<LocalKeys> =
    LazyLock::new(|| LocalKeys::parse(&format!("key: {SECRET}\n")).expect("a file of keys"));
static TRUE: LazyLock<String> = LazyLock::new(|| {
    let claims = serde_json::json!({
        "iss": "key", "sub": "ada", "exp": NOW_UNIX_SECS + 60,
        "video": { "roomJoin": true, "room": "hall" },
    });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), &claims, &key).expect("a token")
});

#[derive(Debug, Arbitrary)]
enum Token {
    Text(String),
    /// A header and claims of anybody's, signed with the true key or not at all.
    Made { header: String, claims: String, signed: bool },
    /// The true token with bytes replaced.
    Changed(Vec<(u16, u8)>),
}

fuzz_target!(|token: Token| {
    match token {
        Token::Text(text) => {
            let _ = verify(&KEYS, &text, NOW_UNIX_SECS);
        }
        Token::Made { header, claims, signed } => {
            let text = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".");
            let signature = match signed {
                true => jsonwebtoken::crypto::sign(
                    text.as_bytes(),
                    &EncodingKey::from_secret(SECRET.as_bytes()),
                    jsonwebtoken::Algorithm::HS256,
                )
                .expect("a signature"),
                false => String::new(),
            };
            let verified = verify(&KEYS, &format!("{text}.{signature}"), NOW_UNIX_SECS);
            assert!(signed || verified.is_err(), "let in without a signature");
        }
        Token::Changed(changes) => {
            let mut bytes = TRUE.clone().into_bytes();
            for (at, byte) in changes {
                let at = usize::from(at) % bytes.len();
                bytes[at] = byte & 0x7f;
            }
            let text = String::from_utf8(bytes).expect("ASCII");
            let verified = verify(&KEYS, &text, NOW_UNIX_SECS);
            // The last character of base64 has bits that say nothing.
            let same = text[..text.len() - 1] == TRUE[..TRUE.len() - 1];
            assert_eq!(verified.is_ok(), same, "{verified:?}");
        }
    }
});
