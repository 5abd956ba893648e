//! Instructions of the reputation program. An epoch is named by the Unix time at which it begins.

use super::build;
use crate::pda::{self, REPUTATION};
use heliograph_reputation::state::{Epoch, Figures};
use heliograph_reputation::{LeafArgs, accounts, instruction as data};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;

/// An observer's root of an epoch: RFC 6962 over the leaves.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    /// The epoch.
    pub epoch: u64,
    /// Its length, as it was measured.
    pub epoch_secs: u32,
    /// The root.
    pub root: [u8; 32],
    /// Leaves under it.
    pub leaves_count: u32,
}

/// Commits an observer to its leaves of an epoch; `payer` and the keeper's key sign.
pub fn post_root(payer: Pubkey, keeper: Pubkey, keeper_key: Pubkey, root: Root) -> Instruction {
    let Root { epoch, epoch_secs, root, leaves_count } = root;
    let accounts = accounts::PostRoot {
        payer,
        keeper_key,
        network: pda::network(),
        keeper,
        epoch: pda::epoch(epoch),
        observation: pda::observation(&keeper, epoch),
        standing: pda::standing(&keeper),
        system_program: system_program::ID,
        event_authority: pda::event_authority(&REPUTATION),
        program: REPUTATION,
    };
    let data = data::PostRoot { epoch_start: epoch, epoch_secs, root, leaves_count };
    build(REPUTATION, accounts, data)
}

/// A leaf and its place under its observer's root.
#[derive(Clone, Debug)]
pub struct ProvedLeaf {
    /// The observer's registry account.
    pub observer: Pubkey,
    /// The node's.
    pub node: Pubkey,
    /// The epoch.
    pub epoch: u64,
    /// What was seen.
    pub figures: Figures,
    /// Root over the samples that the figures come from.
    pub samples_root: [u8; 32],
    /// Place under the root, from 0.
    pub index: u32,
    /// Hashes from the leaf to the root.
    pub proof: Vec<[u8; 32]>,
}

impl ProvedLeaf {
    /// What the accounts do not say about it.
    pub fn args(self) -> LeafArgs {
        let Self { figures, samples_root, index, proof, .. } = self;
        LeafArgs { figures, samples_root, index, proof }
    }
}

/// Shows a leaf; `payer` pays the rent of a tally that is made.
pub fn submit_leaf(payer: Pubkey, leaf: ProvedLeaf) -> Instruction {
    let accounts = accounts::SubmitLeaf {
        payer,
        network: pda::network(),
        keeper: leaf.observer,
        node: leaf.node,
        epoch: pda::epoch(leaf.epoch),
        observation: pda::observation(&leaf.observer, leaf.epoch),
        tally: pda::tally(&leaf.node, leaf.epoch),
        system_program: system_program::ID,
        event_authority: pda::event_authority(&REPUTATION),
        program: REPUTATION,
    };
    build(REPUTATION, accounts, data::SubmitLeaf { leaf: leaf.args() })
}

/// Scores a node for an epoch; the epoch's seats say whose standings are judged. `payer` pays the
/// rent of a score that is made.
pub fn score_node(payer: Pubkey, node: Pubkey, epoch: &Epoch) -> Instruction {
    let accounts = accounts::ScoreNode {
        payer,
        epoch: pda::epoch(epoch.epoch),
        tally: pda::tally(&node, epoch.epoch),
        score: pda::score(&node),
        system_program: system_program::ID,
        event_authority: pda::event_authority(&REPUTATION),
        program: REPUTATION,
    };
    let mut instruction = build(REPUTATION, accounts, data::ScoreNode {});
    let standings = epoch.seats.iter().map(|seat| pda::standing(&seat.observer));
    instruction.accounts.extend(standings.map(|standing| AccountMeta::new(standing, false)));
    instruction
}

/// Closes a tally that is scored or cannot be.
pub fn close_tally(node: Pubkey, epoch: u64, rent_payer: Pubkey) -> Instruction {
    let accounts = accounts::CloseTally {
        rent_payer,
        epoch: pda::epoch(epoch),
        tally: pda::tally(&node, epoch),
        event_authority: pda::event_authority(&REPUTATION),
        program: REPUTATION,
    };
    build(REPUTATION, accounts, data::CloseTally {})
}

/// Closes an observation that is kept no longer.
pub fn close_observation(keeper: Pubkey, epoch: u64, rent_payer: Pubkey) -> Instruction {
    let accounts = accounts::CloseObservation {
        rent_payer,
        epoch: pda::epoch(epoch),
        observation: pda::observation(&keeper, epoch),
        event_authority: pda::event_authority(&REPUTATION),
        program: REPUTATION,
    };
    build(REPUTATION, accounts, data::CloseObservation {})
}

/// Closes an epoch without observations and tallies.
pub fn close_epoch(epoch: u64, rent_payer: Pubkey) -> Instruction {
    let accounts = accounts::CloseEpoch {
        rent_payer,
        epoch: pda::epoch(epoch),
        event_authority: pda::event_authority(&REPUTATION),
        program: REPUTATION,
    };
    build(REPUTATION, accounts, data::CloseEpoch {})
}
