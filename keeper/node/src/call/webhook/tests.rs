use super::*;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use solana_signature::Signature;
use std::sync::Mutex;

#[test]
fn webhooks_go_encrypted_or_stay_here() {
    for good in
        ["https://app.example/hook", "http://127.0.0.1:9/h", "http://localhost/h", "http://[::1]/h"]
    {
        assert!(check_url(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "app.example",
        "http://app.example/hook",
        "http://10.0.0.1/hook",
        "http://127.0.0.1.example/hook",
        "http://localhost.example/",
        "ftp://app.example",
        "file:///etc/passwd",
    ] {
        assert!(check_url(bad).is_err(), "{bad}");
    }
}

type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// An app's server: fails the first time, then takes what comes.
async fn receive(State(seen): State<Seen>, headers: HeaderMap, body: String) -> StatusCode {
    let token = headers[AUTHORIZATION].to_str().unwrap().to_owned();
    let mut seen = seen.lock().unwrap();
    seen.push((token, body));
    if seen.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

#[tokio::test]
async fn an_event_is_tried_again_and_signed_for_its_body() {
    let seen = Seen::default();
    let router = Router::new().route("/hook", post(receive)).with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = check_url(&format!("http://{}/hook", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let key = Keypair::new();
    let event = WebhookEvent { event: "room_started".into(), ..WebhookEvent::default() };
    let body = serde_json::to_string(&event).unwrap();
    deliver(&reqwest::Client::new(), &url, &key, &event.event, body).await;

    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 2, "once more, and no more than that");
    let (token, body) = &seen[1];
    let read: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(read["event"], "room_started");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let signature = Signature::try_from(signature.as_slice()).unwrap();
    assert!(signature.verify(&key.pubkey().to_bytes(), signed.as_bytes()));
    let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["iss"], key.pubkey().to_string());
    assert_eq!(claims["sha256"], STANDARD.encode(Sha256::digest(body.as_bytes())));
}
