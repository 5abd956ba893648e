use crate::error::SlashingError;
use crate::events::CaseConvicted;
use crate::instructions::powers::*;
use crate::seeds;
use crate::state::{Case, CaseStatus, Record};
use anchor_lang::prelude::*;
use anchor_lang::solana_program::program_pack::Pack;
use anchor_spl::associated_token::get_associated_token_address;
use anchor_spl::token::spl_token::state::{Account as TokenState, AccountState};
use anchor_spl::token::{Burn, TransferChecked, burn, transfer_checked};
use heliograph_protocol::case::{Parts, divide};
use heliograph_registry::state::Network;
use heliograph_staking::state::Position;

/// Carries out a case whose time is over: the penalty is taken and divided, the accused jailed, the
/// rest of its stake let go. Anyone may.
///
/// Nobody can hold a verdict up: who has no account of the mint gets nothing, and the lamports are
/// paid when the case is closed.
#[event_cpi]
#[derive(Accounts)]
pub struct DecideCase<'info> {
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        seeds = [seeds::CASE, case.subject.as_ref(), &case.number.to_le_bytes()],
        bump = case.bump
    )]
    pub case: Box<Account<'info, Case>>,
    #[account(
        mut,
        constraint = record.subject == case.subject @ SlashingError::OtherRecord,
        seeds = [seeds::RECORD, record.subject.as_ref()],
        bump = record.bump
    )]
    pub record: Box<Account<'info, Record>>,
    /// CHECK: the accused; the registry jails it.
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
    /// CHECK: the standard token account of who is rewarded, if it has one.
    #[account(
        mut,
        address = get_associated_token_address(&case.rewarded, &case.mint)
            @ SlashingError::OtherPayee
    )]
    pub reward: UncheckedAccount<'info>,
    /// CHECK: the standard token account of the victim, if there is one and it has one.
    #[account(
        mut,
        address = get_associated_token_address(&case.victim, &case.mint)
            @ SlashingError::OtherPayee
    )]
    pub damages: UncheckedAccount<'info>,
    /// CHECK: the network's treasury; gets the rest of a penalty in the payment mint.
    #[account(mut, address = network.treasury @ SlashingError::OtherPayee)]
    pub treasury: UncheckedAccount<'info>,
    pub slasher: Slasher<'info>,
    pub registry: Registry<'info>,
    /// CHECK: signs for this program; the registry checks its address.
    #[account(seeds = [seeds::JAILER], bump)]
    pub jailer: UncheckedAccount<'info>,
}

impl<'info> DecideCase<'info> {
    pub fn handle(ctx: Context<DecideCase>) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let accounts = &mut *ctx.accounts;
        accounts.case.check_decidable(now)?;
        let params = accounts.network.params;
        let network = accounts.network.to_account_info();
        let bump = ctx.bumps.slasher.slasher;

        let penalty = accounts.take(bump)?;
        let victim_bps =
            if accounts.case.victim == Pubkey::default() { 0 } else { params.victim_bps };
        let due =
            divide(penalty, params.reporter_bps, victim_bps).ok_or(SlashingError::Overflow)?;
        let paid = accounts.pay(ctx.bumps.pot.restorer, &due)?;
        let released = accounts.slasher.release(
            bump,
            network.clone(),
            accounts.position.to_account_info(),
            accounts.case.held,
        )?;
        let jailed_until = now.saturating_add(params.jail_secs.into());
        jail(
            (accounts.jailer.to_account_info(), ctx.bumps.jailer),
            network,
            accounts.subject.to_account_info(),
            (
                accounts.registry.registry_event_authority.to_account_info(),
                accounts.registry.registry_program.to_account_info(),
            ),
            jailed_until,
        )?;
        // What observers see of a node in jail is no fault of its own.
        let until = if accounts.case.epochs.is_empty() { now } else { jailed_until };
        let punished_until = accounts.case.punished_until(until);
        let kind = accounts.case.kind;
        accounts.case.decide(CaseStatus::Guilty, now, &params);
        accounts.record.convict(kind.into(), punished_until);
        emit_cpi!(CaseConvicted {
            case: ctx.accounts.case.key(),
            subject: ctx.accounts.case.subject,
            kind,
            penalty,
            reporter_amount: paid.reporter,
            victim_amount: paid.victim,
            rest_amount: paid.rest,
            released,
            punished_until,
            jailed_until,
            decided_at: now,
        });
        Ok(())
    }

    /// Takes the penalty, or what is left for it, into the pot.
    fn take(&mut self, bump: u8) -> Result<u64> {
        let amount = self.case.penalty.min(self.case.held);
        if amount == 0 {
            return Ok(0);
        }
        let stake = Stake {
            network: self.network.to_account_info(),
            subject: self.subject.to_account_info(),
            position: self.position.to_account_info(),
            mint: self.pot.mint.to_account_info(),
            vault: self.stake_vault.to_account_info(),
            pot: self.pot.pot.to_account_info(),
            token_program: self.pot.token_program.to_account_info(),
        };
        let taken = self.slasher.slash(bump, &self.registry, stake, amount)?;
        self.case.slashed(taken)?;
        Ok(taken)
    }

    /// Pays the parts to those who can take them, and the rest to the treasury, where it is what
    /// apps pay in. Stake is burned: no authority gains by a verdict.
    fn pay(&self, bump: u8, due: &Parts) -> Result<Parts> {
        let reporter = self.pay_part(bump, &self.reward, &self.case.rewarded, due.reporter)?;
        let victim = self.pay_part(bump, &self.damages, &self.case.victim, due.victim)?;
        let all = due.reporter.saturating_add(due.victim).saturating_add(due.rest);
        let rest = all.saturating_sub(reporter).saturating_sub(victim);
        let mint = self.pot.mint.key();
        if rest > 0 && mint == self.network.payment_mint {
            self.transfer(bump, &self.treasury, rest)?;
        } else if rest > 0 {
            let signer: &[&[&[u8]]] = &[&[seeds::RESTORER, &[bump]]];
            let accounts = Burn {
                mint: self.pot.mint.to_account_info(),
                from: self.pot.pot.to_account_info(),
                authority: self.pot.restorer.to_account_info(),
            };
            let program = self.pot.token_program.key();
            burn(CpiContext::new_with_signer(program, accounts, signer), rest)?;
        }
        Ok(Parts { reporter, victim, rest })
    }

    /// Pays `amount` if `to` is a token account that can take it and is `owner`'s; returns what was
    /// paid.
    fn pay_part(
        &self,
        bump: u8,
        to: &UncheckedAccount<'info>,
        owner: &Pubkey,
        amount: u64,
    ) -> Result<u64> {
        if amount == 0 || !self.can_take(to, owner)? {
            return Ok(0);
        }
        self.transfer(bump, to, amount)?;
        Ok(amount)
    }

    fn can_take(&self, to: &UncheckedAccount<'info>, owner: &Pubkey) -> Result<bool> {
        if *to.owner != self.pot.token_program.key() {
            return Ok(false);
        }
        let Ok(state) = TokenState::unpack(&to.try_borrow_data()?) else { return Ok(false) };
        Ok(state.state == AccountState::Initialized
            && state.owner == *owner
            && state.mint == self.pot.mint.key())
    }

    fn transfer(&self, bump: u8, to: &UncheckedAccount<'info>, amount: u64) -> Result<()> {
        let signer: &[&[&[u8]]] = &[&[seeds::RESTORER, &[bump]]];
        let accounts = TransferChecked {
            from: self.pot.pot.to_account_info(),
            mint: self.pot.mint.to_account_info(),
            to: to.to_account_info(),
            authority: self.pot.restorer.to_account_info(),
        };
        let call = CpiContext::new_with_signer(self.pot.token_program.key(), accounts, signer);
        transfer_checked(call, amount, self.pot.mint.decimals)
    }
}
