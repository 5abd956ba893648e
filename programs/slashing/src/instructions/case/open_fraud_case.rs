use crate::error::SlashingError;
use crate::evidence::{precompile_data, signed_by};
use crate::instructions::opening::*;
use crate::state::CaseKind;
use anchor_lang::prelude::*;
use heliograph_protocol::domain::Message;
use heliograph_protocol::observation::RootStatement;
use heliograph_registry::state::{KeeperRole, Subject};
use heliograph_reputation::state::Observation;

/// An observer that signed another root than it posted. The evidence is complete: nothing can
/// refute it, so the verdict may follow at once.
///
/// Two statements alone are no case: where nothing was posted, nobody was scored by them; where
/// something was, one of the two differs from it.
#[event_cpi]
#[derive(Accounts)]
pub struct OpenFraudCase<'info> {
    pub opening: Opening<'info>,
    #[account(
        constraint = observation.keeper == opening.subject.key() @ SlashingError::OtherSubject
    )]
    pub observation: Box<Account<'info, Observation>>,
    /// CHECK: the sysvar that shows the transaction's other instructions.
    #[account(address = solana_sdk_ids::sysvar::instructions::ID)]
    pub instructions: UncheckedAccount<'info>,
}

impl OpenFraudCase<'_> {
    pub fn handle(ctx: Context<OpenFraudCase>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let keeper_key = match accounts.opening.accused()? {
            Subject::Keeper(keeper) if keeper.role == KeeperRole::Observer => keeper.keeper_key,
            _ => return err!(SlashingError::NotAnObserver),
        };
        let data = precompile_data(&accounts.instructions)?;
        let [signed] = signed_by(&data, &keeper_key)?;
        let domain = accounts.opening.network.domain();
        let statement = RootStatement::from_signing_bytes(signed, &domain)
            .map_err(|_| error!(SlashingError::NotARootStatement))?;
        let posted = &accounts.observation;
        require!(
            statement.observer == posted.keeper.to_bytes() && statement.epoch == posted.epoch,
            SlashingError::OtherStatement
        );
        require!(
            (statement.root, statement.leaves_count) != (posted.root, posted.leaves_count),
            SlashingError::StatementAgrees
        );
        let charge = Charge {
            kind: CaseKind::ObserverFraud,
            rewarded: accounts.opening.reporter.key(),
            victim: Pubkey::default(),
            evidence: posted.key(),
            sequence: 0,
            epoch: posted.epoch,
            done_at: posted.posted_at,
            punishes_until: 0,
            windows: (0, 0),
            penalty_bps: accounts.opening.network.params.observer_fraud_slash_bps,
            holds_all: false,
            epochs: Vec::new(),
        };
        let event = accounts.opening.open(&ctx.bumps.opening, charge)?;
        emit_cpi!(event);
        Ok(())
    }
}
