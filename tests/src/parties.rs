//! Who takes part: operators with their nodes, apps, and the sessions between them.

use crate::key;
use crate::outcome::Done;
use crate::world::{STAKE_MIN, USDC, World};
use heliograph_client::instruction::{registry, settlement, staking};
use heliograph_client::pda;
use heliograph_protocol::price::Prices;
use heliograph_protocol::service::ServiceSet;
use heliograph_registry::state::NodeStatus;
use heliograph_registry::{AppPolicy, NodeProfile};
use heliograph_settlement::OpenSessionArgs;
use heliograph_settlement::state::{Channel, Escrow};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// What every app has in its wallet at first.
pub const APP_WALLET: u64 = 1_000 * USDC;
/// What every operator can stake.
pub const OPERATOR_WALLET: u64 = 10 * STAKE_MIN;
/// How long a session of [`World::session_args`] runs.
pub const SESSION_SECS: i64 = 7_200;

/// An operator, a node key and their accounts.
#[derive(Debug)]
pub struct NodeParty {
    /// Wallet that owns the node.
    pub operator: Keypair,
    /// The node's identity.
    pub node_key: Keypair,
    /// The registry's account.
    pub address: Pubkey,
    /// Where the operator's share goes.
    pub payout: Pubkey,
    /// Where the stake comes from and goes back to.
    pub stake_wallet: Pubkey,
}

impl NodeParty {
    /// The staking position.
    pub fn position(&self) -> Pubkey {
        pda::position(&self.address)
    }

    /// The position's tokens.
    pub fn stake_vault(&self) -> Pubkey {
        pda::stake_vault(&self.position())
    }
}

/// An app, its keys and its accounts.
#[derive(Debug)]
pub struct AppParty {
    /// Wallet that owns the app.
    pub authority: Keypair,
    /// Signs its vouchers.
    pub voucher_signer: Keypair,
    /// The registry's account.
    pub address: Pubkey,
    /// Tokens of the payment mint outside the escrow.
    pub wallet: Pubkey,
}

impl AppParty {
    /// The app's escrow.
    pub fn escrow(&self) -> Pubkey {
        pda::escrow(&self.address)
    }

    /// The escrow's tokens.
    pub fn vault(&self) -> Pubkey {
        pda::escrow_vault(&self.escrow())
    }
}

/// A session and the channel it lies on.
#[derive(Clone, Copy, Debug)]
pub struct SessionParty {
    /// Its channel.
    pub channel: Pubkey,
    /// Its account.
    pub address: Pubkey,
}

/// A profile that every node of the tests begins with.
pub fn profile() -> NodeProfile {
    NodeProfile {
        services: ServiceSet::ALL.0,
        prices_micro_usdc: Prices::DEFAULT.0,
        country: *b"CH",
        region: "zurich".to_owned(),
        endpoint: "https://node.example:7443".to_owned(),
        capacity: 100,
        private_app: Pubkey::default(),
    }
}

impl World {
    /// An operator with funds and a node key that is not registered yet.
    pub fn operator(&mut self, label: &str) -> NodeParty {
        let operator = self.wallet(&format!("{label} operator"));
        let node_key = key(&format!("{label} node key"));
        let (payment_mint, stake_mint) = (self.payment_mint, self.stake_mint);
        let payout = self.create_tokens(&operator.pubkey(), &payment_mint);
        let stake_wallet = self.mint_to(&operator.pubkey(), &stake_mint, OPERATOR_WALLET);
        let address = pda::node(&node_key.pubkey());
        NodeParty { operator, node_key, address, payout, stake_wallet }
    }

    /// A registered node, `Pending`, without a position.
    pub fn registered(&mut self, label: &str) -> NodeParty {
        let node = self.operator(label);
        self.register(&node, profile());
        node
    }

    /// A node with the least stake, `Active`.
    pub fn node(&mut self, label: &str) -> NodeParty {
        let node = self.registered(label);
        self.open_position(&node);
        self.stake(&node, STAKE_MIN);
        self.set_status(&node, NodeStatus::Active);
        node
    }

    /// Registers a node.
    pub fn register(&mut self, node: &NodeParty, profile: NodeProfile) -> Done {
        let (operator, node_key) = (&node.operator, &node.node_key);
        let instruction =
            registry::register_node(operator.pubkey(), node_key.pubkey(), node.payout, profile);
        self.run(&[instruction], &[operator, node_key])
    }

    /// Replaces a node's profile.
    pub fn update(&mut self, node: &NodeParty, profile: NodeProfile) -> Done {
        let operator = node.operator.pubkey();
        let update = registry::update_node(operator, node.address, node.payout, profile);
        self.act(update, &node.operator)
    }

    /// Opens a node's position.
    pub fn open_position(&mut self, node: &NodeParty) -> Done {
        let mint = self.stake_mint;
        self.act(staking::open_position(node.operator.pubkey(), node.address, mint), &node.operator)
    }

    /// Bonds stake.
    pub fn stake(&mut self, node: &NodeParty, amount: u64) -> Done {
        let deposit = self.stake_instruction(node, amount);
        self.act(deposit, &node.operator)
    }

    /// The instruction of [`World::stake`].
    pub fn stake_instruction(&self, node: &NodeParty, amount: u64) -> Instruction {
        let operator = node.operator.pubkey();
        staking::deposit(operator, node.address, self.stake_mint, node.stake_wallet, amount)
    }

    /// Starts the cooldown of stake.
    pub fn unbond(&mut self, node: &NodeParty, amount: u64) -> Done {
        self.act(staking::unbond(node.operator.pubkey(), node.address, amount), &node.operator)
    }

    /// The instruction that pays matured stake out.
    pub fn unstake_instruction(&self, node: &NodeParty) -> Instruction {
        let operator = node.operator.pubkey();
        staking::withdraw(operator, node.address, self.stake_mint, node.stake_wallet)
    }

    /// Moves a node through its lifecycle.
    pub fn set_status(&mut self, node: &NodeParty, status: NodeStatus) -> Done {
        let operator = node.operator.pubkey();
        self.act(registry::set_node_status(operator, node.address, status), &node.operator)
    }

    /// The policy every app of the tests begins with: any country, prices up to the default list,
    /// a signer that lasts thirty days.
    pub fn policy(&self, voucher_signer: &Keypair) -> AppPolicy {
        AppPolicy {
            voucher_signer: voucher_signer.pubkey(),
            voucher_signer_expires_at: self.now() + 30 * 86_400,
            price_ceilings_micro_usdc: Prices::DEFAULT.0,
            countries: Vec::new(),
        }
    }

    /// An authority with funds, whose app number 0 is not created yet.
    pub fn authority_of_app(&mut self, label: &str) -> AppParty {
        let authority = self.wallet(&format!("{label} authority"));
        let voucher_signer = key(&format!("{label} voucher signer"));
        let mint = self.payment_mint;
        let wallet = self.mint_to(&authority.pubkey(), &mint, APP_WALLET);
        let address = pda::app(&authority.pubkey(), 0);
        AppParty { authority, voucher_signer, address, wallet }
    }

    /// An app without an escrow.
    pub fn app(&mut self, label: &str) -> AppParty {
        let app = self.authority_of_app(label);
        let policy = self.policy(&app.voucher_signer);
        self.act(registry::create_app(app.authority.pubkey(), 0, policy), &app.authority);
        app
    }

    /// An app with this much in its escrow.
    pub fn funded_app(&mut self, label: &str, amount: u64) -> AppParty {
        let app = self.app(label);
        self.open_escrow(&app);
        self.deposit(&app, amount);
        app
    }

    /// Replaces an app's policy.
    pub fn update_app(&mut self, app: &AppParty, policy: AppPolicy) -> Done {
        let authority = app.authority.pubkey();
        self.act(registry::update_app(authority, app.address, policy), &app.authority)
    }

    /// Opens an app's escrow.
    pub fn open_escrow(&mut self, app: &AppParty) -> Done {
        let mint = self.payment_mint;
        let open = settlement::open_escrow(app.authority.pubkey(), app.address, mint);
        self.act(open, &app.authority)
    }

    /// Pays into an app's escrow from its wallet.
    pub fn deposit(&mut self, app: &AppParty, amount: u64) -> Done {
        let deposit = self.deposit_instruction(app, amount);
        self.act(deposit, &app.authority)
    }

    /// The instruction of [`World::deposit`].
    pub fn deposit_instruction(&self, app: &AppParty, amount: u64) -> Instruction {
        let authority = app.authority.pubkey();
        settlement::deposit(authority, app.address, self.payment_mint, app.wallet, amount)
    }

    /// Gives notice of a withdrawal.
    pub fn request_withdrawal(&mut self, app: &AppParty, amount: u64) -> Done {
        let authority = app.authority.pubkey();
        let request = settlement::request_withdrawal(authority, app.address, amount);
        self.act(request, &app.authority)
    }

    /// The instruction that carries a withdrawal out to the app's wallet.
    pub fn withdraw_instruction(&self, app: &AppParty) -> Instruction {
        let authority = app.authority.pubkey();
        settlement::withdraw(authority, app.address, self.payment_mint, app.wallet)
    }

    /// The address of the escrow's next channel with `node`, and the instruction that opens it.
    pub fn channel_instruction(&self, app: &AppParty, node: &NodeParty) -> (Pubkey, Instruction) {
        let incarnation = self.read::<Escrow>(&app.escrow()).next_incarnation;
        let (app_address, node) = (app.address, node.address);
        let open = settlement::open_channel(app.authority.pubkey(), app_address, node, incarnation);
        (pda::channel(&app_address, &node, incarnation), open)
    }

    /// Opens a channel.
    pub fn open_channel(&mut self, app: &AppParty, node: &NodeParty) -> Pubkey {
        let (channel, open) = self.channel_instruction(app, node);
        self.act(open, &app.authority);
        channel
    }

    /// Puts part of an app's deposit behind a channel.
    pub fn post_bond(&mut self, app: &AppParty, channel: &Pubkey, amount: u64) -> Done {
        let authority = app.authority.pubkey();
        let post = settlement::post_bond(authority, app.address, *channel, amount);
        self.act(post, &app.authority)
    }

    /// Makes a channel's bond available again.
    pub fn release_bond(&mut self, app: &AppParty, channel: &Pubkey) -> Done {
        let release = settlement::release_bond(app.authority.pubkey(), app.address, *channel);
        self.act(release, &app.authority)
    }

    /// Everything the node sells at default prices, for two hours, up to `cap_micro_usdc`.
    pub fn session_args(&self, cap_micro_usdc: u64) -> OpenSessionArgs {
        OpenSessionArgs {
            services: ServiceSet::ALL.0,
            price_ceilings_micro_usdc: Prices::DEFAULT.0,
            cap_micro_usdc,
            expires_at: self.now() + SESSION_SECS,
        }
    }

    /// The channel's next session, and the instruction that opens it.
    pub fn session_instruction(
        &self,
        app: &AppParty,
        channel: &Pubkey,
        args: OpenSessionArgs,
    ) -> (SessionParty, Instruction) {
        let Channel { node, next_ordinal, .. } = self.read(channel);
        let authority = app.authority.pubkey();
        let open =
            settlement::open_session(authority, app.address, node, *channel, next_ordinal, args);
        let address = pda::session(channel, next_ordinal);
        (SessionParty { channel: *channel, address }, open)
    }

    /// Opens a session with [`World::session_args`].
    pub fn open_session(&mut self, app: &AppParty, channel: &Pubkey, cap: u64) -> SessionParty {
        let args = self.session_args(cap);
        let (session, open) = self.session_instruction(app, channel, args);
        self.act(open, &app.authority);
        session
    }

    /// Ends a session now.
    pub fn end_session(&mut self, app: &AppParty, session: &SessionParty) -> Done {
        let authority = app.authority.pubkey();
        let end = settlement::end_session(authority, app.address, session.address);
        self.act(end, &app.authority)
    }

    /// The instruction that closes a session of `app`.
    pub fn close_session_instruction(&self, app: &AppParty, session: &SessionParty) -> Instruction {
        settlement::close_session(session.address, session.channel, app.authority.pubkey())
    }

    /// Closes a session, as nobody in particular.
    pub fn close_session(&mut self, app: &AppParty, session: &SessionParty) -> Done {
        let close = self.close_session_instruction(app, session);
        self.run(&[close], &[])
    }

    /// Closes a channel.
    pub fn close_channel(&mut self, app: &AppParty, channel: &Pubkey) -> Done {
        let close = settlement::close_channel(app.authority.pubkey(), app.address, *channel);
        self.act(close, &app.authority)
    }
}
