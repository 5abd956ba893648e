//! Starting the roles, waiting for a reason to stop, stopping them.

use crate::config::Config;
use heliograph_client::{RetryPolicy, Rpc};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A role failed.
const EXIT_FAILURE: u8 = 2;
/// Starting again may help (sysexits.h, EX_TEMPFAIL).
const EXIT_RETRY: u8 = 75;

/// Why the keeper ends with an error.
#[derive(Debug)]
pub struct Failure {
    /// For people.
    pub message: String,
    /// For whoever started it.
    pub exit_code: u8,
}

impl Failure {
    fn new(error: &dyn std::fmt::Display) -> Self {
        Self { message: error.to_string(), exit_code: EXIT_FAILURE }
    }
}

/// Runs the roles until one fails or a signal asks to stop.
pub fn run(config: Config) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(&error))?;
    runtime.block_on(roles(config))
}

async fn roles(config: Config) -> Result<(), Failure> {
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| Failure::new(&error))?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("stopping");
        stop.cancel();
    });

    let rpc = Rpc::new(config.rpc_url, RetryPolicy::FOREVER);
    let mut roles = JoinSet::new();
    if let Some(node) = config.node {
        let role = heliograph_node::run(node, rpc.clone(), shutdown.clone());
        let stopping = shutdown.clone();
        roles.spawn(async move {
            role.await.or_else(|error| judge(error.is_retryable(), &error, &stopping))
        });
    }
    if let Some(settle) = config.settle {
        let role = heliograph_settle::run(settle, rpc, shutdown.clone());
        let stopping = shutdown.clone();
        roles.spawn(async move {
            role.await.or_else(|error| judge(error.is_retryable(), &error, &stopping))
        });
    }
    // The first failure counts. The other roles are stopped in order before it is told.
    let mut outcome = Ok(());
    while let Some(ended) = roles.join_next().await {
        let ended = ended.unwrap_or_else(|panic| Err(Failure::new(&panic)));
        if ended.is_err() {
            shutdown.cancel();
        }
        outcome = outcome.and(ended);
    }
    outcome
}

/// What a role's error means for the keeper.
fn judge(
    is_retryable: bool,
    error: &dyn std::fmt::Display,
    shutdown: &CancellationToken,
) -> Result<(), Failure> {
    match is_retryable {
        // Told to stop before it could start: nothing is wrong with that.
        true if shutdown.is_cancelled() => Ok(()),
        true => Err(Failure { exit_code: EXIT_RETRY, ..Failure::new(error) }),
        false => Err(Failure::new(error)),
    }
}
