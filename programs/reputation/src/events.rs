//! What happened, for those who rebuild the accounts from history. Fields are only ever appended.

use crate::state::Figures;
use anchor_lang::prelude::*;

#[event]
#[derive(Clone, Debug)]
pub struct RootPosted {
    pub observation: Pubkey,
    /// The observer's registry account.
    pub keeper: Pubkey,
    pub epoch: u64,
    pub root: [u8; 32],
    pub leaves_count: u32,
    pub posted_at: i64,
    /// Seats taken in the epoch now.
    pub seats: u8,
    /// Who lost its seat; zero = nobody.
    pub displaced: Pubkey,
    /// Epochs the observer let pass before this one.
    pub absences: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct LeafSubmitted {
    pub tally: Pubkey,
    pub node: Pubkey,
    pub epoch: u64,
    pub observer: Pubkey,
    pub figures: Figures,
    /// Observers heard about the node now.
    pub heard: u8,
    /// Under which the figures' samples are found in an archive.
    pub samples_root: [u8; 32],
}

#[event]
#[derive(Clone, Debug)]
pub struct NodeScored {
    pub score: Pubkey,
    pub node: Pubkey,
    pub epoch: u64,
    pub medians: Figures,
    pub score_ppm: u32,
    pub old_smoothed_ppm: u32,
    pub smoothed_ppm: u32,
    /// Observers heard; of the epoch's seats, those of which no leaf was shown; of those heard,
    /// those far from the medians.
    pub heard: u8,
    pub missed: u8,
    pub deviated: u8,
}

#[event]
#[derive(Clone, Debug)]
pub struct TallyClosed {
    pub tally: Pubkey,
    pub node: Pubkey,
    pub epoch: u64,
    pub scored: bool,
    /// Observers that were heard.
    pub heard: u8,
}

#[event]
#[derive(Clone, Debug)]
pub struct ObservationClosed {
    pub observation: Pubkey,
    pub keeper: Pubkey,
    pub epoch: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct EpochClosed {
    pub epoch_account: Pubkey,
    pub epoch: u64,
}
