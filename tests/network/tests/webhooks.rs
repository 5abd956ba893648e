//! What happens in a room is told to the app, signed by the node.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use heliograph_client::call::CALL_SERVICES;
use heliograph_client::stream::EndReason;
use heliograph_network_tests::{Caller, Network, Setup, eventually, token};
use serde_json::Value;
use sha2::{Digest, Sha256};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CAP_MICRO_USDC: u64 = 1_000_000;
/// For everything that takes seconds on a machine that is not busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the app was sent: token and body.
type Mail = Arc<Mutex<Vec<(String, String)>>>;

async fn receive(State(mail): State<Mail>, headers: HeaderMap, body: String) -> StatusCode {
    let token = headers["authorization"].to_str().expect("a token is ASCII").to_owned();
    mail.lock().unwrap().push((token, body));
    StatusCode::OK
}

/// The app's server.
async fn app_server() -> (String, Mail) {
    let mail = Mail::default();
    let router = Router::new().route("/hook", post(receive)).with_state(mail.clone());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, mail)
}

/// The event, if the node has signed it for this body.
fn verified(node_key: &Pubkey, (token, body): &(String, String)) -> Value {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = Signature::try_from(URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    assert!(signature.verify(&node_key.to_bytes(), signed.as_bytes()), "signed by the node");
    let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["iss"], node_key.to_string());
    assert_eq!(claims["sha256"], STANDARD.encode(Sha256::digest(body)));
    serde_json::from_str(body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_is_told_what_happens_in_its_rooms() {
    let net = Network::start(Setup { calls_every_secs: Some(10), ..Setup::default() }).await;
    let session = net.open_session_for(CALL_SERVICES, CAP_MICRO_USDC).await;
    let (url, mail) = app_server().await;
    let host = net.host_with(session, None, Some(url)).await.unwrap();
    let ann = token(&net.voucher_signer, "lobby", "ann");
    let ann = eventually("a seat in the call", PATIENCE, async || {
        Caller::join(&host.url, &ann).await.ok()
    })
    .await;
    let bob = Caller::join(&host.url, &token(&net.voucher_signer, "lobby", "bob")).await.unwrap();
    let talks = |caller: &Caller| caller.heard().0 > 10;
    eventually("they talk", PATIENCE, async || (talks(&ann) && talks(&bob)).then_some(())).await;
    bob.leave().await;
    host.finish();
    assert_eq!(host.ended(PATIENCE).await, Ok(EndReason::Finished));

    let told = || {
        let mail = mail.lock().unwrap().clone();
        mail.iter().map(|message| verified(&net.node_key, message)).collect::<Vec<Value>>()
    };
    let happened = |event: &str, identity: Option<&str>| {
        told().into_iter().find(|told| {
            let of = told["participant"]["identity"].as_str();
            told["event"] == event && identity.is_none_or(|identity| of == Some(identity))
        })
    };
    eventually("the end of the room", PATIENCE, async || happened("room_finished", None)).await;
    for identity in ["ann", "bob"] {
        for event in ["participant_joined", "track_published", "participant_left"] {
            let told = happened(event, Some(identity));
            assert_eq!(
                told.unwrap_or_else(|| panic!("{event} {identity}"))["room"]["name"],
                "lobby"
            );
        }
    }
    let events: Vec<Value> = told();
    assert_eq!(events[0]["event"], "room_started");
    let ids: std::collections::BTreeSet<_> =
        events.iter().map(|told| told["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), events.len(), "each is told once");
}
