//! `heliograph network` on the network of `heliograph up --chain-only`, whose periods are seconds.

use crate::cluster::{bytecode, heliograph};
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The shortest periods that the registry takes, with some room for a busy machine.
const SHORT: &str = "
redeem_grace_secs = 3
withdrawal_notice_secs = 10
timelock_secs = 10
challenge_window_secs = 1
challenge_response_secs = 1
dispute_secs = 3
unbonding_secs = 8
case_window_secs = 1
epoch_secs = 1
downtime_epochs = 1
downtime_window_epochs = 1
";

/// A running `heliograph up --chain-only`.
struct Up {
    process: Child,
    _stdout: ChildStdout,
    rpc: String,
    keys: String,
}

impl Up {
    fn start(params: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_heliograph"))
            .args(["--json", "up", "--chain-only", "--rpc-port", "0", "--programs"])
            .arg(bytecode())
            .arg("--params")
            .arg(params)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = process.stdout.take().unwrap();
        let mut text = Vec::new();
        let report: Value = loop {
            let mut part = [0; 4_096];
            let count = stdout.read(&mut part).unwrap();
            assert_ne!(count, 0, "up ended: {}", String::from_utf8_lossy(&text));
            text.extend_from_slice(&part[..count]);
            if let Ok(report) = serde_json::from_slice(&text) {
                break report;
            }
        };
        let text = |name: &str| report[name].as_str().unwrap().to_owned();
        Self { rpc: text("rpc_url"), keys: text("keys"), process, _stdout: stdout }
    }

    fn run(&self, who: &str, command: &[&str]) -> (i32, Value) {
        let keypair = format!("{}/{who}.json", self.keys);
        heliograph(&[&["network"], command, &["--rpc", &self.rpc, "--keypair", &keypair]].concat())
    }

    fn ok(&self, who: &str, command: &[&str]) -> Value {
        let (code, document) = self.run(who, command);
        assert_eq!(code, 0, "{command:?}: {document:#}");
        document
    }

    fn refused(&self, who: &str, command: &[&str], words: &str) {
        let (code, document) = self.run(who, command);
        let message = document["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(code, 64, "{command:?}: {document:#}");
        assert!(message.contains(words), "{command:?}: {message}");
    }

    fn shown(&self) -> Value {
        self.ok("app", &["show"])
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.process.id() as i32);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.process.wait();
    }
}

#[test]
fn parameters_roles_and_pauses_change_as_they_may() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let up = Up::start(&write("short.toml", SHORT));
    parameters(&up, write("change.json", r#"{"observer_quorum": 5}"#).to_str().unwrap());
    authority(&up);
    guardian(&up);
}

/// `deployer` is the authority; the others are strangers.
fn parameters(up: &Up, file: &str) {
    let before = up.shown();
    assert_eq!(before["params"]["timelock_secs"], 10);
    assert_eq!(before["params"]["node_stake_min_tokens"], "1000.000000000");
    assert!(before["change"].is_null() && before["guardian"].is_null());

    up.refused("deployer", &["propose"], "nothing would change");
    up.refused("deployer", &["propose", "--timelock-secs", "10"], "nothing would change");
    let (code, refusal) = up.run("deployer", &["propose", "--timelock-secs", "9"]);
    let words = "The timelock must not be shorter than the withdrawal notice";
    assert_eq!((code, &refusal["error"]["message"]), (64, &words.into()));
    up.refused("deployer", &["propose", "--observer-quorum", "256"], "observer_quorum");
    up.refused("app", &["propose", "--observer-quorum", "5"], "authority is");
    up.refused("app", &["apply"], "no change is announced");
    up.refused("deployer", &["cancel"], "no change is announced");

    let half = ["--node-stake-min-tokens", "0.5"];
    let change = [&["propose", "--params", file][..], &half].concat();
    let dry = up.ok("app", &[&change[..], &["--dry-run"]].concat());
    assert_eq!(dry["sent"], false);
    let stake = &dry["changes"]["node_stake_min_tokens"];
    assert_eq!((&stake["old"], &stake["new"]), (&"1000.000000000".into(), &"0.500000000".into()));
    assert_eq!(dry["changes"].as_object().unwrap().len(), 2);
    assert!(up.shown()["change"].is_null());

    let sent = up.ok("deployer", &change);
    assert_eq!((&sent["sent"], &sent["changes"]), (&true.into(), &dry["changes"]));
    let shown = up.shown();
    assert_eq!(shown["change"]["params"]["observer_quorum"], 5);
    assert_eq!((&shown["params"], &shown["treasury"]), (&before["params"], &before["treasury"]));
    up.refused("deployer", &change, "under way already");

    let (code, early) = up.run("app", &["apply"]);
    assert_eq!((code, &early["applied"]), (75, &false.into()), "{early:#}");
    assert!((1..=10).contains(&early["wait_secs"].as_u64().unwrap()), "{early:#}");
    up.refused("app", &["cancel"], "authority is");
    up.ok("deployer", &["cancel"]);
    up.refused("app", &["apply"], "no change is announced");

    up.ok("deployer", &change);
    let applied = loop {
        match up.run("app", &["apply"]) {
            (75, early) => {
                let secs = early["wait_secs"].as_u64().unwrap();
                std::thread::sleep(Duration::from_secs(secs));
            }
            (code, applied) => {
                assert_eq!(code, 0, "{applied:#}");
                break applied;
            }
        }
    };
    assert_eq!(applied["params"]["observer_quorum"], 5);
    let after = up.shown();
    assert_eq!(after["params"]["node_stake_min_tokens"], "0.500000000");
    assert_eq!((&after["params"], &after["change"]), (&applied["params"], &Value::Null));
}

fn authority(up: &Up) {
    let key = |name: &str| {
        let file = format!("{}/{name}.json", up.keys);
        heliograph(&["key", "show", &file]).1["pubkey"].as_str().unwrap().to_owned()
    };
    let (deployer, operator, app) = (key("deployer"), key("operator"), key("app"));
    up.refused("operator", &["accept-authority"], "nobody is proposed");
    up.refused("operator", &["propose-authority", &operator], "authority is");
    up.ok("deployer", &["propose-authority", &app]);
    up.ok("deployer", &["propose-authority", "--none"]);
    up.refused("app", &["accept-authority"], "nobody is proposed");
    up.ok("deployer", &["propose-authority", &operator]);
    assert_eq!(up.shown()["pending_authority"], operator);
    up.refused("app", &["accept-authority"], &format!("proposed authority is {operator}"));
    assert_eq!(up.shown()["authority"], deployer);
    let accepted = up.ok("operator", &["accept-authority"]);
    assert_eq!(
        (&accepted["authority"], &accepted["old_authority"]),
        (&operator.into(), &deployer.into())
    );
    up.refused("deployer", &["propose", "--observer-quorum", "3"], "authority is");
}

/// `operator` is the authority now, `app` becomes the guardian.
fn guardian(up: &Up) {
    up.refused("app", &["pause", "all"], "only the guardian");
    up.ok("operator", &["set-guardian", &format!("{}/app.json", up.keys)]);
    let paused = up.ok("app", &["pause", "register", "batches"]);
    assert_eq!(paused["paused"], serde_json::json!(["register", "batches"]));
    let register = [
        "keeper",
        "register",
        "--role",
        "settler",
        "--payout",
        "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T",
        "--endpoint",
        "https://settler.example",
        "--keeper-key",
    ];
    let key = format!("{}/node.json", up.keys);
    let app = format!("{}/app.json", up.keys);
    let global = [key.as_str(), "--rpc", &up.rpc, "--keypair", &app];
    let (code, refusal) = heliograph(&[&register[..], &global].concat());
    let message = refusal["error"]["message"].as_str().unwrap();
    assert_eq!((code, &refusal["error"]["kind"]), (2, &"chain".into()), "{message}");
    assert!(message.contains("RegistrationsPaused (6015): Registrations are paused"), "{message}");

    up.refused("app", &["unpause", "register"], "authority is");
    assert_eq!(
        up.ok("operator", &["unpause", "register"])["paused"],
        serde_json::json!(["batches"])
    );
    let (code, registered) = heliograph(&[&register[..], &global].concat());
    assert_eq!((code, &registered["change"]), (0, &"registered".into()), "{registered:#}");
    up.ok("operator", &["set-guardian", "--none"]);
    up.refused("app", &["pause", "all"], "only the guardian");
    up.ok("operator", &["pause", "all"]);
    let all = serde_json::json!(["register", "sessions", "batches", "observations"]);
    assert_eq!(up.shown()["paused"], all);
}
