//! What is retried, for how long, and what is said in the end: against a server that misbehaves on
//! command, which no real one does.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use heliograph_client::send::{self, Options};
use heliograph_client::{Error, RetryPolicy, Rpc};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const BALANCE: &str = r#"{"jsonrpc":"2.0","id":0,"result":{"context":{"slot":1},"value":42}}"#;

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Answer {
    Http(u16, &'static str),
    HangUp,
    Silence,
}

/// A server that answers in this order, the last answer for ever.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(answers: impl Into<VecDeque<Answer>>) -> Self {
        let mut answers = answers.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = requests.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let answer = match answers.len() {
                    1 => answers[0],
                    _ => answers.pop_front().unwrap(),
                };
                tokio::spawn(serve(stream, answer));
            }
        });
        Self { url, requests }
    }

    fn rpc(&self, max_elapsed: Duration) -> Rpc {
        let request_timeout = Duration::from_millis(400);
        Rpc::new(&self.url, RetryPolicy { max_elapsed: Some(max_elapsed), request_timeout })
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, answer: Answer) {
    let mut request = [0; 4_096];
    let _ = stream.read(&mut request).await;
    match answer {
        Answer::Http(status, body) => {
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
        Answer::HangUp => {}
        Answer::Silence => tokio::time::sleep(Duration::from_secs(3_600)).await,
    }
}

async fn balance(rpc: &Rpc) -> Result<u64, Error> {
    rpc.balance_lamports(&Pubkey::default()).await
}

#[tokio::test]
async fn passing_trouble_is_waited_through() {
    use Answer::{HangUp, Http, Silence};
    const BEHIND: &str =
        r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32005,"message":"Node is behind"}}"#;
    let troubles =
        [Http(502, ""), Http(200, "<html>"), HangUp, Silence, Http(200, BEHIND), Http(429, "")];
    for trouble in troubles {
        let server = Server::start([trouble, Http(200, BALANCE)]).await;
        assert_eq!(balance(&server.rpc(Duration::from_secs(5))).await.unwrap(), 42);
        assert_eq!(server.requests(), 2);
    }
}

#[tokio::test]
async fn an_answer_is_final() {
    const NO: &str = r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":"Invalid"}}"#;
    for (answer, wanted) in [(Answer::Http(200, NO), -32_602), (Answer::Http(403, ""), 403)] {
        let server = Server::start([answer]).await;
        let error = balance(&server.rpc(Duration::from_secs(5))).await.unwrap_err();
        assert!(matches!(&error, Error::Refused { code, .. } if *code == wanted), "{error:?}");
        assert!(error.to_string().contains(&server.url), "{error}");
        assert!(!error.is_retryable());
        assert_eq!(server.requests(), 1);
    }
    let strange = Answer::Http(200, r#"{"jsonrpc":"2.0","id":0,"result":"what"}"#);
    let server = Server::start([strange]).await;
    let error = balance(&server.rpc(Duration::from_secs(5))).await.unwrap_err();
    assert!(matches!(error, Error::Decode { what: "getBalance", .. }), "{error:?}");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn lasting_trouble_is_given_up_in_time() {
    // A rate limit that asks for a minute's patience must not be granted it.
    for answer in [Answer::Silence, Answer::HangUp, Answer::Http(503, ""), Answer::Http(429, "")] {
        let server = Server::start([answer]).await;
        let started = Instant::now();
        let error = balance(&server.rpc(Duration::from_millis(1_500))).await.unwrap_err();
        let elapsed = started.elapsed();
        assert!(elapsed >= Duration::from_millis(1_400), "{elapsed:?}");
        assert!(elapsed < Duration::from_millis(2_200), "{elapsed:?}");
        assert!(matches!(error, Error::Unreachable { method: "getBalance", .. }), "{error:?}");
        assert!(error.is_retryable() && error.to_string().contains(&server.url), "{error}");
    }
}

#[tokio::test]
async fn keys_in_the_url_appear_in_no_error() {
    let policy = RetryPolicy::within(Duration::from_millis(300));
    for url in ["http://127.0.0.1:9/v2/secret?key=secret", "http://user:secret@127.0.0.1:9"] {
        let rpc = Rpc::new(url, policy);
        let error = balance(&rpc).await.unwrap_err();
        assert!(!format!("{error} {error:?} {rpc:?}").contains("secret"), "{error:?}");
        assert!(error.to_string().contains("127.0.0.1:9"), "{error}");
    }
    let error = balance(&Rpc::new("not a url: secret", policy)).await.unwrap_err();
    assert!(matches!(error, Error::Decode { what: "RPC URL", .. }), "{error:?}");
    assert!(!error.is_retryable() && !format!("{error:?}").contains("secret"), "{error:?}");
}

/// Keepers run these in tasks of their own, so the futures must be `Send`: it compiles or not.
#[test]
fn futures_can_be_spawned() {
    fn spawnable<T: Send>(_: T) {}
    let rpc = Rpc::new("http://127.0.0.1:9", RetryPolicy::FOREVER);
    let key = Keypair::new();
    spawnable(send::send(&rpc, &key, &[&key], &[], Options::default()));
    spawnable(heliograph_client::deploy::deploy(&rpc, &key, &key, &key, &[], |_, _| {}));
    spawnable(rpc.signatures_for_address(&Pubkey::default(), None));
    spawnable(rpc.airdrop(&Pubkey::default(), 1));
}
