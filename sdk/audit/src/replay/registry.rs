//! The registry's instructions: the network's beginning, nodes and apps here, the rest below.
//! Accounts come in the order of the programs' accounts structs.

mod governance;
mod keeper;

pub(super) use keeper::subject;

use super::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_protocol::jurisdiction::{Country, is_valid_list};
use heliograph_registry::events::{
    AppCreated, AppUpdated, NetworkInitialized, NodeRegistered, NodeStatusChanged, NodeUpdated,
};
use heliograph_registry::state::{App, Network, Node, NodeStatus, pause};
use heliograph_registry::{
    AppPolicy, InitializeNetworkArgs, NodeProfile, instruction as ix, seeds,
};
use solana_pubkey::Pubkey;

pub(super) fn apply(step: &mut Step<'_>) -> Result<(), Stop> {
    if let Some(ix::InitializeNetwork { args }) = step.args() {
        initialize_network(step, args)
    } else if let Some(ix::RegisterNode { profile }) = step.args() {
        register_node(step, profile)
    } else if let Some(ix::UpdateNode { profile }) = step.args() {
        update_node(step, profile)
    } else if let Some(ix::SetNodeStatus { status }) = step.args() {
        set_node_status(step, status)
    } else if let Some(ix::CreateApp { id, policy }) = step.args() {
        create_app(step, id, policy)
    } else if let Some(ix::UpdateApp { policy }) = step.args() {
        update_app(step, policy)
    } else if let Some(outcome) = keeper::apply(step).or_else(|| governance::apply(step)) {
        outcome
    } else {
        Err(step.unknown())
    }
}

fn initialize_network(step: &mut Step<'_>, args: InitializeNetworkArgs) -> Result<(), Stop> {
    let [authority, network, payment_mint, stake_mint, treasury] = step.accounts()?;
    let (expected, bump) = Pubkey::find_program_address(&[seeds::NETWORK], &pda::REGISTRY);
    step.address("network", network, expected);
    step.vacant(&network);
    step.allowed(args.params.validate())?;
    step.world.create(
        network,
        &Network {
            version: Network::VERSION,
            bump,
            authority,
            pending_authority: Pubkey::default(),
            guardian: args.guardian,
            paused: 0,
            domain_id: args.domain_id,
            payment_mint,
            stake_mint,
            treasury,
            staking_program: args.staking_program,
            settlement_program: args.settlement_program,
            slashing_program: args.slashing_program,
            reputation_program: args.reputation_program,
            params: args.params,
            reserved: [0; 256],
        },
    );
    step.event(NetworkInitialized {
        network,
        authority,
        domain_id: args.domain_id,
        payment_mint,
        stake_mint,
        treasury,
        params: args.params,
        guardian: args.guardian,
        staking_program: args.staking_program,
        settlement_program: args.settlement_program,
        slashing_program: args.slashing_program,
        reputation_program: args.reputation_program,
    });
    Ok(())
}

fn registrations_open(step: &mut Step<'_>, network: Pubkey) -> Result<(), Stop> {
    step.address("network", network, pda::network());
    let paused = step.get::<Network>(&network)?.is_paused(pause::REGISTER);
    step.rule(!paused, "something is registered while registrations are paused");
    Ok(())
}

fn register_node(step: &mut Step<'_>, profile: NodeProfile) -> Result<(), Stop> {
    let [operator, node_key, network, address, payout] = step.accounts()?;
    registrations_open(step, network)?;
    let seeds = [seeds::NODE, node_key.as_ref()];
    let (expected, bump) = Pubkey::find_program_address(&seeds, &pda::REGISTRY);
    step.address("node", address, expected);
    step.vacant(&address);
    step.allowed(profile.validate())?;
    step.rule(node_key != operator, "node key and operator are one key");
    let mut node = Node {
        version: Node::VERSION,
        bump,
        status: NodeStatus::Pending,
        node_key,
        operator,
        payout,
        services: 0,
        prices_micro_usdc: Default::default(),
        country: Default::default(),
        attestation_class: 0,
        capacity: 0,
        private_app: Pubkey::default(),
        stake: 0,
        registered_at: step.now,
        status_changed_at: step.now,
        jailed_until: 0,
        region: String::new(),
        endpoint: String::new(),
        reserved: [0; 128],
    };
    profile.apply(&mut node);
    step.world.create(address, &node);
    step.event(NodeRegistered {
        node: address,
        node_key,
        operator,
        payout,
        services: node.services,
        prices_micro_usdc: node.prices_micro_usdc,
        country: node.country,
        registered_at: step.now,
    });
    Ok(())
}

fn update_node(step: &mut Step<'_>, profile: NodeProfile) -> Result<(), Stop> {
    let [operator, network, address, payout] = step.accounts()?;
    step.address("network", network, pda::network());
    let mut node: Node = step.get(&address)?;
    step.address("operator", operator, node.operator);
    step.allowed(profile.validate())?;
    let old_prices_micro_usdc = node.prices_micro_usdc;
    profile.apply(&mut node);
    node.payout = payout;
    step.world.put(address, &node);
    step.event(NodeUpdated {
        node: address,
        payout,
        services: node.services,
        old_prices_micro_usdc,
        prices_micro_usdc: node.prices_micro_usdc,
        country: node.country,
    });
    Ok(())
}

fn set_node_status(step: &mut Step<'_>, status: NodeStatus) -> Result<(), Stop> {
    let [operator, network, address] = step.accounts()?;
    step.address("network", network, pda::network());
    let params = step.get::<Network>(&network)?.params;
    let mut node: Node = step.get(&address)?;
    step.address("operator", operator, node.operator);
    step.rule(node.status.may_become(status), "the node's status cannot take this step");
    step.rule(
        status != NodeStatus::Active || node.stake >= params.node_stake_min,
        "a node is activated below the minimum stake",
    );
    let from = std::mem::replace(&mut node.status, status);
    node.status_changed_at = step.now;
    step.world.put(address, &node);
    step.event(NodeStatusChanged {
        node: address,
        from,
        to: status,
        stake: node.stake,
        changed_at: step.now,
    });
    Ok(())
}

fn create_app(step: &mut Step<'_>, id: u32, policy: AppPolicy) -> Result<(), Stop> {
    let [authority, network, address] = step.accounts()?;
    registrations_open(step, network)?;
    let seeds = [seeds::APP, authority.as_ref(), &id.to_le_bytes()];
    let (expected, bump) = Pubkey::find_program_address(&seeds, &pda::REGISTRY);
    step.address("app", address, expected);
    step.vacant(&address);
    check_policy(step, &policy, &authority);
    let mut app = App {
        version: App::VERSION,
        bump,
        authority,
        id,
        voucher_signer: Pubkey::default(),
        voucher_signer_expires_at: 0,
        price_ceilings_micro_usdc: Default::default(),
        created_at: step.now,
        countries: Vec::new(),
        reserved: [0; 128],
    };
    policy.apply(&mut app);
    step.world.create(address, &app);
    step.event(AppCreated {
        app: address,
        authority,
        id,
        voucher_signer: app.voucher_signer,
        voucher_signer_expires_at: app.voucher_signer_expires_at,
    });
    Ok(())
}

fn update_app(step: &mut Step<'_>, policy: AppPolicy) -> Result<(), Stop> {
    let [authority, address] = step.accounts()?;
    let mut app: App = step.get(&address)?;
    step.address("authority", authority, app.authority);
    check_policy(step, &policy, &authority);
    let old_voucher_signer = app.voucher_signer;
    policy.apply(&mut app);
    step.world.put(address, &app);
    step.event(AppUpdated {
        app: address,
        old_voucher_signer,
        voucher_signer: app.voucher_signer,
        voucher_signer_expires_at: app.voucher_signer_expires_at,
    });
    Ok(())
}

/// As `AppPolicy::validate`, which asks the runtime for the time.
fn check_policy(step: &mut Step<'_>, policy: &AppPolicy, authority: &Pubkey) {
    step.rule(
        policy.voucher_signer != Pubkey::default() && policy.voucher_signer != *authority,
        "the app's voucher signer is nobody, or its authority",
    );
    step.rule(
        policy.voucher_signer_expires_at > step.now,
        "the app's voucher signer has expired already",
    );
    let countries: Vec<Country> = policy.countries.iter().copied().map(Country).collect();
    step.rule(is_valid_list(&countries), "the app's list of countries is invalid");
}
