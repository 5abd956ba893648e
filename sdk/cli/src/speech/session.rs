//! Choosing a node and agreeing with it on chain.

use crate::amount::usdc;
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use anyhow::Result;
use heliograph_client::instruction::settlement::{open_channel, open_session, post_bond};
use heliograph_client::{Rpc, account, pda};
use heliograph_protocol::jurisdiction::allows;
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_registry::state::{App, Network, Node, NodeStatus};
use heliograph_settlement::OpenSessionArgs;
use heliograph_settlement::state::{Channel, Session};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;

/// What transcription needs.
pub const TRANSCRIPTION: ServiceSet = ServiceSet::of(Service::Transcription);

/// Seconds by which this request may be late on chain.
const LATE_SECS: i64 = 60;

/// What, how much and how long.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The kinds to buy.
    pub services: ServiceSet,
    /// The most the session may cost.
    pub cap_micro_usdc: u64,
    /// Seconds it should be open, at most; less if the network or the signer's time demands it.
    pub secs: u64,
}

/// A session that has just been opened.
#[derive(Debug)]
pub struct Opened {
    /// Its account.
    pub address: Pubkey,
    /// What it holds.
    pub session: Session,
    /// The transaction that opened it.
    pub transaction: Signature,
}

/// Why a node cannot serve an app, `None` if it can.
fn obstacle(
    network: &Network,
    app: (&Pubkey, &App),
    node: &Node,
    services: ServiceSet,
) -> Option<String> {
    let (app_address, app) = app;
    if node.status != NodeStatus::Active {
        return Some("it is not active".into());
    }
    if node.stake < network.params.node_stake_min {
        return Some("its stake is below the network's minimum".into());
    }
    if !node.serves_app(app_address) {
        return Some("it serves another app alone".into());
    }
    for service in Service::ALL.into_iter().filter(|&service| services.has(service)) {
        if !node.service_set().has(service) {
            return Some(format!("it does not sell {}", service.name()));
        }
        let (price, ceiling) = (node.prices().of(service), app.price_ceilings().of(service));
        if price > ceiling {
            return Some(format!(
                "it asks {price} micro-USDC a minute of {}, the app pays {ceiling} at most",
                service.name()
            ));
        }
    }
    if !allows(&app.country_codes(), node.country_code()) {
        let country = String::from_utf8_lossy(&node.country).into_owned();
        return Some(format!("the app does not allow its country, {country}"));
    }
    None
}

/// The node asked for, or the cheapest that may serve the app; the higher stake decides between
/// equals.
pub async fn pick_node(
    rpc: &Rpc,
    network: &Network,
    app: (&Pubkey, &App),
    node_key: Option<Pubkey>,
    services: ServiceSet,
) -> Result<(Pubkey, Node)> {
    if let Some(node_key) = node_key {
        let (address, node) = chain::node(rpc, &node_key).await?;
        return match obstacle(network, app, &node, services) {
            None => Ok((address, node)),
            Some(why) => Err(usage(format!("node {node_key} cannot serve this app: {why}"))),
        };
    }
    let nodes: Vec<(Pubkey, Node)> = account::all(rpc).await?;
    let known = nodes.len();
    let mut fit: Vec<(Pubkey, Node)> = nodes
        .into_iter()
        .filter(|(_, node)| obstacle(network, app, node, services).is_none())
        .collect();
    fit.sort_by_key(|(_, node)| {
        let bought = Service::ALL.into_iter().filter(|&service| services.has(service));
        let price = bought.fold(0u64, |sum, service| sum.saturating_add(node.prices().of(service)));
        (price, u64::MAX - node.stake, node.node_key)
    });
    fit.into_iter().next().ok_or_else(|| {
        usage(format!(
            "none of the {known} registered nodes may serve this app; see `heliograph node status` \
             and `heliograph app status`"
        ))
    })
}

/// Opens a session, in one transaction with its channel if there is none, and with what its bond
/// lacks of what the network asks for.
pub async fn open(
    context: &Context,
    authority: &Keypair,
    app: (&Pubkey, &App),
    network: &Network,
    node: &(Pubkey, Node),
    wanted: Wanted,
) -> Result<Opened> {
    let rpc = &context.rpc;
    let (app_address, app) = app;
    let (node_address, node) = node;
    let now = chain::unix_secs(rpc).await?;
    let latest = (now + i64::from(network.params.session_secs_max) - LATE_SECS)
        .min(app.voucher_signer_expires_at);
    let asked = i64::try_from(wanted.secs).unwrap_or(i64::MAX);
    let expires_at = now.saturating_add(asked).min(latest);
    if expires_at <= now {
        return Err(usage(
            "the app's voucher signer has expired: `heliograph app rotate-signer` renews it",
        ));
    }
    let payer = authority.pubkey();
    let mut instructions = Vec::new();
    let (channel, ordinal, bond) = match newest_channel(rpc, app_address, node_address).await? {
        Some((address, channel)) => (address, channel.next_ordinal, channel.bond_micro_usdc),
        None => {
            let incarnation = chain::escrow(rpc, app_address).await?.next_incarnation;
            instructions.push(open_channel(payer, *app_address, *node_address, incarnation));
            (pda::channel(app_address, node_address, incarnation), 0, 0)
        }
    };
    let asked = network.params.channel_bond_min_micro_usdc;
    if bond < asked {
        let available = chain::escrow(rpc, app_address).await?.available_micro_usdc()?;
        if available < asked - bond {
            return Err(usage(format!(
                "the network asks for a bond of {} behind each channel, of which {} are missing; \
                 the escrow has {}: `heliograph app deposit` adds to it",
                usdc(asked),
                usdc(asked - bond),
                usdc(available)
            )));
        }
        instructions.push(post_bond(payer, *app_address, channel, asked - bond));
    }
    let args = OpenSessionArgs {
        services: wanted.services.0,
        price_ceilings_micro_usdc: node.prices_micro_usdc,
        cap_micro_usdc: wanted.cap_micro_usdc,
        expires_at,
    };
    instructions.push(open_session(payer, *app_address, *node_address, channel, ordinal, args));
    let transaction = context.send(authority, &[], &instructions).await?;
    let address = pda::session(&channel, ordinal);
    let session = account::get(rpc, &address).await?;
    Ok(Opened { address, session, transaction })
}

/// The last channel that an app has opened with a node and not closed.
pub async fn newest_channel(
    rpc: &Rpc,
    app: &Pubkey,
    node: &Pubkey,
) -> Result<Option<(Pubkey, Channel)>> {
    let channels: Vec<(Pubkey, Channel)> = account::all(rpc).await?;
    Ok(channels
        .into_iter()
        .filter(|(_, channel)| channel.app == *app && channel.node == *node)
        .max_by_key(|(_, channel)| channel.incarnation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use heliograph_registry::state::NetworkParams;

    fn network() -> Network {
        Network {
            version: 1,
            bump: 0,
            authority: Pubkey::default(),
            pending_authority: Pubkey::default(),
            guardian: Pubkey::default(),
            paused: 0,
            domain_id: [0; 32],
            payment_mint: Pubkey::default(),
            stake_mint: Pubkey::default(),
            treasury: Pubkey::default(),
            staking_program: Pubkey::default(),
            settlement_program: Pubkey::default(),
            slashing_program: Pubkey::default(),
            reputation_program: Pubkey::default(),
            params: NetworkParams {
                operator_bps: 7_500,
                settler_bps: 500,
                voucher_grace_secs: 60,
                redeem_grace_secs: 60,
                withdrawal_notice_secs: 120,
                unbonding_secs: 60,
                session_secs_max: 3_600,
                node_stake_min: 1_000,
                ..heliograph_migrations::Params::default().to_network(0).unwrap()
            },
            reserved: [0; 256],
        }
    }

    fn app() -> App {
        App {
            version: 1,
            bump: 0,
            authority: Pubkey::default(),
            id: 0,
            voucher_signer: Pubkey::default(),
            voucher_signer_expires_at: 0,
            price_ceilings_micro_usdc: [0, 0, 0, 5_000],
            created_at: 0,
            countries: vec![*b"DE"],
            reserved: [0; 128],
        }
    }

    fn node() -> Node {
        Node {
            version: 1,
            bump: 0,
            status: NodeStatus::Active,
            node_key: Pubkey::default(),
            operator: Pubkey::default(),
            payout: Pubkey::default(),
            services: TRANSCRIPTION.0,
            prices_micro_usdc: [1_000, 1_000, 1_000, 5_000],
            country: *b"DE",
            attestation_class: 0,
            capacity: 1,
            private_app: Pubkey::default(),
            stake: 1_000,
            registered_at: 0,
            status_changed_at: 0,
            jailed_until: 0,
            region: String::new(),
            endpoint: String::new(),
            reserved: [0; 128],
        }
    }

    #[test]
    fn each_rule_alone_keeps_a_node_out_and_says_so() {
        let app_address = Pubkey::new_from_array([1; 32]);
        let check = |node: &Node| obstacle(&network(), (&app_address, &app()), node, TRANSCRIPTION);
        assert_eq!(check(&node()), None);
        for (node, word) in [
            (Node { status: NodeStatus::Draining, ..node() }, "not active"),
            (Node { stake: 999, ..node() }, "stake"),
            (Node { private_app: Pubkey::new_from_array([2; 32]), ..node() }, "another app"),
            (Node { services: 1, ..node() }, "transcription"),
            (Node { prices_micro_usdc: [0, 0, 0, 5_001], ..node() }, "5001"),
            (Node { country: *b"FR", ..node() }, "FR"),
        ] {
            let why = check(&node).unwrap();
            assert!(why.contains(word), "{why}");
        }
        // The audio price is above the app's ceiling, but audio is not bought.
        assert_eq!(check(&Node { private_app: app_address, ..node() }), None);
    }
}
