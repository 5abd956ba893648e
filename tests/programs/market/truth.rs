//! What is known without asking the chain: who signed what, what stood in which batch, what was
//! challenged, who was tried for it, and what everybody has earned by it.

use super::Batch;
use heliograph_protocol::evidence::Signed;
use heliograph_slashing::state::{BadEpoch, Case, CaseKind, CaseStatus};
use heliograph_tests::SessionParty;
use heliograph_tests::world::World;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// A session; it stays known when its account is closed.
pub struct SessionTruth {
    pub party: SessionParty,
    pub app: usize,
    pub node: usize,
    /// The highest amount the app has signed for.
    pub signed: u64,
    /// What it had settled when last looked at.
    pub settled: u64,
    /// What leaves had settled, and until when that can be disputed.
    pub disputable: Vec<(u64, i64)>,
    /// Whether anything was paid back into the escrow for it.
    pub restored: bool,
    pub closed: bool,
}

/// A batch that was posted, with the periods then in force.
pub struct BatchTruth {
    pub settler: usize,
    pub batch: Batch,
    pub posted_at: i64,
    pub window_secs: i64,
    pub dispute_secs: i64,
    pub liability_secs: i64,
    /// What it has paid.
    pub paid: u64,
}

/// Where a challenge is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Open,
    Answered,
    Failed { at: i64 },
    Closed { at: i64 },
}

impl Fate {
    /// When it failed, if it did.
    pub fn failed_at(self) -> Option<i64> {
        match self {
            Self::Failed { at } | Self::Closed { at } => Some(at),
            Self::Open | Self::Answered => None,
        }
    }
}

/// A challenge of a leaf.
pub struct ChallengeTruth {
    pub settler: usize,
    pub batch: usize,
    pub index: usize,
    pub bond: u64,
    pub fate: Fate,
}

/// Two receipts of a node for one minute of a session.
pub struct Double {
    pub session: usize,
    pub receipts: [Signed; 2],
}

/// Something that an observer has said and that is not so.
pub struct Lie {
    pub observer: usize,
    pub epoch: u64,
    pub evidence: LieEvidence,
}

/// What proves that it lied.
#[derive(Clone)]
pub enum LieEvidence {
    /// Another root than it posted, which it has signed.
    Statement(Signed),
    /// Its samples of this node, which say otherwise than its leaf.
    Samples(usize),
}

/// A case, as it was opened and by what has happened since.
#[derive(Clone, Debug)]
pub struct CaseTruth {
    pub address: Pubkey,
    pub kind: CaseKind,
    pub subject: Pubkey,
    pub mint: Pubkey,
    pub reporter: Pubkey,
    pub rewarded: Pubkey,
    pub victim: Pubkey,
    /// Of a fraud.
    pub epoch: u64,
    /// Of downtime, without those refuted.
    pub epochs: Vec<BadEpoch>,
    pub bond_lamports: u64,
    pub done_at: i64,
    pub punishes_until: i64,
    pub opened_at: i64,
    pub restorable_at: i64,
    pub decidable_at: i64,
    pub kept_until: i64,
    pub penalty: u64,
    /// What it holds still.
    pub held: u64,
    pub status: CaseStatus,
    pub closed: bool,
}

impl CaseTruth {
    /// A case that has just been opened.
    pub fn new(address: Pubkey, case: &Case) -> Self {
        Self {
            address,
            kind: case.kind,
            subject: case.subject,
            mint: case.mint,
            reporter: case.reporter,
            rewarded: case.rewarded,
            victim: case.victim,
            epoch: case.epoch,
            epochs: case.epochs.clone(),
            bond_lamports: case.bond_lamports,
            done_at: case.done_at,
            punishes_until: case.punishes_until,
            opened_at: case.opened_at,
            restorable_at: case.restorable_at,
            decidable_at: case.decidable_at,
            kept_until: case.kept_until,
            penalty: case.penalty,
            held: case.held,
            status: case.status,
            closed: false,
        }
    }
}

/// What an operation may have paid.
#[derive(Clone, Debug)]
pub enum Permit {
    Nothing,
    /// A voucher of this amount.
    Voucher {
        session: usize,
        amount: u64,
    },
    /// Leaves of a batch, by their sessions' numbers, and their amounts.
    Leaves {
        batch: usize,
        leaves: Vec<(usize, u64)>,
    },
}

/// What everybody should have received.
pub struct Earned {
    pub nodes: Vec<u64>,
    pub settlers: Vec<u64>,
    pub treasury: u64,
    /// Parts of penalties, by the token accounts that can take one.
    pub rewarded: BTreeMap<Pubkey, u64>,
    /// Paid into the pools of delegators.
    pub rewards: u64,
    /// All tokens there are.
    pub payment_supply: u64,
    pub stake_supply: u64,
    /// What delegators could gain by others' rounding.
    pub dust: u64,
}

impl Earned {
    pub fn new(nodes: usize, settlers: usize) -> Self {
        Self {
            nodes: vec![0; nodes],
            settlers: vec![0; settlers],
            treasury: 0,
            rewarded: BTreeMap::new(),
            rewards: 0,
            payment_supply: 0,
            stake_supply: 0,
            dust: 0,
        }
    }

    /// Takes note of what there is when everything has been set up.
    pub fn begin(&mut self, world: &mut World) {
        self.payment_supply = world.supply(&world.payment_mint);
        self.stake_supply = world.supply(&world.stake_mint);
    }
}
