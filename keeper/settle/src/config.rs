//! The role's part of the keeper's configuration.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const LAMPORTS_PER_SOL: u64 = 1_000_000_000;

/// `[settle]` of the keeper's configuration. Relative paths count from the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleConfig {
    /// The settler's keeper key: a Solana keypair file. It signs batches and pays transaction fees.
    pub keypair: PathBuf,
    /// Where batches are served.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The database's file.
    #[serde(default = "default_database")]
    pub database: PathBuf,
    /// The archive: a folder, or the URL of an object store.
    #[serde(default = "default_archive")]
    pub archive: String,
    /// Nodes to collect from besides those in the registry: their endpoints.
    #[serde(default)]
    pub nodes: Vec<String>,
    /// Whether to open the settler's book at start if there is none. The keeper key pays its rent.
    #[serde(default)]
    pub open_book: bool,
    /// Slots of the book then; enough for a batch every minute by the network's parameters if
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub book_slots: Option<usize>,
    /// Most leaves of a batch. Above 4,096 an answer does not fit into a transaction.
    #[serde(default = "default_leaves_max")]
    pub leaves_max: u32,
    /// Claim even where the settler's share is less than the transaction costs.
    #[serde(default)]
    pub claim_always: bool,
    /// Price of a SOL, by which fees are compared with shares.
    #[serde(default = "default_sol_price")]
    pub sol_price_micro_usdc: u64,
    /// What a transaction of claims costs, in lamports. The default is the fee of its signature.
    #[serde(default = "default_claim_lamports")]
    pub claim_lamports: u64,
}

/// Most leaves whose proof fits beside a voucher in a legacy transaction (decision 0015).
pub const LEAVES_MAX: u32 = 4_096;

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7881))
}

fn default_database() -> PathBuf {
    "settle.db".into()
}

fn default_archive() -> String {
    "archive".into()
}

fn default_leaves_max() -> u32 {
    LEAVES_MAX
}

fn default_sol_price() -> u64 {
    200_000_000
}

fn default_claim_lamports() -> u64 {
    5_000
}

impl SettleConfig {
    /// Makes relative paths absolute; `base` is the folder of the configuration file.
    pub fn resolve(&mut self, base: &Path) {
        for path in [&mut self.keypair, &mut self.database] {
            *path = base.join(&*path);
        }
        if !self.archive.contains("://") {
            self.archive = base.join(&self.archive).to_string_lossy().into_owned();
        }
    }

    /// What is wrong with the values, for people.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=LEAVES_MAX).contains(&self.leaves_max) {
            return Err(format!("settle.leaves_max must be from 1 to {LEAVES_MAX}"));
        }
        for node in &self.nodes {
            let is_http = url::Url::parse(node).is_ok_and(|url| url.scheme().starts_with("http"));
            if !is_http {
                return Err(format!("settle.nodes: {node:?} is not an http:// or https:// URL"));
            }
        }
        Ok(())
    }

    /// What the settler's share of a claim must be for it to pay for itself, rounded up.
    pub fn claim_cost_micro_usdc(&self) -> u64 {
        if self.claim_always {
            return 0;
        }
        let cost = u128::from(self.claim_lamports) * u128::from(self.sol_price_micro_usdc);
        u64::try_from(cost.div_ceil(u128::from(LAMPORTS_PER_SOL))).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> SettleConfig {
        SettleConfig {
            keypair: "settler.json".into(),
            listen: default_listen(),
            database: default_database(),
            archive: default_archive(),
            nodes: vec![],
            open_book: false,
            book_slots: None,
            leaves_max: default_leaves_max(),
            claim_always: false,
            sol_price_micro_usdc: 150_000_000,
            claim_lamports: default_claim_lamports(),
        }
    }

    #[test]
    fn cost_of_a_claim_is_rounded_up() {
        // 5,000 lamports at 150 USDC a SOL.
        assert_eq!(config().claim_cost_micro_usdc(), 750);
        let with_fee = SettleConfig { claim_lamports: 5_001, ..config() };
        assert_eq!(with_fee.claim_cost_micro_usdc(), 751);
        let always = SettleConfig { claim_always: true, ..config() };
        assert_eq!(always.claim_cost_micro_usdc(), 0);
        let absurd =
            SettleConfig { claim_lamports: u64::MAX, sol_price_micro_usdc: u64::MAX, ..config() };
        assert_eq!(absurd.claim_cost_micro_usdc(), u64::MAX);
    }

    #[test]
    fn batches_that_could_not_be_answered_for_are_refused() {
        for leaves_max in [0, LEAVES_MAX + 1] {
            assert!(SettleConfig { leaves_max, ..config() }.check().is_err(), "{leaves_max}");
        }
        for node in ["node.example", "file:///etc/passwd", ""] {
            let nodes = vec![node.to_owned()];
            assert!(SettleConfig { nodes, ..config() }.check().is_err(), "{node}");
        }
        let nodes = vec!["https://node.example".to_owned()];
        assert_eq!(SettleConfig { nodes, ..config() }.check(), Ok(()));
    }
}
