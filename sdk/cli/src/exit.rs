//! Exit codes, and which error gets which.

use heliograph_client::stream::StreamError;
use serde_json::json;
use std::process::ExitCode;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done as asked.
    Ok = 0,
    /// The command worked and found something wrong, such as an audit.
    Finding = 1,
    /// It failed, and will fail again until somebody changes something.
    Failure = 2,
    /// The arguments make no sense.
    Usage = 64,
    /// It failed and may work later by itself.
    Retry = 75,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error of the person at the keyboard that only shows once the chain or a file was read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Builds a [`UsageError`].
pub fn usage(message: impl Into<String>) -> anyhow::Error {
    UsageError(message.into()).into()
}

/// An error that may pass by itself, where its type does not say so.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RetryError(pub String);

/// An error, ready to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For people.
    pub message: String,
    /// For programs: `usage`, `retry`, `chain`, `stream`, `audio`, `migration`, `cluster` or
    /// `failure`.
    pub kind: &'static str,
    /// The exit code.
    pub exit: Exit,
}

impl Failure {
    /// Sorts an error by what is found in its chain of causes.
    pub fn of(error: &anyhow::Error) -> Self {
        let mut kind = "failure";
        let mut retryable = false;
        for cause in error.chain() {
            let (found, retry) = sort(cause);
            if let Some(found) = found {
                kind = found;
                retryable = retry;
                break;
            }
        }
        let exit = match kind {
            "usage" => Exit::Usage,
            _ if retryable => Exit::Retry,
            _ => Exit::Failure,
        };
        let kind = if retryable { "retry" } else { kind };
        Self { message: message(error), kind, exit }
    }

    /// JSON on stdout, or a line on stderr.
    pub fn print(&self, json: bool) {
        if json {
            let document = json!({ "error": { "message": self.message, "kind": self.kind } });
            crate::output::write_stdout(&format!("{document:#}\n"));
        } else {
            eprintln!("error: {}", self.message);
        }
    }
}

/// The cause's kind, if it is one of ours, and whether it may pass by itself.
fn sort(cause: &(dyn std::error::Error + 'static)) -> (Option<&'static str>, bool) {
    if cause.is::<UsageError>() {
        return (Some("usage"), false);
    }
    if cause.is::<RetryError>() {
        return (Some("retry"), true);
    }
    if let Some(error) = cause.downcast_ref::<heliograph_client::Error>() {
        return (Some("chain"), error.is_retryable());
    }
    if let Some(error) = cause.downcast_ref::<StreamError>() {
        return (Some("stream"), error.is_retryable());
    }
    if let Some(error) = cause.downcast_ref::<heliograph_migrations::Error>() {
        return (Some("migration"), error.is_retryable());
    }
    if let Some(error) = cause.downcast_ref::<heliograph_localnet::Error>() {
        return (Some("cluster"), error.is_retryable());
    }
    if let Some(error) = cause.downcast_ref::<heliograph_audit::Error>() {
        return (Some("audit"), error.is_retryable());
    }
    if cause.is::<crate::audio::AudioError>() {
        return (Some("audio"), false);
    }
    (None, false)
}

/// Contexts and causes in one line, without repeating what a cause already says.
fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let part = cause.to_string();
        if text.contains(&part) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;
    use solana_pubkey::Pubkey;

    #[test]
    fn codes_follow_the_cause_under_any_context() {
        let missing = heliograph_client::Error::Missing { what: "App", address: Pubkey::default() };
        let failure = Failure::of(&anyhow::Error::new(missing).context("reading the app"));
        assert_eq!((failure.kind, failure.exit), ("chain", Exit::Failure));
        assert!(failure.message.starts_with("reading the app: there is no App account"));

        let down = heliograph_client::Error::Unreachable {
            url: "http://127.0.0.1:1".into(),
            method: "getSlot",
            attempts: 3,
            waited_ms: 20_000,
            reason: "refused".into(),
        };
        let failure = Failure::of(&Err::<(), _>(down).context("step").unwrap_err());
        assert_eq!((failure.kind, failure.exit), ("retry", Exit::Retry));

        let failure = Failure::of(&usage("no such thing"));
        assert_eq!((failure.kind, failure.exit), ("usage", Exit::Usage));
        assert_eq!(Failure::of(&anyhow::anyhow!("odd")).exit, Exit::Failure);
    }
}
