//! Nodes and keepers by their keys: which of them a key is registered as, and what stakes for it.

use super::decimals;
use crate::exit::usage;
use anyhow::Result;
use clap::ValueEnum;
use heliograph_client::{Rpc, account, pda};
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus, Network, Node, Subject};
use solana_pubkey::Pubkey;

/// What a key can be registered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Serves apps; stakes the stake mint
    Node,
    /// Probes nodes; stakes the stake mint
    Observer,
    /// Posts minute batches; bonds USDC
    Settler,
}

impl Role {
    /// As a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Observer => "observer",
            Self::Settler => "settler",
        }
    }
}

/// A keeper's role as a word.
pub const fn role_name(role: KeeperRole) -> &'static str {
    match role {
        KeeperRole::Observer => "observer",
        KeeperRole::Settler => "settler",
    }
}

/// A keeper's status as a word.
pub const fn status_name(status: KeeperStatus) -> &'static str {
    match status {
        KeeperStatus::Pending => "pending",
        KeeperStatus::Active => "active",
        KeeperStatus::Jailed => "jailed",
        KeeperStatus::Exited => "exited",
    }
}

/// A keeper by its key, with the address of its account. Without `role`, the one that is registered.
pub async fn keeper(
    rpc: &Rpc,
    keeper_key: &Pubkey,
    role: Option<KeeperRole>,
) -> Result<(Pubkey, Keeper)> {
    let mut found = Vec::new();
    for candidate in [KeeperRole::Observer, KeeperRole::Settler] {
        if role.is_none_or(|role| role == candidate) {
            let address = pda::keeper(candidate, keeper_key);
            if let Some(keeper) = account::find::<Keeper>(rpc, &address).await? {
                found.push((address, keeper));
            }
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(keeper), true) => Ok(keeper),
        (Some(_), false) => Err(usage(format!(
            "{keeper_key} is registered as observer and as settler: say which with --role"
        ))),
        (None, _) => {
            let what = role.map_or("keeper", role_name);
            Err(usage(format!("no {what} is registered with key {keeper_key}")))
        }
    }
}

/// A node or keeper and what stakes for it.
#[derive(Clone, Debug)]
pub struct Staked {
    /// The registry account.
    pub address: Pubkey,
    /// What it is.
    pub role: Role,
    /// What is in it.
    pub subject: Subject,
    /// What it stakes.
    pub mint: Pubkey,
    /// Decimals of that.
    pub decimals: u8,
    /// What it needs to be active, in units of the mint.
    pub minimum: u64,
}

/// What `key` is registered as; without `role`, whichever one it is.
pub async fn staked(
    rpc: &Rpc,
    network: &Network,
    key: &Pubkey,
    role: Option<Role>,
) -> Result<Staked> {
    let candidates = [
        (Role::Node, pda::node(key)),
        (Role::Observer, pda::keeper(KeeperRole::Observer, key)),
        (Role::Settler, pda::keeper(KeeperRole::Settler, key)),
    ];
    let mut found = Vec::new();
    for (candidate, address) in candidates {
        if role.is_some_and(|role| role != candidate) {
            continue;
        }
        let subject = if candidate == Role::Node {
            let node: Option<Node> = account::find(rpc, &address).await?;
            node.map(|node| Subject::Node(Box::new(node)))
        } else {
            let keeper: Option<Keeper> = account::find(rpc, &address).await?;
            keeper.map(|keeper| Subject::Keeper(Box::new(keeper)))
        };
        if let Some(subject) = subject {
            found.push((candidate, address, subject));
        }
    }
    let (role, address, subject) = match (found.pop(), found.is_empty()) {
        (Some(one), true) => one,
        (Some(_), false) => {
            return Err(usage(format!(
                "{key} is registered in several roles: say which with --role"
            )));
        }
        (None, _) => {
            let what = role.map_or("node or keeper", Role::name);
            return Err(usage(format!("no {what} is registered with key {key}")));
        }
    };
    let mint = subject.stake_mint(network);
    let minimum = subject.stake_min(network);
    let decimals = decimals(rpc, &mint).await?;
    Ok(Staked { address, role, subject, mint, decimals, minimum })
}
