//! Which failures are silence, how long it is waited through, and what is said about it.

use std::error::Error as _;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use solana_rpc_client_api::client_error::{Error as ClientError, ErrorKind, reqwest};
use solana_rpc_client_api::request::RpcError;

use crate::Error;

/// JSON-RPC codes by which nodes and providers say "not now": node behind, block not yet there,
/// slot not yet reached, rate limits.
pub(crate) const TRANSIENT_RPC_CODES: &[i64] = &[-32004, -32005, -32014, -32016, -32429, 429];

/// How long an endpoint that does not answer is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Time from the first request to giving up; `None` never gives up.
    pub max_elapsed: Option<Duration>,
    /// Time a single request may take. Set when the endpoint is made.
    pub request_timeout: Duration,
}

impl RetryPolicy {
    /// For a person at a terminal: long enough for a restart of a node, short enough to wait for.
    pub const INTERACTIVE: Self = Self {
        max_elapsed: Some(Duration::from_secs(20)),
        request_timeout: Duration::from_secs(10),
    };

    /// For a keeper: an endpoint that is gone for a day is back tomorrow.
    pub const FOREVER: Self = Self { max_elapsed: None, request_timeout: Duration::from_secs(30) };

    /// Gives up after `max_elapsed`, however many requests that were.
    pub const fn within(max_elapsed: Duration) -> Self {
        Self { max_elapsed: Some(max_elapsed), ..Self::INTERACTIVE }
    }

    /// 0.2 s, doubling to 10 s: a short hiccup costs little, a long outage a request in 10 s.
    /// Jitter spreads the keepers that lost the same endpoint at the same moment.
    fn backoff(self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(10))
            .with_jitter()
            .without_max_times()
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::INTERACTIVE
    }
}

/// Runs `send` until it is answered or the policy gives up.
pub(super) async fn run<T, Fut>(
    url: &str,
    method: &'static str,
    policy: RetryPolicy,
    send: impl FnMut() -> Fut,
) -> Result<T, Error>
where
    Fut: Future<Output = Result<T, ClientError>>,
{
    let started = Instant::now();
    let failures = Mutex::new((0_u32, String::new()));
    let note = |error: &ClientError| {
        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.0 += 1;
        failures.1 = reason(error);
    };
    let attempts = send.retry(policy.backoff()).when(is_silence).notify(|error, delay| {
        note(error);
        let delay_ms = delay.as_millis() as u64;
        tracing::warn!(url, method, error = reason(error), delay_ms, "rpc did not answer");
    });
    let outcome = match policy.max_elapsed {
        Some(limit) => tokio::time::timeout(limit, attempts).await.ok(),
        None => Some(attempts.await),
    };
    if let Some(outcome) = outcome {
        return outcome.map_err(|error| answer(url, method, error));
    }
    let (failed, reason) = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    let waited_ms = started.elapsed().as_millis() as u64;
    // The limit strikes during a pause, after `failed` attempts, or during one more attempt.
    Err(match failed {
        0 => Error::Unreachable {
            url: url.to_owned(),
            method,
            attempts: 1,
            waited_ms,
            reason: "the request was not answered in time".to_owned(),
        },
        attempts => Error::Unreachable { url: url.to_owned(), method, attempts, waited_ms, reason },
    })
}

/// Whether the endpoint has not answered, as opposed to refused.
fn is_silence(error: &ClientError) -> bool {
    match error.kind() {
        ErrorKind::Io(_) | ErrorKind::Middleware(_) => true,
        ErrorKind::Reqwest(error) => match error.status() {
            Some(status) => {
                status.is_server_error()
                    || status == reqwest::StatusCode::TOO_MANY_REQUESTS
                    || status == reqwest::StatusCode::REQUEST_TIMEOUT
            }
            // A URL that cannot be parsed will not parse next time.
            None => !error.is_builder(),
        },
        ErrorKind::RpcError(RpcError::RpcResponseError { code, .. }) => {
            TRANSIENT_RPC_CODES.contains(code)
        }
        // Something that is not JSON-RPC answered, usually a proxy in front of a dead node.
        ErrorKind::RpcError(RpcError::RpcRequestError(_)) => true,
        _ => false,
    }
}

/// An error that is not silence, in our terms.
fn answer(url: &str, method: &'static str, error: ClientError) -> Error {
    match *error.kind {
        ErrorKind::RpcError(RpcError::RpcResponseError { code, message, data }) => {
            crate::send::preflight_failure(data).unwrap_or_else(|| Error::Refused {
                url: url.to_owned(),
                method,
                code,
                message,
            })
        }
        ErrorKind::SerdeJson(error) => Error::decode(method, error),
        ErrorKind::Reqwest(error) if error.is_builder() => {
            Error::decode("RPC URL", reason(&ErrorKind::Reqwest(error).into()))
        }
        kind => {
            let status = match &kind {
                ErrorKind::Reqwest(error) => error.status(),
                _ => None,
            };
            Error::Refused {
                url: url.to_owned(),
                method,
                code: status.map_or(0, |status| i64::from(status.as_u16())),
                message: reason(&kind.into()),
            }
        }
    }
}

/// The failure down to its cause, without the URL: reqwest names it whole, keys included.
fn reason(error: &ClientError) -> String {
    let ErrorKind::Reqwest(error) = error.kind() else {
        return error.to_string();
    };
    let mut text = match error.status() {
        Some(status) => format!("HTTP {status}"),
        None if error.is_timeout() => "the request timed out".to_owned(),
        None if error.is_connect() => "cannot connect".to_owned(),
        None if error.is_builder() => "the URL is not valid".to_owned(),
        None => "the connection broke".to_owned(),
    };
    let mut cause = error.source();
    while let Some(inner) = cause {
        cause = inner.source();
        if cause.is_none() {
            text = format!("{text}: {inner}");
        }
    }
    text
}

/// Scheme, host and port. Providers put keys into paths and queries, people into credentials.
pub(super) fn redact(url: &str) -> String {
    let Ok(parsed) = url::Url::parse(url) else {
        return "an invalid URL".to_owned();
    };
    let hidden = parsed.path().len() > 1 || parsed.query().is_some();
    let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = parsed.host_str().unwrap_or_default();
    format!("{}://{host}{port}{}", parsed.scheme(), if hidden { "/…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_not_shown() {
        for (url, shown) in [
            ("http://127.0.0.1:8899", "http://127.0.0.1:8899"),
            ("http://[::1]:8899/", "http://[::1]:8899"),
            ("https://rpc.example.com/?api-key=secret", "https://rpc.example.com/…"),
            ("https://rpc.example.com/v2/secret", "https://rpc.example.com/…"),
            ("https://user:secret@rpc.example.com", "https://rpc.example.com"),
            ("no url secret", "an invalid URL"),
        ] {
            assert_eq!(redact(url), shown);
        }
    }
}
