use crate::clock::unix_now;
use crate::error::ReputationError;
use crate::events::NodeScored;
use crate::seeds;
use crate::state::{Epoch, EpochScore, Score, Standing, Tally};
use anchor_lang::prelude::*;
use heliograph_protocol::observation::Figures;
use heliograph_protocol::reputation::{Judgement, Phase, deviates, medians, score_ppm};

#[event_cpi]
#[derive(Accounts)]
pub struct ScoreNode<'info> {
    /// Pays the rent of a score that is made.
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(
        constraint = epoch.epoch == tally.epoch @ ReputationError::OtherTally,
        seeds = [seeds::EPOCH, &epoch.epoch.to_le_bytes()],
        bump = epoch.bump
    )]
    pub epoch: Box<Account<'info, Epoch>>,
    #[account(
        mut,
        seeds = [seeds::TALLY, tally.node.as_ref(), &tally.epoch.to_le_bytes()],
        bump = tally.bump
    )]
    pub tally: Box<Account<'info, Tally>>,
    /// Made when the node is scored for the first time; stays.
    #[account(
        init_if_needed,
        payer = payer,
        space = Score::DISCRIMINATOR.len() + Score::INIT_SPACE,
        seeds = [seeds::SCORE, tally.node.as_ref()],
        bump
    )]
    pub score: Box<Account<'info, Score>>,
    pub system_program: Program<'info, System>,
}

impl<'info> ScoreNode<'info> {
    /// An account made a moment ago has version 0.
    fn open(&mut self, bump: u8) {
        if self.score.version == 0 {
            self.score.set_inner(Score {
                version: Score::VERSION,
                bump,
                node: self.tally.node,
                smoothed_ppm: 0,
                epochs_scored: 0,
                epochs: Vec::new(),
                reserved: [0; 64],
            });
        }
    }

    /// Judges every seated observer by its leaf, or for having none; returns how many were missed
    /// and how many deviated. `standings` are theirs, in the order of the seats.
    fn judge(&self, standings: &'info [AccountInfo<'info>], medians: &Figures) -> Result<(u8, u8)> {
        let seats = &self.epoch.seats;
        require!(standings.len() == seats.len(), ReputationError::OtherStanding);
        let (mut missed, mut deviated) = (0, 0);
        for (seat, info) in seats.iter().zip(standings) {
            let mut standing = Account::<Standing>::try_from(info)?;
            require_keys_eq!(standing.keeper, seat.observer, ReputationError::OtherStanding);
            let judgement = judgement(&self.tally, &seat.observer, medians);
            missed += u8::from(judgement == Judgement::Missed);
            deviated += u8::from(judgement == Judgement::Deviated);
            standing.judge(judgement);
            standing.exit(&crate::ID)?;
        }
        Ok((missed, deviated))
    }

    pub fn handle(ctx: Context<'info, ScoreNode<'info>>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let (epoch, tally) = (&accounts.epoch, &accounts.tally);
        require!(epoch.phase(unix_now()?) == Phase::Scoring, ReputationError::NotScoring);
        require!(!tally.scored, ReputationError::ScoredTwice);
        require!(epoch.has_quorum(tally.heard.len()), ReputationError::QuorumMissed);
        let medians = medians(&tally.figures()).ok_or(ReputationError::QuorumMissed)?;
        let (missed, deviated) = accounts.judge(ctx.remaining_accounts, &medians)?;
        accounts.open(ctx.bumps.score);
        let entry = EpochScore {
            epoch: accounts.tally.epoch,
            score_ppm: score_ppm(&medians),
            availability_ppm: medians.availability_ppm,
            observers: accounts.tally.heard.len() as u8,
            quorum: accounts.epoch.quorum,
        };
        let old_smoothed_ppm = accounts.score.smoothed_ppm;
        accounts.score.record(entry)?;
        accounts.tally.scored = true;
        emit_cpi!(NodeScored {
            score: ctx.accounts.score.key(),
            node: ctx.accounts.tally.node,
            epoch: entry.epoch,
            medians: medians.into(),
            score_ppm: entry.score_ppm,
            old_smoothed_ppm,
            smoothed_ppm: ctx.accounts.score.smoothed_ppm,
            heard: entry.observers,
            missed,
            deviated,
        });
        Ok(())
    }
}

/// What an observer's leaf in a tally, or the lack of one, says about it.
pub fn judgement(tally: &Tally, observer: &Pubkey, medians: &Figures) -> Judgement {
    match tally.of(observer) {
        None => Judgement::Missed,
        Some(figures) if deviates(&(*figures).into(), medians) => Judgement::Deviated,
        Some(_) => Judgement::Near,
    }
}
