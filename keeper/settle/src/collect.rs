//! Reads every node's newest vouchers, checks them and keeps those that could be paid.
//!
//! Each node is read by itself. One that lies, is slow or is gone is left alone for a while, longer
//! each time, and costs the others nothing.

use crate::chain;
use crate::fetch::FetchError;
use crate::state::SettleState;
use crate::time::unix_ms;
use crate::verify::{self, Lie};
use futures_util::StreamExt;
use heliograph_client::account;
use heliograph_client::vouchers::{PAGE_SESSIONS_MAX, VoucheredMinute, VouchersPage};
use heliograph_registry::state::{Node, NodeStatus};
use heliograph_settlement::state::Session;
use heliograph_store::Collected;
use solana_pubkey::Pubkey;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often nodes are asked. Several times a minute: a voucher then waits for one batch at most.
const COLLECT_EVERY: Duration = Duration::from_secs(10);
/// Nodes read at once.
const NODES_AT_ONCE: usize = 16;
/// Pages read from one node before the others have their turn again.
const PAGES_AT_ONCE: usize = 10;
/// How long a node is left alone after its first failure; doubles with each, up to the second.
const HOLD_OFF_MIN: Duration = Duration::from_secs(10);
const HOLD_OFF_MAX: Duration = Duration::from_secs(3_600);

/// Why a node's turn ended early.
#[derive(Debug, thiserror::Error)]
enum CollectError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the page has more sessions than a page may have")]
    Crowded,
    #[error("the page says to go on where it began")]
    Standstill,
    #[error(transparent)]
    Lie(#[from] Lie),
    #[error(transparent)]
    Chain(#[from] heliograph_client::Error),
    #[error(transparent)]
    Store(#[from] heliograph_store::Error),
}

impl CollectError {
    /// Whether the node is to blame; else this side could not do its part.
    const fn is_the_nodes(&self) -> bool {
        !matches!(self, Self::Chain(_) | Self::Store(_))
    }
}

/// Since when and for how long a node is left alone.
#[derive(Clone, Copy, Debug)]
struct Held {
    until: Instant,
    pause: Duration,
}

/// Runs until shutdown.
pub async fn run(state: Arc<SettleState>) {
    let mut held: HashMap<String, Held> = HashMap::new();
    loop {
        match endpoints(&state).await {
            Ok(endpoints) => round(&state, endpoints, &mut held).await,
            Err(error) => tracing::warn!(%error, "nodes not read, will try again"),
        }
        if !state.rest(COLLECT_EVERY).await {
            return;
        }
    }
}

/// Where nodes are, by the registry and by configuration.
async fn endpoints(state: &SettleState) -> Result<BTreeSet<String>, heliograph_client::Error> {
    let nodes = account::all::<Node>(&state.rpc).await?;
    let registered = nodes
        .into_iter()
        // A node that no longer serves may still hold vouchers. One without stake could be anybody's
        // at no cost, as many of them as it takes to keep a settler busy.
        .filter(|(_, node)| node.status != NodeStatus::Exited && node.stake > 0)
        .map(|(_, node)| node.endpoint)
        .filter(|endpoint| endpoint.starts_with("http://") || endpoint.starts_with("https://"));
    Ok(registered.chain(state.config.nodes.iter().cloned()).collect())
}

async fn round(state: &SettleState, endpoints: BTreeSet<String>, held: &mut HashMap<String, Held>) {
    held.retain(|endpoint, _| endpoints.contains(endpoint));
    let now = Instant::now();
    let free = endpoints
        .into_iter()
        .filter(|endpoint| held.get(endpoint).is_none_or(|held| held.until <= now))
        .collect::<Vec<_>>();
    let mut turns = futures_util::stream::iter(free)
        .map(|endpoint| async move {
            let turn = turn(state, &endpoint).await;
            (endpoint, turn)
        })
        .buffer_unordered(NODES_AT_ONCE);
    while let Some((endpoint, turn)) = turns.next().await {
        match turn {
            Ok(0) => {
                held.remove(&endpoint);
            }
            Ok(vouchers) => {
                held.remove(&endpoint);
                tracing::debug!(endpoint, vouchers, "vouchers collected");
                state.post_bell.notify_one();
            }
            Err(error) if error.is_the_nodes() => {
                let pause = held
                    .get(&endpoint)
                    .map_or(HOLD_OFF_MIN, |held| (held.pause * 2).min(HOLD_OFF_MAX));
                let pause_secs = pause.as_secs();
                tracing::warn!(endpoint, %error, pause_secs, "node left alone");
                held.insert(endpoint, Held { until: Instant::now() + pause, pause });
            }
            Err(error) => tracing::warn!(endpoint, %error, "vouchers not kept, will try again"),
        }
    }
}

/// Reads what a node has that is new; how many vouchers there were.
async fn turn(state: &SettleState, endpoint: &str) -> Result<usize, CollectError> {
    let mut position = state.batches.cursor(endpoint).await?;
    let mut collected = 0;
    for _ in 0..PAGES_AT_ONCE {
        let page = state.fetcher.page(endpoint, position).await?;
        if page.newest < position {
            // The node has begun anew; so is reading it, with its next turn.
            state.batches.record_collected(endpoint, 0, &[], unix_ms()).await?;
            break;
        }
        if page.minutes.is_empty() && page.next == position {
            break;
        }
        if page.minutes.len() > PAGE_SESSIONS_MAX as usize {
            return Err(CollectError::Crowded);
        }
        if page.next <= position {
            return Err(CollectError::Standstill);
        }
        let kept = keep(state, endpoint, &page).await?;
        if kept == 0 {
            // All of it over and done, or invented: it has had its turn.
            break;
        }
        collected += kept;
        position = page.next;
    }
    Ok(collected)
}

/// Checks a page and keeps what could be paid. One lie and nothing of the page is kept.
async fn keep(
    state: &SettleState,
    endpoint: &str,
    page: &VouchersPage,
) -> Result<usize, CollectError> {
    let domain = state.domain();
    let named: Vec<(Pubkey, &VoucheredMinute)> = page
        .minutes
        .iter()
        .map(|minute| Ok((verify::session_of(minute, &domain)?, minute)))
        .collect::<Result<_, Lie>>()?;
    let addresses = named.iter().map(|(address, _)| *address);
    let sessions: HashMap<Pubkey, Session> = chain::accounts(&state.rpc, addresses).await?;
    let now = state.rpc.unix_secs().await?;
    let mut vouchers: Vec<(Collected, &VoucheredMinute)> = Vec::new();
    for (address, minute) in named {
        // A closed session is no lie, and nothing can be paid of it.
        let Some(session) = sessions.get(&address) else { continue };
        let collected = verify::check(minute, &domain, session)?;
        let settled = session.totals.settled_micro_usdc;
        if session.redeemable_until > now && collected.voucher.cumulative_micro_usdc > settled {
            vouchers.push((collected, minute));
        }
    }
    for (collected, minute) in &vouchers {
        archive(state, collected, minute).await?;
    }
    let vouchers: Vec<Collected> = vouchers.into_iter().map(|(collected, _)| collected).collect();
    state.batches.record_collected(endpoint, page.next, &vouchers, unix_ms()).await?;
    Ok(vouchers.len())
}

/// Puts a verified minute into the archive.
async fn archive(
    state: &SettleState,
    collected: &Collected,
    minute: &VoucheredMinute,
) -> Result<(), heliograph_store::Error> {
    for put in [
        state.archive.put_receipt(&minute.receipt).await,
        state.archive.put_voucher(&collected.signed).await,
    ] {
        match put {
            // A message can have two valid signatures. One that has been checked is there.
            Ok(_) | Err(heliograph_store::Error::ArchiveConflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
