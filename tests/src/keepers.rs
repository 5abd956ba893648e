//! Observers and settlers.

use crate::key;
use crate::outcome::Done;
use crate::world::{OBSERVER_STAKE_MIN, SETTLER_BOND_MIN, STAKE_MIN, World};
use heliograph_client::instruction::{registry, staking};
use heliograph_client::pda;
use heliograph_registry::state::{KeeperRole, KeeperStatus};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// What every keeper's owner can stake, in its role's mint.
pub const KEEPER_WALLET: u64 = 10 * STAKE_MIN;
/// Where every keeper of the tests begins to serve.
pub const ENDPOINT: &str = "https://keeper.example:7443";

/// An owner, a keeper key and their accounts.
#[derive(Debug)]
pub struct KeeperParty {
    /// Wallet that owns the keeper.
    pub owner: Keypair,
    /// The keeper's identity.
    pub keeper_key: Keypair,
    /// What it does.
    pub role: KeeperRole,
    /// The registry's account.
    pub address: Pubkey,
    /// Where its earnings go.
    pub payout: Pubkey,
    /// What it stakes.
    pub mint: Pubkey,
    /// Where the stake comes from and goes back to.
    pub stake_wallet: Pubkey,
}

impl KeeperParty {
    /// The staking position.
    pub fn position(&self) -> Pubkey {
        pda::position(&self.address)
    }

    /// The position's tokens.
    pub fn stake_vault(&self) -> Pubkey {
        pda::stake_vault(&self.position())
    }

    /// Stake it needs on a network with the usual parameters.
    pub fn stake_min(&self) -> u64 {
        match self.role {
            KeeperRole::Observer => OBSERVER_STAKE_MIN,
            KeeperRole::Settler => SETTLER_BOND_MIN,
        }
    }
}

impl World {
    /// An owner with funds and a keeper key that is not registered yet. The payout is an account of
    /// another wallet, so that what is earned and what is bonded are told apart.
    pub fn keeper_owner(&mut self, label: &str, role: KeeperRole) -> KeeperParty {
        let owner = self.wallet(&format!("{label} owner"));
        let keeper_key = key(&format!("{label} keeper key"));
        let payment_mint = self.payment_mint;
        let mint = match role {
            KeeperRole::Observer => self.stake_mint,
            KeeperRole::Settler => payment_mint,
        };
        let cold = key(&format!("{label} cold wallet")).pubkey();
        let payout = self.create_tokens(&cold, &payment_mint);
        let stake_wallet = self.mint_to(&owner.pubkey(), &mint, KEEPER_WALLET);
        let address = pda::keeper(role, &keeper_key.pubkey());
        KeeperParty { owner, keeper_key, role, address, payout, mint, stake_wallet }
    }

    /// A registered keeper, `Pending`, without a position.
    pub fn registered_keeper(&mut self, label: &str, role: KeeperRole) -> KeeperParty {
        let keeper = self.keeper_owner(label, role);
        self.register_keeper(&keeper);
        keeper
    }

    /// A keeper with the least stake, `Active`.
    pub fn keeper(&mut self, label: &str, role: KeeperRole) -> KeeperParty {
        let keeper = self.registered_keeper(label, role);
        self.open_keeper_position(&keeper);
        self.bond(&keeper, keeper.stake_min());
        self.set_keeper_status(&keeper, KeeperStatus::Active);
        keeper
    }

    /// The instruction of [`World::register_keeper`].
    pub fn register_keeper_instruction(&self, keeper: &KeeperParty) -> Instruction {
        let (owner, key) = (keeper.owner.pubkey(), keeper.keeper_key.pubkey());
        registry::register_keeper(owner, key, keeper.payout, keeper.role, ENDPOINT.to_owned())
    }

    /// Registers a keeper.
    pub fn register_keeper(&mut self, keeper: &KeeperParty) -> Done {
        let register = self.register_keeper_instruction(keeper);
        self.run(&[register], &[&keeper.owner, &keeper.keeper_key])
    }

    /// Replaces a keeper's endpoint and payout.
    pub fn update_keeper(&mut self, keeper: &KeeperParty, endpoint: &str) -> Done {
        let owner = keeper.owner.pubkey();
        let endpoint = endpoint.to_owned();
        let update = registry::update_keeper(owner, keeper.address, keeper.payout, endpoint);
        self.act(update, &keeper.owner)
    }

    /// Moves a keeper through its lifecycle.
    pub fn set_keeper_status(&mut self, keeper: &KeeperParty, status: KeeperStatus) -> Done {
        let owner = keeper.owner.pubkey();
        self.act(registry::set_keeper_status(owner, keeper.address, status), &keeper.owner)
    }

    /// Opens a keeper's position.
    pub fn open_keeper_position(&mut self, keeper: &KeeperParty) -> Done {
        let owner = keeper.owner.pubkey();
        self.act(staking::open_position(owner, keeper.address, keeper.mint), &keeper.owner)
    }

    /// Bonds stake.
    pub fn bond(&mut self, keeper: &KeeperParty, amount: u64) -> Done {
        let owner = keeper.owner.pubkey();
        let (address, mint) = (keeper.address, keeper.mint);
        let deposit = staking::deposit(owner, address, mint, keeper.stake_wallet, amount);
        self.act(deposit, &keeper.owner)
    }

    /// Starts the cooldown of stake.
    pub fn unbond_keeper(&mut self, keeper: &KeeperParty, amount: u64) -> Done {
        let owner = keeper.owner.pubkey();
        self.act(staking::unbond(owner, keeper.address, amount), &keeper.owner)
    }
}
