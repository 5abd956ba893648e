//! Reporting a position's bonded stake to the registry.

use crate::seeds;
use anchor_lang::prelude::*;
use heliograph_registry::cpi::accounts::RecordStake;
use heliograph_registry::program::HeliographRegistry;

/// The accounts of the registry's `record_stake`, shared by all instructions that change stake.
#[derive(Accounts)]
#[allow(missing_debug_implementations, reason = "an accounts struct is never printed")]
pub struct Recorder<'info> {
    /// CHECK: signs for this program; the registry checks its address.
    #[account(seeds = [seeds::STAKE_RECORDER], bump)]
    pub stake_recorder: UncheckedAccount<'info>,
    /// CHECK: the registry's event authority; the registry checks it.
    pub registry_event_authority: UncheckedAccount<'info>,
    pub registry_program: Program<'info, HeliographRegistry>,
}

impl<'info> Recorder<'info> {
    /// Calls the registry. `bump` is the recorder's.
    pub fn record(
        &self,
        bump: u8,
        network: AccountInfo<'info>,
        subject: AccountInfo<'info>,
        bonded: u64,
    ) -> Result<()> {
        let signer: &[&[&[u8]]] = &[&[seeds::STAKE_RECORDER, &[bump]]];
        let accounts = RecordStake {
            stake_recorder: self.stake_recorder.to_account_info(),
            network,
            subject,
            event_authority: self.registry_event_authority.to_account_info(),
            program: self.registry_program.to_account_info(),
        };
        heliograph_registry::cpi::record_stake(
            CpiContext::new_with_signer(self.registry_program.key(), accounts, signer),
            bonded,
        )
    }
}
