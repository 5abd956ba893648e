//! A server over real HTTP, for tests of what speaks it.

use crate::media::{MediaConfig, Plane};
use crate::rooms::{Rooms, RoomsConfig};
use crate::token::{LocalKeys, unix_secs};
use axum::Router;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const SECRET: &str = "a secret of thirty-two letters or more";

/// Two local keys, and so two scopes.
pub fn keys() -> LocalKeys {
    LocalKeys::parse(&format!("one: {SECRET}\ntwo: {SECRET}\n")).unwrap()
}

/// Rooms on a media plane of their own.
pub fn rooms() -> Rooms {
    let media = MediaConfig {
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        first_port: 0,
        advertise: Vec::new(),
        threads: 1,
    };
    let (notices, mut nobody) = mpsc::unbounded_channel();
    tokio::spawn(async move { while nobody.recv().await.is_some() {} });
    Rooms::new(Plane::start(&media).unwrap(), notices, RoomsConfig::default())
}

/// Serves until the test ends.
pub async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// A token of a local key.
pub fn token(key: &str, identity: &str, grants: &Value) -> String {
    let exp = unix_secs() + 60;
    let claims = json!({ "iss": key, "sub": identity, "exp": exp, "video": grants });
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), &claims, &secret).unwrap()
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// By their names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// A request on a connection of its own.
pub async fn http(
    address: SocketAddr,
    verb: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut head = format!("{verb} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses by the head alone may have closed already.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let headers = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, headers, body: answer.split_off(end + 4) }
}
