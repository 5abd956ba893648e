use crate::error::SlashingError;
use anchor_lang::prelude::*;
use heliograph_protocol::sample::{SAMPLE_LEN, SAMPLES_MAX};

/// Most bytes of an exhibit: the samples of one leaf.
pub const EXHIBIT_BYTES_MAX: usize = SAMPLES_MAX * SAMPLE_LEN;

/// The samples of an observer's leaf, brought on chain in pieces by who wants to hold them against
/// it. PDA `[seeds::EXHIBIT, uploader, samples_root]`. Proves nothing by itself: a case computes the
/// root anew.
#[account]
#[derive(Debug, InitSpace)]
pub struct Exhibit {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// Paid the rent and gets it back; nobody else writes, closes or reports with it.
    pub uploader: Pubkey,
    /// The root that the leaf commits to.
    pub samples_root: [u8; 32],
    /// The protocol's samples one after the other; zero where nothing has been written. As long as
    /// it was opened for.
    #[max_len(EXHIBIT_BYTES_MAX)]
    pub samples: Vec<u8>,
}

impl Exhibit {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// An exhibit of `count` samples of which none is written.
    pub fn new(uploader: Pubkey, bump: u8, samples_root: [u8; 32], count: u16) -> Self {
        let samples = vec![0; usize::from(count) * SAMPLE_LEN];
        Self { version: Self::VERSION, bump, uploader, samples_root, samples }
    }

    /// The size of the account for `count` samples, or for as many as a leaf may have.
    pub fn space(count: u16) -> usize {
        let most = Self::DISCRIMINATOR.len() + Self::INIT_SPACE;
        most - SAMPLES_MAX.saturating_sub(count.into()) * SAMPLE_LEN
    }

    /// Writes `bytes` at `offset`.
    pub fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<()> {
        let start = offset as usize;
        let place = start
            .checked_add(bytes.len())
            .and_then(|end| self.samples.get_mut(start..end))
            .ok_or(SlashingError::OutsideExhibit)?;
        place.copy_from_slice(bytes);
        Ok(())
    }
}
