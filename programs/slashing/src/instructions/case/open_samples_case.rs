use crate::error::SlashingError;
use crate::events::LeafContradicted;
use crate::instructions::opening::*;
use crate::state::{CaseKind, Exhibit};
use anchor_lang::prelude::*;
use heliograph_protocol::case::{NoContradiction, contradiction};
use heliograph_protocol::merkle;
use heliograph_protocol::observation::Leaf;
use heliograph_registry::state::{KeeperRole, Subject};
use heliograph_reputation::LeafArgs;
use heliograph_reputation::state::{Epoch, Observation};

/// An observer that posted a root over a leaf which its own samples contradict. The evidence is
/// complete, arithmetic over what the observer committed to: nothing can refute it, so the verdict
/// may follow at once. The leaf need not have been shown: it was posted to be.
#[event_cpi]
#[derive(Accounts)]
pub struct OpenSamplesCase<'info> {
    pub opening: Opening<'info>,
    #[account(
        constraint = observation.keeper == opening.subject.key() @ SlashingError::OtherSubject
    )]
    pub observation: Box<Account<'info, Observation>>,
    /// Says how long it was.
    #[account(constraint = epoch.epoch == observation.epoch @ SlashingError::OtherEpoch)]
    pub epoch: Box<Account<'info, Epoch>>,
    /// All samples of the leaf. The reporter's own: else whoever reads an exhibit that is being
    /// written would report with it first.
    #[account(constraint = exhibit.uploader == opening.reporter.key() @ SlashingError::OtherUploader)]
    pub exhibit: Box<Account<'info, Exhibit>>,
}

impl OpenSamplesCase<'_> {
    /// The leaf, if it is under the root that the observer posted.
    fn posted_leaf(&self, node: Pubkey, args: &LeafArgs) -> Result<Leaf> {
        let leaf = Leaf {
            observer: self.observation.keeper.to_bytes(),
            epoch: self.observation.epoch,
            node: node.to_bytes(),
            figures: args.figures.into(),
            samples_root: args.samples_root,
        };
        let (index, count) = (args.index as usize, self.observation.leaves_count as usize);
        require!(
            merkle::verify(&leaf.hash(), index, count, &args.proof, &self.observation.root),
            SlashingError::LeafNotPosted
        );
        Ok(leaf)
    }

    pub fn handle(ctx: Context<OpenSamplesCase>, node: Pubkey, args: LeafArgs) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        match accounts.opening.accused()? {
            Subject::Keeper(keeper) if keeper.role == KeeperRole::Observer => {}
            _ => return err!(SlashingError::NotAnObserver),
        }
        let leaf = accounts.posted_leaf(node, &args)?;
        let found = contradiction(&leaf, &accounts.exhibit.samples, accounts.epoch.secs).map_err(
            |why| match why {
                NoContradiction::Agree => error!(SlashingError::SamplesAgree),
                _ => error!(SlashingError::OtherSamples),
            },
        )?;
        let posted = &accounts.observation;
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
        let contradicted = LeafContradicted {
            case: event.case,
            exhibit: accounts.exhibit.key(),
            node,
            index: args.index,
            figures: args.figures,
            found: found.ok().map(Into::into),
        };
        emit_cpi!(event);
        emit_cpi!(contradicted);
        Ok(())
    }
}
