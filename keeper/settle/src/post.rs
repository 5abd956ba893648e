//! A batch a minute: asks the book what became of the last one, then writes the next and sends it.
//!
//! Order of every post: archive, database, send, ask the book. Killed anywhere, the next start finds
//! the written batch, asks the book, and sends the same again if it is not there: the program takes
//! a minute once, so a batch sent twice is posted once.

use crate::chain;
use crate::fate::{BookView, Fate, Standing};
use crate::select::{self, Limits, Offer, Selection};
use crate::state::SettleState;
use crate::time::unix_ms;
use heliograph_client::instruction::settlement;
use heliograph_client::send::{Options, send};
use heliograph_client::{Error as ChainError, account};
use heliograph_protocol::batch::{BatchHeader, Leaf};
use heliograph_protocol::evidence::ArchivedBatch;
use heliograph_registry::state::{Keeper, KeeperStatus, Network, pause};
use heliograph_settlement::state::{PostBatchArgs, Session};
use heliograph_store::{BatchState, Waiting};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How often the book is looked at unasked; a new minute is found this late at most.
const POLL: Duration = Duration::from_secs(5);
/// Waiting sessions looked at for one batch; more than a batch holds, so that some may not fit.
const WAITING_MAX: u32 = 10_000;

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] heliograph_store::Error),
}

/// Runs until shutdown.
pub async fn run(state: Arc<SettleState>) {
    // Minutes before this one have been forgotten; forgetting looks at every voucher.
    let mut forgotten = 0;
    loop {
        if let Err(error) = round(&state, &mut forgotten).await {
            tracing::warn!(%error, "posting interrupted, will try again");
        }
        tokio::select! {
            () = state.post_bell.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            () = state.shutdown.cancelled() => return,
        }
    }
}

async fn round(state: &SettleState, forgotten: &mut u64) -> Result<(), RoundError> {
    let now = state.rpc.unix_secs().await?;
    let book = chain::book(&state.rpc, &state.book_address()).await?;
    for header in learn(state, &book, now).await? {
        // Refused for now, or for good once a later minute is posted: the book will say.
        if let Err(error) = deliver(state, &header).await {
            if error.is_retryable() {
                return Err(error.into());
            }
            let minute = header.minute_index;
            tracing::warn!(minute_index = minute, %error, "batch not posted");
        }
    }
    if book.disputable_from() > *forgotten {
        state.batches.forget_before(book.disputable_from()).await?;
        *forgotten = book.disputable_from();
    }
    let written = state.batches.newest_minute().await?;
    match book.next_minute(written, now) {
        Some(minute_index) => post(state, book, minute_index, now).await,
        None => Ok(()),
    }
}

/// Records what the book says about every batch that is not over; returns those that may yet be
/// posted.
async fn learn(
    state: &SettleState,
    book: &BookView,
    now: i64,
) -> Result<Vec<BatchHeader>, RoundError> {
    let mut open = Vec::new();
    for batch in state.batches.batches_in(BatchState::Written).await? {
        match book.fate(&batch.header, now) {
            Fate::Posted => decide(state, &batch.header, BatchState::Posted).await?,
            Fate::Lost => decide(state, &batch.header, BatchState::Lost).await?,
            Fate::Open => open.push(batch.header),
        }
    }
    for batch in state.batches.batches_in(BatchState::Posted).await? {
        match book.standing(&batch.header) {
            Standing::Good(_) => {}
            Standing::Void => decide(state, &batch.header, BatchState::Void).await?,
            Standing::Gone => decide(state, &batch.header, BatchState::Done).await?,
        }
    }
    Ok(open)
}

async fn decide(
    state: &SettleState,
    header: &BatchHeader,
    to: BatchState,
) -> Result<(), heliograph_store::Error> {
    state.batches.decide(header.minute_index, to, unix_ms()).await?;
    let (minute_index, leaves) = (header.minute_index, header.count);
    let total_micro_usdc = header.total_micro_usdc;
    tracing::info!(minute_index, leaves, total_micro_usdc, state = %to, "batch decided");
    Ok(())
}

/// Chooses leaves, writes the batch and sends it.
async fn post(
    state: &SettleState,
    mut book: BookView,
    minute_index: u64,
    now: i64,
) -> Result<(), RoundError> {
    let waiting = state.batches.waiting(WAITING_MAX).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let network = account::network(&state.rpc).await?;
    let keeper: Keeper = account::get(&state.rpc, &state.keeper_address()).await?;
    if let Some(why) = idle(&network, &keeper) {
        tracing::debug!(why, waiting = waiting.len(), "nothing posted");
        return Ok(());
    }
    let offers = offers(state, &waiting, &network, now).await?;
    let mut selection = choose(state, &offers, &network, &keeper, &book);
    if selection.left_out > 0 && book.releasable(now) > 0 {
        book = release(state).await?;
        selection = choose(state, &offers, &network, &keeper, &book);
    }
    let Some(header) = selection.header(state.keeper_address().to_bytes(), minute_index) else {
        return Ok(());
    };
    let leaves: Vec<Leaf> = selection.leaves.iter().map(|stored| stored.leaf).collect();
    state.archive.put_batch(&ArchivedBatch::new(&header, leaves, &state.domain())).await?;
    state.batches.write(&header, &selection.leaves, unix_ms()).await?;
    tracing::info!(
        minute_index,
        leaves = header.count,
        total_micro_usdc = header.total_micro_usdc,
        left_out = selection.left_out,
        "batch written"
    );
    deliver(state, &header).await?;
    Ok(())
}

/// Why nothing can be posted now, if so.
fn idle(network: &Network, keeper: &Keeper) -> Option<&'static str> {
    if network.is_paused(pause::BATCHES) {
        Some("batches are paused")
    } else if keeper.status != KeeperStatus::Active {
        Some("the settler is not active")
    } else if keeper.stake < network.params.settler_bond_min_micro_usdc {
        Some("the settler's bond is below the minimum")
    } else {
        None
    }
}

/// The leaves that could be posted, by the chain as it is now.
async fn offers(
    state: &SettleState,
    waiting: &[Waiting],
    network: &Network,
    now: i64,
) -> Result<Vec<Offer>, RoundError> {
    let addresses = waiting.iter().map(|waiting| Pubkey::from(waiting.voucher.session));
    let sessions: HashMap<Pubkey, Session> = chain::accounts(&state.rpc, addresses).await?;
    let settled: Vec<([u8; 32], u64)> = sessions
        .iter()
        .map(|(address, session)| (address.to_bytes(), session.totals.settled_micro_usdc))
        .collect();
    state.batches.record_settled_totals(&settled).await?;
    let mut offers = Vec::new();
    for waiting in waiting {
        let address = waiting.voucher.session;
        match sessions.get(&Pubkey::from(address)) {
            Some(session) if session.redeemable_until > now => {
                offers.extend(select::offer(waiting, session, &network.params, now));
            }
            // Closed, or nothing is paid of it any more.
            _ => state.batches.mark_session_over(&address).await?,
        }
    }
    Ok(offers)
}

fn choose(
    state: &SettleState,
    offers: &[Offer],
    network: &Network,
    keeper: &Keeper,
    book: &BookView,
) -> Selection {
    let limits = Limits {
        leaves_max: state.config.leaves_max as usize,
        total_max_micro_usdc: network.params.batch_total_max_micro_usdc,
        room_micro_usdc: keeper.stake.saturating_sub(book.book.exposure_micro_usdc),
    };
    select::select(offers.iter().copied(), &limits)
}

/// Takes batches that are over out of the exposure; the book after it.
async fn release(state: &SettleState) -> Result<BookView, ChainError> {
    let address = state.book_address();
    let release = settlement::release(address);
    let signature = send(&state.rpc, state.key(), &[], &[release], Options::default()).await?;
    tracing::info!(%signature, "batches released");
    chain::book(&state.rpc, &address).await
}

/// Sends a written batch. What came of it is learnt from the book, in the next round.
async fn deliver(state: &SettleState, header: &BatchHeader) -> Result<(), ChainError> {
    let args = PostBatchArgs {
        minute_index: header.minute_index,
        root: header.root,
        count: header.count,
        total_micro_usdc: header.total_micro_usdc,
    };
    let post = settlement::post_batch(state.key().pubkey(), state.keeper_address(), args);
    let signature = send(&state.rpc, state.key(), &[], &[post], Options::default()).await?;
    tracing::info!(minute_index = header.minute_index, %signature, "batch posted");
    state.post_bell.notify_one();
    Ok(())
}
