//! Settlement: the escrows apps pay from, the vouchers nodes are paid by, and the batches in which
//! settlers bring many vouchers at once.
//!
//! Owns `Escrow`, `Channel`, `Session`, `Book` and `Challenge` accounts and the token vaults of
//! escrows and challenges. What a voucher or a leaf settles and how a payment is divided are rules
//! of `heliograph-protocol`; this program checks who is who, keeps the totals and moves the tokens.
#![allow(clippy::result_large_err, reason = "Anchor's error type, in every signature")]

use anchor_lang::prelude::*;

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;

pub mod error;
pub mod events;
pub mod instructions;
pub mod seeds;
pub mod state;
mod tokens;

pub use instructions::*;
use state::PostBatchArgs;

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

    /// Puts part of the deposit behind a channel: only its vouchers are paid from it.
    pub fn post_bond(ctx: Context<PostBond>, amount_micro_usdc: u64) -> Result<()> {
        PostBond::handle(ctx, amount_micro_usdc)
    }

    /// Makes a channel's bond available again, once none of its vouchers can be redeemed any more.
    pub fn release_bond(ctx: Context<ReleaseBond>) -> Result<()> {
        ReleaseBond::handle(ctx)
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

    /// Shows a voucher without paying it: up to its amount, no claim of the session is in doubt.
    /// The instruction before this one must be the ed25519 precompile's.
    pub fn prove_voucher(ctx: Context<ProveVoucher>) -> Result<()> {
        ProveVoucher::handle(ctx)
    }

    /// Opens a settler's book in an account made for it.
    pub fn open_book(ctx: Context<OpenBook>) -> Result<()> {
        OpenBook::handle(ctx)
    }

    /// Closes a book in which nothing can be disputed any more; the rent goes back to who paid it.
    pub fn close_book(ctx: Context<CloseBook>) -> Result<()> {
        CloseBook::handle(ctx)
    }

    /// Posts the root of one minute's leaves. The settler's bond covers the total.
    pub fn post_batch(ctx: Context<PostBatch>, args: PostBatchArgs) -> Result<()> {
        PostBatch::handle(ctx, args)
    }

    /// Takes batches that are over out of a settler's exposure. Anyone may.
    pub fn release(ctx: Context<Release>) -> Result<()> {
        Release::handle(ctx)
    }

    /// Pays leaves of a batch whose challenge window is over. Anyone may bring them; the money goes
    /// where the accounts say. Leaves that have nothing to settle are passed over.
    pub fn claim<'info>(ctx: Context<'info, Claim<'info>>, args: ClaimArgs) -> Result<()> {
        Claim::handle(ctx, args)
    }

    /// Demands the voucher behind a leaf, against a bond. Until it is shown nothing is claimed from
    /// the settler's batches.
    pub fn open_challenge(
        ctx: Context<OpenChallenge>,
        minute_index: u64,
        index: u32,
    ) -> Result<()> {
        OpenChallenge::handle(ctx, minute_index, index)
    }

    /// Shows it. The instruction before this one must be the ed25519 precompile's, over the
    /// voucher. The bond is the settler's.
    pub fn answer_challenge(ctx: Context<AnswerChallenge>, proof: Vec<[u8; 32]>) -> Result<()> {
        AnswerChallenge::handle(ctx, proof)
    }

    /// Says that nobody has shown it in time: the settler's batches so far are void.
    pub fn fail_challenge(ctx: Context<FailChallenge>) -> Result<()> {
        FailChallenge::handle(ctx)
    }

    /// Closes a failed challenge once no case can need it.
    pub fn close_challenge(ctx: Context<CloseChallenge>) -> Result<()> {
        CloseChallenge::handle(ctx)
    }

    /// Pays an app back what a settler took without a voucher. Only the slashing program can.
    pub fn restore(ctx: Context<Restore>, settler: Pubkey, amount_micro_usdc: u64) -> Result<()> {
        Restore::handle(ctx, settler, amount_micro_usdc)
    }
}
