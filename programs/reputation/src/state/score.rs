use crate::error::ReputationError;
use anchor_lang::prelude::*;
use heliograph_protocol::case::Scored;
use heliograph_protocol::reputation::{SCORES_MAX, smoothed_ppm};

/// A node's score of one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub struct EpochScore {
    pub epoch: u64,
    pub score_ppm: u32,
    /// The median of what observers saw.
    pub availability_ppm: u32,
    /// Observers heard.
    pub observers: u8,
    /// How many there had to be: the quorum when the epoch's first root was posted.
    pub quorum: u8,
}

impl EpochScore {
    /// The score as cases read it.
    pub fn scored(&self) -> Scored {
        let Self { epoch, score_ppm, observers, quorum, .. } = *self;
        Scored { epoch, score_ppm, observers, quorum }
    }
}

/// A node's scores of the last 64 epochs it was scored for. PDA `[seeds::SCORE, node]`.
#[account]
#[derive(Debug, InitSpace)]
pub struct Score {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// The registry's node account.
    pub node: Pubkey,
    /// The protocol's smoothing over `epochs`.
    pub smoothed_ppm: u32,
    /// Epochs scored in all, forgotten ones too.
    pub epochs_scored: u64,
    /// Oldest first. An epoch scored late stands where it would have stood in time.
    #[max_len(SCORES_MAX)]
    pub epochs: Vec<EpochScore>,
    /// For later fields; zero.
    pub reserved: [u8; 64],
}

impl Score {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// Adds an epoch's score in its place, drops the oldest one if there is no room, and smooths
    /// anew.
    pub fn record(&mut self, score: EpochScore) -> Result<()> {
        let found = self.epochs.binary_search_by_key(&score.epoch, |known| known.epoch);
        let Err(mut place) = found else { return err!(ReputationError::ScoredTwice) };
        if self.epochs.len() >= SCORES_MAX {
            place = place.checked_sub(1).ok_or(ReputationError::EpochTooOld)?;
            self.epochs.remove(0);
        }
        self.epochs.insert(place, score);
        self.epochs_scored = self.epochs_scored.saturating_add(1);
        self.smoothed_ppm =
            smoothed_ppm(self.epochs.iter().map(|known| known.score_ppm)).unwrap_or(0);
        Ok(())
    }
}
