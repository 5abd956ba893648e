//! Claims what posted leaves say, once their windows are over and a transaction pays for itself.

use crate::chain;
use crate::fate::{BookView, Standing};
use crate::plan::{self, Bundle, Due, Forecast, Part};
use crate::post::RoundError;
use crate::state::SettleState;
use crate::time::unix_ms;
use heliograph_client::instruction::settlement;
use heliograph_client::send::{Options, TRANSACTION_BYTES_MAX, send, wire_len};
use heliograph_client::{Error as ChainError, account, pda};
use heliograph_protocol::batch::{BatchHeader, Leaf};
use heliograph_registry::state::{Keeper, Network, Node};
use heliograph_settlement::state::{Channel, Escrow, Session};
use heliograph_settlement::{ClaimArgs, ClaimLeaf};
use heliograph_store::{BatchState, StoredLeaf};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the book is looked at.
const POLL: Duration = Duration::from_secs(10);
/// Transactions of one round; what is left has its turn in the next.
const BUNDLES_MAX: usize = 64;
/// How long a channel is left alone after a failure that time alone does not mend.
const HOLD_OFF: Duration = Duration::from_secs(60);

/// A batch that may pay, with its leaves.
struct Claimable {
    header: BatchHeader,
    leaves: Vec<StoredLeaf>,
    left_micro_usdc: u64,
}

/// All that the claims of a round are made from, as it was at its beginning.
struct View {
    network: Network,
    keeper: Keeper,
    batches: HashMap<u64, Claimable>,
    sessions: HashMap<Pubkey, Session>,
    channels: HashMap<Pubkey, Channel>,
    nodes: HashMap<Pubkey, Node>,
    now: i64,
}

/// Runs until shutdown.
pub async fn run(state: Arc<SettleState>) {
    let mut held: HashMap<Pubkey, Instant> = HashMap::new();
    loop {
        if let Err(error) = round(&state, &mut held).await {
            tracing::warn!(%error, "claiming interrupted, will try again");
        }
        if !state.rest(POLL).await {
            return;
        }
    }
}

async fn round(state: &SettleState, held: &mut HashMap<Pubkey, Instant>) -> Result<(), RoundError> {
    held.retain(|_, until| *until > Instant::now());
    let book = chain::book(&state.rpc, &state.book_address()).await?;
    if book.book.open_challenges > 0 {
        return Ok(());
    }
    let now = state.rpc.unix_secs().await?;
    let mut batches = claimable(state, &book, now).await?;
    if batches.is_empty() {
        return Ok(());
    }
    let (sessions, mut forecast) = forecast(state, &batches).await?;
    let dues = dues(&mut batches, &sessions, &mut forecast, now);
    retire(state, &batches, &sessions, now).await?;
    if dues.is_empty() {
        return Ok(());
    }
    let channels = chain::accounts(&state.rpc, dues.iter().map(|due| due.channel)).await?;
    let nodes = chain::accounts(&state.rpc, sessions.values().map(|session| session.node)).await?;
    let view = View {
        network: account::network(&state.rpc).await?,
        keeper: account::get(&state.rpc, &state.keeper_address()).await?,
        batches: batches.into_iter().map(|batch| (batch.header.minute_index, batch)).collect(),
        sessions,
        channels,
        nodes,
        now,
    };
    let payer = state.key().pubkey();
    let fits = |bundle: &Bundle| {
        view.instructions(state, bundle, false)
            .is_some_and(|all| wire_len(&payer, &all) <= TRANSACTION_BYTES_MAX)
    };
    let cost_micro_usdc = state.config.claim_cost_micro_usdc();
    let mut bundles = plan::pack(&dues, fits);
    bundles.retain(|bundle| {
        bundle.share_micro_usdc >= cost_micro_usdc && !held.contains_key(&bundle.channel)
    });
    for bundle in bundles.into_iter().take(BUNDLES_MAX) {
        match bring(state, &view, &bundle).await {
            Ok(()) => {}
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => {
                tracing::warn!(channel = %bundle.channel, %error, "leaves not claimed");
                held.insert(bundle.channel, Instant::now() + HOLD_OFF);
            }
        }
    }
    Ok(())
}

/// Posted batches whose window is over, oldest first.
async fn claimable(
    state: &SettleState,
    book: &BookView,
    now: i64,
) -> Result<Vec<Claimable>, RoundError> {
    let mut claimable = Vec::new();
    for batch in state.batches.batches_in(BatchState::Posted).await? {
        let Standing::Good(slot) = book.standing(&batch.header) else { continue };
        if now <= slot.posted_at.saturating_add(slot.challenge_window_secs.into()) {
            continue;
        }
        claimable.push(Claimable {
            header: batch.header,
            leaves: state.batches.leaves(batch.header.minute_index, 0..u32::MAX).await?,
            left_micro_usdc: slot.total_micro_usdc.saturating_sub(slot.claimed_micro_usdc),
        });
    }
    Ok(claimable)
}

/// The sessions as they are, and what they and their escrows can pay.
async fn forecast(
    state: &SettleState,
    batches: &[Claimable],
) -> Result<(HashMap<Pubkey, Session>, Forecast), RoundError> {
    let leaves = || batches.iter().flat_map(|batch| &batch.leaves).map(|stored| stored.leaf);
    let addresses = leaves().map(|leaf| Pubkey::from(leaf.session));
    let sessions: HashMap<Pubkey, Session> = chain::accounts(&state.rpc, addresses).await?;
    let settled: Vec<([u8; 32], u64)> = sessions
        .iter()
        .map(|(address, session)| (address.to_bytes(), session.totals.settled_micro_usdc))
        .collect();
    state.batches.record_settled_totals(&settled).await?;
    let apps = leaves().map(|leaf| pda::escrow(&Pubkey::from(leaf.app)));
    let escrows: HashMap<Pubkey, Escrow> = chain::accounts(&state.rpc, apps).await?;
    let escrows = escrows
        .into_values()
        .map(|escrow| (escrow.app, escrow.available_micro_usdc().unwrap_or(0)))
        .collect();
    Ok((sessions.clone(), Forecast { sessions, escrows }))
}

/// Leaves that have something to claim, in the order of minutes and positions. Takes what they pay
/// off what batches have left.
fn dues(
    batches: &mut [Claimable],
    sessions: &HashMap<Pubkey, Session>,
    forecast: &mut Forecast,
    now: i64,
) -> Vec<Due> {
    let mut dues = Vec::new();
    for batch in batches {
        let mut left = batch.left_micro_usdc;
        for (index, stored) in (0..).zip(&batch.leaves) {
            let session = Pubkey::from(stored.leaf.session);
            let Some(account) = sessions.get(&session) else { continue };
            let cumulative = stored.leaf.cumulative_micro_usdc;
            let Some((amount, share)) = forecast.claim(&session, cumulative, left, now) else {
                continue;
            };
            left = left.saturating_sub(amount);
            dues.push(Due {
                minute_index: batch.header.minute_index,
                index,
                channel: account.channel,
                session,
                amount_micro_usdc: amount,
                share_micro_usdc: share,
            });
        }
    }
    dues
}

/// Notes which batches have nothing left to claim, whoever claimed or redeemed it.
async fn retire(
    state: &SettleState,
    batches: &[Claimable],
    sessions: &HashMap<Pubkey, Session>,
    now: i64,
) -> Result<(), RoundError> {
    for batch in batches {
        let is_over = |leaf: &Leaf| match sessions.get(&Pubkey::from(leaf.session)) {
            None => true,
            Some(session) => {
                now > session.redeemable_until
                    || session.totals.settled_micro_usdc >= leaf.cumulative_micro_usdc
            }
        };
        if batch.left_micro_usdc == 0 || batch.leaves.iter().all(|stored| is_over(&stored.leaf)) {
            let minute_index = batch.header.minute_index;
            state.batches.decide(minute_index, BatchState::Done, unix_ms()).await?;
            tracing::info!(minute_index, "batch done");
        }
    }
    Ok(())
}

impl View {
    /// The claims of a bundle; without `proven`, with proofs of the right length and no meaning.
    /// `None` if an account that they need is not there.
    fn instructions(
        &self,
        state: &SettleState,
        bundle: &Bundle,
        proven: bool,
    ) -> Option<Vec<Instruction>> {
        let channel = self.channels.get(&bundle.channel)?;
        let node = self.nodes.get(&channel.node)?;
        let claim = |part: &Part| {
            let args = self.args(part, proven)?;
            let keeper = (state.keeper_address(), &self.keeper);
            let channel = (bundle.channel, channel);
            Some(settlement::claim(&self.network, keeper, node, channel, &part.sessions, args))
        };
        bundle.parts.iter().map(claim).collect()
    }

    fn args(&self, part: &Part, proven: bool) -> Option<ClaimArgs> {
        let batch = self.batches.get(&part.minute_index)?;
        let range = part.range.start as usize..part.range.end as usize;
        if proven {
            let leaves: Vec<Leaf> = batch.leaves.iter().map(|stored| stored.leaf).collect();
            return settlement::claim_args(part.minute_index, &leaves, range);
        }
        let leaves = batch.leaves.get(range)?.iter().map(|stored| ClaimLeaf {
            cumulative_micro_usdc: stored.leaf.cumulative_micro_usdc,
            evidence: stored.leaf.evidence,
        });
        Some(ClaimArgs {
            minute_index: part.minute_index,
            first_index: part.range.start,
            leaves: leaves.collect(),
            proof: vec![[0; 32]; plan::proof_len(&part.range, batch.header.count)],
        })
    }

    /// Sessions of a bundle that two other settlers have claims on record of: this settler's is
    /// refused until a voucher is shown.
    fn unproven(&self, state: &SettleState, bundle: &Bundle) -> HashMap<Pubkey, StoredLeaf> {
        let settler = state.keeper_address().to_bytes();
        // The last one counts: later minutes have higher amounts.
        let mut unproven = HashMap::new();
        for part in &bundle.parts {
            let leaves = self.batches.get(&part.minute_index).map(|batch| &batch.leaves[..]);
            let positions = part.range.start as usize..part.range.end as usize;
            let leaves = leaves.and_then(|leaves| leaves.get(positions)).unwrap_or(&[]);
            for (address, stored) in part.sessions.iter().zip(leaves) {
                let Some(session) = self.sessions.get(address) else { continue };
                if plan::needs_proof(session, &settler, self.now) {
                    unproven.insert(*address, *stored);
                }
            }
        }
        unproven
    }
}

/// Sends one transaction of claims, after the proofs it needs.
async fn bring(state: &SettleState, view: &View, bundle: &Bundle) -> Result<(), RoundError> {
    for (session, stored) in view.unproven(state, bundle) {
        let Some(voucher) = state.batches.voucher(&stored.voucher_hash).await? else { continue };
        let prove = settlement::prove_voucher(session, &voucher);
        let signature = send(&state.rpc, state.key(), &[], &prove, Options::default()).await?;
        tracing::info!(%session, %signature, "voucher proven");
    }
    let Some(instructions) = view.instructions(state, bundle, true) else { return Ok(()) };
    let signature = send(&state.rpc, state.key(), &[], &instructions, Options::default()).await?;
    tracing::info!(
        channel = %bundle.channel,
        leaves = bundle.parts.iter().map(|part| part.sessions.len()).sum::<usize>(),
        amount_micro_usdc = bundle.amount_micro_usdc,
        share_micro_usdc = bundle.share_micro_usdc,
        %signature,
        "leaves claimed"
    );
    Ok(())
}

impl RoundError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Chain(ChainError::Expired { .. }) => true,
            Self::Chain(error) => error.is_retryable(),
            Self::Store(error) => error.is_retryable(),
        }
    }
}
