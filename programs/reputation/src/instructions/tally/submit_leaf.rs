use crate::clock::unix_now;
use crate::error::ReputationError;
use crate::events::LeafSubmitted;
use crate::instructions::check_observer;
use crate::seeds;
use crate::state::{Epoch, Figures, Observation, Tally};
use anchor_lang::prelude::*;
use heliograph_protocol::merkle;
use heliograph_protocol::observation::Leaf;
use heliograph_protocol::reputation::Phase;
use heliograph_registry::state::{Keeper, Network, Node};

/// What the accounts do not say about a leaf.
#[derive(Clone, Debug, AnchorSerialize, AnchorDeserialize)]
pub struct LeafArgs {
    pub figures: Figures,
    /// Root over the samples that the figures come from.
    pub samples_root: [u8; 32],
    /// The leaf's place under the root, from 0.
    pub index: u32,
    /// Hashes that lead from the leaf to the root.
    pub proof: Vec<[u8; 32]>,
}

#[event_cpi]
#[derive(Accounts)]
pub struct SubmitLeaf<'info> {
    /// Pays the rent of a tally that is made, and gets it back.
    #[account(mut)]
    pub payer: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    pub keeper: Box<Account<'info, Keeper>>,
    pub node: Box<Account<'info, Node>>,
    #[account(
        mut,
        seeds = [seeds::EPOCH, &epoch.epoch.to_le_bytes()],
        bump = epoch.bump
    )]
    pub epoch: Box<Account<'info, Epoch>>,
    #[account(
        has_one = keeper @ ReputationError::OtherObservation,
        constraint = observation.epoch == epoch.epoch @ ReputationError::OtherObservation
    )]
    pub observation: Box<Account<'info, Observation>>,
    /// Made by the first who shows a leaf of the node and epoch.
    #[account(
        init_if_needed,
        payer = payer,
        space = Tally::DISCRIMINATOR.len() + Tally::INIT_SPACE,
        seeds = [seeds::TALLY, node.key().as_ref(), &epoch.epoch.to_le_bytes()],
        bump
    )]
    pub tally: Box<Account<'info, Tally>>,
    pub system_program: Program<'info, System>,
}

impl SubmitLeaf<'_> {
    /// Whether the figures are under the observer's root as those of this node and epoch.
    fn validate(&self, args: &LeafArgs) -> Result<()> {
        let leaf = Leaf {
            observer: self.observation.keeper.to_bytes(),
            epoch: self.observation.epoch,
            node: self.node.key().to_bytes(),
            figures: args.figures.into(),
            samples_root: args.samples_root,
        };
        require!(!leaf.figures.is_invalid(), ReputationError::FiguresInvalid);
        require!(
            merkle::verify(
                &leaf.hash(),
                args.index as usize,
                self.observation.leaves_count as usize,
                &args.proof,
                &self.observation.root,
            ),
            ReputationError::ProofInvalid
        );
        Ok(())
    }

    /// An account made a moment ago has version 0.
    fn open(&mut self, bump: u8) -> Result<()> {
        if self.tally.version == 0 {
            self.epoch.opened_one()?;
            self.tally.set_inner(Tally {
                version: Tally::VERSION,
                bump,
                node: self.node.key(),
                epoch: self.epoch.epoch,
                scored: false,
                rent_payer: self.payer.key(),
                heard: Vec::new(),
                reserved: [0; 32],
            });
        }
        Ok(())
    }

    pub fn handle(ctx: Context<SubmitLeaf>, leaf: LeafArgs) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        require!(
            accounts.epoch.phase(unix_now()?) == Phase::Submitting,
            ReputationError::NotSubmitting
        );
        // Jailed or short of stake since it posted: it is not believed any more.
        check_observer(&accounts.keeper, &accounts.network)?;
        accounts.validate(&leaf)?;
        accounts.open(ctx.bumps.tally)?;
        let observer = accounts.keeper.key();
        accounts.tally.hear(&accounts.epoch, observer, leaf.figures)?;
        emit_cpi!(LeafSubmitted {
            tally: ctx.accounts.tally.key(),
            node: ctx.accounts.node.key(),
            epoch: ctx.accounts.epoch.epoch,
            observer,
            figures: leaf.figures,
            heard: ctx.accounts.tally.heard.len() as u8,
            samples_root: leaf.samples_root,
        });
        Ok(())
    }
}
