use super::{Channel, Totals};
use crate::error::SettlementError;
use anchor_lang::prelude::*;

/// What an app pays from; one escrow backs all of its channels. PDA `[seeds::ESCROW, app]`.
///
/// `paid ≤ settled` and `withdrawn + settled + bonded ≤ deposited`, always. The vault holds at least
/// `deposited − withdrawn − paid`; tokens sent to it past `deposit` count for nobody.
#[account]
#[derive(Debug, InitSpace)]
pub struct Escrow {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    pub vault_bump: u8,
    pub app: Pubkey,
    /// Sum of all deposits.
    pub deposited_micro_usdc: u64,
    /// Sum of all withdrawals.
    pub withdrawn_micro_usdc: u64,
    /// Over all channels.
    pub totals: Totals,
    /// Withdrawal under notice; 0 = none.
    pub pending_withdrawal_micro_usdc: u64,
    /// Unix time from which it can be carried out.
    pub withdrawal_available_at: i64,
    /// Incarnation of the next channel; never goes back, so no channel address returns.
    pub next_incarnation: u64,
    pub opened_at: i64,
    /// Of what is deposited: what lies behind single channels; the sum of their bonds.
    pub bonded_micro_usdc: u64,
    /// For later fields; zero.
    pub reserved: [u8; 120],
}

impl Escrow {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// What is deposited, not owed to anyone and no channel's bond: it backs vouchers of all
    /// channels and can be withdrawn.
    pub fn available_micro_usdc(&self) -> Result<u64> {
        self.deposited_micro_usdc
            .checked_sub(self.withdrawn_micro_usdc)
            .and_then(|left| left.checked_sub(self.totals.settled_micro_usdc))
            .and_then(|left| left.checked_sub(self.bonded_micro_usdc))
            .ok_or_else(|| error!(SettlementError::Overflow))
    }

    /// Counts a deposit.
    pub fn deposit(&mut self, amount: u64) -> Result<()> {
        require_gt!(amount, 0, SettlementError::AmountZero);
        self.deposited_micro_usdc =
            self.deposited_micro_usdc.checked_add(amount).ok_or(SettlementError::Overflow)?;
        Ok(())
    }

    /// Puts `amount` of what is available behind one channel.
    pub fn bond(&mut self, channel: &mut Channel, amount: u64) -> Result<()> {
        require_gt!(amount, 0, SettlementError::AmountZero);
        require_gte!(self.available_micro_usdc()?, amount, SettlementError::AmountAboveBalance);
        let sum = |bond: u64| bond.checked_add(amount).ok_or(SettlementError::Overflow);
        self.bonded_micro_usdc = sum(self.bonded_micro_usdc)?;
        channel.bond_micro_usdc = sum(channel.bond_micro_usdc)?;
        Ok(())
    }

    /// Makes a channel's bond available again, once no voucher can be paid from it any more; returns
    /// how much it was.
    pub fn release_bond(&mut self, channel: &mut Channel, now: i64) -> Result<u64> {
        let amount = channel.bond_micro_usdc;
        require_gt!(amount, 0, SettlementError::NoBond);
        require!(channel.is_bond_free(now), SettlementError::BondInUse);
        self.draw_bond(channel, amount)?;
        Ok(amount)
    }

    /// Takes `amount` out of a channel's bond; what becomes of it is the caller's to say.
    pub fn draw_bond(&mut self, channel: &mut Channel, amount: u64) -> Result<()> {
        let rest = |bond: u64| bond.checked_sub(amount).ok_or(SettlementError::Overflow);
        self.bonded_micro_usdc = rest(self.bonded_micro_usdc)?;
        channel.bond_micro_usdc = rest(channel.bond_micro_usdc)?;
        Ok(())
    }

    /// Puts `amount` under notice until `available_at`.
    pub fn request_withdrawal(&mut self, amount: u64, available_at: i64) -> Result<()> {
        require_gt!(amount, 0, SettlementError::AmountZero);
        require!(self.pending_withdrawal_micro_usdc == 0, SettlementError::WithdrawalPending);
        require_gte!(self.available_micro_usdc()?, amount, SettlementError::AmountAboveBalance);
        self.pending_withdrawal_micro_usdc = amount;
        self.withdrawal_available_at = available_at;
        Ok(())
    }

    /// Ends the notice and returns the amount that was under it.
    pub fn clear_withdrawal(&mut self) -> Result<u64> {
        let amount = self.pending_withdrawal_micro_usdc;
        require_gt!(amount, 0, SettlementError::NoWithdrawalPending);
        self.pending_withdrawal_micro_usdc = 0;
        self.withdrawal_available_at = 0;
        Ok(amount)
    }

    /// Carries out the withdrawal under notice; returns what was asked for and what is paid: less
    /// when vouchers were redeemed meanwhile.
    pub fn take_withdrawal(&mut self, now: i64) -> Result<(u64, u64)> {
        require!(self.pending_withdrawal_micro_usdc > 0, SettlementError::NoWithdrawalPending);
        require_gte!(now, self.withdrawal_available_at, SettlementError::WithdrawalNotDue);
        let requested = self.clear_withdrawal()?;
        let amount = requested.min(self.available_micro_usdc()?);
        self.withdrawn_micro_usdc =
            self.withdrawn_micro_usdc.checked_add(amount).ok_or(SettlementError::Overflow)?;
        Ok((requested, amount))
    }
}
