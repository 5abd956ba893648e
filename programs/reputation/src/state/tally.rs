use super::{Epoch, Figures};
use crate::error::ReputationError;
use anchor_lang::prelude::*;
use heliograph_protocol::observation as rules;
use heliograph_protocol::reputation::OBSERVERS_MAX;

/// One observer's leaf in a tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub struct Heard {
    /// The observer's registry account.
    pub observer: Pubkey,
    pub figures: Figures,
}

/// What was shown of one node's epoch. PDA `[seeds::TALLY, node, epoch]`.
#[account]
#[derive(Debug, InitSpace)]
pub struct Tally {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// The registry's node account.
    pub node: Pubkey,
    pub epoch: u64,
    /// Whether the node is scored for the epoch.
    pub scored: bool,
    /// Gets the rent back.
    pub rent_payer: Pubkey,
    /// Leaves, one of each observer, in the order in which they were shown.
    #[max_len(OBSERVERS_MAX)]
    pub heard: Vec<Heard>,
    /// For later fields; zero.
    pub reserved: [u8; 32],
}

impl Tally {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// The leaf of `observer`, if it was shown.
    pub fn of(&self, observer: &Pubkey) -> Option<&Figures> {
        self.heard.iter().find(|heard| heard.observer == *observer).map(|heard| &heard.figures)
    }

    /// Adds a leaf that was proved. Seats are as many as there is room.
    pub fn hear(&mut self, epoch: &Epoch, observer: Pubkey, figures: Figures) -> Result<()> {
        require!(epoch.is_seated(&observer), ReputationError::NotSeated);
        require!(self.of(&observer).is_none(), ReputationError::LeafTwice);
        self.heard.push(Heard { observer, figures });
        Ok(())
    }

    /// The figures as the rules know them.
    pub fn figures(&self) -> Vec<rules::Figures> {
        self.heard.iter().map(|heard| heard.figures.into()).collect()
    }
}
