//! Random delegations, slashes and rewards against a plain account of who is owed what.

use heliograph_client::pda;
use heliograph_staking::state::{Delegation, Position, UNDELEGATION_SLOTS};
use heliograph_tests::delegators::{DELEGATOR_WALLET, FUNDER_WALLET};
use heliograph_tests::random::Random;
use heliograph_tests::world::{PARAMS, STAKE_MIN, USDC};
use heliograph_tests::{DelegatorParty, NodeParty, World};
use solana_keypair::Keypair;

const STEPS: usize = 400;
const DELEGATORS: usize = 4;

/// The chain, who acts on it, and sums over what has happened.
struct Play {
    world: World,
    node: NodeParty,
    parties: Vec<DelegatorParty>,
    funder: Keypair,
    random: Random,
    slashed: u64,
    rewarded: u64,
    /// How often each kind of deed went through.
    tally: [u32; 6],
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut world = World::new();
        let node = world.node("node");
        let parties = (0..DELEGATORS).map(|i| world.delegator(&format!("{i}"), &node)).collect();
        let funder = world.funder(&node);
        world.impersonate(&pda::slasher());
        let random = Random::from_environment(seed);
        Self { world, node, parties, funder, random, slashed: 0, rewarded: 0, tally: [0; 6] }
    }

    fn position(&self) -> Position {
        self.world.read(&self.node.position())
    }

    fn delegation(&self, who: usize) -> Delegation {
        self.world.read(&self.parties[who].address)
    }

    fn step(&mut self) {
        let who = self.random.index(DELEGATORS);
        let deed = self.random.index(6);
        let done = match deed {
            0 => self.delegate(who),
            1 => self.undelegate(who),
            2 => self.withdraw(who),
            3 => self.slash(),
            4 => self.reward(),
            _ => self.claim(who),
        };
        self.tally[deed] += u32::from(done);
    }

    fn delegate(&mut self, who: usize) -> bool {
        let before = self.position();
        let amount = 1 + self.random.below(1_000_000);
        if before.delegated == 0 && before.delegated_shares > 0 {
            return false;
        }
        let shares = self.delegation(who).shares;
        self.world.delegate(&self.parties[who], amount);
        let bought = self.delegation(who).shares - shares;
        let after = self.position();
        assert!(bought >= amount, "a share costs at most one unit");
        assert_eq!(after.delegated, before.delegated + amount);
        true
    }

    fn undelegate(&mut self, who: usize) -> bool {
        let delegation = self.delegation(who);
        let full = delegation.undelegating.iter().all(|slot| slot.shares > 0);
        if full || delegation.shares == 0 {
            return false;
        }
        let shares = 1 + self.random.below(delegation.shares);
        self.world.undelegate(&self.parties[who], shares);
        true
    }

    fn withdraw(&mut self, who: usize) -> bool {
        if self.random.one_in(2) {
            self.world.pass(PARAMS.unbonding_secs);
        }
        let (before, wallet) = (self.position(), self.parties[who].stake_wallet);
        let tokens = self.world.tokens(&wallet);
        let withdraw = self.world.withdraw_delegation_instruction(&self.parties[who]);
        let signer = self.parties[who].wallet.insecure_clone();
        let done = self.world.try_act(withdraw, &signer).is_ok();
        let after = self.position();
        let burnt = before.delegated_shares - after.delegated_shares;
        let paid = self.world.tokens(&wallet) - tokens;
        assert_eq!(before.delegated - after.delegated, paid);
        // Never more than the shares' part, to the fraction of a unit.
        let worth = u128::from(burnt) * u128::from(before.delegated);
        assert!(u128::from(paid) * u128::from(before.delegated_shares) <= worth);
        done
    }

    fn slash(&mut self) -> bool {
        // Seldom, and seldom everything: else there would be nothing left to look at.
        if !self.random.one_in(4) {
            return false;
        }
        let before = self.position();
        let all = before.bonded + before.delegated;
        let amount = if self.random.one_in(8) { u64::MAX } else { self.random.below(all / 4 + 1) };
        let mint = self.world.stake_mint;
        self.world.slash(&self.node.address, &mint, amount);
        let after = self.position();
        let taken = all - after.bonded - after.delegated;
        assert_eq!(taken, amount.min(all));
        let of_pool = u128::from(before.delegated - after.delegated);
        assert!(of_pool * u128::from(all) <= u128::from(taken) * u128::from(before.delegated));
        self.slashed += taken;
        if after.bonded < STAKE_MIN {
            self.world.stake(&self.node, STAKE_MIN.min(OWN_LEFT));
        }
        true
    }

    fn reward(&mut self) -> bool {
        let position = self.position();
        let amount = 1 + self.random.below(USDC);
        if position.delegated_shares == position.undelegating_shares {
            return false;
        }
        self.world.reward(&self.funder, &self.node, amount);
        self.rewarded += amount;
        true
    }

    fn claim(&mut self, who: usize) -> bool {
        self.world.claim_rewards(&self.parties[who]).is_ok()
    }

    /// Nothing appears and nothing vanishes.
    fn check(&self, step: usize) {
        let position = self.position();
        let delegations: Vec<Delegation> = (0..DELEGATORS).map(|i| self.delegation(i)).collect();
        let earning: u64 = delegations.iter().map(|d| d.shares).sum();
        let leaving: u64 =
            delegations.iter().flat_map(|d| d.undelegating).map(|slot| slot.shares).sum();
        assert_eq!(position.undelegating_shares, leaving, "leaving shares after step {step}");
        assert_eq!(position.delegated_shares, earning + leaving, "shares after step {step}");
        assert!(position.delegated <= position.delegated_shares, "price after step {step}");
        let vault = self.world.tokens(&self.node.stake_vault());
        assert_eq!(vault, position.bonded + position.delegated, "vault after step {step}");
        let pot = self.world.slash_pot_address(&self.world.stake_mint);
        let pot = self.world.account(&pot).map_or(0, |_| self.world.tokens(&pot));
        assert_eq!(pot, self.slashed, "slashed after step {step}");

        let claimed: u64 = self.parties.iter().map(|p| self.world.tokens(&p.payout)).sum();
        let (_, vault) = self.world.reward_instruction(&self.funder, &self.node, 1);
        let vault = self.world.tokens(&vault);
        assert_eq!(claimed + vault, self.rewarded, "rewards after step {step}");
        let due: u64 = delegations
            .into_iter()
            .map(|mut delegation| {
                delegation.count_rewards(&position).expect("rewards fit 64 bits");
                delegation.rewards_micro_usdc
            })
            .sum();
        assert!(due <= vault, "everybody could claim after step {step}");
    }

    /// Everybody leaves with all they have.
    fn everybody_leaves(&mut self) {
        for who in 0..DELEGATORS {
            for _ in 0..=UNDELEGATION_SLOTS {
                self.world.pass(PARAMS.unbonding_secs);
                let delegation = self.delegation(who);
                if delegation.undelegating.iter().any(|slot| slot.shares > 0) {
                    self.world.withdraw_delegation(&self.parties[who]);
                }
                if delegation.shares > 0 {
                    self.world.undelegate(&self.parties[who], delegation.shares);
                }
            }
            self.world.claim_rewards(&self.parties[who]).ok();
            assert!(self.delegation(who).is_empty());
        }
        let position = self.position();
        assert_eq!((position.delegated, position.delegated_shares), (0, 0));
        // What rounding left of the rewards is less than a unit for each claim.
        let (_, vault) = self.world.reward_instruction(&self.funder, &self.node, 1);
        let left = self.world.tokens(&vault);
        assert!(left <= u64::from(self.tally[4] + self.tally[5]) + DELEGATORS as u64, "{left}");
    }
}

/// What the node bonds again after a slash.
const OWN_LEFT: u64 = 10 * USDC;

fn run(seed: u64) {
    let mut play = Play::new(seed);
    for step in 0..STEPS {
        play.step();
        play.check(step);
    }
    println!("delegate, undelegate, withdraw, slash, reward, claim: {:?}", play.tally);
    assert!(play.tally.iter().all(|&times| times > 0), "{:?}", play.tally);
    assert!(play.rewarded < FUNDER_WALLET && play.slashed < DELEGATOR_WALLET * 100);
    play.everybody_leaves();
}

#[test]
fn random_deeds_of_one_seed_conserve_stake_and_rewards() {
    run(1);
}

#[test]
fn random_deeds_of_another_seed_conserve_stake_and_rewards() {
    run(0x706f_6f6c);
}
