//! What settlers have taken from a session on their own word: the record behind restitution.
//!
//! A claim pays what a leaf says. Until the voucher behind it is shown on chain, the settler whose
//! leaf it was stands in for the amount. A session remembers that for two settlers at a time, whose
//! claims age: an amount stays on record for at least one `period_secs` after it was claimed, at
//! most about two. The period is the batch's (long enough for a dispute about it to be over) and is
//! kept with the amount: what the network's parameters become later changes nothing.

use crate::Address;
use borsh::{BorshDeserialize, BorshSerialize};

/// What one settler's leaves have paid of a session and nobody has proven. In memory it lies as
/// Borsh writes it, without padding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "bytemuck", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct Claim {
    /// The registry's keeper account.
    pub settler: Address,
    /// Claimed at `since` or within a period after it.
    pub recent_micro_usdc: u64,
    /// Claimed in the period before that.
    pub earlier_micro_usdc: u64,
    /// Unix time at which `recent` begins.
    pub since: i64,
    /// How long what is on record can be disputed after it was claimed: the longest of the periods
    /// of the batches it came from. Shorter ones count again when nothing is left on record.
    pub period_secs: i64,
}

impl Claim {
    /// Both amounts. They are parts of what one session has settled, so the sum fits.
    pub const fn micro_usdc(&self) -> u64 {
        self.recent_micro_usdc.saturating_add(self.earlier_micro_usdc)
    }

    /// Whether nothing of it can be disputed any more: it is zero, or older than a whole period.
    pub const fn is_final(&self, now: i64) -> bool {
        // Taken off twice instead of doubled: a program pays 128 bits for a checked product.
        let late = now.saturating_sub(self.since).saturating_sub(self.period_secs);
        self.micro_usdc() == 0 || late > self.period_secs
    }

    /// Nothing on record.
    const fn begin(&mut self, now: i64, period_secs: i64) {
        self.recent_micro_usdc = 0;
        self.earlier_micro_usdc = 0;
        self.since = now;
        self.period_secs = period_secs;
    }

    /// Lets what is older than a whole period go, and takes a batch's period on.
    fn age(&mut self, now: i64, period_secs: i64) {
        if self.is_final(now) {
            self.begin(now, period_secs);
            return;
        }
        if now.saturating_sub(self.since) > self.period_secs {
            self.earlier_micro_usdc = self.recent_micro_usdc;
            self.recent_micro_usdc = 0;
            self.since = now;
        }
        self.period_secs = self.period_secs.max(period_secs);
    }

    /// Keeps no more than `micro_usdc`, the later part.
    fn keep(&mut self, micro_usdc: u64) {
        self.recent_micro_usdc = self.recent_micro_usdc.min(micro_usdc);
        self.earlier_micro_usdc =
            self.earlier_micro_usdc.min(micro_usdc.saturating_sub(self.recent_micro_usdc));
    }
}

/// Settlers a session remembers at once.
pub const CLAIMS_MAX: usize = 2;

/// The claims of a session, whoever claimed last first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[cfg_attr(feature = "bytemuck", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(transparent)]
pub struct Claims(pub [Claim; CLAIMS_MAX]);

/// Two other settlers' claims are on record: a voucher must be shown before a third can claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unproven;

impl Claims {
    /// Puts what a settler's leaf has just paid on record, for its batch's period at least.
    pub fn record(
        &mut self,
        settler: &Address,
        micro_usdc: u64,
        now: i64,
        period_secs: i64,
    ) -> Result<(), Unproven> {
        if micro_usdc == 0 {
            return Ok(());
        }
        let [last, other] = &mut self.0;
        if last.settler != *settler {
            if other.settler == *settler {
                core::mem::swap(last, other);
            } else {
                if other.is_final(now) {
                    *other = *last;
                } else if !last.is_final(now) {
                    return Err(Unproven);
                }
                last.settler = *settler;
                last.begin(now, period_secs);
            }
        }
        last.age(now, period_secs);
        last.recent_micro_usdc = last.recent_micro_usdc.saturating_add(micro_usdc);
        Ok(())
    }

    /// Takes note that only the last `unproven_micro_usdc` of what the session has settled are
    /// without a voucher.
    ///
    /// What is proven is the lower part of a cumulative amount, so the earliest claims are cleared
    /// first: those of the settler who claimed last stay longest.
    pub fn prove(&mut self, unproven_micro_usdc: u64) {
        let [last, other] = &mut self.0;
        last.keep(unproven_micro_usdc);
        other.keep(unproven_micro_usdc.saturating_sub(last.micro_usdc()));
    }

    /// What is on record of a settler.
    pub fn of(&self, settler: &Address) -> u64 {
        self.0.iter().filter(|claim| claim.settler == *settler).map(Claim::micro_usdc).sum()
    }

    /// What is on record of a settler and not final at `now`.
    pub fn disputable(&self, settler: &Address, now: i64) -> u64 {
        let theirs = self.0.iter().filter(|claim| claim.settler == *settler);
        theirs.filter(|claim| !claim.is_final(now)).map(Claim::micro_usdc).sum()
    }

    /// Takes what has been restored off a settler's record; `false` if it is more than that holds.
    pub fn restore(&mut self, settler: &Address, micro_usdc: u64) -> bool {
        let found = self.0.iter_mut().find(|claim| claim.settler == *settler);
        let Some(claim) = found else { return false };
        let Some(left) = claim.micro_usdc().checked_sub(micro_usdc) else { return false };
        claim.keep(left);
        true
    }

    /// Whether no claim can be disputed any more, so that the session may be forgotten.
    pub fn are_final(&self, now: i64) -> bool {
        self.0.iter().all(|claim| claim.is_final(now))
    }
}

/// How much of what a session has settled no voucher is shown for.
pub const fn unproven_micro_usdc(settled_micro_usdc: u64, proven_micro_usdc: u64) -> u64 {
    settled_micro_usdc.saturating_sub(proven_micro_usdc)
}
