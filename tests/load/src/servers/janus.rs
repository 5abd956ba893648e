//! Janus with its videoroom plugin, by its websocket API.

use super::{Participant, Process};
use crate::generator::{Generator, PeerId};
use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The one room.
const ROOM: u64 = 1_234;
/// How long a request, or starting, may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where Debian puts plugins and transports.
const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu/janus";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where Janus is installed, if it is.
pub fn program() -> Option<PathBuf> {
    let path = PathBuf::from("/usr/bin/janus");
    (path.is_file() && Path::new(LIBRARIES).is_dir()).then_some(path)
}

/// Its version, as its package has it.
pub fn version() -> Option<String> {
    let arguments = ["--show", "--showformat=${Version}", "janus"];
    let output = Command::new("dpkg-query").args(arguments).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !version.is_empty()).then_some(version)
}

/// A server and the websocket to it.
#[derive(Debug)]
pub struct Janus {
    process: Process,
    _folder: tempfile::TempDir,
    socket: Socket,
    session: u64,
    requests: u64,
    feeds: Vec<(String, u64)>,
    /// Participants who will receive the others, and how.
    waiting: Vec<Participant>,
}

impl Janus {
    /// Starts Janus on `address`, which cannot be loopback.
    pub async fn start(program: &Path, address: IpAddr) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port(address)?;
        configure(folder.path(), address, port)?;
        let child = Command::new(program)
            .arg("-F")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let mut process = Process(child);
        let begun = Instant::now();
        let socket = loop {
            let mut request = format!("ws://{address}:{port}").into_client_request()?;
            request.headers_mut().insert("Sec-WebSocket-Protocol", "janus-protocol".parse()?);
            match connect_async(request).await {
                Ok((socket, _)) => break socket,
                Err(error) if begun.elapsed() > PATIENCE => {
                    return Err(error).context("Janus does not listen");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
            if let Some(status) = process.0.try_wait()? {
                bail!("Janus ended before it served ({status})");
            }
        };
        let mut janus = Self {
            process,
            _folder: folder,
            socket,
            session: 0,
            requests: 0,
            feeds: Vec::new(),
            waiting: Vec::new(),
        };
        let created = janus.request(json!({ "janus": "create" }), is_success).await?;
        janus.session = created["data"]["id"].as_u64().context("Janus gives no session")?;
        Ok(janus)
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    pub(super) async fn join(&mut self, generator: &Generator, who: Participant) -> Result<()> {
        if who.publishes {
            let peer = generator.open(who.feedback).await?;
            self.publish(generator, peer, &who.name).await?;
        }
        if who.subscribes {
            self.waiting.push(who);
        }
        Ok(())
    }

    /// Gives each waiting participant one connection with everybody else's video.
    pub(super) async fn subscribe(&mut self, generator: &Generator) -> Result<()> {
        for who in std::mem::take(&mut self.waiting) {
            let others = self.feeds.iter().filter(|(name, _)| *name != who.name);
            let streams: Vec<_> = others.map(|(_, feed)| json!({ "feed": feed })).collect();
            let (handle, offered) = self.receive(&streams).await?;
            let offer = offered["jsep"]["sdp"].as_str().context("an offer without SDP")?;
            let peer = generator.open(who.feedback).await?;
            let answer = generator.answer(peer, offer.to_string()).await?;
            let jsep = json!({ "type": "answer", "sdp": answer });
            let started = |v: &Value| v["plugindata"]["data"]["started"] == "ok";
            self.message(handle, json!({ "request": "start" }), Some(jsep), started).await?;
        }
        Ok(())
    }

    async fn publish(&mut self, generator: &Generator, peer: PeerId, name: &str) -> Result<()> {
        let handle = self.attach().await?;
        let body = json!({
            "request": "join", "ptype": "publisher", "room": ROOM, "display": name,
        });
        let is_joined = |v: &Value| v["plugindata"]["data"]["videoroom"] == "joined";
        let joined = self.message(handle, body, None, is_joined).await?;
        let feed = joined["plugindata"]["data"]["id"].as_u64().context("no feed id")?;
        let offer = generator.publish(peer, format!("cid-{name}")).await?;
        let jsep = json!({ "type": "offer", "sdp": offer });
        let is_answer = |v: &Value| v["jsep"]["type"] == "answer";
        let body = json!({ "request": "publish" });
        let answered = self.message(handle, body, Some(jsep), is_answer).await?;
        let answer = answered["jsep"]["sdp"].as_str().context("an answer without SDP")?;
        generator.accept(peer, answer.to_string()).await?;
        self.feeds.push((name.to_string(), feed));
        Ok(())
    }

    /// Asks for an offer of these streams. Janus knows a publisher only when its DTLS is up.
    async fn receive(&mut self, streams: &[Value]) -> Result<(u64, Value)> {
        let begun = Instant::now();
        loop {
            let handle = self.attach().await?;
            let body = json!({
                "request": "join", "ptype": "subscriber", "room": ROOM, "streams": streams,
            });
            let offered = self.message(handle, body, None, |v| v["jsep"]["type"] == "offer").await;
            match offered {
                Ok(offered) => return Ok((handle, offered)),
                Err(error) if begun.elapsed() > PATIENCE => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    async fn attach(&mut self) -> Result<u64> {
        let attach = json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" });
        let attached = self.request(attach, is_success).await?;
        attached["data"]["id"].as_u64().context("Janus gives no handle")
    }

    async fn message(
        &mut self,
        handle: u64,
        body: Value,
        jsep: Option<Value>,
        is_answer: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let mut message = json!({ "janus": "message", "handle_id": handle, "body": body });
        if let Some(jsep) = jsep {
            message["jsep"] = jsep;
        }
        self.request(message, is_answer).await
    }

    /// Sends a request and waits for the event that answers it.
    async fn request(
        &mut self,
        mut request: Value,
        is_answer: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        self.requests += 1;
        let transaction = self.requests.to_string();
        request["transaction"] = json!(transaction);
        if self.session != 0 {
            request["session_id"] = json!(self.session);
        }
        self.socket.send(Message::Text(request.to_string().into())).await?;
        let answer = async {
            while let Some(message) = self.socket.next().await {
                let Message::Text(text) = message? else { continue };
                let answer: Value = serde_json::from_str(&text)?;
                if answer["transaction"] != transaction {
                    continue;
                }
                let plugin_error = &answer["plugindata"]["data"]["error"];
                if answer["janus"] == "error" || !plugin_error.is_null() {
                    bail!("Janus refuses: {text}");
                }
                if is_answer(&answer) {
                    return Ok(answer);
                }
            }
            bail!("Janus hung up")
        };
        tokio::time::timeout(PATIENCE, answer).await.context("Janus does not answer")?
    }
}

fn is_success(answer: &Value) -> bool {
    answer["janus"] == "success"
}

fn free_port(address: IpAddr) -> Result<u16> {
    Ok(TcpListener::bind(SocketAddr::new(address, 0))?.local_addr()?.port())
}

/// Only what the measurement needs is switched on; nothing is written but the configuration.
fn configure(folder: &Path, address: IpAddr, port: u16) -> Result<()> {
    let off = |kind: &str, keep: &str| -> Result<String> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(Path::new(LIBRARIES).join(kind))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let is_library = Path::new(&name).extension().is_some_and(|end| end == "so");
            if is_library && name != keep {
                names.push(name);
            }
        }
        Ok(names.join(","))
    };
    let plugins = off("plugins", "libjanus_videoroom.so")?;
    let transports = off("transports", "libjanus_websockets.so")?;
    let folder_name = folder.display();
    let general = format!(
        "general: {{\n  configs_folder = \"{folder_name}\"\n  plugins_folder = \"{LIBRARIES}/plugins\"\n  \
         transports_folder = \"{LIBRARIES}/transports\"\n  debug_level = 2\n  \
         session_timeout = 0\n}}\n\
         media: {{ ipv6 = false }}\n\
         nat: {{ ice_lite = false\n  ice_enforce_list = \"{address}\"\n  ignore_mdns = true }}\n\
         plugins: {{ disable = \"{plugins}\" }}\n\
         transports: {{ disable = \"{transports}\" }}\n"
    );
    let websockets = format!(
        "general: {{ ws = true\n  ws_ip = \"{address}\"\n  ws_port = {port}\n  wss = false }}\n\
         admin: {{ admin_ws = false }}\n"
    );
    // No limit on bitrate, as many publishers as come.
    let videoroom = format!(
        "general: {{ }}\nroom-{ROOM}: {{ description = \"load\"\n  publishers = 100\n  \
         bitrate = 0\n  audiocodec = \"opus\"\n  videocodec = \"vp8\"\n  notify_joining = false }}\n"
    );
    std::fs::write(folder.join("janus.jcfg"), general)?;
    std::fs::write(folder.join("janus.transport.websockets.jcfg"), websockets)?;
    std::fs::write(folder.join("janus.plugin.videoroom.jcfg"), videoroom)?;
    Ok(())
}
