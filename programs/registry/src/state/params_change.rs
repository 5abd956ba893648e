use super::NetworkParams;
use crate::error::RegistryError;
use anchor_lang::prelude::*;

/// A change of parameters that waits for its time. PDA `[seeds::PARAMS_CHANGE]`: one at a time.
#[account]
#[derive(Debug, InitSpace)]
pub struct ParamsChange {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    pub params: NetworkParams,
    /// The treasury from then on.
    pub treasury: Pubkey,
    pub proposed_at: i64,
    /// Unix time from which anybody can apply it.
    pub available_at: i64,
    /// Paid the rent and gets it back.
    pub rent_payer: Pubkey,
    /// For later fields; zero.
    pub reserved: [u8; 64],
}

impl ParamsChange {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// Refuses a change whose time has not come, or whose parameters are no longer accepted: the
    /// program may have been upgraded meanwhile.
    pub fn check_due(&self, now: i64) -> Result<()> {
        require_gte!(now, self.available_at, RegistryError::TimelockRunning);
        self.params.validate()
    }
}
