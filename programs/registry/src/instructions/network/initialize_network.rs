use crate::error::RegistryError;
use crate::events::NetworkInitialized;
use crate::program::HeliographRegistry;
use crate::seeds;
use crate::state::{Network, NetworkParams};
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, TokenAccount};

/// Everything that is fixed when the network begins.
#[derive(Clone, Copy, Debug, AnchorSerialize, AnchorDeserialize)]
pub struct InitializeNetworkArgs {
    pub domain_id: [u8; 32],
    /// Who may pause; zero = nobody. The authority can change it.
    pub guardian: Pubkey,
    pub staking_program: Pubkey,
    pub settlement_program: Pubkey,
    pub slashing_program: Pubkey,
    pub reputation_program: Pubkey,
    pub params: NetworkParams,
}

#[event_cpi]
#[derive(Accounts)]
pub struct InitializeNetwork<'info> {
    /// Pays the rent, becomes the network's authority; must be the program's upgrade authority, so
    /// that nobody can take a fresh deployment first.
    #[account(mut)]
    pub authority: Signer<'info>,
    #[account(
        init,
        payer = authority,
        space = Network::DISCRIMINATOR.len() + Network::INIT_SPACE,
        seeds = [seeds::NETWORK],
        bump
    )]
    pub network: Box<Account<'info, Network>>,
    #[account(
        constraint = payment_mint.decimals == 6 @ RegistryError::PaymentMintDecimals
    )]
    pub payment_mint: Box<Account<'info, Mint>>,
    pub stake_mint: Box<Account<'info, Mint>>,
    #[account(token::mint = payment_mint)]
    pub treasury: Box<Account<'info, TokenAccount>>,
    #[account(
        constraint = this_program.programdata_address()? == Some(program_data.key())
            @ RegistryError::NotUpgradeAuthority
    )]
    pub this_program: Program<'info, HeliographRegistry>,
    #[account(
        constraint = program_data.upgrade_authority_address == Some(authority.key())
            @ RegistryError::NotUpgradeAuthority
    )]
    pub program_data: Account<'info, ProgramData>,
    pub system_program: Program<'info, System>,
}

impl InitializeNetwork<'_> {
    pub fn handle(ctx: Context<InitializeNetwork>, args: InitializeNetworkArgs) -> Result<()> {
        args.params.validate()?;
        let accounts = &mut *ctx.accounts;
        accounts.network.set_inner(Network {
            version: Network::VERSION,
            bump: ctx.bumps.network,
            authority: accounts.authority.key(),
            pending_authority: Pubkey::default(),
            guardian: args.guardian,
            paused: 0,
            domain_id: args.domain_id,
            payment_mint: accounts.payment_mint.key(),
            stake_mint: accounts.stake_mint.key(),
            treasury: accounts.treasury.key(),
            staking_program: args.staking_program,
            settlement_program: args.settlement_program,
            slashing_program: args.slashing_program,
            reputation_program: args.reputation_program,
            params: args.params,
            reserved: [0; 256],
        });
        emit_cpi!(NetworkInitialized {
            network: ctx.accounts.network.key(),
            authority: ctx.accounts.authority.key(),
            domain_id: args.domain_id,
            payment_mint: ctx.accounts.payment_mint.key(),
            stake_mint: ctx.accounts.stake_mint.key(),
            treasury: ctx.accounts.treasury.key(),
            params: args.params,
            guardian: args.guardian,
            staking_program: args.staking_program,
            settlement_program: args.settlement_program,
            slashing_program: args.slashing_program,
            reputation_program: args.reputation_program,
        });
        Ok(())
    }
}
