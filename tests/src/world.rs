//! A network on a VM: programs, mints, treasury, parameters.

use crate::key;
use crate::outcome::{Done, Refused};
use crate::vm::Vm;
use heliograph_client::instruction::{registry, token};
use heliograph_client::pda;
use heliograph_protocol::domain::Domain;
use heliograph_protocol::shares::Shares;
use heliograph_registry::InitializeNetworkArgs;
use heliograph_registry::state::NetworkParams;
use registry::NetworkTokens;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::ops::{Deref, DerefMut};

/// One USDC in its smallest unit.
pub const USDC: u64 = 1_000_000;
/// Stake an active node needs.
pub const STAKE_MIN: u64 = 1_000 * USDC;
/// Stake an active observer needs.
pub const OBSERVER_STAKE_MIN: u64 = 500 * USDC;
/// What an active settler must have bonded, in micro-USDC.
pub const SETTLER_BOND_MIN: u64 = 300 * USDC;
/// The domain of every test network.
pub const DOMAIN: Domain = Domain(*b"heliograph tests: not a cluster!");

/// Parameters of a test network: the default shares, round durations.
pub const PARAMS: NetworkParams = NetworkParams {
    operator_bps: Shares::DEFAULT.operator_bps,
    settler_bps: Shares::DEFAULT.settler_bps,
    voucher_grace_secs: 60,
    redeem_grace_secs: 3_600,
    withdrawal_notice_secs: 7_200,
    unbonding_secs: 604_800,
    session_secs_max: 86_400,
    node_stake_min: STAKE_MIN,
    timelock_secs: 10_800,
    observer_stake_min: OBSERVER_STAKE_MIN,
    settler_bond_min_micro_usdc: SETTLER_BOND_MIN,
    challenge_window_secs: 600,
    challenge_response_secs: 1_800,
    dispute_secs: 86_400,
    challenge_bond_micro_usdc: 10 * USDC,
    batch_total_max_micro_usdc: 100 * USDC,
    epoch_secs: 3_600,
    observer_quorum: 3,
    case_window_secs: 21_600,
    case_bond_lamports: 50_000_000,
    equivocation_slash_bps: 5_000,
    challenge_slash_bps: 2_000,
    downtime_slash_bps: 100,
    observer_fraud_slash_bps: 2_000,
    downtime_epochs: 3,
    downtime_window_epochs: 5,
    score_min_ppm: 500_000,
    jail_secs: 604_800,
    reporter_bps: 1_000,
    victim_bps: 4_000,
    // Most tests are not about bonds: those that are post them.
    channel_bond_min_micro_usdc: 0,
};

/// How long after its last redeem a session's account stays, for answers to challenges.
pub const ANSWER_SECS: u32 = PARAMS.dispute_secs + PARAMS.challenge_response_secs;

/// A VM with mints, a treasury and, but for [`World::bare`], a network.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "a VM is never printed")]
pub struct World {
    vm: Vm,
    /// What apps pay in.
    pub payment_mint: Pubkey,
    /// What operators stake.
    pub stake_mint: Pubkey,
    /// A mint that has nothing to do with the network.
    pub other_mint: Pubkey,
    /// The network's treasury.
    pub treasury: Pubkey,
}

impl Deref for World {
    type Target = Vm;
    fn deref(&self) -> &Vm {
        &self.vm
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Vm {
        &mut self.vm
    }
}

impl World {
    /// Programs and mints, and no network yet.
    pub fn bare() -> Self {
        let authority = key("authority").pubkey();
        let mut vm = Vm::new(&authority);
        vm.fund(&authority);
        let unset = Pubkey::default();
        let mut world =
            Self { vm, payment_mint: unset, stake_mint: unset, other_mint: unset, treasury: unset };
        world.payment_mint = world.create_mint("payment mint", 6);
        world.stake_mint = world.create_mint("stake mint", 6);
        world.other_mint = world.create_mint("other mint", 6);
        world.treasury =
            world.create_tokens(&key("treasury owner").pubkey(), &world.payment_mint());
        world
    }

    /// A network with [`PARAMS`].
    pub fn new() -> Self {
        Self::with_params(PARAMS)
    }

    /// A network with these parameters.
    pub fn with_params(params: NetworkParams) -> Self {
        let mut world = Self::bare();
        world.initialize(InitializeNetworkArgs { params, ..world.network_args() });
        world
    }

    /// The arguments of [`World::new`]'s network.
    pub fn network_args(&self) -> InitializeNetworkArgs {
        InitializeNetworkArgs {
            domain_id: DOMAIN.0,
            guardian: self.guardian().pubkey(),
            staking_program: pda::STAKING,
            settlement_program: pda::SETTLEMENT,
            slashing_program: pda::SLASHING,
            reputation_program: pda::REPUTATION,
            params: PARAMS,
        }
    }

    /// The network's mints and treasury.
    pub fn network_tokens(&self) -> NetworkTokens {
        NetworkTokens {
            payment_mint: self.payment_mint,
            stake_mint: self.stake_mint,
            treasury: self.treasury,
        }
    }

    /// The programs' upgrade authority.
    pub fn authority(&self) -> Keypair {
        key("authority")
    }

    /// Who may pause.
    pub fn guardian(&self) -> Keypair {
        key("guardian")
    }

    fn payment_mint(&self) -> Pubkey {
        self.payment_mint
    }

    /// Initialises the network.
    pub fn initialize(&mut self, args: InitializeNetworkArgs) -> Done {
        let authority = self.authority();
        let tokens = self.network_tokens();
        let instruction = registry::initialize_network(authority.pubkey(), tokens, args);
        self.run(&[instruction], &[&authority])
    }

    /// Makes a mint, whose authority is `key("mint authority")`.
    pub fn create_mint(&mut self, label: &str, decimals: u8) -> Pubkey {
        let (mint, authority) = (key(label), key("mint authority").pubkey());
        let space = 82;
        let lamports = self.svm().minimum_balance_for_rent_exemption(space);
        let payer = self.wallet("mint payer");
        let create = solana_system_interface::instruction::create_account(
            &payer.pubkey(),
            &mint.pubkey(),
            lamports,
            space as u64,
            &spl_token_interface::ID,
        );
        let initialize = spl_token_interface::instruction::initialize_mint2(
            &spl_token_interface::ID,
            &mint.pubkey(),
            &authority,
            None,
            decimals,
        )
        .expect("a valid mint");
        self.run(&[create, initialize], &[&payer, &mint]);
        mint.pubkey()
    }

    /// The standard token account of `owner`, made if need be.
    pub fn create_tokens(&mut self, owner: &Pubkey, mint: &Pubkey) -> Pubkey {
        let payer = self.wallet("mint payer");
        let create = token::create_token_account(&payer.pubkey(), owner, mint);
        self.run(&[create], &[&payer]);
        pda::token_account(owner, mint)
    }

    /// Mints `amount` to the standard token account of `owner`, made if need be.
    pub fn mint_to(&mut self, owner: &Pubkey, mint: &Pubkey, amount: u64) -> Pubkey {
        let address = self.create_tokens(owner, mint);
        let authority = key("mint authority");
        let mint_to = token::mint_to(mint, owner, &authority.pubkey(), amount).expect("mint");
        self.run(&[mint_to], &[&authority]);
        address
    }

    /// The key of `label`, with lamports to spend.
    pub fn wallet(&mut self, label: &str) -> Keypair {
        let wallet = key(label);
        if self.lamports(&wallet.pubkey()) == 0 {
            self.vm.fund(&wallet.pubkey());
        }
        wallet
    }

    /// Runs one instruction that must succeed.
    pub fn act(&mut self, instruction: Instruction, signer: &Keypair) -> Done {
        self.run(&[instruction], &[signer])
    }

    /// Runs one instruction and tells what came of it.
    pub fn try_act(&mut self, instruction: Instruction, signer: &Keypair) -> Result<Done, Refused> {
        self.attempt(&[instruction], &[signer])
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
