//! Brings vouchers on chain: the newest one of each session, as soon as it is signed, or only what
//! settlers leave lying, as configured.
//!
//! Order of every payment: prepare, record, send, confirm, record. Killed anywhere, the next start
//! finds the recorded transaction, asks what became of it and goes on. A voucher brought twice
//! pays once, so the worst a crash costs is a fee.

use crate::state::NodeState;
use crate::stream::record;
use crate::time::{unix_ms, unix_secs};
use heliograph_client::send::{self, Options, Outcome, Prepared};
use heliograph_client::{Error as ChainError, Rpc, account, instruction, pda};
use heliograph_registry::state::Node;
use heliograph_settlement::state::{Channel, Escrow, Session};
use heliograph_store::{NewRedeem, Redeem, RedeemId, UnsettledSession};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the ledger is looked at unasked.
const POLL: Duration = Duration::from_secs(5);
/// How long a session is left alone after a failure that time alone does not mend (an empty
/// escrow, a payout account that was closed).
const HOLD_OFF: Duration = Duration::from_secs(30);

/// How often the chain is asked what settlers have settled.
const REFRESH_EVERY: Duration = Duration::from_secs(15);

/// Why a redeem did not happen now.
#[derive(Debug, thiserror::Error)]
enum SettleError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] heliograph_store::Error),
    #[error("escrow and bond are empty: the app has to deposit")]
    EscrowEmpty,
    #[error("the session's account is gone")]
    SessionGone,
}

/// Runs until shutdown.
pub async fn run(state: Arc<NodeState>) {
    let mut held: HashMap<[u8; 32], Instant> = HashMap::new();
    let mut refreshed = None;
    loop {
        if let Err(error) = round(&state, &mut held, &mut refreshed).await {
            tracing::warn!(%error, "settling interrupted, will try again");
        }
        tokio::select! {
            () = state.settle_bell.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            () = state.drained.cancelled() => return,
        }
    }
}

/// Decides what was sent before, then brings what is due.
async fn round(
    state: &NodeState,
    held: &mut HashMap<[u8; 32], Instant>,
    refreshed: &mut Option<Instant>,
) -> Result<(), SettleError> {
    let rpc = state.chain.settle_rpc();
    for redeem in state.ledger.pending_redeems().await? {
        resume(state, &rpc, &redeem).await?;
    }
    held.retain(|_, until| *until > Instant::now());
    for unsettled in due_sessions(state, &rpc, refreshed).await? {
        let session = unsettled.newest.voucher.session;
        if unsettled.pending.is_some()
            || unsettled.redeemable_until_unix_secs < unix_secs()
            || held.contains_key(&session)
        {
            continue;
        }
        match bring(state, &rpc, &unsettled).await {
            Ok(()) => {}
            Err(SettleError::Chain(error)) if error.is_retryable() => return Err(error.into()),
            Err(error) => {
                tracing::warn!(session = %Pubkey::from(session), %error, "voucher not redeemed");
                held.insert(session, Instant::now() + HOLD_OFF);
            }
        }
    }
    Ok(())
}

/// Sessions whose vouchers the node is to bring by itself.
async fn due_sessions(
    state: &NodeState,
    rpc: &Rpc,
    refreshed: &mut Option<Instant>,
) -> Result<Vec<UnsettledSession>, SettleError> {
    let mut unsettled = state.ledger.unsettled_sessions().await?;
    let mut due = state.due.select(&unsettled, unix_ms());
    let is_old = refreshed.is_none_or(|at| at.elapsed() >= REFRESH_EVERY);
    if state.due.waits() && !unsettled.is_empty() && (is_old || due.contains(&true)) {
        // What settlers have paid is neither owed any more nor due.
        refresh(state, rpc, &unsettled).await?;
        *refreshed = Some(Instant::now());
        unsettled = state.ledger.unsettled_sessions().await?;
        due = state.due.select(&unsettled, unix_ms());
    }
    Ok(unsettled.into_iter().zip(due).filter_map(|(one, due)| due.then_some(one)).collect())
}

/// Records what the chain has settled of these sessions, whoever brought it, and how long they last.
async fn refresh(
    state: &NodeState,
    rpc: &Rpc,
    unsettled: &[UnsettledSession],
) -> Result<(), SettleError> {
    let addresses: Vec<Pubkey> =
        unsettled.iter().map(|unsettled| unsettled.newest.voucher.session.into()).collect();
    for ((address, known), found) in
        addresses.iter().zip(unsettled).zip(rpc.get_accounts(&addresses).await?)
    {
        let Some(found) = found else { continue };
        let session: Session = account::decode(&found.owner, &found.data)?;
        let settled = session.totals.settled_micro_usdc;
        state.ledger.record_settled(&address.to_bytes(), settled).await?;
        // Ended by its app after it was served: patience must not outlast it.
        if u64::try_from(session.redeemable_until).unwrap_or(0) < known.redeemable_until_unix_secs {
            record(state, &address.to_bytes(), &session).await?;
        }
    }
    Ok(())
}

/// Prepares, records, sends and confirms one redeem.
async fn bring(
    state: &NodeState,
    rpc: &Rpc,
    unsettled: &UnsettledSession,
) -> Result<(), SettleError> {
    let voucher = &unsettled.newest.voucher;
    let address = Pubkey::from(voucher.session);
    let session: Session = account::find(rpc, &address).await?.ok_or(SettleError::SessionGone)?;
    if session.totals.settled_micro_usdc >= voucher.cumulative_micro_usdc {
        // Somebody else has brought it: anyone may.
        let settled = session.totals.settled_micro_usdc;
        state.ledger.record_settled(&voucher.session, settled).await?;
        return Ok(());
    }
    let escrow: Escrow = account::get(rpc, &pda::escrow(&session.app)).await?;
    if escrow.available_micro_usdc().unwrap_or(0) == 0 {
        let channel: Channel = account::get(rpc, &session.channel).await?;
        if channel.bond_micro_usdc == 0 {
            return Err(SettleError::EscrowEmpty);
        }
    }
    // Read anew each time: the operator may have moved the payout account.
    let node: Node = account::get(rpc, &session.node).await?;
    let instructions = instruction::settlement::redeem_voucher(
        state.chain.network(),
        &node,
        address,
        &session,
        &unsettled.newest.signed,
    );
    let prepared = send::prepare(rpc, state.key(), &[], &instructions, Options::default()).await?;
    let redeem = NewRedeem {
        session: voucher.session,
        sequence: voucher.sequence,
        tx_signature: prepared.signature.into(),
        tx: prepared.to_base64().into_bytes(),
        last_valid_block_height: prepared.last_valid_block_height,
    };
    let id = state.ledger.record_redeem_prepared(&redeem, unix_ms()).await?;
    deliver(state, rpc, id, &voucher.session, voucher.sequence, &prepared).await
}

/// Sends a recorded transaction and records what becomes of it.
async fn deliver(
    state: &NodeState,
    rpc: &Rpc,
    id: RedeemId,
    session: &[u8; 32],
    sequence: u32,
    prepared: &Prepared,
) -> Result<(), SettleError> {
    if let Err(error) = send::submit(rpc, prepared).await {
        if error.is_retryable() {
            return Err(error.into());
        }
        // Refused in simulation. It may still land if an earlier attempt got through, so only the
        // chain decides: the record stays open until then.
        tracing::debug!(%error, "redeem refused by the rpc node");
    }
    state.ledger.mark_redeem_sent(id, unix_ms()).await?;
    match send::confirm(rpc, prepared).await {
        Ok(slot) => confirmed(state, rpc, id, session, sequence, prepared.signature, slot).await,
        Err(ChainError::Expired { .. }) => {
            state.ledger.mark_redeem_expired(id, unix_ms()).await?;
            Ok(())
        }
        Err(error @ (ChainError::Program { .. } | ChainError::Transaction { .. })) => {
            state.ledger.mark_redeem_failed(id, None, &error.to_string(), unix_ms()).await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn confirmed(
    state: &NodeState,
    rpc: &Rpc,
    id: RedeemId,
    session: &[u8; 32],
    sequence: u32,
    signature: Signature,
    slot: u64,
) -> Result<(), SettleError> {
    // The account says how much the escrow could pay. It exists: it has just been written.
    let account: Session = account::get(rpc, &Pubkey::from(*session)).await?;
    let settled = account.totals.settled_micro_usdc;
    state.ledger.mark_redeem_confirmed(id, slot, settled, unix_ms()).await?;
    tracing::info!(
        session = %Pubkey::from(*session),
        sequence,
        settled_micro_usdc = settled,
        %signature,
        slot,
        "voucher redeemed"
    );
    Ok(())
}

/// Goes on with a redeem whose outcome was not known when the node stopped or the RPC fell silent.
async fn resume(state: &NodeState, rpc: &Rpc, redeem: &Redeem) -> Result<(), SettleError> {
    let signature = Signature::from(redeem.tx_signature);
    let height = redeem.last_valid_block_height;
    match send::status(rpc, &signature, height).await? {
        Outcome::Confirmed { slot } => {
            confirmed(state, rpc, redeem.id, &redeem.session, redeem.sequence, signature, slot)
                .await
        }
        Outcome::Failed { error, .. } => {
            let text = error.to_string();
            state.ledger.mark_redeem_failed(redeem.id, None, &text, unix_ms()).await?;
            Ok(())
        }
        Outcome::Expired => {
            state.ledger.mark_redeem_expired(redeem.id, unix_ms()).await?;
            Ok(())
        }
        Outcome::Pending => {
            let text = String::from_utf8_lossy(&redeem.tx);
            let prepared = Prepared::from_base64(&text)?;
            deliver(state, rpc, redeem.id, &redeem.session, redeem.sequence, &prepared).await
        }
    }
}
