use super::*;
use crate::access::{Grants, Transcribe};
use jsonwebtoken::{EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;
const NAME: &str = "local";
const SECRET: &str = "a shared secret of 32 characters";
/// RFC 8032, 7.1, test 1.
const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
/// RFC 8032, 7.1, test 2.
const OTHER_PUBLIC: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

fn keys() -> LocalKeys {
    LocalKeys::parse(&format!("# of a test\n\n{NAME}: {SECRET}\n")).unwrap()
}

fn wallet() -> String {
    bs58::encode(hex::decode(PUBLIC).unwrap()).into_string()
}

/// PKCS #8 (RFC 8410) around the seed.
fn wallet_key() -> EncodingKey {
    let mut der = hex::decode("302e020100300506032b657004220420").unwrap();
    der.extend(hex::decode(SEED).unwrap());
    EncodingKey::from_ed_der(&der)
}

fn payload(issuer: &str) -> Value {
    json!({
        "iss": issuer, "sub": "ann", "exp": NOW + 600,
        "video": { "roomJoin": true, "room": "lobby" },
    })
}

fn with(mut payload: Value, member: &str, value: Value) -> Value {
    payload[member] = value;
    payload
}

fn local(payload: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), payload, &key).unwrap()
}

fn signed(payload: &Value) -> String {
    jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), payload, &wallet_key()).unwrap()
}

/// A wallet's token that is good now, for tests of what comes after.
pub fn test_token(room: &str, identity: &str) -> String {
    let grant = json!({ "roomJoin": true, "room": room });
    let exp = unix_secs() + 600;
    signed(&json!({ "iss": wallet(), "sub": identity, "exp": exp, "video": grant }))
}

fn reason(token: &str) -> String {
    match verify(&keys(), token, NOW) {
        Err(Denied::Unauthorized(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_local_key_and_a_wallet_are_each_taken_for_what_they_are() {
    let verified = verify(&keys(), &local(&payload(NAME)), NOW).unwrap();
    assert_eq!(verified.signer, Signer::Local(NAME.into()));
    let verified = verify(&keys(), &signed(&payload(&wallet())), NOW).unwrap();
    let public: [u8; 32] = hex::decode(PUBLIC).unwrap().try_into().unwrap();
    assert_eq!(verified.signer, Signer::Key(public));
    assert_eq!(verified.claims.identity, "ann");
    assert_eq!(verified.claims.issuer, wallet());
    assert_eq!(verified.claims.expires_at_unix_secs, NOW + 600);
}

#[test]
fn everything_a_livekit_token_says_is_read() {
    let token = signed(&json!({
        "iss": wallet(), "sub": "ann", "name": "Ann", "exp": NOW + 1, "nbf": NOW, "iat": NOW,
        "jti": "ann", "metadata": "{\"a\":1}", "attributes": { "b": "2", "a": "1" },
        "kind": "agent", "sha256": "AAAA", "roomConfig": { "name": "x" },
        "video": {
            "roomJoin": true, "room": "lobby", "roomCreate": true, "roomList": true,
            "roomAdmin": true, "canPublish": false, "canSubscribe": false,
            "canPublishData": false, "canUpdateOwnMetadata": true,
            "canPublishSources": ["camera"], "hidden": true, "recorder": true, "agent": true,
        },
        "heliograph": { "session": wallet(), "transcribe": "de" },
    }));
    let claims = verify(&keys(), &token, NOW).unwrap().claims;
    let expected = Claims {
        issuer: wallet(),
        identity: "ann".into(),
        name: "Ann".into(),
        metadata: "{\"a\":1}".into(),
        attributes: vec![("a".into(), "1".into()), ("b".into(), "2".into())],
        kind: "agent".into(),
        expires_at_unix_secs: NOW + 1,
        grants: Grants {
            room_join: true,
            room: "lobby".into(),
            room_create: true,
            room_list: true,
            room_admin: true,
            can_publish: false,
            can_subscribe: false,
            can_publish_data: false,
            can_update_own_metadata: true,
            can_publish_sources: vec!["camera".into()],
            hidden: true,
            recorder: true,
            agent: true,
        },
        sha256: Some("AAAA".into()),
        session: Some(wallet()),
        transcribe: Transcribe::Always("de".into()),
    };
    assert_eq!(claims, expected);
}

#[test]
fn absent_and_null_permissions_are_as_livekit_has_them() {
    for video in [json!({}), json!(null), json!({ "canPublish": null, "hidden": null })] {
        let token = local(&with(payload(NAME), "video", video));
        assert_eq!(verify(&keys(), &token, NOW).unwrap().claims.grants, Grants::default());
    }
    assert_eq!(verify(&keys(), &local(&payload(NAME)), NOW).unwrap().claims.kind, "");
    let standard = local(&with(payload(NAME), "kind", json!("standard")));
    assert_eq!(verify(&keys(), &standard, NOW).unwrap().claims.kind, "");
}

#[test]
fn times_bind_with_a_minute_of_leeway() {
    let at = |member: &str, value: Value| local(&with(payload(NAME), member, value));
    let good = |token: &str| verify(&keys(), token, NOW).is_ok();
    assert!(good(&at("exp", json!(NOW - LEEWAY_SECS + 1))));
    assert!(good(&at("exp", json!(NOW as f64 + 0.5))));
    assert!(good(&at("nbf", json!(NOW + LEEWAY_SECS))));
    assert!(good(&at("nbf", json!(null))));
    assert!(good(&at("exp", json!(u64::MAX))));
    assert!(reason(&at("exp", json!(NOW - LEEWAY_SECS))).contains("expired"));
    assert!(reason(&at("nbf", json!(NOW + LEEWAY_SECS + 1))).contains("not valid yet"));
    for exp in [json!(null), json!("9999999999"), json!(-1), json!([])] {
        assert!(reason(&at("exp", exp)).contains("expiry"));
    }
    let mut without = payload(NAME);
    without.as_object_mut().unwrap().remove("exp");
    assert!(reason(&local(&without)).contains("expiry"));
}

#[test]
fn the_issuer_decides_the_algorithm() {
    // The classical confusion: a public key used as a shared secret.
    let public = hex::decode(PUBLIC).unwrap();
    for secret in [public.as_slice(), wallet().as_bytes()] {
        let key = EncodingKey::from_secret(secret);
        let header = Header::new(Algorithm::HS256);
        let token = jsonwebtoken::encode(&header, &payload(&wallet()), &key).unwrap();
        assert!(reason(&token).contains("algorithm"));
    }
    // A wallet's signature under a local name, and the other HMACs.
    assert!(reason(&signed(&payload(NAME))).contains("algorithm"));
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let token = jsonwebtoken::encode(&Header::new(algorithm), &payload(NAME), &key).unwrap();
        assert!(reason(&token).contains("algorithm"));
    }
    // No algorithm at all.
    let body = local(&payload(NAME));
    let (_, rest) = body.split_once('.').unwrap();
    let (claims, _) = rest.split_once('.').unwrap();
    for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJOT05FIn0", "e30"] {
        for signature in ["", "AA"] {
            assert!(!reason(&format!("{header}.{claims}.{signature}")).is_empty());
        }
    }
}

#[test]
fn issuers_that_are_not_known_are_refused() {
    let other = bs58::encode(hex::decode(OTHER_PUBLIC).unwrap()).into_string();
    assert!(reason(&signed(&payload(&other))).contains("signature"));
    for issuer in ["", "nobody", "LOCAL", "local ", &wallet()[2..], "0OIl"] {
        assert!(reason(&local(&payload(issuer))).contains("issuer is not known"), "{issuer}");
    }
}

#[test]
fn what_is_no_token_is_refused() {
    for token in ["", ".", "..", "...", "a.b.c", "Bearer x", "\u{1f600}.\u{1f600}.x"] {
        assert!(!reason(token).is_empty());
    }
    let long = local(&with(payload(NAME), "metadata", json!("x".repeat(TOKEN_BYTES_MAX))));
    assert!(reason(&long).contains("16 KiB"));
    let bad_session = json!({ "session": "my session" });
    let token = local(&with(payload(NAME), "heliograph", bad_session));
    assert!(reason(&token).contains("heliograph.session"));
    let misspelt = local(&with(payload(NAME), "heliograph", json!({ "sesion": wallet() })));
    assert!(!reason(&misspelt).is_empty());
}

#[test]
fn files_of_keys_are_read_or_refused_line_by_line() {
    assert!(LocalKeys::parse("").unwrap().is_empty());
    assert_eq!(LocalKeys::parse("a"), Err(KeysError::Line { line: 1 }));
    assert_eq!(LocalKeys::parse("#\na:"), Err(KeysError::Line { line: 2 }));
    let short = KeysError::Short { line: 1, name: "a".into() };
    assert_eq!(LocalKeys::parse("a: secret"), Err(short));
    let twice = KeysError::Twice { line: 2, name: "a".into() };
    assert_eq!(LocalKeys::parse(&format!("a: {SECRET}\na: {SECRET}")), Err(twice));
    let wallet = wallet();
    let named = KeysError::NamedLikeWallet { line: 1, name: wallet.clone() };
    assert_eq!(LocalKeys::parse(&format!("{wallet}: {SECRET}")), Err(named));
    assert!(!format!("{:?}", keys()).contains(SECRET));
}

#[tokio::test]
async fn without_a_node_role_wallets_are_not_served() {
    let exp = json!(unix_secs() + 60);
    let token = local(&with(payload(NAME), "exp", exp.clone()));
    let admitted = keys().admit(&token).await.unwrap();
    assert_eq!((admitted.scope, admitted.payer), (Scope(NAME.into()), None));
    let token = signed(&with(payload(&wallet()), "exp", exp));
    assert!(matches!(keys().admit(&token).await, Err(Denied::Unauthorized(_))));
}

proptest! {
    /// Whatever is changed in a good token, it is good no longer.
    #[test]
    fn no_mutation_of_a_token_is_taken(
        is_wallet: bool,
        at in any::<prop::sample::Index>(),
        byte in any::<char>(),
        how in 0..4u8,
    ) {
        let token = if is_wallet { signed(&payload(&wallet())) } else { local(&payload(NAME)) };
        let at = at.index(token.len());
        let mutated = match how {
            0 => format!("{}{byte}{}", &token[..at], &token[at + 1..]),
            1 => format!("{}{byte}{}", &token[..at], &token[at..]),
            2 => format!("{}{}", &token[..at], &token[at + 1..]),
            _ => token[..at].to_owned(),
        };
        prop_assume!(mutated != token);
        prop_assert!(verify(&keys(), &mutated, NOW).is_err(), "{mutated}");
    }

    /// The parts of two good tokens do not make a third.
    #[test]
    fn parts_of_tokens_cannot_be_recombined(a in 0..3usize, b in 0..3usize, c in 0..3usize) {
        let tokens = [
            signed(&payload(&wallet())),
            signed(&with(payload(&wallet()), "sub", json!("bob"))),
            local(&payload(NAME)),
        ];
        let part = |token: usize, part: usize| tokens[token].split('.').nth(part).unwrap();
        // The two wallet tokens have the same header.
        prop_assume!(!(a < 2 && b < 2 && b == c || a == 2 && b == 2 && c == 2));
        let mixed = format!("{}.{}.{}", part(a, 0), part(b, 1), part(c, 2));
        prop_assert!(verify(&keys(), &mixed, NOW).is_err());
    }

    /// Anything at all is answered with a reason.
    #[test]
    fn hostile_tokens_are_answered(token in "\\PC{0,300}", json in "\\PC{0,80}") {
        prop_assert!(verify(&keys(), &token, NOW).is_err());
        use base64::Engine;
        let part = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&json);
        let whole = [part.as_str(); 3].join(".");
        prop_assert!(verify(&keys(), &whole, NOW).is_err());
    }
}
