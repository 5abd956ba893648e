use super::signed_voucher;
use crate::error::SettlementError;
use crate::events::VoucherRedeemed;
use crate::seeds;
use crate::state::{Channel, Escrow, Session};
use crate::tokens::pay_from_vault;
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};
use heliograph_protocol::settle::{Drawn, SettleError, SettleState, draws};
use heliograph_protocol::shares::Split;
use heliograph_protocol::voucher::Voucher;
use heliograph_registry::state::{Network, Node};

/// Nobody has to sign: the voucher is the authority, and the accounts say who is paid.
#[event_cpi]
#[derive(Accounts)]
pub struct RedeemVoucher<'info> {
    pub network: Box<Account<'info, Network>>,
    pub node: Box<Account<'info, Node>>,
    #[account(mut, seeds = [seeds::ESCROW, session.app.as_ref()], bump = escrow.bump)]
    pub escrow: Box<Account<'info, Escrow>>,
    #[account(
        mut,
        seeds = [seeds::VAULT, escrow.key().as_ref()],
        bump = escrow.vault_bump
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    #[account(mut, address = session.channel @ SettlementError::OtherSession)]
    pub channel: Box<Account<'info, Channel>>,
    #[account(mut, has_one = node @ SettlementError::OtherSession)]
    pub session: Box<Account<'info, Session>>,
    /// The node's registered payout account.
    #[account(mut, address = node.payout @ SettlementError::OtherPayee)]
    pub payout: Box<Account<'info, TokenAccount>>,
    /// The network's treasury.
    #[account(mut, address = network.treasury @ SettlementError::OtherPayee)]
    pub treasury: Box<Account<'info, TokenAccount>>,
    #[account(address = network.payment_mint @ SettlementError::OtherMint)]
    pub payment_mint: Box<Account<'info, Mint>>,
    pub token_program: Program<'info, Token>,
    /// CHECK: the sysvar that shows the transaction's other instructions.
    #[account(address = solana_sdk_ids::sysvar::instructions::ID)]
    pub instructions: UncheckedAccount<'info>,
}

impl<'info> RedeemVoucher<'info> {
    pub fn handle(ctx: Context<RedeemVoucher>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let (voucher, _) = signed_voucher(
            &accounts.instructions,
            &accounts.network.domain(),
            &accounts.session.key(),
            &accounts.session,
        )?;
        let now = Clock::get()?.unix_timestamp;
        require_gte!(accounts.session.redeemable_until, now, SettlementError::RedeemTooLate);
        let (drawn, split) = accounts.settle(&voucher)?;
        accounts.pay(&accounts.payout, split.operator_micro_usdc)?;
        accounts.pay(&accounts.treasury, split.treasury_micro_usdc)?;
        emit_cpi!(VoucherRedeemed {
            session: ctx.accounts.session.key(),
            channel: ctx.accounts.channel.key(),
            escrow: ctx.accounts.escrow.key(),
            sequence: voucher.sequence,
            receipt_hash: voucher.receipt_hash,
            voucher_micro_usdc: voucher.cumulative_micro_usdc,
            amount_micro_usdc: drawn.micro_usdc(),
            operator_micro_usdc: split.operator_micro_usdc,
            treasury_micro_usdc: split.treasury_micro_usdc,
            session_paid_micro_usdc: ctx.accounts.session.totals.paid_micro_usdc,
            channel_paid_micro_usdc: ctx.accounts.channel.totals.paid_micro_usdc,
            escrow_paid_micro_usdc: ctx.accounts.escrow.totals.paid_micro_usdc,
            from_bond_micro_usdc: drawn.bond_micro_usdc,
            channel_bond_micro_usdc: ctx.accounts.channel.bond_micro_usdc,
            escrow_bonded_micro_usdc: ctx.accounts.escrow.bonded_micro_usdc,
        });
        Ok(())
    }

    /// Raises the totals; returns what is paid now, from where, and its parts.
    fn settle(&mut self, voucher: &Voucher) -> Result<(Drawn, Split)> {
        let state = SettleState {
            settled_micro_usdc: self.session.totals.settled_micro_usdc,
            cap_micro_usdc: self.session.cap_micro_usdc,
            escrow_available_micro_usdc: self.escrow.available_micro_usdc()?,
        };
        let drawn =
            draws(&state, self.channel.bond_micro_usdc, voucher).map_err(|why| match why {
                SettleError::Stale => error!(SettlementError::VoucherStale),
                SettleError::OverCap => error!(SettlementError::VoucherOverCap),
                SettleError::EscrowEmpty => error!(SettlementError::EscrowEmpty),
                _ => error!(SettlementError::NotAVoucher),
            })?;
        let amount = drawn.micro_usdc();
        self.escrow.draw_bond(&mut self.channel, drawn.bond_micro_usdc)?;
        let before = self.session.totals.paid_micro_usdc;
        self.session.totals.settle_and_pay(amount)?;
        self.channel.totals.settle_and_pay(amount)?;
        self.escrow.totals.settle_and_pay(amount)?;
        self.session.prove(voucher.cumulative_micro_usdc);
        self.session.last_sequence = voucher.sequence;
        self.session.last_receipt_hash = voucher.receipt_hash;
        let split = self
            .session
            .shares()
            .split(before, self.session.totals.paid_micro_usdc, false)
            .ok_or(SettlementError::Overflow)?;
        Ok((drawn, split))
    }

    fn pay(&self, to: &Account<'info, TokenAccount>, amount: u64) -> Result<()> {
        pay_from_vault(
            &self.escrow,
            self.vault.to_account_info(),
            to.to_account_info(),
            Some(&self.payment_mint),
            &self.token_program,
            amount,
        )
    }
}
