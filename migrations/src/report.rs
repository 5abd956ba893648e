//! What was done, for people and machines.

use serde::Serialize;

/// What a migration did to one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was there already, as planned.
    Unchanged,
    /// It is new.
    Created,
    /// It was there in an older form.
    Upgraded,
}

impl Change {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Created => "created",
            Self::Upgraded => "upgraded",
        }
    }
}

/// One thing a migration looked after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What it is.
    pub name: String,
    /// Its address, base58.
    pub address: String,
    /// What was done.
    pub change: Change,
}

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Number and name, such as `0001_deploy_programs`.
    pub migration: &'static str,
    /// What it looked after.
    pub items: Vec<Item>,
}

impl Applied {
    pub(crate) const fn new(migration: &'static str) -> Self {
        Self { migration, items: Vec::new() }
    }

    pub(crate) fn item(&mut self, name: &str, address: impl ToString, change: Change) {
        self.items.push(Item { name: name.to_owned(), address: address.to_string(), change });
    }

    /// Whether the chain was as planned already.
    pub fn is_unchanged(&self) -> bool {
        self.items.iter().all(|item| item.change == Change::Unchanged)
    }
}

/// The network as it stands after the migrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkSummary {
    /// Address of the network account.
    pub network: String,
    /// In the prefix of everything signed: 64 hex digits.
    pub domain_id: String,
    /// What apps pay in.
    pub payment_mint: String,
    /// What operators stake.
    pub stake_mint: String,
    /// Token account that receives the treasury's share.
    pub treasury: String,
    /// Stake a node needs, in units of the stake mint.
    pub node_stake_min: u64,
}

/// Everything that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Each migration, in order.
    pub applied: Vec<Applied>,
    /// The network.
    pub network: Option<NetworkSummary>,
}

impl Report {
    /// Whether the chain was as planned already.
    pub fn is_unchanged(&self) -> bool {
        self.applied.iter().all(Applied::is_unchanged)
    }
}

/// What is going on right now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A migration begins.
    Step {
        /// Number and name.
        migration: &'static str,
    },
    /// Bytes of a program in place so far.
    Uploading {
        /// The program.
        program: &'static str,
        /// Bytes in place.
        done_bytes: usize,
        /// Bytes in all.
        total_bytes: usize,
    },
}
