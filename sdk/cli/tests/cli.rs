//! The program as others see it: exit codes, and what is on stdout.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn heliograph(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_heliograph"))
        .args(arguments)
        .env_remove("HELIOGRAPH_RPC_URL")
        .env_remove("HELIOGRAPH_KEYPAIR")
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stdout));
    })
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn help_of_every_command_names_an_example_and_succeeds() {
    for command in [
        "node",
        "node register",
        "node status",
        "node unjail",
        "keeper",
        "keeper register",
        "keeper update",
        "keeper activate",
        "keeper suspend",
        "keeper exit",
        "keeper status",
        "keeper unjail",
        "stake",
        "stake deposit",
        "stake unbond",
        "stake withdraw",
        "stake delegate",
        "stake undelegate",
        "stake withdraw-delegation",
        "stake close-delegation",
        "stake delegation",
        "stake rewards",
        "stake claim-rewards",
        "stake add-rewards",
        "app",
        "app create",
        "app deposit",
        "app bond",
        "app withdraw",
        "app status",
        "app rotate-signer",
        "app update",
        "session",
        "session open",
        "session list",
        "session end",
        "session close",
        "voucher",
        "voucher show",
        "voucher redeem",
        "voucher prove",
        "settler",
        "settler open-book",
        "settler book",
        "settler release",
        "settler close-book",
        "batch",
        "batch post",
        "batch show",
        "batch claim",
        "challenge",
        "challenge open",
        "challenge answer",
        "challenge fail",
        "challenge close",
        "challenge show",
        "score",
        "observer",
        "observer standing",
        "reputation",
        "reputation crank",
        "network",
        "network show",
        "network propose",
        "network cancel",
        "network apply",
        "network propose-authority",
        "network accept-authority",
        "network set-guardian",
        "network pause",
        "network unpause",
        "transcribe",
        "audit",
        "canary",
        "replay",
        "bench stt",
        "migrate",
        "up",
        "key new",
        "key show",
    ] {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let output = heliograph(&arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        assert!(text.contains("EXAMPLE"), "{command:?} shows no example");
        assert!(text.contains("--rpc <URL>"), "{command:?} does not show global options");
    }
}

#[test]
fn senseless_arguments_exit_64() {
    for arguments in [
        &["nonsense"][..],
        &[],
        &["app", "deposit", "1,5"],
        &["app", "withdraw", "1", "--cancel"],
        &["node", "register", "--country", "Germany"],
        &["migrate", "--programs", ".", "--create-mints", "--payment-mint", "x"],
        &["node", "status", "--rpc", "127.0.0.1:8899"],
        &["up", "--programs", ".", "--audio", "speech.wav"],
        &["up", "--programs", ".", "--chain-only", "--keep"],
        &["up", "--programs", ".", "--chain-only", "--models", "."],
        &["up", "--programs", ".", "--models", ".", "--audio", "a.wav", "--params", "short.toml"],
        &["network", "pause"],
        &["network", "pause", "claims"],
        &["network", "propose", "--no-such-parameter", "1"],
        &["network", "set-guardian"],
        &["network", "propose-authority", "--none", "node.json"],
        &["keeper", "register", "--role", "node"],
        &["app", "update", "--any-country", "--country", "DE"],
        &["batch", "claim", "settler.json", "now", "--leaves", "leaves.json"],
    ] {
        let output = heliograph(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn errors_are_one_json_document_with_json() {
    for arguments in
        [&["--json", "app", "deposit", "1,5"][..], &["key", "show", "/nowhere/key.json", "--json"]]
    {
        let output = heliograph(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        let error = &json(&output)["error"];
        assert_eq!(error["kind"], "usage", "{arguments:?}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 10));
    }
}

#[test]
fn new_key_is_shown_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.json");
    let made = json(&heliograph(&["key", "new", path(&file), "--json"]));
    let shown = heliograph(&["key", "show", path(&file)]);
    assert_eq!(String::from_utf8(shown.stdout).unwrap().trim(), made["pubkey"].as_str().unwrap());
    let by_flag = json(&heliograph(&["key", "show", "--keypair", path(&file), "--json"]));
    assert_eq!(by_flag["pubkey"], made["pubkey"]);

    let bytes = std::fs::read(&file).unwrap();
    let again = heliograph(&["key", "new", path(&file)]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

#[test]
fn silent_rpc_exits_75_and_names_it() {
    // A port that was free a moment ago: connections to it are refused.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}");
    let output = heliograph(&["node", "status", "--rpc", &url, "--json"]);
    assert_eq!(output.status.code(), Some(75));
    let error = &json(&output)["error"];
    assert_eq!(error["kind"], "retry");
    assert!(error["message"].as_str().unwrap().contains(&url), "{error}");
}

#[test]
fn useless_audio_is_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let voucher = folder.path().join("voucher.json");
    heliograph(&["key", "new", path(&voucher)]);
    let empty = folder.path().join("empty.wav");
    std::fs::write(&empty, b"").unwrap();
    let output =
        heliograph(&["transcribe", path(&empty), "--voucher-signer", path(&voucher), "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let error = &json(&output)["error"];
    assert_eq!(error["kind"], "audio");
    assert!(error["message"].as_str().unwrap().contains("is empty"));
}
