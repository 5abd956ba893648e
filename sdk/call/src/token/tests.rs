use super::*;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

/// Test 1 of RFC 8032, section 7.1.
const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn keypair() -> [u8; 64] {
    [bytes(SEED), bytes(PUBLIC)].concat().try_into().unwrap()
}

fn claims(token: &str) -> serde_json::Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[test]
fn keypair_signs_a_token_that_its_public_key_verifies() {
    let token = Token::new("lobby", "ada").session("S").sign_keypair(&keypair()).unwrap();
    let key = DecodingKey::from_ed_der(&bytes(PUBLIC));
    let read =
        decode::<serde_json::Value>(&token, &key, &Validation::new(Algorithm::EdDSA)).unwrap();
    assert_eq!(read.header.kid, None);
    assert_eq!(read.claims["iss"], bs58::encode(bytes(PUBLIC)).into_string());
    assert_eq!(read.claims["sub"], "ada");
    assert_eq!(read.claims["video"]["room"], "lobby");
    assert_eq!(read.claims["video"]["roomJoin"], true);
    assert_eq!(read.claims["heliograph"]["session"], "S");
    assert!(read.claims["video"].get("canPublish").is_none());
}

#[test]
fn keypair_of_two_keys_is_refused() {
    let mut keypair = keypair();
    keypair[63] ^= 1;
    let error = Token::new("lobby", "ada").sign_keypair(&keypair).unwrap_err();
    assert!(error.to_string().contains("do not belong together"), "{error}");
}

#[test]
fn local_key_signs_with_its_name_as_issuer() {
    let token = Token::new("lobby", "ada").allow(false, true, false).sign_hs256("k", "s").unwrap();
    let key = DecodingKey::from_secret(b"s");
    let read =
        decode::<serde_json::Value>(&token, &key, &Validation::new(Algorithm::HS256)).unwrap();
    assert_eq!(read.claims["iss"], "k");
    assert_eq!(read.claims["video"]["canPublish"], false);
    assert_eq!(read.claims["video"]["canSubscribe"], true);
    let wrong = DecodingKey::from_secret(b"t");
    decode::<serde_json::Value>(&token, &wrong, &Validation::new(Algorithm::HS256)).unwrap_err();
}

#[test]
fn token_lasts_as_long_as_said() {
    let token =
        Token::new("lobby", "ada").ttl(Duration::from_secs(60)).sign_hs256("k", "s").unwrap();
    let claims = claims(&token);
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["nbf"].as_u64().unwrap(), 60);
}

#[test]
fn service_token_joins_nothing() {
    let claims = claims(&Token::service("lobby").sign_hs256("k", "s").unwrap());
    assert_eq!(claims["video"]["roomAdmin"], true);
    assert!(claims["video"].get("roomJoin").is_none());
}
