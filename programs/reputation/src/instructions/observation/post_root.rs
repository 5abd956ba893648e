use crate::clock::{unix, unix_now};
use crate::error::ReputationError;
use crate::events::RootPosted;
use crate::seeds;
use crate::state::{Epoch, Observation, Standing};
use anchor_lang::prelude::*;
use heliograph_protocol::reputation::{self as rules, Phase};
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus, Network, pause};

#[event_cpi]
#[derive(Accounts)]
#[instruction(epoch_start: u64)]
pub struct PostRoot<'info> {
    /// Pays the rent and gets it back.
    #[account(mut)]
    pub payer: Signer<'info>,
    pub keeper_key: Signer<'info>,
    #[account(
        constraint = network.reputation_program == crate::ID
            @ ReputationError::OtherReputationProgram
    )]
    pub network: Box<Account<'info, Network>>,
    #[account(
        has_one = keeper_key @ ReputationError::NotKeeperKey,
        constraint = keeper.role == KeeperRole::Observer @ ReputationError::NotAnObserver
    )]
    pub keeper: Box<Account<'info, Keeper>>,
    /// Made by the first who posts for the epoch.
    #[account(
        init_if_needed,
        payer = payer,
        space = Epoch::DISCRIMINATOR.len() + Epoch::INIT_SPACE,
        seeds = [seeds::EPOCH, &epoch_start.to_le_bytes()],
        bump
    )]
    pub epoch: Box<Account<'info, Epoch>>,
    #[account(
        init,
        payer = payer,
        space = Observation::DISCRIMINATOR.len() + Observation::INIT_SPACE,
        seeds = [seeds::OBSERVATION, keeper.key().as_ref(), &epoch_start.to_le_bytes()],
        bump
    )]
    pub observation: Box<Account<'info, Observation>>,
    /// Made when the observer posts for the first time; stays.
    #[account(
        init_if_needed,
        payer = payer,
        space = Standing::DISCRIMINATOR.len() + Standing::INIT_SPACE,
        seeds = [seeds::STANDING, keeper.key().as_ref()],
        bump
    )]
    pub standing: Box<Account<'info, Standing>>,
    pub system_program: Program<'info, System>,
}

/// Refuses an observer that is not at work: suspended, jailed, gone, or short of stake.
pub fn check_observer(keeper: &Keeper, network: &Network) -> Result<()> {
    require!(
        keeper.status == KeeperStatus::Active && keeper.stake >= network.params.observer_stake_min,
        ReputationError::ObserverNotActive
    );
    Ok(())
}

impl PostRoot<'_> {
    /// An account made a moment ago has version 0.
    fn open(&mut self, bumps: &PostRootBumps, epoch_start: u64) -> Result<()> {
        if self.epoch.version == 0 {
            let params = &self.network.params;
            let epoch = Epoch {
                version: Epoch::VERSION,
                bump: bumps.epoch,
                epoch: epoch_start,
                secs: params.epoch_secs,
                quorum: params.observer_quorum,
                rent_payer: self.payer.key(),
                accounts_open: 0,
                seats: Vec::new(),
                reserved: [0; 32],
            };
            require!(epoch.times().is_aligned(), ReputationError::EpochNotAligned);
            self.epoch.set_inner(epoch);
        }
        if self.standing.version == 0 {
            self.standing.set_inner(Standing {
                version: Standing::VERSION,
                bump: bumps.standing,
                keeper: self.keeper.key(),
                roots: 0,
                absences: 0,
                due_from: 0,
                judged: 0,
                missed: 0,
                deviated: 0,
                recent_faults: 0,
                reserved: [0; 64],
            });
        }
        Ok(())
    }

    pub fn handle(
        ctx: Context<PostRoot>,
        measured: rules::Epoch,
        root: [u8; 32],
        leaves_count: u32,
    ) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        check_observer(&accounts.keeper, &accounts.network)?;
        require!(
            !accounts.network.is_paused(pause::OBSERVATIONS),
            ReputationError::ObservationsPaused
        );
        require_gt!(leaves_count, 0, ReputationError::NoLeaves);
        let epoch = measured.start;
        accounts.open(&ctx.bumps, epoch)?;
        // Samples of another length's epoch could convict an observer that is honest.
        require!(accounts.epoch.times() == measured, ReputationError::OtherEpochLength);
        require!(accounts.epoch.phase(unix_now()?) == Phase::Posting, ReputationError::NotPosting);
        let keeper = accounts.keeper.key();
        let displaced = accounts.epoch.take_seat(keeper, accounts.keeper.stake)?;
        accounts.epoch.opened_one()?;
        let active_since = unix(accounts.keeper.status_changed_at);
        let absences = accounts.standing.posted(&accounts.epoch.times(), active_since);
        let posted_at = Clock::get()?.unix_timestamp;
        accounts.observation.set_inner(Observation {
            version: Observation::VERSION,
            bump: ctx.bumps.observation,
            keeper,
            epoch,
            root,
            leaves_count,
            posted_at,
            rent_payer: accounts.payer.key(),
            reserved: [0; 32],
        });
        emit_cpi!(RootPosted {
            observation: ctx.accounts.observation.key(),
            keeper,
            epoch,
            root,
            leaves_count,
            posted_at,
            seats: ctx.accounts.epoch.seats.len() as u8,
            displaced: displaced.unwrap_or_default(),
            absences,
        });
        Ok(())
    }
}
