use crate::error::SlashingError;
use crate::instructions::opening::*;
use crate::state::{BadEpoch, CaseKind};
use anchor_lang::prelude::*;
use heliograph_protocol::case::{Kind, Scored, bad_epochs};
use heliograph_registry::state::Subject;
use heliograph_reputation::state::Score;

/// Too many epochs in which a node was scored too low. The verdict waits: a score is what observers
/// said, and some of them may yet be convicted of fraud.
#[event_cpi]
#[derive(Accounts)]
pub struct OpenDowntimeCase<'info> {
    pub opening: Opening<'info>,
    #[account(constraint = score.node == opening.subject.key() @ SlashingError::OtherSubject)]
    pub score: Box<Account<'info, Score>>,
}

impl OpenDowntimeCase<'_> {
    pub fn handle(ctx: Context<OpenDowntimeCase>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let Subject::Node(node) = accounts.opening.accused()? else {
            return err!(SlashingError::NotANode);
        };
        let now = Clock::get()?.unix_timestamp;
        let params = accounts.opening.network.params;
        // What is longer ago than stake takes to leave is forgotten.
        let forgotten = now.saturating_sub(params.unbonding_secs.into());
        let punished = accounts.opening.record.of(Kind::Downtime).punished_until;
        let after = forgotten.max(punished).max(node.registered_at).max(0) as u64;
        let scores: Vec<Scored> =
            accounts.score.epochs.iter().map(|known| known.scored()).collect();
        let window = usize::from(params.downtime_window_epochs);
        let epochs: Vec<BadEpoch> =
            bad_epochs(&scores, after, window, params.score_min_ppm).map(BadEpoch::from).collect();
        let newest = epochs.last().map_or(0, |bad| bad.epoch);
        require!(
            epochs.len() >= usize::from(params.downtime_epochs),
            SlashingError::TooFewBadEpochs
        );
        let charge = Charge {
            kind: CaseKind::Downtime,
            rewarded: accounts.opening.reporter.key(),
            victim: Pubkey::default(),
            evidence: accounts.score.key(),
            sequence: 0,
            epoch: 0,
            done_at: i64::try_from(newest).unwrap_or(i64::MAX),
            punishes_until: 0,
            windows: (1, 1),
            penalty_bps: params.downtime_slash_bps,
            holds_all: false,
            epochs,
        };
        let event = accounts.opening.open(&ctx.bumps.opening, charge)?;
        emit_cpi!(event);
        Ok(())
    }
}
