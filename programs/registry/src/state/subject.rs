use super::{Keeper, KeeperRole, KeeperStatus, Network, Node, NodeStatus};
use crate::error::RegistryError;
use anchor_lang::prelude::*;

/// What stake stands behind: a node or a keeper, whichever the account holds.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A node.
    Node(Box<Node>),
    /// An observer or a settler.
    Keeper(Box<Keeper>),
}

/// A step that was taken because of something else, such as a loss of stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusChange {
    /// A node's: from, to.
    Node(NodeStatus, NodeStatus),
    /// A keeper's: from, to.
    Keeper(KeeperStatus, KeeperStatus),
}

impl Subject {
    /// Reads a registry account. Its owner and its first bytes say what it is; only this program
    /// makes such accounts, each at its own address, so the address is not derived again.
    pub fn load(info: &AccountInfo) -> Result<Self> {
        require_keys_eq!(*info.owner, crate::ID, RegistryError::NotASubject);
        Self::decode(&info.try_borrow_data()?)
    }

    /// The account's bytes as a subject.
    pub fn decode(data: &[u8]) -> Result<Self> {
        if data.starts_with(Node::DISCRIMINATOR) {
            Ok(Self::Node(Box::new(Node::try_deserialize(&mut &*data)?)))
        } else if data.starts_with(Keeper::DISCRIMINATOR) {
            Ok(Self::Keeper(Box::new(Keeper::try_deserialize(&mut &*data)?)))
        } else {
            err!(RegistryError::NotASubject)
        }
    }

    /// Writes the account back. It must be writable and this program's.
    pub fn store(&self, info: &AccountInfo) -> Result<()> {
        let mut data = info.try_borrow_mut_data()?;
        let mut writer: &mut [u8] = &mut data;
        match self {
            Self::Node(node) => node.try_serialize(&mut writer),
            Self::Keeper(keeper) => keeper.try_serialize(&mut writer),
        }
    }

    /// The wallet it belongs to.
    pub fn owner(&self) -> Pubkey {
        match self {
            Self::Node(node) => node.operator,
            Self::Keeper(keeper) => keeper.owner,
        }
    }

    /// Its bonded stake as last recorded.
    pub fn stake(&self) -> u64 {
        match self {
            Self::Node(node) => node.stake,
            Self::Keeper(keeper) => keeper.stake,
        }
    }

    /// Stake it needs to be active.
    pub fn stake_min(&self, network: &Network) -> u64 {
        match self {
            Self::Node(_) => network.params.node_stake_min,
            Self::Keeper(keeper) => network.params.keeper_stake_min(keeper.role),
        }
    }

    /// The mint its stake is in: settlers bond what apps pay in, the others the stake mint.
    pub fn stake_mint(&self, network: &Network) -> Pubkey {
        match self {
            Self::Keeper(keeper) if keeper.role == KeeperRole::Settler => network.payment_mint,
            _ => network.stake_mint,
        }
    }

    /// Takes note of bonded stake. An active one below the minimum becomes pending; nothing fails:
    /// the way out must not depend on a status.
    pub fn record_stake(
        &mut self,
        bonded: u64,
        network: &Network,
        now: i64,
    ) -> Option<StatusChange> {
        let short = bonded < self.stake_min(network);
        match self {
            Self::Node(node) => {
                node.stake = bonded;
                let active = node.status == NodeStatus::Active;
                (active && short).then(|| step_node(node, NodeStatus::Pending, now))
            }
            Self::Keeper(keeper) => {
                keeper.stake = bonded;
                let active = keeper.status == KeeperStatus::Active;
                (active && short).then(|| step_keeper(keeper, KeeperStatus::Pending, now))
            }
        }
    }

    /// Jails until `until` at least: a second verdict does not shorten the first. What has exited
    /// stays so, it cannot come back anyway.
    pub fn jail(&mut self, until: i64, now: i64) -> Option<StatusChange> {
        match self {
            Self::Node(node) => {
                node.jailed_until = node.jailed_until.max(until);
                let free = !matches!(node.status, NodeStatus::Jailed | NodeStatus::Exited);
                free.then(|| step_node(node, NodeStatus::Jailed, now))
            }
            Self::Keeper(keeper) => {
                keeper.jailed_until = keeper.jailed_until.max(until);
                let free = !matches!(keeper.status, KeeperStatus::Jailed | KeeperStatus::Exited);
                free.then(|| step_keeper(keeper, KeeperStatus::Jailed, now))
            }
        }
    }

    /// Ends the time in jail: to `Pending`, from where its owner activates it like any other.
    pub fn unjail(&mut self, network: &Network, now: i64) -> Result<StatusChange> {
        let (jailed, until) = match self {
            Self::Node(node) => (node.status == NodeStatus::Jailed, node.jailed_until),
            Self::Keeper(keeper) => (keeper.status == KeeperStatus::Jailed, keeper.jailed_until),
        };
        require!(jailed, RegistryError::NotJailed);
        require_gte!(now, until, RegistryError::JailNotOver);
        require_gte!(self.stake(), self.stake_min(network), RegistryError::StakeBelowMinimum);
        Ok(match self {
            Self::Node(node) => step_node(node, NodeStatus::Pending, now),
            Self::Keeper(keeper) => step_keeper(keeper, KeeperStatus::Pending, now),
        })
    }

    /// When it may leave jail; 0 = never jailed.
    pub fn jailed_until(&self) -> i64 {
        match self {
            Self::Node(node) => node.jailed_until,
            Self::Keeper(keeper) => keeper.jailed_until,
        }
    }
}

fn step_node(node: &mut Node, to: NodeStatus, now: i64) -> StatusChange {
    let from = std::mem::replace(&mut node.status, to);
    node.status_changed_at = now;
    StatusChange::Node(from, to)
}

fn step_keeper(keeper: &mut Keeper, to: KeeperStatus, now: i64) -> StatusChange {
    let from = std::mem::replace(&mut keeper.status, to);
    keeper.status_changed_at = now;
    StatusChange::Keeper(from, to)
}
