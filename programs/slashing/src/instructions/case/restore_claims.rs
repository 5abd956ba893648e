use crate::error::SlashingError;
use crate::events::CaseRestored;
use crate::instructions::powers::*;
use crate::seeds;
use crate::state::{Case, CaseKind};
use anchor_lang::prelude::*;
use heliograph_registry::state::Network;
use heliograph_settlement::cpi::accounts::Restore;
use heliograph_settlement::program::HeliographSettlement;
use heliograph_settlement::state::Session;
use heliograph_staking::state::Position;

/// Gives an app back what the convicted settler took from one of its sessions and nobody has shown a
/// voucher for, out of the settler's bond. Anyone may.
#[event_cpi]
#[derive(Accounts)]
pub struct RestoreClaims<'info> {
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        seeds = [seeds::CASE, case.subject.as_ref(), &case.number.to_le_bytes()],
        bump = case.bump
    )]
    pub case: Box<Account<'info, Case>>,
    /// CHECK: the settler; the registry records its stake.
    #[account(mut, address = case.subject @ SlashingError::OtherSubject)]
    pub subject: UncheckedAccount<'info>,
    #[account(
        mut,
        constraint = position.subject == case.subject @ SlashingError::OtherSubject
    )]
    pub position: Box<Account<'info, Position>>,
    /// CHECK: the position's tokens; the staking program checks it.
    #[account(mut)]
    pub stake_vault: UncheckedAccount<'info>,
    pub pot: Pot<'info>,
    #[account(mut)]
    pub session: Box<Account<'info, Session>>,
    /// CHECK: the escrow that was robbed; the settlement program checks it.
    #[account(mut)]
    pub escrow: UncheckedAccount<'info>,
    /// CHECK: its tokens; the settlement program checks it.
    #[account(mut)]
    pub escrow_vault: UncheckedAccount<'info>,
    pub slasher: Slasher<'info>,
    pub registry: Registry<'info>,
    /// CHECK: the settlement program's event authority; the settlement program checks it.
    pub settlement_event_authority: UncheckedAccount<'info>,
    pub settlement_program: Program<'info, HeliographSettlement>,
}

impl<'info> RestoreClaims<'info> {
    pub fn handle(ctx: Context<RestoreClaims>) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let accounts = &mut *ctx.accounts;
        require!(accounts.case.kind == CaseKind::UnansweredChallenge, SlashingError::OtherKind);
        accounts.case.check_open()?;
        require_gt!(now, accounts.case.restorable_at, SlashingError::VouchersAwaited);
        let case = &accounts.case;
        let on_record = accounts.session.restorable_micro_usdc(&case.subject, case.opened_at);
        let amount = on_record.min(accounts.case.held);
        require_gt!(amount, 0, SlashingError::NothingToRestore);
        let stake = Stake {
            network: accounts.network.to_account_info(),
            subject: accounts.subject.to_account_info(),
            position: accounts.position.to_account_info(),
            mint: accounts.pot.mint.to_account_info(),
            vault: accounts.stake_vault.to_account_info(),
            pot: accounts.pot.pot.to_account_info(),
            token_program: accounts.pot.token_program.to_account_info(),
        };
        let slasher_bump = ctx.bumps.slasher.slasher;
        let taken = accounts.slasher.slash(slasher_bump, &accounts.registry, stake, amount)?;
        accounts.case.slashed(taken)?;
        accounts.restore(ctx.bumps.pot.restorer, taken)?;
        let case = &mut accounts.case;
        case.restored_micro_usdc =
            case.restored_micro_usdc.checked_add(taken).ok_or(SlashingError::Overflow)?;
        emit_cpi!(CaseRestored {
            case: ctx.accounts.case.key(),
            session: ctx.accounts.session.key(),
            amount_micro_usdc: taken,
            restored_micro_usdc: ctx.accounts.case.restored_micro_usdc,
            held: ctx.accounts.case.held,
        });
        Ok(())
    }

    fn restore(&self, bump: u8, amount: u64) -> Result<()> {
        let signer: &[&[&[u8]]] = &[&[seeds::RESTORER, &[bump]]];
        let accounts = Restore {
            restorer: self.pot.restorer.to_account_info(),
            network: self.network.to_account_info(),
            session: self.session.to_account_info(),
            escrow: self.escrow.to_account_info(),
            vault: self.escrow_vault.to_account_info(),
            payment_mint: self.pot.mint.to_account_info(),
            source: self.pot.pot.to_account_info(),
            token_program: self.pot.token_program.to_account_info(),
            event_authority: self.settlement_event_authority.to_account_info(),
            program: self.settlement_program.to_account_info(),
        };
        let call = CpiContext::new_with_signer(self.settlement_program.key(), accounts, signer);
        heliograph_settlement::cpi::restore(call, self.case.subject, amount)
    }
}
