use futures_util::{SinkExt, StreamExt};
use heliograph_client::speech::{
    PaidKeyMinute, SessionKey, SpeechConfig, SpeechEvent, SpeechHost, Tallies,
};
use heliograph_client::stream::{EndReason, StreamError};
use serde_json::{Value, json};
use solana_keypair::Keypair;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// What the scenario tells its host.
enum Order {
    Extend(String),
    Finish,
}

/// A host that runs beside the scenario: it answers minutes as they come.
#[derive(Debug)]
pub struct SpeechHosting {
    minutes: watch::Receiver<Vec<PaidKeyMinute>>,
    tallies: watch::Receiver<Tallies>,
    /// Answers to extensions: seconds bought and used, or the node's words.
    pub extended: mpsc::UnboundedReceiver<Result<(u32, u32), String>>,
    ended: watch::Receiver<Option<Result<EndReason, String>>>,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

impl SpeechHosting {
    /// Hosts as `signer`.
    pub async fn start(config: SpeechConfig, signer: Keypair) -> Result<Self, StreamError> {
        let (opened, open) = oneshot::channel();
        let (paid, minutes) = watch::channel(Vec::new());
        let (tally, tallies) = watch::channel(config.tallies.clone());
        let (end, ended) = watch::channel(None);
        let (orders, mut asked) = mpsc::unbounded_channel();
        let (answer, extended) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut host = match SpeechHost::open(config, &signer).await {
                Ok(host) => host,
                Err(error) => return drop(opened.send(Err(error))),
            };
            let _ = opened.send(Ok(()));
            let result = loop {
                let event = tokio::select! {
                    event = host.next() => event,
                    Some(order) = asked.recv() => {
                        let said = match order {
                            Order::Extend(key) => host.extend(key).await,
                            Order::Finish => host.finish().await,
                        };
                        match said {
                            Ok(()) => continue,
                            Err(error) => Err(error),
                        }
                    }
                };
                match event {
                    Ok(SpeechEvent::Minute(minute)) => {
                        tally.send_replace(host.standing().1.clone());
                        paid.send_modify(|paid| paid.push(*minute));
                    }
                    Ok(SpeechEvent::Extended { seconds, used_secs, .. }) => {
                        let _ = answer.send(Ok((seconds, used_secs)));
                    }
                    Ok(SpeechEvent::NotExtended { message }) => {
                        let _ = answer.send(Err(message));
                    }
                    Ok(SpeechEvent::Ended { reason, .. }) => break Ok(reason),
                    Err(error) => break Err(error.to_string()),
                }
            };
            end.send_replace(Some(result));
            // The connection stays until the scenario drops it.
            std::future::pending::<()>().await;
        });
        open.await.expect("the task says")?;
        Ok(Self { minutes, tallies, extended, ended, orders, task })
    }

    /// The minutes paid so far.
    pub fn paid(&self) -> Vec<PaidKeyMinute> {
        self.minutes.borrow().clone()
    }

    /// What each key was charged.
    pub fn tallies(&self) -> Tallies {
        self.tallies.borrow().clone()
    }

    /// Seconds that a key was charged in all.
    pub fn used_secs(&self, id: &str) -> u32 {
        self.tallies().0.get(id).map_or(0, |tally| tally.used_secs)
    }

    /// What has been promised in all.
    pub fn promised_micro_usdc(&self) -> u64 {
        self.paid().last().map_or(0, |minute| minute.receipt.cumulative_micro_usdc)
    }

    /// Buys more for a key and waits for the node's answer.
    pub async fn extend(&mut self, session_key: String) -> Result<(u32, u32), String> {
        self.orders.send(Order::Extend(session_key)).expect("the host runs");
        let answer = tokio::time::timeout(Duration::from_secs(20), self.extended.recv()).await;
        answer.expect("an answer").expect("the host runs")
    }

    /// Says that nothing more is to be served, and waits for the end.
    pub async fn finish(&self, limit: Duration) -> Result<EndReason, String> {
        let _ = self.orders.send(Order::Finish);
        self.ended(limit).await
    }

    /// Waits for the end, as the node says it or as this host found it.
    pub async fn ended(&self, limit: Duration) -> Result<EndReason, String> {
        let mut ended = self.ended.clone();
        let told = tokio::time::timeout(limit, ended.wait_for(Option::is_some)).await;
        let told = told.unwrap_or_else(|_| panic!("not ended within {limit:?}"));
        told.expect("the task waits").clone().expect("waited for")
    }
}

impl Drop for SpeechHosting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Who carries a session key and speaks dTelecom's protocol, as text and bytes: nothing of ours is
/// between it and the node.
#[derive(Debug)]
pub struct KeyCaller {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Everything the node has said, in order.
    pub heard: Vec<Value>,
    /// The code it closed with.
    pub closed: Option<u16>,
}

impl KeyCaller {
    /// Connects and says this first.
    pub async fn connect(endpoint: &str, first: Message) -> Self {
        let url = format!("{}/v1/stream", endpoint.replace("http://", "ws://"));
        let (mut socket, _) = connect_async(url).await.expect("the node answers");
        socket.send(first).await.expect("sent");
        Self { socket, heard: Vec::new(), closed: None }
    }

    /// Connects with a key, and reads the answer.
    pub async fn open(endpoint: &str, session_key: &str) -> Self {
        let config = json!({ "type": "config", "language": "en", "session_key": session_key });
        let mut caller = Self::connect(endpoint, Message::Text(config.to_string().into())).await;
        caller.hear(|_| true, Duration::from_secs(60)).await;
        caller
    }

    /// Sends samples as bytes.
    pub async fn send(&mut self, pcm: &[i16]) {
        for frame in pcm.chunks(320 * 25) {
            let bytes: Vec<u8> = frame.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            if self.send_raw(Message::Binary(bytes.into())).await.is_err() {
                return;
            }
        }
    }

    /// Sends a frame as it is.
    pub async fn send_raw(&mut self, message: Message) -> Result<(), String> {
        self.socket.send(message).await.map_err(|error| error.to_string())
    }

    /// Listens until something like this is said, which it returns; `None` if the node closed first.
    pub async fn hear(
        &mut self,
        wanted: impl Fn(&Value) -> bool,
        limit: Duration,
    ) -> Option<Value> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let next = tokio::time::timeout_at(deadline, self.socket.next()).await;
            match next.unwrap_or_else(|_| panic!("not heard within {limit:?}: {:?}", self.heard)) {
                Some(Ok(Message::Text(text))) => {
                    let value: Value = serde_json::from_str(&text).expect("JSON");
                    self.heard.push(value.clone());
                    if wanted(&value) {
                        return Some(value);
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    self.closed = frame.map(|frame| frame.code.into());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Listens to the end; returns the close code.
    pub async fn to_the_end(&mut self, limit: Duration) -> Option<u16> {
        self.hear(|_| false, limit).await;
        self.closed
    }

    /// Messages of a kind.
    pub fn of(&self, kind: &str) -> Vec<Value> {
        self.heard.iter().filter(|value| value["type"] == kind).cloned().collect()
    }

    /// All final text in one line, lower case.
    pub fn text(&self) -> String {
        let finals = self.of("transcription");
        let finals = finals.iter().filter(|value| value["is_final"] == true);
        let texts: Vec<&str> = finals.filter_map(|value| value["text"].as_str()).collect();
        texts.join(" ").to_lowercase()
    }
}

/// A key of an hour.
pub fn session_key(signer: &Keypair, session: [u8; 32], id: &str, seconds: u32) -> String {
    let expires_at_unix_secs = crate::unix_ms() / 1_000 + 3_600;
    let key = SessionKey { session, id: id.into(), seconds, language: None, expires_at_unix_secs };
    key.sign(signer).expect("a keypair signs")
}
