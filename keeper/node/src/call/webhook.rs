//! Webhooks: what happens in rooms, POSTed to the app as LiveKit's servers do it.
//!
//! The body is LiveKit's `WebhookEvent` as JSON. `Authorization` is a JWT whose `sha256` is the
//! body's hash, base64; it is signed by the node key (EdDSA), whose base58 is `iss`. Events of a
//! session are told in order; one that cannot be delivered is given up after [`TRIES`].

use crate::state::NodeState;
use crate::time::unix_secs;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use livekit_protocol::WebhookEvent;
use prost::Message as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;
use sha2::{Digest, Sha256};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use url::{Host, Url};

#[cfg(test)]
mod tests;

/// Events of one session that wait.
pub const QUEUE: usize = 256;
/// How often one event is tried.
const TRIES: u32 = 4;
/// First pause between two tries, doubled after each.
const PAUSE: Duration = Duration::from_millis(500);
/// How long the app's server may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long the signature is good.
const TOKEN_SECS: u64 = 300;

/// Checks a URL that a host names: what is said there concerns people, so it goes encrypted, or
/// stays on this machine.
pub fn check_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("the webhook is not a URL: {error}"))?;
    let is_local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_local => Ok(url),
        _ => Err("the webhook must be an https URL".into()),
    }
}

/// Tells events until there will be no more; `url` says where to.
pub async fn run(
    state: Arc<NodeState>,
    mut events: mpsc::Receiver<Vec<u8>>,
    url: watch::Receiver<Option<Url>>,
) {
    // A redirect would carry what concerns the app's users to where the app did not say.
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ANSWER_LIMIT)
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "no webhooks"),
    };
    while let Some(event) = events.recv().await {
        let Some(url) = url.borrow().clone() else { continue };
        let Ok(event) = WebhookEvent::decode(event.as_slice()) else { continue };
        let body = match serde_json::to_string(&event) {
            Ok(body) => body,
            Err(error) => {
                tracing::warn!(%error, "event has no JSON");
                continue;
            }
        };
        deliver(&client, &url, state.key(), &event.event, body).await;
    }
}

/// POSTs one event, a few times if need be.
async fn deliver(client: &reqwest::Client, url: &Url, key: &Keypair, name: &str, body: String) {
    let mut pause = PAUSE;
    for attempt in 1..=TRIES {
        let sent = client
            .post(url.clone())
            .header(CONTENT_TYPE, "application/webhook+json")
            .header(AUTHORIZATION, authorization(key, body.as_bytes(), unix_secs()))
            .body(body.clone())
            .send()
            .await;
        let why = match sent {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => answer.status().to_string(),
            Err(error) => error.without_url().to_string(),
        };
        tracing::debug!(event = name, attempt, why, "webhook not delivered");
        if attempt < TRIES {
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
    tracing::warn!(event = name, "webhook given up");
}

/// A token that vouches for a body: RFC 7519 with the algorithm of RFC 8037.
fn authorization(key: &Keypair, body: &[u8], now_unix_secs: u64) -> String {
    let header = json!({ "alg": "EdDSA", "typ": "JWT" });
    let claims = json!({
        "iss": key.pubkey().to_string(),
        "nbf": now_unix_secs,
        "exp": now_unix_secs + TOKEN_SECS,
        "sha256": STANDARD.encode(Sha256::digest(body)),
    });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = key.sign_message(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}
