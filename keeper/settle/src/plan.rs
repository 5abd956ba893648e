//! Which leaves to claim, and in which transactions. Pure.
//!
//! A claim takes leaves that follow each other in a batch and lie on one channel. A transaction
//! takes as many claims of one channel as fit, oldest minutes first: many minutes of one session
//! pay for a fee that none of them would pay alone.

use heliograph_protocol::Address;
use heliograph_protocol::settle::{SettleState, claims};
use heliograph_settlement::state::{Session, to_rules};
use solana_pubkey::Pubkey;
use std::collections::HashMap;
use std::ops::Range;

/// A leaf that has something to claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub minute_index: u64,
    /// Position in the batch.
    pub index: u32,
    pub channel: Pubkey,
    pub session: Pubkey,
    /// What it pays, and the settler's part of that.
    pub amount_micro_usdc: u64,
    pub share_micro_usdc: u64,
}

/// What sessions and escrows will have left when all claims planned so far are through.
#[derive(Debug, Default)]
pub struct Forecast {
    /// By session: its account with its totals as they will be.
    pub sessions: HashMap<Pubkey, Session>,
    /// By app: what its escrow can pay.
    pub escrows: HashMap<Pubkey, u64>,
}

impl Forecast {
    /// What a leaf pays out of a batch that has `batch_left_micro_usdc`, by the program's own rule;
    /// `None` if nothing: it is settled, too late, or there is nothing to pay it from.
    pub fn claim(
        &mut self,
        session_address: &Pubkey,
        cumulative_micro_usdc: u64,
        batch_left_micro_usdc: u64,
        now: i64,
    ) -> Option<(u64, u64)> {
        let session = self.sessions.get_mut(session_address)?;
        if now > session.redeemable_until {
            return None;
        }
        let escrow_left = self.escrows.get_mut(&session.app)?;
        let state = SettleState {
            settled_micro_usdc: session.totals.settled_micro_usdc,
            cap_micro_usdc: session.cap_micro_usdc,
            escrow_available_micro_usdc: *escrow_left,
        };
        let amount = claims(&state, batch_left_micro_usdc, cumulative_micro_usdc)
            .ok()
            .filter(|amount| *amount > 0)?;
        let paid = session.totals.paid_micro_usdc;
        let split = session.shares().split(paid, paid.checked_add(amount)?, true)?;
        *escrow_left -= amount;
        session.totals.settled_micro_usdc += amount;
        session.totals.paid_micro_usdc += amount;
        Some((amount, split.settler_micro_usdc))
    }
}

/// Whether a session has claims of two other settlers on record: this settler's claim is refused
/// until a voucher is shown.
pub fn needs_proof(session: &Session, settler: &Address, now: i64) -> bool {
    // Whether there is room depends on what is on record, not on the period of what would be.
    const ANY_PERIOD_SECS: i64 = 0;
    to_rules(&session.claims).record(settler, 1, now, ANY_PERIOD_SECS).is_err()
}

/// Leaves that follow each other in one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub minute_index: u64,
    pub range: Range<u32>,
    pub sessions: Vec<Pubkey>,
}

/// What one transaction claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    pub channel: Pubkey,
    pub parts: Vec<Part>,
    pub amount_micro_usdc: u64,
    pub share_micro_usdc: u64,
}

impl Bundle {
    fn of(due: &Due) -> Self {
        Self {
            channel: due.channel,
            parts: vec![part_of(due)],
            amount_micro_usdc: due.amount_micro_usdc,
            share_micro_usdc: due.share_micro_usdc,
        }
    }

    fn push(&mut self, due: &Due) {
        match self.parts.last_mut() {
            Some(last) if (last.minute_index, last.range.end) == (due.minute_index, due.index) => {
                last.range.end += 1;
                last.sessions.push(due.session);
            }
            _ => self.parts.push(part_of(due)),
        }
        self.amount_micro_usdc = self.amount_micro_usdc.saturating_add(due.amount_micro_usdc);
        self.share_micro_usdc = self.share_micro_usdc.saturating_add(due.share_micro_usdc);
    }
}

fn part_of(due: &Due) -> Part {
    Part {
        minute_index: due.minute_index,
        range: due.index..due.index + 1,
        sessions: vec![due.session],
    }
}

/// Puts leaves into transactions. `dues` come in the order of their minutes and positions; `fits`
/// says whether a bundle fits into a transaction.
pub fn pack(dues: &[Due], fits: impl Fn(&Bundle) -> bool) -> Vec<Bundle> {
    let mut full = Vec::new();
    // In the order in which the channels come, so that a plan is the same each time.
    let mut open: Vec<Bundle> = Vec::new();
    let mut at: HashMap<Pubkey, usize> = HashMap::new();
    for due in dues {
        let index = *at.entry(due.channel).or_insert(open.len());
        let Some(bundle) = open.get_mut(index) else {
            open.push(Bundle::of(due));
            continue;
        };
        let mut longer = bundle.clone();
        longer.push(due);
        if fits(&longer) {
            *bundle = longer;
        } else {
            full.push(std::mem::replace(bundle, Bundle::of(due)));
        }
    }
    full.append(&mut open);
    full
}

/// Length of the proof of a range of `count` leaves, without making it.
pub fn proof_len(range: &Range<u32>, count: u32) -> usize {
    let (mut first, mut end, mut count) = (range.start, range.end, count);
    let mut len = 0;
    while count > 1 {
        len += usize::from(first % 2 == 1) + usize::from(end % 2 == 1 && end < count);
        first /= 2;
        end = end.div_ceil(2);
        count = count.div_ceil(2);
    }
    len
}

#[cfg(test)]
mod tests;
