//! `heliograph batch claim`.

use super::state;
use crate::amount::usdc;
use crate::chain;
use crate::commands::settler::{WithBook, with_book};
use crate::context::Context;
use crate::documents::{self, LeavesFile};
use crate::duration::duration;
use crate::exit::{Exit, usage};
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::settlement::{claim, claim_args};
use heliograph_client::{Error, account};
use heliograph_protocol::batch::{self, Leaf};
use heliograph_registry::state::{Network, Node};
use heliograph_settlement::state::{Channel, Session, Slot, SlotStatus};
use serde_json::json;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use std::ops::Range;

/// Leaves of one transaction to begin with; fewer where their proof is long.
const LEAVES_AT_ONCE: usize = 8;

/// Pay what leaves of a batch say
#[derive(Debug, Args)]
#[command(
    long_about = "Pay what leaves of a batch say: operators, settler and treasury. Anybody can; \
    --keypair pays the fees. Leaves that pay nothing any more are left out, and so are those whose \
    session is closed. While the challenge window runs nothing is sent, and the command ends with 75 \
    and says how long it takes.",
    after_long_help = "EXAMPLE\n  \
    heliograph batch claim SETTLER_KEY 29748012 --leaves leaves.json"
)]
pub struct Claim {
    /// The settler's keeper key: base58, or its keypair file
    pub keeper_key: KeyRef,
    /// The minute: Unix time divided by 60
    pub minute: u64,
    #[command(flatten)]
    pub file: LeavesFile,
}

impl Claim {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let leaves = documents::leaves(&self.file.leaves)?;
        let payer = context.signer()?;
        let network = context.network().await?;
        let settler = with_book(&context.rpc, &self.keeper_key.pubkey()?).await?;
        let slot = self.slot(&settler)?;
        if slot.root != batch::root(&leaves) || slot.count as usize != leaves.len() {
            return Err(usage("these are not the leaves of this batch: its root is another"));
        }
        let now = chain::unix_secs(&context.rpc).await?;
        match state(&settler.book, &slot, now) {
            "waiting" => {
                let until = slot.posted_at + i64::from(slot.challenge_window_secs);
                let wait = u64::try_from(until - now + 1).unwrap_or(0);
                let document = json!({ "claimed_micro_usdc": 0, "wait_secs": wait });
                let text = format!(
                    "the challenge window runs for another {}: nothing was sent",
                    duration(wait)
                );
                return Ok(Outcome::new(&document, text)?.exiting(Exit::Retry));
            }
            "held" => return Err(usage("a challenge of the settler is open: nothing is paid")),
            "void" => return Err(usage("a challenge of the settler failed: the batch is void")),
            _ => {}
        }
        let mut claimer = Claimer {
            context,
            payer: &payer,
            network: &network,
            settler: &settler,
            minute: self.minute,
            leaves: &leaves,
            transactions: Vec::new(),
            claimed_leaves: 0,
        };
        for (channel, range) in ranges(context, &leaves).await? {
            claimer.claim(channel, range).await?;
        }
        let Claimer { transactions, claimed_leaves, .. } = claimer;
        let after = with_book(&context.rpc, &self.keeper_key.pubkey()?).await?;
        let claimed = self.slot(&after)?.claimed_micro_usdc;
        let document = json!({
            "minute_index": self.minute,
            "claimed_leaves": claimed_leaves,
            "claimed_micro_usdc": claimed.saturating_sub(slot.claimed_micro_usdc),
            "batch_claimed_micro_usdc": claimed,
            "batch_total_micro_usdc": slot.total_micro_usdc,
            "transactions": transactions,
        });
        let text = fields([
            (
                "claimed",
                format!(
                    "{} by {} of {} leaves",
                    usdc(claimed.saturating_sub(slot.claimed_micro_usdc)),
                    claimed_leaves,
                    leaves.len()
                ),
            ),
            ("the batch", format!("{} of {}", usdc(claimed), usdc(slot.total_micro_usdc))),
            (
                "transactions",
                if transactions.is_empty() {
                    "none needed".into()
                } else {
                    transactions.join("\n              ")
                },
            ),
        ]);
        Outcome::new(&document, text)
    }

    fn slot(&self, settler: &WithBook) -> Result<Slot> {
        let slots = &settler.slots;
        let index =
            usize::try_from(self.minute).ok().and_then(|minute| minute.checked_rem(slots.len()));
        index
            .map(|index| slots[index])
            .filter(|slot| {
                slot.minute_index == self.minute && slot.status != SlotStatus::Empty as u8
            })
            .ok_or_else(|| usage(format!("the book has no batch of minute {}", self.minute)))
    }
}

/// Neighbouring leaves of one channel of which each would pay something.
async fn ranges(context: &Context, leaves: &[Leaf]) -> Result<Vec<(Pubkey, Range<usize>)>> {
    let mut ranges: Vec<(Pubkey, Range<usize>)> = Vec::new();
    for (index, leaf) in leaves.iter().enumerate() {
        let address = Pubkey::new_from_array(leaf.session);
        let session: Option<Session> = account::find(&context.rpc, &address).await?;
        let Some(session) = session else { continue };
        if leaf.cumulative_micro_usdc <= session.totals.settled_micro_usdc {
            continue;
        }
        match ranges.last_mut() {
            Some((channel, range)) if *channel == session.channel && range.end == index => {
                range.end = index + 1;
            }
            _ => ranges.push((session.channel, index..index + 1)),
        }
    }
    Ok(ranges)
}

/// Claims leaves of one batch.
struct Claimer<'a> {
    context: &'a Context,
    payer: &'a Keypair,
    network: &'a Network,
    settler: &'a WithBook,
    minute: u64,
    leaves: &'a [Leaf],
    transactions: Vec<String>,
    claimed_leaves: usize,
}

impl Claimer<'_> {
    /// Claims `range`, all of `channel`, in as many transactions as it takes.
    async fn claim(&mut self, channel: Pubkey, range: Range<usize>) -> Result<()> {
        let rpc = &self.context.rpc;
        let account: Channel = account::get(rpc, &channel).await?;
        let node: Node = account::get(rpc, &account.node).await?;
        let keeper = (self.settler.address, &self.settler.keeper);
        let mut start = range.start;
        let mut at_once = LEAVES_AT_ONCE;
        while start < range.end {
            let part = start..range.end.min(start + at_once);
            let sessions: Vec<Pubkey> = self.leaves[part.clone()]
                .iter()
                .map(|leaf| Pubkey::new_from_array(leaf.session))
                .collect();
            let args = claim_args(self.minute, self.leaves, part.clone())
                .ok_or_else(|| usage("the batch has no such leaves"))?;
            let channel = (channel, &account);
            let instruction = claim(self.network, keeper, &node, channel, &sessions, args);
            match self.context.send(self.payer, &[], &[instruction]).await {
                Ok(signature) => {
                    self.transactions.push(signature.to_string());
                    self.claimed_leaves += part.len();
                    start = part.end;
                }
                Err(error) if at_once > 1 && is_too_large(&error) => at_once /= 2,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn is_too_large(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::TooLarge { .. }))
}
