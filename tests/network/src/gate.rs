use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// What passes to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Everything.
    Open,
    /// Everything but transactions: who sends one hears that nobody is there.
    ReadOnly,
    /// Everything until a transaction comes: that passes, its sender hears nothing, and nothing
    /// passes after it.
    OneTransaction,
    /// Nothing.
    Shut,
}

/// An HTTP relay to an RPC node that knows what a transaction is: stands for what can go wrong
/// between sending one and hearing of it.
#[derive(Debug)]
pub struct Gate {
    url: String,
    state: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    target: String,
    passage: Mutex<Passage>,
    client: reqwest::Client,
}

impl Gate {
    /// Relays to `target`, everything.
    pub async fn start(target: &str) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let passage = Mutex::new(Passage::Open);
        let client = reqwest::Client::new();
        let state = Arc::new(Inner { target: target.to_owned(), passage, client });
        let router = Router::new().fallback(relay).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// The URL to use instead of the target's.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on, this passes.
    pub fn set(&self, passage: Passage) {
        *self.state.passage.lock().expect("nobody panics with it") = passage;
    }

    /// What passes now.
    pub fn passage(&self) -> Passage {
        *self.state.passage.lock().expect("nobody panics with it")
    }
}

async fn relay(State(state): State<Arc<Inner>>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_transaction = request["method"] == "sendTransaction";
    let passage = {
        let mut passage = state.passage.lock().expect("nobody panics with it");
        let now = *passage;
        if now == Passage::OneTransaction && is_transaction {
            *passage = Passage::Shut;
        }
        now
    };
    let silence = StatusCode::SERVICE_UNAVAILABLE.into_response();
    if passage == Passage::Shut || (passage == Passage::ReadOnly && is_transaction) {
        return silence;
    }
    let sent = state
        .client
        .post(&state.target)
        .header(CONTENT_TYPE, "application/json")
        .body(body)
        .send()
        .await;
    if passage == Passage::OneTransaction && is_transaction {
        return silence;
    }
    match sent {
        Ok(answer) => {
            let bytes = answer.bytes().await.unwrap_or_default();
            ([(CONTENT_TYPE, "application/json")], bytes).into_response()
        }
        Err(_) => silence,
    }
}
