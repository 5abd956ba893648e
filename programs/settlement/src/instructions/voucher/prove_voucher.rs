use super::signed_voucher;
use crate::error::SettlementError;
use crate::events::VoucherProven;
use crate::seeds;
use crate::state::Session;
use anchor_lang::prelude::*;
use heliograph_registry::state::Network;

/// Shows a voucher without paying it. Nobody has to sign: the voucher is the authority.
#[event_cpi]
#[derive(Accounts)]
pub struct ProveVoucher<'info> {
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        seeds = [
            seeds::SESSION,
            session.channel.as_ref(),
            &session.ordinal.to_le_bytes()
        ],
        bump = session.bump
    )]
    pub session: Box<Account<'info, Session>>,
    /// CHECK: the sysvar that shows the transaction's other instructions.
    #[account(address = solana_sdk_ids::sysvar::instructions::ID)]
    pub instructions: UncheckedAccount<'info>,
}

impl ProveVoucher<'_> {
    pub fn handle(ctx: Context<ProveVoucher>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let address = accounts.session.key();
        let (voucher, _) = signed_voucher(
            &accounts.instructions,
            &accounts.network.domain(),
            &address,
            &accounts.session,
        )?;
        require_gt!(
            voucher.cumulative_micro_usdc,
            accounts.session.proven_micro_usdc,
            SettlementError::VoucherProvenAlready
        );
        accounts.session.prove(voucher.cumulative_micro_usdc);
        emit_cpi!(VoucherProven {
            session: address,
            sequence: voucher.sequence,
            receipt_hash: voucher.receipt_hash,
            proven_micro_usdc: voucher.cumulative_micro_usdc,
        });
        Ok(())
    }
}
