//! `heliograph-sfu`, by LiveKit's signalling with two peer connections (`/rtc`): the server offers
//! what is to be received, as Janus does.

use super::{Participant, Process};
use crate::generator::{Feedback, Generator, PeerId};
use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use heliograph_call::token::Token;
use livekit_protocol::{
    AddTrackRequest, Ping, SessionDescription, SignalRequest, SignalResponse, TrackSource,
    TrackType, VideoLayer, signal_request, signal_response,
};
use prost::Message as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Name and secret of the one key.
const KEY: (&str, &str) = ("load", "the load generator's own secret, not a secret");
/// How long starting, and joining, may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two signs of life.
const PING_EVERY: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server and the signalling connections to it.
#[derive(Debug)]
pub struct Sfu {
    address: SocketAddr,
    process: Process,
    _keys: tempfile::NamedTempFile,
    connections: tokio::task::JoinSet<()>,
    failure: Arc<Mutex<Option<String>>>,
}

impl Sfu {
    /// Starts the program with `threads` for media, on `address`.
    pub fn start(program: &Path, address: IpAddr, threads: usize) -> Result<Self> {
        let mut keys = tempfile::NamedTempFile::new()?;
        writeln!(keys, "{}: {}", KEY.0, KEY.1)?;
        let any = SocketAddr::new(address, 0).to_string();
        let child = Command::new(program)
            .args(["--listen", &any, "--udp", &any, "--threads", &threads.to_string(), "--keys"])
            .arg(keys.path())
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let mut process = Process(child);
        let output = process.0.stdout.take().context("no output")?;
        let mut lines = BufReader::new(output).lines();
        let first = lines.next().context("the SFU ended before it served")??;
        let address = listening(&first)
            .with_context(|| format!("the SFU does not say where it listens: {first}"))?;
        // Read on, so that the program never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            address,
            process,
            _keys: keys,
            connections: tokio::task::JoinSet::new(),
            failure: Arc::default(),
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Its process.
    pub fn process_id(&self) -> u32 {
        self.pid()
    }

    /// Where it takes signalling.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A token for a room of this server's.
    pub fn token(room: &str, name: &str) -> Result<String> {
        Ok(Token::new(room, name).sign_hs256(KEY.0, KEY.1)?)
    }

    pub(super) fn failure(&mut self) -> Option<String> {
        self.failure.lock().expect("no panic while it is held").take()
    }

    pub(super) async fn join(&mut self, generator: &Generator, who: Participant) -> Result<()> {
        let token = Token::new("load", &who.name).allow(who.publishes, who.subscribes, false);
        let token = token.sign_hs256(KEY.0, KEY.1)?;
        let url = format!("ws://{}/rtc?access_token={token}&auto_subscribe=1", self.address);
        let connected = tokio::time::timeout(PATIENCE, connect_async(url)).await;
        let (socket, _) = connected.context("the SFU does not let a participant in")??;
        let publisher =
            if who.publishes { Some(generator.open(who.feedback).await?) } else { None };
        let offer = match publisher {
            Some(peer) => Some(generator.publish(peer, cid(&who.name)).await?),
            None => None,
        };
        let (ready, is_ready) = oneshot::channel();
        let connection = Connection {
            socket,
            generator: generator.clone(),
            publisher,
            subscriber: None,
            feedback: who.feedback,
            ready: Some(ready),
            name: who.name.clone(),
        };
        let failure = self.failure.clone();
        self.connections.spawn(async move {
            let name = connection.name.clone();
            if let Err(error) = connection.run(offer).await {
                let mut failure = failure.lock().expect("no panic while it is held");
                failure.get_or_insert(format!("{name}: {error:#}"));
            }
        });
        let joined = tokio::time::timeout(PATIENCE, is_ready).await;
        if !matches!(joined, Ok(Ok(()))) {
            let why = self.failure().unwrap_or_else(|| "nothing came".to_string());
            bail!("{} was not let in: {why}", who.name);
        }
        Ok(())
    }
}

fn cid(name: &str) -> String {
    format!("cid-{name}")
}

/// The address in the line that the SFU prints when it serves.
fn listening(line: &str) -> Option<SocketAddr> {
    line.split(|c: char| c.is_whitespace() || c == '"' || c == '/' || c == ',')
        .find_map(|word| word.parse().ok())
}

struct Connection {
    socket: Socket,
    generator: Generator,
    publisher: Option<PeerId>,
    /// Opened by the server's first offer: it offers data channels to those, too, who receive
    /// nothing, and sends away who does not answer.
    subscriber: Option<PeerId>,
    feedback: Feedback,
    ready: Option<oneshot::Sender<()>>,
    name: String,
}

impl Connection {
    /// Publishes, answers what the server offers, and gives signs of life until it is dropped.
    async fn run(mut self, offer: Option<String>) -> Result<()> {
        if let Some(offer) = offer {
            let layer = VideoLayer { quality: 2, width: 320, height: 180, ..VideoLayer::default() };
            self.send(signal_request::Message::AddTrack(AddTrackRequest {
                cid: cid(&self.name),
                name: "camera".to_string(),
                r#type: TrackType::Video as i32,
                source: TrackSource::Camera as i32,
                width: 320,
                height: 180,
                layers: vec![layer],
                ..AddTrackRequest::default()
            }))
            .await?;
            let offer = description("offer", offer, 1);
            self.send(signal_request::Message::Offer(offer)).await?;
        }
        let mut ping = tokio::time::interval(PING_EVERY);
        loop {
            tokio::select! {
                message = self.socket.next() => match message {
                    Some(Ok(Message::Binary(bytes))) => {
                        if let Some(message) = SignalResponse::decode(&bytes[..])?.message {
                            self.take(message).await?;
                        }
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => bail!("the server hung up"),
                    Some(Ok(_)) => {}
                },
                _ = ping.tick() => {
                    self.send(signal_request::Message::PingReq(Ping::default())).await?;
                }
            }
        }
    }

    async fn take(&mut self, message: signal_response::Message) -> Result<()> {
        match message {
            signal_response::Message::Join(_) if self.publisher.is_none() => self.is_ready(),
            signal_response::Message::Offer(offer) => {
                let peer = match self.subscriber {
                    Some(peer) => peer,
                    None => self.generator.open(self.feedback).await?,
                };
                self.subscriber = Some(peer);
                let answer = self.generator.answer(peer, offer.sdp).await?;
                let answer = description("answer", answer, offer.id);
                self.send(signal_request::Message::Answer(answer)).await?;
            }
            signal_response::Message::Answer(answer) => {
                let peer = self.publisher.context("an answer to nothing")?;
                self.generator.accept(peer, answer.sdp).await?;
                self.is_ready();
            }
            signal_response::Message::Leave(leave) => {
                bail!("the server ends it: {}", leave.reason().as_str_name())
            }
            signal_response::Message::RequestResponse(response) => {
                ensure!(response.reason == 0, "refused: {}", response.message);
            }
            _ => {}
        }
        Ok(())
    }

    fn is_ready(&mut self) {
        // Whoever waits may have given up.
        let _ = self.ready.take().map(|ready| ready.send(()));
    }

    async fn send(&mut self, message: signal_request::Message) -> Result<()> {
        let bytes = SignalRequest { message: Some(message) }.encode_to_vec();
        Ok(self.socket.send(Message::Binary(bytes.into())).await?)
    }
}

fn description(kind: &str, sdp: String, id: u32) -> SessionDescription {
    SessionDescription { r#type: kind.to_string(), sdp, id, ..SessionDescription::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_found_in_the_line() {
        for line in ["listening on 10.77.0.1:7880", "ws://10.77.0.1:7880", "x: \"10.77.0.1:7880\""]
        {
            assert_eq!(listening(line), Some("10.77.0.1:7880".parse().unwrap()), "{line}");
        }
        assert_eq!(listening("error: no such file"), None);
    }
}
