//! Slashing: cases against nodes and keepers, their penalties, and restitution to who was robbed.
//!
//! Owns `Case`, `Record` and `Exhibit` accounts. Decides by evidence that lies on chain or was verified by the
//! runtime, and by time; no key decides anything, and nothing here can be paused. It alone can hold
//! and slash stake, jail, and restore: through the programs that own those things.
#![allow(clippy::result_large_err, reason = "Anchor's error type, in every signature")]

use anchor_lang::prelude::*;
use heliograph_reputation::LeafArgs;

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;

pub mod error;
pub mod events;
mod evidence;
pub mod instructions;
pub mod seeds;
pub mod state;

pub use instructions::*;

declare_id!("SLbSEiRbyHXRUMz2QaMuWUbuSDAw5zEkcFz9un1nBA5");

#[program]
pub mod heliograph_slashing {
    use super::*;

    /// Opens a case of a node that signed two receipts for one minute; the ed25519 instruction with
    /// both comes right before. The reporter signs.
    pub fn open_equivocation_case(ctx: Context<OpenEquivocationCase>) -> Result<()> {
        OpenEquivocationCase::handle(ctx)
    }

    /// Opens a case of a settler that could not show the voucher behind a leaf, and jails it. The
    /// reporter signs.
    pub fn open_challenge_case(ctx: Context<OpenChallengeCase>) -> Result<()> {
        OpenChallengeCase::handle(ctx)
    }

    /// Opens a case of a node that was scored too low too often. The reporter signs.
    pub fn open_downtime_case(ctx: Context<OpenDowntimeCase>) -> Result<()> {
        OpenDowntimeCase::handle(ctx)
    }

    /// Opens a case of an observer that signed another root than it posted; the ed25519 instruction
    /// with its statement comes right before. The reporter signs.
    pub fn open_fraud_case(ctx: Context<OpenFraudCase>) -> Result<()> {
        OpenFraudCase::handle(ctx)
    }

    /// Makes room for samples that are to be held against their observer. The uploader signs.
    pub fn open_exhibit(
        ctx: Context<OpenExhibit>,
        samples_root: [u8; 32],
        samples_count: u16,
    ) -> Result<()> {
        OpenExhibit::handle(ctx, samples_root, samples_count)
    }

    /// Writes samples into an exhibit. Its uploader signs.
    pub fn write_exhibit(ctx: Context<WriteExhibit>, offset: u32, bytes: Vec<u8>) -> Result<()> {
        WriteExhibit::handle(ctx, offset, bytes)
    }

    /// Closes an exhibit; the rent goes back. Its uploader signs.
    pub fn close_exhibit(ctx: Context<CloseExhibit>) -> Result<()> {
        CloseExhibit::handle(ctx)
    }

    /// Opens a case of an observer that posted a leaf which its own samples, in an exhibit of the
    /// reporter, contradict. The reporter signs.
    pub fn open_samples_case(
        ctx: Context<OpenSamplesCase>,
        node: Pubkey,
        leaf: LeafArgs,
    ) -> Result<()> {
        OpenSamplesCase::handle(ctx, node, leaf)
    }

    /// Strikes an epoch off a charge of downtime. Anyone may. The upheld cases of fraud follow the
    /// accounts.
    pub fn refute_epoch<'info>(ctx: Context<'info, RefuteEpoch<'info>>, epoch: u64) -> Result<()> {
        RefuteEpoch::handle(ctx, epoch)
    }

    /// Gives an app back what a settler under trial has on record with one of its sessions. Anyone
    /// may.
    pub fn restore_claims(ctx: Context<RestoreClaims>) -> Result<()> {
        RestoreClaims::handle(ctx)
    }

    /// Carries out a case whose time is over. Anyone may.
    pub fn decide_case(ctx: Context<DecideCase>) -> Result<()> {
        DecideCase::handle(ctx)
    }

    /// Closes a decided case: rent and bond go to who is due them. Anyone may.
    pub fn close_case(ctx: Context<CloseCase>) -> Result<()> {
        CloseCase::handle(ctx)
    }
}
