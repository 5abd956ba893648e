//! Settlement: the escrows apps pay from, and the vouchers nodes are paid by.
//!
//! Owns `Escrow`, `Channel` and `Session` accounts and the token vault of each escrow. What a
//! voucher settles and how a payment is divided are rules of `heliograph-protocol`; this program
//! checks who is who, keeps the totals and moves the tokens.
#![allow(clippy::result_large_err, reason = "Anchor's error type, in every signature")]

use anchor_lang::prelude::*;

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;

pub mod error;
pub mod events;
pub mod instructions;
pub mod seeds;
pub mod state;

pub use instructions::*;

declare_id!("SE7av8oURLjNFTzWF3KbNaR3vmRZya2eMAtjxoYnTee");

#[program]
pub mod heliograph_settlement {
    use super::*;

    /// Opens an app's escrow and its vault.
    pub fn open_escrow(ctx: Context<OpenEscrow>) -> Result<()> {
        OpenEscrow::handle(ctx)
    }

    /// Adds to an app's escrow. Anyone may.
    pub fn deposit(ctx: Context<Deposit>, amount_micro_usdc: u64) -> Result<()> {
        Deposit::handle(ctx, amount_micro_usdc)
    }

    /// Gives notice of a withdrawal. Nodes can redeem what they are owed until it is carried out.
    pub fn request_withdrawal(
        ctx: Context<RequestWithdrawal>,
        amount_micro_usdc: u64,
    ) -> Result<()> {
        RequestWithdrawal::handle(ctx, amount_micro_usdc)
    }

    /// Takes the notice back.
    pub fn cancel_withdrawal(ctx: Context<CancelWithdrawal>) -> Result<()> {
        CancelWithdrawal::handle(ctx)
    }

    /// Carries the withdrawal out once the notice is over: the amount asked for, or what is left.
    pub fn withdraw(ctx: Context<Withdraw>) -> Result<()> {
        Withdraw::handle(ctx)
    }

    /// Opens a channel between an app and a node.
    pub fn open_channel(ctx: Context<OpenChannel>) -> Result<()> {
        OpenChannel::handle(ctx)
    }

    /// Closes a channel without sessions; the rent goes back to the app's authority.
    pub fn close_channel(ctx: Context<CloseChannel>) -> Result<()> {
        CloseChannel::handle(ctx)
    }

    /// Opens a session: fixes services, prices, voucher signer and shares, and bounds its cost.
    pub fn open_session(ctx: Context<OpenSession>, args: OpenSessionArgs) -> Result<()> {
        OpenSession::handle(ctx, args)
    }

    /// Ends a session now. Its vouchers stay redeemable for the grace time.
    pub fn end_session(ctx: Context<EndSession>) -> Result<()> {
        EndSession::handle(ctx)
    }

    /// Closes a session that can no longer be redeemed; the rent goes back to who paid it.
    pub fn close_session(ctx: Context<CloseSession>) -> Result<()> {
        CloseSession::handle(ctx)
    }

    /// Pays a voucher. The instruction before this one must be the ed25519 precompile's, over the
    /// voucher's canonical bytes. Anyone may bring it; the money goes where the accounts say.
    pub fn redeem_voucher(ctx: Context<RedeemVoucher>) -> Result<()> {
        RedeemVoucher::handle(ctx)
    }
}
