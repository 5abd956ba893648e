//! Which sessions get a leaf in the next batch. Pure.
//!
//! Whoever has waited longest comes first. A leaf that does not fit is passed over for smaller ones
//! behind it and keeps its place: it comes first again next minute. One that no batch can hold is
//! left to its node, which can redeem by itself.

use heliograph_protocol::batch::{self, BatchHeader, Leaf};
use heliograph_registry::state::NetworkParams;
use heliograph_settlement::state::Session;
use heliograph_store::{StoredLeaf, Waiting};

/// A leaf that may be posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub stored: StoredLeaf,
    /// What it may be paid beyond what is settled or under way.
    pub increment_micro_usdc: u64,
}

/// What a batch may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub leaves_max: usize,
    /// The network's maximum for one batch.
    pub total_max_micro_usdc: u64,
    /// What the bond covers beyond the exposure.
    pub room_micro_usdc: u64,
}

/// The leaves of a batch, sorted as batches are, and what they add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub leaves: Vec<StoredLeaf>,
    pub total_micro_usdc: u64,
    /// Offers that did not fit.
    pub left_out: usize,
}

/// The leaf of a session that waits, if it can be posted at `now`: while the settler is sure to be
/// able to answer for it, and while there is time left to claim it. `session` is its account.
pub fn offer(
    waiting: &Waiting,
    session: &Session,
    params: &NetworkParams,
    now: i64,
) -> Option<Offer> {
    let cumulative_micro_usdc = waiting.voucher.cumulative_micro_usdc;
    let answerable_until = now
        .checked_add(i64::from(params.dispute_secs))?
        .checked_add(i64::from(params.challenge_response_secs))?;
    let claimable_from = now.checked_add(i64::from(params.challenge_window_secs))?;
    if answerable_until > session.closable_at
        || claimable_from >= session.redeemable_until
        || cumulative_micro_usdc > session.cap_micro_usdc
    {
        return None;
    }
    let covered = session.totals.settled_micro_usdc.max(waiting.under_way_micro_usdc);
    let increment_micro_usdc =
        cumulative_micro_usdc.checked_sub(covered).filter(|increment| *increment > 0)?;
    let leaf = Leaf {
        app: waiting.app,
        node: waiting.node,
        session: waiting.voucher.session,
        cumulative_micro_usdc,
        evidence: batch::evidence(&waiting.voucher.receipt_hash, &waiting.voucher_hash),
    };
    let stored = StoredLeaf { leaf, voucher_hash: waiting.voucher_hash };
    Some(Offer { stored, increment_micro_usdc })
}

/// Takes from `offers`, in their order, what fits.
pub fn select(offers: impl IntoIterator<Item = Offer>, limits: &Limits) -> Selection {
    let most = limits.total_max_micro_usdc.min(limits.room_micro_usdc);
    let mut selection = Selection::default();
    for offer in offers {
        let total = selection.total_micro_usdc.checked_add(offer.increment_micro_usdc);
        match total.filter(|total| *total <= most) {
            Some(total) if selection.leaves.len() < limits.leaves_max => {
                selection.total_micro_usdc = total;
                selection.leaves.push(offer.stored);
            }
            _ => selection.left_out += 1,
        }
    }
    selection.leaves.sort_by(|a, b| a.leaf.key().cmp(&b.leaf.key()));
    selection
}

impl Selection {
    /// The header it is posted with; `None` if there is nothing to post.
    pub fn header(&self, settler: [u8; 32], minute_index: u64) -> Option<BatchHeader> {
        if self.total_micro_usdc == 0 {
            return None;
        }
        let leaves: Vec<Leaf> = self.leaves.iter().map(|stored| stored.leaf).collect();
        Some(BatchHeader {
            settler,
            minute_index,
            root: batch::root(&leaves),
            count: u32::try_from(leaves.len()).ok()?,
            total_micro_usdc: self.total_micro_usdc,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
