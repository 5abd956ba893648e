use crate::error::SlashingError;
use crate::instructions::opening::*;
use crate::instructions::powers::jail;
use crate::seeds;
use crate::state::CaseKind;
use anchor_lang::prelude::*;
use heliograph_registry::program::HeliographRegistry;
use heliograph_settlement::state::{Challenge, ChallengeStatus};

/// A leaf whose voucher a settler could not show. Nothing can refute that; the time until the
/// verdict is for vouchers of other leaves to be shown, and for what then stays on record to be
/// restored. So the settler is jailed at once, and all its bond held.
#[event_cpi]
#[derive(Accounts)]
pub struct OpenChallengeCase<'info> {
    pub opening: Opening<'info>,
    #[account(
        constraint = challenge.keeper == opening.subject.key() @ SlashingError::OtherSubject,
        constraint = challenge.status == ChallengeStatus::Failed
            @ SlashingError::ChallengeNotFailed
    )]
    pub challenge: Box<Account<'info, Challenge>>,
    /// CHECK: signs for this program; the registry checks its address.
    #[account(seeds = [seeds::JAILER], bump)]
    pub jailer: UncheckedAccount<'info>,
    /// CHECK: the registry's event authority; the registry checks it.
    pub registry_event_authority: UncheckedAccount<'info>,
    pub registry_program: Program<'info, HeliographRegistry>,
}

impl OpenChallengeCase<'_> {
    pub fn handle(ctx: Context<OpenChallengeCase>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let challenge = &accounts.challenge;
        let charge = Charge {
            kind: CaseKind::UnansweredChallenge,
            // Whoever opened the challenge found the leaf; whoever opens the case has its bond back.
            rewarded: challenge.challenger,
            victim: Pubkey::default(),
            evidence: challenge.key(),
            sequence: 0,
            epoch: 0,
            done_at: challenge.posted_at,
            // The settlement program pays nothing more of what was posted until then.
            punishes_until: challenge.failed_at,
            windows: (1, 2),
            penalty_bps: accounts.opening.network.params.challenge_slash_bps,
            holds_all: true,
            epochs: Vec::new(),
        };
        let event = accounts.opening.open(&ctx.bumps.opening, charge)?;
        let jail_secs = i64::from(accounts.opening.network.params.jail_secs);
        jail(
            (accounts.jailer.to_account_info(), ctx.bumps.jailer),
            accounts.opening.network.to_account_info(),
            accounts.opening.subject.to_account_info(),
            (
                accounts.registry_event_authority.to_account_info(),
                accounts.registry_program.to_account_info(),
            ),
            event.decidable_at.saturating_add(jail_secs),
        )?;
        emit_cpi!(event);
        Ok(())
    }
}
