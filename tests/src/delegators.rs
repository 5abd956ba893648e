//! Those who put stake behind other people's nodes, and the slashing program's part that the VM
//! stands in for.

use crate::outcome::{Done, Refused};
use crate::parties::NodeParty;
use crate::world::{STAKE_MIN, USDC, World};
use anchor_lang::{InstructionData, ToAccountMetas};
use heliograph_client::instruction::staking;
use heliograph_client::pda;
use heliograph_staking::{accounts, instruction};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// What every delegator can delegate.
pub const DELEGATOR_WALLET: u64 = 10 * STAKE_MIN;
/// What every funder of rewards has.
pub const FUNDER_WALLET: u64 = 1_000 * USDC;

/// Somebody who delegates to one node.
#[derive(Debug)]
pub struct DelegatorParty {
    /// Wallet that delegates.
    pub wallet: Keypair,
    /// The node's account in the registry.
    pub node: Pubkey,
    /// The delegation's account.
    pub address: Pubkey,
    /// Where the stake comes from and goes back to.
    pub stake_wallet: Pubkey,
    /// Where rewards go.
    pub payout: Pubkey,
}

/// A position as the slashing program names it.
#[derive(Clone, Copy, Debug)]
pub struct SlashTarget {
    /// Node or keeper.
    pub subject: Pubkey,
    /// The position's mint.
    pub mint: Pubkey,
    /// Where the stake goes.
    pub destination: Pubkey,
}

/// `slash` as the slashing program calls it, signed by `slasher`.
pub fn slash_instruction(slasher: Pubkey, target: SlashTarget, amount: u64) -> Instruction {
    let position = pda::position(&target.subject);
    let accounts = accounts::Slash {
        slasher,
        network: pda::network(),
        subject: target.subject,
        position,
        mint: target.mint,
        vault: pda::stake_vault(&position),
        destination: target.destination,
        recorder: accounts::Recorder {
            stake_recorder: pda::stake_recorder(),
            registry_event_authority: pda::event_authority(&pda::REGISTRY),
            registry_program: pda::REGISTRY,
        },
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&pda::STAKING),
        program: pda::STAKING,
    };
    Instruction {
        program_id: pda::STAKING,
        accounts: accounts.to_account_metas(None),
        data: instruction::Slash { amount }.data(),
    }
}

/// `hold` as the slashing program calls it, signed by `slasher`.
pub fn hold_instruction(slasher: Pubkey, subject: &Pubkey, amount: u64) -> Instruction {
    let accounts = accounts::Holding {
        slasher,
        network: pda::network(),
        position: pda::position(subject),
        event_authority: pda::event_authority(&pda::STAKING),
        program: pda::STAKING,
    };
    Instruction {
        program_id: pda::STAKING,
        accounts: accounts.to_account_metas(None),
        data: instruction::Hold { amount }.data(),
    }
}

/// `release_hold` as the slashing program calls it, signed by `slasher`.
pub fn release_instruction(slasher: Pubkey, subject: &Pubkey, amount: u64) -> Instruction {
    Instruction {
        data: instruction::ReleaseHold { amount }.data(),
        ..hold_instruction(slasher, subject, amount)
    }
}

impl World {
    /// Holds stake; the slashing program's PDA must be impersonated.
    pub fn hold(&mut self, subject: &Pubkey, amount: u64) -> Done {
        self.run(&[hold_instruction(pda::slasher(), subject, amount)], &[])
    }

    /// Lets go of held stake; the slashing program's PDA must be impersonated.
    pub fn release_hold(&mut self, subject: &Pubkey, amount: u64) -> Done {
        self.run(&[release_instruction(pda::slasher(), subject, amount)], &[])
    }

    /// A wallet with stake, whose delegation to `node` is not open yet.
    pub fn future_delegator(&mut self, label: &str, node: &NodeParty) -> DelegatorParty {
        let wallet = self.wallet(&format!("{label} delegator"));
        let (payment_mint, stake_mint) = (self.payment_mint, self.stake_mint);
        let stake_wallet = self.mint_to(&wallet.pubkey(), &stake_mint, DELEGATOR_WALLET);
        let payout = self.create_tokens(&wallet.pubkey(), &payment_mint);
        let address = pda::delegation(&node.position(), &wallet.pubkey());
        DelegatorParty { wallet, node: node.address, address, stake_wallet, payout }
    }

    /// A delegator with an empty delegation.
    pub fn delegator(&mut self, label: &str, node: &NodeParty) -> DelegatorParty {
        let delegator = self.future_delegator(label, node);
        let open = staking::open_delegation(delegator.wallet.pubkey(), node.address);
        self.act(open, &delegator.wallet);
        delegator
    }

    /// The instruction of [`World::delegate`].
    pub fn delegate_instruction(&self, party: &DelegatorParty, amount: u64) -> Instruction {
        let (wallet, mint) = (party.wallet.pubkey(), self.stake_mint);
        staking::delegate(wallet, party.node, mint, party.stake_wallet, amount)
    }

    /// Delegates.
    pub fn delegate(&mut self, party: &DelegatorParty, amount: u64) -> Done {
        let delegate = self.delegate_instruction(party, amount);
        self.act(delegate, &party.wallet)
    }

    /// The instruction of [`World::undelegate`].
    pub fn undelegate_instruction(&self, party: &DelegatorParty, shares: u64) -> Instruction {
        staking::undelegate(party.wallet.pubkey(), party.node, shares)
    }

    /// Starts the cooldown of shares.
    pub fn undelegate(&mut self, party: &DelegatorParty, shares: u64) -> Done {
        let undelegate = self.undelegate_instruction(party, shares);
        self.act(undelegate, &party.wallet)
    }

    /// The instruction that pays matured shares out.
    pub fn withdraw_delegation_instruction(&self, party: &DelegatorParty) -> Instruction {
        let (wallet, mint) = (party.wallet.pubkey(), self.stake_mint);
        staking::withdraw_delegation(wallet, party.node, mint, party.stake_wallet)
    }

    /// Pays matured shares out.
    pub fn withdraw_delegation(&mut self, party: &DelegatorParty) -> Done {
        let withdraw = self.withdraw_delegation_instruction(party);
        self.act(withdraw, &party.wallet)
    }

    /// Somebody with money to reward delegators, and the account for a node's rewards.
    pub fn funder(&mut self, node: &NodeParty) -> Keypair {
        let funder = self.wallet("funder");
        let mint = self.payment_mint;
        self.mint_to(&funder.pubkey(), &mint, FUNDER_WALLET);
        self.create_tokens(&node.position(), &mint);
        funder
    }

    /// The instruction that rewards the delegators of a node, and where the reward lies then.
    pub fn reward_instruction(
        &self,
        funder: &Keypair,
        node: &NodeParty,
        amount: u64,
    ) -> (Instruction, Pubkey) {
        let mint = self.payment_mint;
        let source = pda::token_account(&funder.pubkey(), &mint);
        let reward = staking::add_rewards(funder.pubkey(), node.address, mint, source, amount);
        (reward, pda::token_account(&node.position(), &mint))
    }

    /// Rewards the delegators of a node.
    pub fn reward(&mut self, funder: &Keypair, node: &NodeParty, amount: u64) -> Done {
        let (reward, _) = self.reward_instruction(funder, node, amount);
        self.act(reward, funder)
    }

    /// The instruction that pays a delegator's rewards.
    pub fn claim_rewards_instruction(&self, party: &DelegatorParty) -> Instruction {
        let wallet = party.wallet.pubkey();
        staking::claim_rewards(wallet, party.node, self.payment_mint, party.payout)
    }

    /// Pays a delegator's rewards.
    pub fn claim_rewards(&mut self, party: &DelegatorParty) -> Result<Done, Refused> {
        let claim = self.claim_rewards_instruction(party);
        self.try_act(claim, &party.wallet)
    }

    /// Where what the tests slash goes: an account of this mint.
    pub fn slash_pot_address(&self, mint: &Pubkey) -> Pubkey {
        pda::token_account(&crate::key("slash pot").pubkey(), mint)
    }

    /// The account at [`World::slash_pot_address`], made if need be.
    pub fn slash_pot(&mut self, mint: &Pubkey) -> Pubkey {
        self.create_tokens(&crate::key("slash pot").pubkey(), mint)
    }

    /// Slashes a position; the slashing program's PDA must be impersonated.
    pub fn slash(&mut self, subject: &Pubkey, mint: &Pubkey, amount: u64) -> Done {
        let destination = self.slash_pot(mint);
        let target = SlashTarget { subject: *subject, mint: *mint, destination };
        self.run(&[slash_instruction(pda::slasher(), target, amount)], &[])
    }
}
