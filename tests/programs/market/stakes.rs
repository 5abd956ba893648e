//! Bonds, stake, delegations, and the way out of jail.

use super::{Market, NODES, SETTLERS};
use heliograph_client::instruction::{registry, staking};
use heliograph_registry::state::{Keeper, KeeperStatus, Node, NodeStatus};
use heliograph_staking::state::Delegation;
use heliograph_tests::world::{STAKE_MIN, USDC};
use solana_signer::Signer;

impl Market {
    /// What the registry knows of a settler's bond.
    pub fn stake_of(&self, settler: usize) -> u64 {
        self.world.read::<Keeper>(&self.settlers[settler].address).stake
    }

    /// Something with the stake of a settler or a node.
    pub fn bond(&mut self) -> bool {
        if self.random.one_in(2) {
            return self.bond_node();
        }
        let settler = &self.settlers[self.random.index(SETTLERS)];
        let (owner, subject) = (settler.owner.insecure_clone(), settler.address);
        let (key, mint, wallet) = (owner.pubkey(), settler.mint, settler.stake_wallet);
        let amount = self.random.below(60 * USDC);
        let instruction = match self.random.below(9) {
            0 => staking::unbond(key, subject, amount),
            1 => staking::withdraw(key, subject, mint, wallet),
            2..6 => registry::set_keeper_status(key, subject, KeeperStatus::Active),
            _ => staking::deposit(key, subject, mint, wallet, amount),
        };
        self.send(&[instruction], &[&owner])
    }

    fn bond_node(&mut self) -> bool {
        let node = &self.nodes[self.random.index(NODES)];
        let (operator, subject) = (node.operator.insecure_clone(), node.address);
        let key = operator.pubkey();
        let amount = self.random.below(STAKE_MIN / 10);
        let instruction = match self.random.below(6) {
            0 => staking::unbond(key, subject, amount),
            1 => self.world.unstake_instruction(node),
            2 | 3 => registry::set_node_status(key, subject, NodeStatus::Active),
            _ => self.world.stake_instruction(node, amount),
        };
        self.send(&[instruction], &[&operator])
    }

    pub fn delegate(&mut self) -> bool {
        let party = &self.delegators[self.random.index(2 * NODES)];
        let delegate = self.world.delegate_instruction(party, self.random.below(STAKE_MIN / 2));
        let wallet = party.wallet.insecure_clone();
        self.earned.dust += 1;
        self.send(&[delegate], &[&wallet])
    }

    pub fn undelegate(&mut self) -> bool {
        let party = &self.delegators[self.random.index(2 * NODES)];
        let delegation: Delegation = self.world.read(&party.address);
        let shares = self.random.below(delegation.shares.saturating_add(2));
        let undelegate = self.world.undelegate_instruction(party, shares);
        let wallet = party.wallet.insecure_clone();
        self.send(&[undelegate], &[&wallet])
    }

    /// Pays matured shares or rewards out.
    pub fn withdraw_delegation(&mut self) -> bool {
        let party = &self.delegators[self.random.index(2 * NODES)];
        let instruction = match self.random.one_in(2) {
            true => self.world.withdraw_delegation_instruction(party),
            false => self.world.claim_rewards_instruction(party),
        };
        let wallet = party.wallet.insecure_clone();
        self.earned.dust += 1;
        self.send(&[instruction], &[&wallet])
    }

    pub fn reward(&mut self) -> bool {
        let node = &self.nodes[self.random.index(NODES)];
        let amount = self.random.below(USDC);
        let (reward, _) = self.world.reward_instruction(&self.funder, node, amount);
        let funder = self.funder.insecure_clone();
        let rewarded = self.send(&[reward], &[&funder]);
        if rewarded {
            self.earned.rewards += amount;
        }
        rewarded
    }

    /// Somebody in jail leaves it, with as much stake as that takes.
    pub fn leave_jail(&mut self) -> bool {
        let mut jailed = Vec::new();
        for node in &self.nodes {
            let state: Node = self.world.read(&node.address);
            if state.status == NodeStatus::Jailed {
                let active = registry::set_node_status(
                    node.operator.pubkey(),
                    node.address,
                    NodeStatus::Active,
                );
                let (mint, wallet) = (self.world.stake_mint, node.stake_wallet);
                let missing = STAKE_MIN.saturating_sub(state.stake);
                jailed.push((&node.operator, node.address, mint, wallet, missing, active));
            }
        }
        for keeper in self.settlers.iter().chain(&self.observers) {
            let state: Keeper = self.world.read(&keeper.address);
            if state.status == KeeperStatus::Jailed {
                let active = registry::set_keeper_status(
                    keeper.owner.pubkey(),
                    keeper.address,
                    KeeperStatus::Active,
                );
                let (mint, wallet) = (keeper.mint, keeper.stake_wallet);
                let missing = (2 * keeper.stake_min()).saturating_sub(state.stake);
                jailed.push((&keeper.owner, keeper.address, mint, wallet, missing, active));
            }
        }
        if jailed.is_empty() {
            return false;
        }
        let (owner, subject, mint, wallet, missing, active) =
            jailed.swap_remove(self.random.index(jailed.len()));
        let owner = owner.insecure_clone();
        if missing > 0 {
            let deposit = staking::deposit(owner.pubkey(), subject, mint, wallet, missing);
            self.send(&[deposit], &[&owner]);
        }
        let unjail = registry::unjail(owner.pubkey(), subject);
        self.send(&[unjail, active], &[&owner])
    }
}
