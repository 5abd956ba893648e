//! Known answers for readers in any language, in `vectors/messages.json`.
//!
//! The file is what these cases give, byte for byte; `HELIOGRAPH_BLESS=1` writes it anew. A second
//! implementation, `vectors/check.py`, shares no code with this crate and must agree with it.

mod batches;
mod cases;
mod document;
mod quality;
mod receipts;
mod samples;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn messages_file() -> PathBuf {
    folder().join("messages.json")
}

/// The file's text, written anew first where that was asked for.
fn committed() -> &'static str {
    static COMMITTED: LazyLock<String> = LazyLock::new(|| {
        if std::env::var_os("HELIOGRAPH_BLESS").is_some_and(|value| value == "1") {
            std::fs::write(messages_file(), computed()).unwrap();
        }
        std::fs::read_to_string(messages_file()).unwrap()
    });
    &COMMITTED
}

fn computed() -> String {
    let mut text = serde_json::to_string_pretty(&cases::document()).unwrap();
    text.push('\n');
    text
}

fn check_in_python(files: &[PathBuf]) -> Output {
    Command::new("python3")
        .arg(folder().join("check.py"))
        .args(files)
        .output()
        .expect("python3 is needed for the independent check")
}

#[test]
fn vectors_file_is_what_the_rules_give() {
    let computed = computed();
    let differing = committed().lines().zip(computed.lines()).find(|(old, new)| old != new);
    assert_eq!(differing, None, "a known answer changed (left: the file's)");
    assert_eq!(committed(), computed);
}

#[test]
fn independent_implementation_agrees() {
    assert!(!committed().is_empty());
    let output = check_in_python(&[messages_file()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Any one altered value must be noticed; else the check checks nothing.
#[test]
fn independent_implementation_notices_any_altered_value() {
    let committed: Value = serde_json::from_str(committed()).unwrap();
    let parts = committed.as_object().unwrap();
    let mut altered: Vec<(String, Value)> = Vec::new();

    let mut pointers = Vec::new();
    scalars(&committed, "", &mut pointers);
    pointers.retain(|pointer| is_checked(pointer));
    assert!(pointers.len() > 300, "only {} values to alter", pointers.len());
    for pointer in pointers {
        let mut document = committed.clone();
        alter(document.pointer_mut(&pointer).unwrap());
        altered.push((pointer, document));
    }
    for part in parts.keys() {
        let mut document = committed.clone();
        document.as_object_mut().unwrap().remove(part);
        altered.push((format!("/{part} (removed)"), document));
    }
    for part in parts.keys().filter(|part| parts[*part].is_array()) {
        let mut document = committed.clone();
        document[part] = Value::Array(Vec::new());
        altered.push((format!("/{part} (emptied)"), document));
    }

    let folder = tempfile::tempdir().unwrap();
    let file_of = |i: usize| folder.path().join(format!("{i}.json"));
    for (i, (_, document)) in altered.iter().enumerate() {
        std::fs::write(file_of(i), document.to_string()).unwrap();
    }
    let files: Vec<PathBuf> = (0..altered.len()).map(file_of).collect();
    let output = check_in_python(&files);
    assert_eq!(output.status.code(), Some(1));

    let refused = String::from_utf8(output.stderr).unwrap();
    let refused: BTreeSet<&str> =
        refused.lines().filter_map(|line| line.split_once(".json: ")).map(|(i, _)| i).collect();
    let unnoticed: Vec<&str> = (0..altered.len())
        .filter(|i| !refused.contains(i.to_string().as_str()))
        .map(|i| altered[i].0.as_str())
        .collect();
    assert!(unnoticed.is_empty(), "unnoticed: {unnoticed:?}");
}

/// Whether an altered value must be noticed. Keys and signatures need curve arithmetic, which
/// Python's library does not have, and a message's name only labels it. Of the computed parts the
/// answers are checked; another question may well have the same answer.
fn is_checked(pointer: &str) -> bool {
    let field = pointer.rsplit('/').next().unwrap();
    let hashed = ["/messages/", "/records/", "/observations/", "/root_statements/"];
    if hashed.iter().any(|part| pointer.starts_with(part)) {
        return !["secret_seed", "public_key", "signature", "name"].contains(&field);
    }
    if pointer.starts_with("/samples/") {
        return !["name", "epoch_secs"].contains(&field);
    }
    if pointer.starts_with("/receipt_checks/") {
        return field == "error";
    }
    if pointer.starts_with("/claim_records/") {
        return pointer.contains("/after/") || field == "refused";
    }
    let computed =
        ["/prices/", "/shares/", "/settles/", "/claims/", "/scores/", "/smoothing/", "/quorums/"];
    let answers = [
        "amount_micro_usdc",
        "settles_micro_usdc",
        "from_bond_micro_usdc",
        "claims_micro_usdc",
        "error",
        "score_ppm",
        "smoothed_ppm",
        "enough",
    ];
    let parts_of_answers = ["/split/", "/medians/", "/deviates/"];
    !computed.iter().any(|part| pointer.starts_with(part))
        || answers.contains(&field)
        || parts_of_answers.iter().any(|part| pointer.contains(part))
}

/// Pointers to every string, number and boolean below `value`.
fn scalars(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                scalars(field, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                scalars(item, &format!("{pointer}/{i}"), found);
            }
        }
        Value::Null => {}
        _ => found.push(pointer.to_owned()),
    }
}

/// Another value of the same shape.
fn alter(value: &mut Value) {
    *value = match &*value {
        Value::String(text) if text.is_empty() => Value::from("00"),
        Value::String(text) => {
            let mut text = text.clone();
            let last = if text.pop() == Some('0') { '1' } else { '0' };
            text.push(last);
            Value::from(text)
        }
        Value::Number(number) => Value::from(number.as_u64().unwrap() ^ 1),
        Value::Bool(flag) => Value::from(!flag),
        other => panic!("{other} cannot be altered"),
    };
}
