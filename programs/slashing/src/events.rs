//! What happened, for those who rebuild the accounts from history. Fields are only ever appended.

use crate::state::{BadEpoch, Case, CaseKind};
use anchor_lang::prelude::*;
use heliograph_reputation::state::Figures;

#[event]
#[derive(Clone, Debug)]
pub struct CaseOpened {
    pub case: Pubkey,
    pub number: u32,
    pub kind: CaseKind,
    pub subject: Pubkey,
    pub owner: Pubkey,
    pub mint: Pubkey,
    pub reporter: Pubkey,
    pub rewarded: Pubkey,
    pub victim: Pubkey,
    pub evidence: Pubkey,
    pub sequence: u32,
    pub epoch: u64,
    pub done_at: i64,
    pub punishes_until: i64,
    pub opened_at: i64,
    pub restorable_at: i64,
    pub decidable_at: i64,
    pub bond_lamports: u64,
    pub penalty: u64,
    pub held: u64,
    pub epochs: Vec<BadEpoch>,
}

impl CaseOpened {
    /// The event of a case that has just been opened.
    pub fn of(address: Pubkey, case: &Case) -> Self {
        Self {
            case: address,
            number: case.number,
            kind: case.kind,
            subject: case.subject,
            owner: case.owner,
            mint: case.mint,
            reporter: case.reporter,
            rewarded: case.rewarded,
            victim: case.victim,
            evidence: case.evidence,
            sequence: case.sequence,
            epoch: case.epoch,
            done_at: case.done_at,
            punishes_until: case.punishes_until,
            opened_at: case.opened_at,
            restorable_at: case.restorable_at,
            decidable_at: case.decidable_at,
            bond_lamports: case.bond_lamports,
            penalty: case.penalty,
            held: case.held,
            epochs: case.epochs.clone(),
        }
    }
}

/// Besides [`CaseOpened`], where the evidence is samples.
#[event]
#[derive(Clone, Debug)]
pub struct LeafContradicted {
    pub case: Pubkey,
    pub exhibit: Pubkey,
    /// Whom the leaf is about, and its place under the observer's root.
    pub node: Pubkey,
    pub index: u32,
    /// What the leaf says.
    pub figures: Figures,
    /// What its samples give; nothing where they are malformed.
    pub found: Option<Figures>,
}

#[event]
#[derive(Clone, Debug)]
pub struct ExhibitOpened {
    pub exhibit: Pubkey,
    pub uploader: Pubkey,
    pub samples_root: [u8; 32],
    pub samples_count: u16,
}

#[event]
#[derive(Clone, Debug)]
pub struct ExhibitWritten {
    pub exhibit: Pubkey,
    pub offset: u32,
    pub bytes_count: u32,
}

#[event]
#[derive(Clone, Debug)]
pub struct ExhibitClosed {
    pub exhibit: Pubkey,
    pub uploader: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct CaseRestored {
    pub case: Pubkey,
    pub session: Pubkey,
    pub amount_micro_usdc: u64,
    pub restored_micro_usdc: u64,
    pub held: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct EpochRefuted {
    pub case: Pubkey,
    pub epoch: u64,
    pub frauds: u32,
    pub epochs_left: u32,
}

/// The parts are what was paid: where a payee had no account, its part is in `rest`.
#[event]
#[derive(Clone, Debug)]
pub struct CaseConvicted {
    pub case: Pubkey,
    pub subject: Pubkey,
    pub kind: CaseKind,
    pub penalty: u64,
    pub reporter_amount: u64,
    pub victim_amount: u64,
    pub rest_amount: u64,
    pub released: u64,
    pub punished_until: i64,
    pub jailed_until: i64,
    pub decided_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct CaseDismissed {
    pub case: Pubkey,
    pub subject: Pubkey,
    pub kind: CaseKind,
    pub released: u64,
    pub decided_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct CaseClosed {
    pub case: Pubkey,
    pub subject: Pubkey,
    pub bond_to: Pubkey,
    pub bond_lamports: u64,
}
