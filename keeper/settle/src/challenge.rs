//! Answers challenges: nothing is claimed while one is open, and one that nobody answers costs the
//! bond. A task of its own, so that nothing else keeps it waiting.

use crate::chain;
use crate::state::SettleState;
use heliograph_client::instruction::settlement;
use heliograph_client::rpc::{Filter, Memcmp};
use heliograph_client::send::{Options, send};
use heliograph_client::{Error as ChainError, account, pda};
use heliograph_protocol::merkle;
use heliograph_registry::state::Keeper;
use heliograph_settlement::state::{Challenge, ChallengeStatus};
use solana_pubkey::Pubkey;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the book is looked at. A small part of any response time.
const POLL: Duration = Duration::from_secs(3);
/// How long a challenge is left alone after a failure; doubles with each, up to the second.
const HOLD_OFF_MIN: Duration = Duration::from_secs(3);
const HOLD_OFF_MAX: Duration = Duration::from_secs(60);
/// Where a challenge keeps its book: after discriminator, version, two bumps and status.
const BOOK_AT: usize = 8 + 4;

/// Why a challenge is not answered yet.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error("the leaf is not in this settler's database")]
    LeafGone,
    #[error("the leaf's voucher is not in this settler's database")]
    VoucherGone,
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] heliograph_store::Error),
}

/// When a challenge is tried again, and the pause before that.
#[derive(Clone, Copy, Debug)]
struct Held {
    until: Instant,
    pause: Duration,
}

/// Runs until shutdown.
pub async fn run(state: Arc<SettleState>) {
    let mut held: HashMap<Pubkey, Held> = HashMap::new();
    loop {
        if let Err(error) = round(&state, &mut held).await {
            tracing::warn!(%error, "challenges not read, will try again");
        }
        if !state.rest(POLL).await {
            return;
        }
    }
}

async fn round(state: &SettleState, held: &mut HashMap<Pubkey, Held>) -> Result<(), ChainError> {
    let book = chain::book(&state.rpc, &state.book_address()).await?;
    if book.book.open_challenges == 0 {
        held.clear();
        return Ok(());
    }
    let mut open = open_challenges(state).await?;
    held.retain(|address, _| open.iter().any(|(known, _)| known == address));
    // The one whose time runs out first.
    open.sort_by_key(|(address, challenge)| (challenge.deadline, *address));
    for (address, challenge) in open {
        let before = held.get(&address).copied();
        if before.is_some_and(|held| held.until > Instant::now()) {
            continue;
        }
        let (minute_index, index) = (challenge.minute_index, challenge.index);
        match answer(state, address, &challenge).await {
            Ok(signature) => {
                held.remove(&address);
                tracing::info!(minute_index, index, %signature, "challenge answered");
            }
            Err(error) => {
                let pause = before.map_or(HOLD_OFF_MIN, |held| (held.pause * 2).min(HOLD_OFF_MAX));
                held.insert(address, Held { until: Instant::now() + pause, pause });
                let deadline = challenge.deadline;
                tracing::error!(minute_index, index, deadline, %error, "challenge not answered");
            }
        }
    }
    Ok(())
}

async fn open_challenges(state: &SettleState) -> Result<Vec<(Pubkey, Challenge)>, ChainError> {
    let book = Memcmp::new_raw_bytes(BOOK_AT, state.book_address().to_bytes().to_vec());
    let filters = vec![Filter::Memcmp(book)];
    let found = state.rpc.get_program_accounts(&pda::SETTLEMENT, filters).await?;
    let challenges = found.into_iter().filter_map(|(address, account)| {
        let challenge: Challenge = account::decode(&account.owner, &account.data).ok()?;
        let is_open =
            challenge.status == ChallengeStatus::Open && challenge.book == state.book_address();
        is_open.then_some((address, challenge))
    });
    Ok(challenges.collect())
}

/// Shows the voucher behind a challenged leaf.
async fn answer(
    state: &SettleState,
    address: Pubkey,
    challenge: &Challenge,
) -> Result<solana_signature::Signature, AnswerError> {
    let leaves = state.batches.leaves(challenge.minute_index, 0..u32::MAX).await?;
    let index = challenge.index as usize;
    let stored = leaves.get(index).ok_or(AnswerError::LeafGone)?;
    let voucher =
        state.batches.voucher(&stored.voucher_hash).await?.ok_or(AnswerError::VoucherGone)?;
    let hashes: Vec<_> = leaves.iter().map(|stored| stored.leaf.hash()).collect();
    let proof = merkle::proof(&hashes, index).ok_or(AnswerError::LeafGone)?;
    let keeper: Keeper = account::get(&state.rpc, &state.keeper_address()).await?;
    let session = Pubkey::from(stored.leaf.session);
    let answer =
        settlement::answer_challenge((address, challenge), &keeper, session, &voucher, proof);
    Ok(send(&state.rpc, state.key(), &[], &answer, Options::default()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anchor_lang::Discriminator;
    use heliograph_client::account::NetworkAccount;

    /// What the filter relies on, read by the account's own decoder.
    #[test]
    fn challenge_keeps_its_book_where_the_filter_looks() {
        let mut bytes = vec![0; 512];
        bytes[..8].copy_from_slice(Challenge::DISCRIMINATOR);
        bytes[BOOK_AT..BOOK_AT + 32].copy_from_slice(&[7; 32]);
        let challenge: Challenge = account::decode(&Challenge::OWNER, &bytes).unwrap();
        assert_eq!(challenge.book, Pubkey::new_from_array([7; 32]));
    }
}
