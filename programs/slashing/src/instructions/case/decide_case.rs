use crate::error::SlashingError;
use crate::events::CaseConvicted;
use crate::instructions::powers::*;
use crate::instructions::tried::*;
use crate::seeds;
use crate::state::CaseStatus;
use anchor_lang::prelude::*;
use anchor_lang::solana_program::program_pack::Pack;
use anchor_spl::associated_token::get_associated_token_address;
use anchor_spl::token::spl_token::state::{Account as TokenState, AccountState};
use anchor_spl::token::{Burn, TransferChecked, burn, transfer_checked};
use heliograph_protocol::case::{Parts, divide};

/// Carries out a case whose time is over: the penalty is taken and divided, the accused jailed, the
/// rest of its stake let go. Anyone may.
///
/// Nobody can hold a verdict up: who has no account of the mint gets nothing, and the lamports are
/// paid when the case is closed.
#[event_cpi]
#[derive(Accounts)]
pub struct DecideCase<'info> {
    pub tried: Tried<'info>,
    /// CHECK: the accused; the registry jails it.
    #[account(mut, address = tried.case.subject @ SlashingError::OtherSubject)]
    pub subject: UncheckedAccount<'info>,
    /// CHECK: the position's tokens; the staking program checks it.
    #[account(mut)]
    pub stake_vault: UncheckedAccount<'info>,
    pub pot: Pot<'info>,
    /// CHECK: the standard token account of who is rewarded, if it has one.
    #[account(
        mut,
        address = get_associated_token_address(&tried.case.rewarded, &tried.case.mint)
            @ SlashingError::OtherPayee
    )]
    pub reward: UncheckedAccount<'info>,
    /// CHECK: the standard token account of the victim, if there is one and it has one.
    #[account(
        mut,
        address = get_associated_token_address(&tried.case.victim, &tried.case.mint)
            @ SlashingError::OtherPayee
    )]
    pub damages: UncheckedAccount<'info>,
    /// CHECK: the network's treasury; gets the rest of a penalty in the payment mint.
    #[account(mut, address = tried.network.treasury @ SlashingError::OtherPayee)]
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
        accounts.tried.case.check_decidable(now)?;
        let params = accounts.tried.network.params;
        let network = accounts.tried.network.to_account_info();
        let bump = ctx.bumps.slasher.slasher;

        let penalty = accounts.take(bump)?;
        let victim_bps =
            if accounts.tried.case.victim == Pubkey::default() { 0 } else { params.victim_bps };
        let due =
            divide(penalty, params.reporter_bps, victim_bps).ok_or(SlashingError::Overflow)?;
        let paid = accounts.pay(ctx.bumps.pot.restorer, &due)?;
        let released = accounts.slasher.release(
            bump,
            network.clone(),
            accounts.tried.position.to_account_info(),
            accounts.tried.case.held,
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
        let until = if accounts.tried.case.epochs.is_empty() { now } else { jailed_until };
        let punished_until = accounts.tried.case.punished_until(until);
        let kind = accounts.tried.case.kind;
        accounts.tried.case.decide(CaseStatus::Guilty, now, &params);
        accounts.tried.record.convict(kind.into(), punished_until);
        emit_cpi!(CaseConvicted {
            case: ctx.accounts.tried.case.key(),
            subject: ctx.accounts.tried.case.subject,
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
        let amount = self.tried.case.penalty.min(self.tried.case.held);
        if amount == 0 {
            return Ok(0);
        }
        let stake = Stake {
            network: self.tried.network.to_account_info(),
            subject: self.subject.to_account_info(),
            position: self.tried.position.to_account_info(),
            mint: self.pot.mint.to_account_info(),
            vault: self.stake_vault.to_account_info(),
            pot: self.pot.pot.to_account_info(),
            token_program: self.pot.token_program.to_account_info(),
        };
        let taken = self.slasher.slash(bump, &self.registry, stake, amount)?;
        self.tried.case.slashed(taken)?;
        Ok(taken)
    }

    /// Pays the parts to those who can take them, and the rest to the treasury, where it is what
    /// apps pay in. Stake is burned: no authority gains by a verdict.
    fn pay(&self, bump: u8, due: &Parts) -> Result<Parts> {
        let reporter =
            self.pay_part(bump, &self.reward, &self.tried.case.rewarded, due.reporter)?;
        let victim = self.pay_part(bump, &self.damages, &self.tried.case.victim, due.victim)?;
        let all = due.reporter.saturating_add(due.victim).saturating_add(due.rest);
        let rest = all.saturating_sub(reporter).saturating_sub(victim);
        let mint = self.pot.mint.key();
        if rest > 0 && mint == self.tried.network.payment_mint {
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
