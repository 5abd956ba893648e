//! The program under test.

use heliograph_call::token::Token;
use heliograph_call::{Call, Event, Events, JoinOptions};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const KEY: &str = "test";
const SECRET: &str = "a secret that only these tests know";

/// How long anything may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running worker; ends with the test.
pub struct Server {
    process: Child,
    url: String,
    _keys: tempfile::NamedTempFile,
}

impl Server {
    pub fn start() -> Self {
        Self::started(&[])
    }

    /// One that a node role can connect to at `socket`.
    pub fn start_with_node_role(socket: &Path) -> Self {
        Self::started(&["--socket".as_ref(), socket.as_os_str()])
    }

    fn started(more: &[&OsStr]) -> Self {
        let mut keys = tempfile::NamedTempFile::new().unwrap();
        writeln!(keys, "{KEY}: {SECRET}").unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_heliograph-sfu"))
            .args(["--listen", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--threads", "1", "--keys"])
            .arg(keys.path())
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { process, url: format!("ws://{}", line.trim()), _keys: keys }
    }

    /// Memory that the worker holds, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn token(&self, room: &str, identity: &str) -> String {
        Token::new(room, identity).sign_hs256(KEY, SECRET).unwrap()
    }

    /// Joins and waits until media can flow.
    pub async fn join(&self, room: &str, name: &str, options: JoinOptions) -> (Call, Events) {
        let mut patient = options;
        patient.patience = PATIENCE;
        let token = self.token(room, name);
        let (call, mut events) = Call::join(&self.url, &token, patient).await.unwrap();
        until(&mut events, |event| matches!(event, Event::Connected).then_some(())).await;
        (call, events)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits for an event.
pub async fn until<T>(events: &mut Events, wanted: impl Fn(&Event) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.recv().await.expect("the call goes on");
            if let Event::Left { reason } = &event {
                assert!(wanted(&event).is_some(), "left: {reason}");
            }
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("it happens in time")
}
