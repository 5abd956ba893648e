//! Bonds, stake, delegations, and the slashing program's part, which the VM stands in for.

use super::{Market, NODES, SETTLERS};
use heliograph_client::instruction::{registry, staking};
use heliograph_client::pda;
use heliograph_registry::state::{Keeper, KeeperStatus, NodeStatus};
use heliograph_settlement::state::to_rules;
use heliograph_staking::state::{Delegation, Position};
use heliograph_tests::delegators::{SlashTarget, slash_instruction};
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

    /// From now on the slashing program's PDAs sign what they are asked to.
    pub fn impersonate_slashing(&mut self) {
        let (payment, stake) = (self.world.payment_mint, self.world.stake_mint);
        let restorer = pda::restorer(&pda::SLASHING);
        self.world.mint_to(&restorer, &payment, 1_000 * USDC);
        for mint in [payment, stake] {
            self.world.slash_pot(&mint);
        }
        self.world.impersonate(&pda::slasher());
        self.world.impersonate(&restorer);
    }

    pub fn slash(&mut self) -> bool {
        let (subject, mint) = match self.random.one_in(2) {
            true => (self.nodes[self.random.index(NODES)].address, self.world.stake_mint),
            false => (self.settlers[self.random.index(SETTLERS)].address, self.world.payment_mint),
        };
        let amount = self.random.below(30 * USDC);
        let destination = self.world.slash_pot_address(&mint);
        let before: Position = self.world.read(&pda::position(&subject));
        let held = before.bonded
            + before.unbonding.iter().map(|slot| slot.amount).sum::<u64>()
            + before.delegated;
        let pot = self.world.tokens(&destination);
        let target = SlashTarget { subject, mint, destination };
        self.world.run(&[slash_instruction(pda::slasher(), target, amount)], &[]);
        let taken = self.world.tokens(&destination) - pot;
        assert_eq!(taken, amount.min(held), "a slash takes what it says or all there is");
        true
    }

    /// Pays back what a settler has claimed of a session without a voucher.
    pub fn restore(&mut self) -> bool {
        let mut robbed = Vec::new();
        for session in self.live() {
            for settler in 0..SETTLERS {
                let claims = to_rules(&self.session(session).claims);
                let on_record = claims.of(&self.settlers[settler].address.to_bytes());
                if on_record > 0 {
                    robbed.push((session, settler, on_record));
                }
            }
        }
        if robbed.is_empty() {
            return false;
        }
        let (session, settler, on_record) = robbed[self.random.index(robbed.len())];
        let party = self.sessions[session].party;
        let settler = &self.settlers[settler];
        let more = self.world.restore_instruction(&party, settler, on_record + 1);
        let amount = 1 + self.random.below(on_record);
        let restore = self.world.restore_instruction(&party, settler, amount);
        assert!(self.world.attempt(&[more], &[]).is_err(), "more than was taken");
        self.world.run(&[restore], &[]);
        self.sessions[session].restored = true;
        true
    }
}
