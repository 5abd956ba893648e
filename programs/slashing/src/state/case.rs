use crate::error::SlashingError;
use anchor_lang::prelude::*;
use heliograph_protocol::case::{Kind, Scored};
use heliograph_protocol::reputation::SCORES_MAX;
use heliograph_registry::state::NetworkParams;

/// [`Kind`] as accounts and events hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub enum CaseKind {
    Equivocation,
    UnansweredChallenge,
    Downtime,
    ObserverFraud,
}

impl From<CaseKind> for Kind {
    fn from(kind: CaseKind) -> Self {
        match kind {
            CaseKind::Equivocation => Self::Equivocation,
            CaseKind::UnansweredChallenge => Self::UnansweredChallenge,
            CaseKind::Downtime => Self::Downtime,
            CaseKind::ObserverFraud => Self::ObserverFraud,
        }
    }
}

/// Where a case is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub enum CaseStatus {
    /// → `Guilty`, `Dismissed`.
    Open,
    Guilty,
    Dismissed,
}

/// An epoch in which a node was scored too low.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub struct BadEpoch {
    pub epoch: u64,
    pub score_ppm: u32,
    /// Observers heard.
    pub observers: u8,
    /// How many there had to be: of the epoch itself, whatever the network asks for today.
    pub quorum: u8,
}

impl From<&Scored> for BadEpoch {
    fn from(scored: &Scored) -> Self {
        let Scored { epoch, score_ppm, observers, quorum } = *scored;
        Self { epoch, score_ppm, observers, quorum }
    }
}

impl From<&BadEpoch> for Scored {
    fn from(bad: &BadEpoch) -> Self {
        let BadEpoch { epoch, score_ppm, observers, quorum } = *bad;
        Self { epoch, score_ppm, observers, quorum }
    }
}

/// A case against a node or keeper. PDA `[seeds::CASE, subject, number]`. The reporter's bond is
/// lamports of this account, above its rent.
#[account]
#[derive(Debug, InitSpace)]
pub struct Case {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    pub kind: CaseKind,
    pub status: CaseStatus,
    pub number: u32,
    /// The registry account of the accused.
    pub subject: Pubkey,
    /// The wallet it belongs to: gets the bond when the case is dismissed.
    pub owner: Pubkey,
    /// What the accused staked.
    pub mint: Pubkey,
    /// Paid rent and bond.
    pub reporter: Pubkey,
    /// Who gets the reporter's part of the penalty: the reporter, or who opened the challenge.
    pub rewarded: Pubkey,
    /// Who gets the victim's part: the app's authority; zero = nobody.
    pub victim: Pubkey,
    /// The account the evidence is in: session, challenge, score or observation.
    pub evidence: Pubkey,
    /// Equivocation: the minute's ordinal in the session.
    pub sequence: u32,
    /// Observer fraud: the epoch.
    pub epoch: u64,
    /// When it was done: the opening of the session, the posting of the batch or of the root, the
    /// newest bad epoch.
    pub done_at: i64,
    /// What a verdict of guilty punishes besides, up to this time; 0 = up to the verdict.
    pub punishes_until: i64,
    pub opened_at: i64,
    /// From then on nobody can show vouchers any more and what is on record is restored.
    pub restorable_at: i64,
    /// The case is decided after this.
    pub decidable_at: i64,
    /// Unix time of the verdict or the dismissal; 0 while it is open.
    pub decided_at: i64,
    /// The account is kept until then: another case may need it.
    pub kept_until: i64,
    pub bond_lamports: u64,
    /// What it is to cost, if so much is left.
    pub penalty: u64,
    /// Of the accused's stake, what this case holds still.
    pub held: u64,
    /// What has been restored to apps.
    pub restored_micro_usdc: u64,
    /// Downtime: the bad epochs, oldest first, without those refuted.
    #[max_len(SCORES_MAX)]
    pub epochs: Vec<BadEpoch>,
    /// For later fields; zero.
    pub reserved: [u8; 64],
}

impl Case {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// Refuses what can only be done while the case is open.
    pub fn check_open(&self) -> Result<()> {
        require!(self.status == CaseStatus::Open, SlashingError::CaseDecided);
        Ok(())
    }

    /// Refuses a verdict before its time.
    pub fn check_decidable(&self, now: i64) -> Result<()> {
        self.check_open()?;
        require_gte!(now, self.decidable_at, SlashingError::TooEarly);
        Ok(())
    }

    /// Takes what was slashed off the hold.
    pub fn slashed(&mut self, amount: u64) -> Result<()> {
        self.held = self.held.checked_sub(amount).ok_or(SlashingError::Overflow)?;
        Ok(())
    }

    /// Decides the case. A conviction for fraud stays as long as an epoch can be in a score: who is
    /// tried for downtime may need it.
    pub fn decide(&mut self, status: CaseStatus, now: i64, params: &NetworkParams) {
        self.status = status;
        self.decided_at = now;
        self.held = 0;
        let fraud = self.kind == CaseKind::ObserverFraud && status == CaseStatus::Guilty;
        let epochs_secs = SCORES_MAX as i64 * i64::from(params.epoch_secs);
        let kept_secs = if fraud { epochs_secs + i64::from(params.case_window_secs) } else { 0 };
        self.kept_until = now.saturating_add(kept_secs);
    }

    /// Until when a verdict of `now` punishes.
    pub fn punished_until(&self, now: i64) -> i64 {
        if self.punishes_until == 0 { now } else { self.punishes_until }
    }

    /// Refuses to let go of a case that is not decided or still of use.
    pub fn check_closable(&self, now: i64) -> Result<()> {
        require!(
            self.status != CaseStatus::Open && now >= self.kept_until,
            SlashingError::CaseInUse
        );
        Ok(())
    }

    /// Strikes an epoch off the charge; returns how many are left.
    pub fn refute(&mut self, epoch: u64, frauds: usize) -> Result<usize> {
        let place = self
            .epochs
            .iter()
            .position(|bad| bad.epoch == epoch)
            .ok_or(SlashingError::EpochNotCharged)?;
        require_gt!(frauds, 0, SlashingError::NotUpheldFraud);
        let scored = Scored::from(&self.epochs[place]);
        require!(scored.falls_without(frauds), SlashingError::QuorumStands);
        self.epochs.remove(place);
        Ok(self.epochs.len())
    }
}
