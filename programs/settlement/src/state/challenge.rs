use crate::error::SettlementError;
use anchor_lang::prelude::*;

/// Where a challenge is in its life. An answered one is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub enum ChallengeStatus {
    /// The settler can answer → closed, `Failed`.
    Open,
    /// It did not: evidence against it.
    Failed,
}

/// The demand to show the voucher behind one leaf.
/// PDA `[seeds::CHALLENGE, book, minute_index, index]`.
#[account]
#[derive(Debug, InitSpace)]
pub struct Challenge {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    pub bond_bump: u8,
    pub status: ChallengeStatus,
    pub book: Pubkey,
    /// The registry's keeper account of the settler.
    pub keeper: Pubkey,
    pub minute_index: u64,
    /// Which leaf of the batch.
    pub index: u32,
    /// Paid the rent and gets it back.
    pub challenger: Pubkey,
    /// Token account the bond came from; it goes back there when the challenge fails.
    pub refund: Pubkey,
    pub bond_micro_usdc: u64,
    pub opened_at: i64,
    /// Unix time until which the settler can be sure that its answer counts.
    pub deadline: i64,
    /// Unix time; 0 while it is open.
    pub failed_at: i64,
    /// What the batch had paid when the challenge failed.
    pub claimed_micro_usdc: u64,
    /// How long the settler answers for the batch: as long stays a failed challenge.
    pub liability_secs: i64,
    /// When the batch was posted: what a verdict has punished already is told by this.
    pub posted_at: i64,
    /// For later fields; zero.
    pub reserved: [u8; 56],
}

impl Challenge {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// Refuses while the challenge is open, or is evidence that a case may need.
    pub fn check_closable(&self, now: i64) -> Result<()> {
        require!(self.status == ChallengeStatus::Failed, SettlementError::ChallengeInUse);
        let evidence_until = self.failed_at.saturating_add(self.liability_secs);
        require_gt!(now, evidence_until, SettlementError::ChallengeInUse);
        Ok(())
    }
}
