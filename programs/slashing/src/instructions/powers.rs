//! What this program alone can do to stake and to subjects: the signatures of its PDAs.

use crate::seeds;
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};
use heliograph_registry::cpi::accounts::Jail;
use heliograph_registry::program::HeliographRegistry;
use heliograph_staking::cpi::accounts::{Holding, Recorder, Slash};
use heliograph_staking::program::HeliographStaking;

/// The accounts of the staking program's `hold` and `release_hold`, but for what they are about.
#[derive(Accounts)]
#[allow(missing_debug_implementations, reason = "an accounts struct is never printed")]
pub struct Slasher<'info> {
    /// CHECK: signs for this program; the staking program checks its address.
    #[account(seeds = [seeds::SLASHER], bump)]
    pub slasher: UncheckedAccount<'info>,
    /// CHECK: the staking program's event authority; the staking program checks it.
    pub staking_event_authority: UncheckedAccount<'info>,
    pub staking_program: Program<'info, HeliographStaking>,
}

/// What a slash needs besides: the staking program tells the registry.
#[derive(Accounts)]
#[allow(missing_debug_implementations, reason = "an accounts struct is never printed")]
pub struct Registry<'info> {
    /// CHECK: signs for the staking program, which checks its address.
    pub stake_recorder: UncheckedAccount<'info>,
    /// CHECK: the registry's event authority; the registry checks it.
    pub registry_event_authority: UncheckedAccount<'info>,
    pub registry_program: Program<'info, HeliographRegistry>,
}

impl<'info> Slasher<'info> {
    /// The accounts of both calls.
    fn holding(&self, network: AccountInfo<'info>, position: AccountInfo<'info>) -> Holding<'info> {
        Holding {
            slasher: self.slasher.to_account_info(),
            network,
            position,
            event_authority: self.staking_event_authority.to_account_info(),
            program: self.staking_program.to_account_info(),
        }
    }

    /// Holds up to `amount`; returns how much.
    pub fn hold(
        &self,
        bump: u8,
        network: AccountInfo<'info>,
        position: AccountInfo<'info>,
        amount: u64,
    ) -> Result<u64> {
        let signer: &[&[&[u8]]] = &[&[seeds::SLASHER, &[bump]]];
        let accounts = self.holding(network, position);
        let call = CpiContext::new_with_signer(self.staking_program.key(), accounts, signer);
        Ok(heliograph_staking::cpi::hold(call, amount)?.get())
    }

    /// Lets go of up to `amount`; returns how much.
    pub fn release(
        &self,
        bump: u8,
        network: AccountInfo<'info>,
        position: AccountInfo<'info>,
        amount: u64,
    ) -> Result<u64> {
        let signer: &[&[&[u8]]] = &[&[seeds::SLASHER, &[bump]]];
        let accounts = self.holding(network, position);
        let call = CpiContext::new_with_signer(self.staking_program.key(), accounts, signer);
        Ok(heliograph_staking::cpi::release_hold(call, amount)?.get())
    }

    /// Takes up to `amount` of the stake into `stake.pot`; returns how much.
    pub fn slash(
        &self,
        bump: u8,
        registry: &Registry<'info>,
        stake: Stake<'info>,
        amount: u64,
    ) -> Result<u64> {
        let signer: &[&[&[u8]]] = &[&[seeds::SLASHER, &[bump]]];
        let accounts = Slash {
            slasher: self.slasher.to_account_info(),
            network: stake.network,
            subject: stake.subject,
            position: stake.position,
            mint: stake.mint,
            vault: stake.vault,
            destination: stake.pot,
            recorder: Recorder {
                stake_recorder: registry.stake_recorder.to_account_info(),
                registry_event_authority: registry.registry_event_authority.to_account_info(),
                registry_program: registry.registry_program.to_account_info(),
            },
            token_program: stake.token_program,
            event_authority: self.staking_event_authority.to_account_info(),
            program: self.staking_program.to_account_info(),
        };
        let call = CpiContext::new_with_signer(self.staking_program.key(), accounts, signer);
        Ok(heliograph_staking::cpi::slash(call, amount)?.get())
    }
}

/// Whose stake is slashed, and where it goes.
#[allow(missing_debug_implementations, reason = "accounts are never printed")]
pub struct Stake<'info> {
    pub network: AccountInfo<'info>,
    pub subject: AccountInfo<'info>,
    pub position: AccountInfo<'info>,
    pub mint: AccountInfo<'info>,
    pub vault: AccountInfo<'info>,
    pub pot: AccountInfo<'info>,
    pub token_program: AccountInfo<'info>,
}

/// The signer of `jail`, and the accounts of that.
pub fn jail<'info>(
    (jailer, bump): (AccountInfo<'info>, u8),
    network: AccountInfo<'info>,
    subject: AccountInfo<'info>,
    (event_authority, program): (AccountInfo<'info>, AccountInfo<'info>),
    until: i64,
) -> Result<()> {
    let signer: &[&[&[u8]]] = &[&[seeds::JAILER, &[bump]]];
    let key = program.key();
    let accounts = Jail { jailer, network, subject, event_authority, program };
    heliograph_registry::cpi::jail(CpiContext::new_with_signer(key, accounts, signer), until)
}

/// The tokens of this program: what a slash takes passes through them within one instruction, so
/// that they are as empty after it as before.
#[derive(Accounts)]
#[allow(missing_debug_implementations, reason = "an accounts struct is never printed")]
pub struct Pot<'info> {
    /// CHECK: signs for this program and owns its tokens.
    #[account(seeds = [seeds::RESTORER], bump)]
    pub restorer: UncheckedAccount<'info>,
    #[account(mut)]
    pub mint: Box<Account<'info, Mint>>,
    /// The restorer's standard token account of the mint; anybody can make it.
    #[account(
        mut,
        address = anchor_spl::associated_token::get_associated_token_address(
            &restorer.key(),
            &mint.key()
        ) @ crate::error::SlashingError::OtherPayee
    )]
    pub pot: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}
