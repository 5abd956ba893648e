//! `heliograph node status`.

use super::status_name;
use crate::amount::{format_units, usdc};
use crate::chain;
use crate::context::Context;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::{account, pda};
use heliograph_protocol::service::Service;
use heliograph_registry::state::Node;
use heliograph_settlement::state::{Channel, Session};
use heliograph_staking::state::Position;
use serde::Serialize;
use solana_pubkey::Pubkey;

/// Show one node with its stake, sessions and earnings, or all nodes
#[derive(Debug, Args)]
#[command(
    long_about = "Show one node with its stake, sessions and earnings, or all nodes.\n\n\
    Needs no key: everything shown is on chain.",
    after_long_help = "EXAMPLES\n  heliograph node status\n  heliograph node status node.json --json"
)]
pub struct Status {
    /// The node key: base58, or its keypair file [default: all nodes]
    pub node_key: Option<KeyRef>,
}

/// A node's account.
#[derive(Debug, Serialize)]
struct NodeView {
    node_key: String,
    node: String,
    operator: String,
    status: &'static str,
    services: Vec<&'static str>,
    prices_micro_usdc: Vec<(&'static str, u64)>,
    country: String,
    region: String,
    endpoint: String,
    capacity: u32,
    private_app: Option<String>,
    stake: u64,
}

#[derive(Debug, Serialize)]
struct Detail {
    #[serde(flatten)]
    node: NodeView,
    stake_mint: String,
    stake_decimals: u8,
    stake_min: u64,
    unbonding: Vec<Unbonding>,
    delegated: u64,
    sessions_open: usize,
    sessions_expired: usize,
    channels: usize,
    earned_gross_micro_usdc: u64,
    payout: String,
    payout_balance_micro_usdc: u64,
    node_key_lamports: u64,
}

#[derive(Debug, Serialize)]
struct Unbonding {
    amount: u64,
    available_at_unix_secs: i64,
}

impl NodeView {
    fn new(address: &Pubkey, node: &Node) -> Self {
        let sold = Service::ALL.iter().filter(|&&service| node.service_set().has(service));
        Self {
            node_key: node.node_key.to_string(),
            node: address.to_string(),
            operator: node.operator.to_string(),
            status: status_name(node.status),
            services: sold.clone().map(|service| service.name()).collect(),
            prices_micro_usdc: sold.map(|&s| (s.name(), node.prices().of(s))).collect(),
            country: String::from_utf8_lossy(&node.country).into_owned(),
            region: node.region.clone(),
            endpoint: node.endpoint.clone(),
            capacity: node.capacity,
            private_app: (node.private_app != Pubkey::default())
                .then(|| node.private_app.to_string()),
            stake: node.stake,
        }
    }

    fn prices(&self) -> String {
        let each = self.prices_micro_usdc.iter().map(|(name, price)| format!("{name} {price}"));
        each.collect::<Vec<_>>().join(", ")
    }
}

impl Status {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self.node_key {
            Some(key) => one(context, &key.pubkey()?).await,
            None => all(context).await,
        }
    }
}

async fn all(context: &Context) -> Result<Outcome> {
    let network = context.network().await?;
    let decimals = chain::decimals(&context.rpc, &network.stake_mint).await?;
    let mut nodes: Vec<(Pubkey, Node)> = account::all(&context.rpc).await?;
    nodes.sort_by_key(|(_, node)| (node.registered_at, node.node_key));
    let views: Vec<NodeView> = nodes.iter().map(|(a, node)| NodeView::new(a, node)).collect();
    if views.is_empty() {
        return Outcome::new(&views, "no node is registered");
    }
    let rows = views.iter().map(|view| {
        vec![
            view.node_key.clone(),
            view.status.to_owned(),
            view.country.clone(),
            view.prices(),
            format_units(view.stake, decimals),
            view.endpoint.clone(),
        ]
    });
    let headings = ["node key", "status", "country", "micro-USDC a minute", ">stake", "endpoint"];
    Outcome::new(&views, table(&headings, rows))
}

async fn one(context: &Context, node_key: &Pubkey) -> Result<Outcome> {
    let rpc = &context.rpc;
    let network = context.network().await?;
    let (address, node) = chain::node(rpc, node_key).await?;
    let stake_decimals = chain::decimals(rpc, &network.stake_mint).await?;
    let position: Option<Position> = account::find(rpc, &pda::position(&address)).await?;
    let unbonding: Vec<Unbonding> = position
        .iter()
        .flat_map(|position| position.unbonding)
        .filter(|slot| slot.amount > 0)
        .map(|slot| Unbonding { amount: slot.amount, available_at_unix_secs: slot.available_at })
        .collect();
    let now = chain::unix_secs(rpc).await?;
    let sessions: Vec<(Pubkey, Session)> = account::all(rpc).await?;
    let sessions: Vec<_> = sessions.iter().filter(|(_, s)| s.node == address).collect();
    let sessions_open = sessions.iter().filter(|(_, s)| s.expires_at > now).count();
    let channels: Vec<(Pubkey, Channel)> = account::all(rpc).await?;
    let channels: Vec<_> = channels.iter().filter(|(_, c)| c.node == address).collect();
    let detail = Detail {
        node: NodeView::new(&address, &node),
        stake_mint: network.stake_mint.to_string(),
        stake_decimals,
        stake_min: network.params.node_stake_min,
        sessions_open,
        sessions_expired: sessions.len() - sessions_open,
        channels: channels.len(),
        earned_gross_micro_usdc: channels.iter().map(|(_, c)| c.totals.paid_micro_usdc).sum(),
        payout: node.payout.to_string(),
        payout_balance_micro_usdc: rpc.token_balance(&node.payout).await?.unwrap_or(0),
        node_key_lamports: rpc.balance_lamports(node_key).await?,
        unbonding,
        delegated: position.map_or(0, |position| position.delegated),
    };
    let stake = |units| format_units(units, stake_decimals);
    let leaving: Vec<String> = detail
        .unbonding
        .iter()
        .map(|slot| {
            let wait = (slot.available_at_unix_secs - now).max(0);
            format!("{} in {wait} s", stake(slot.amount))
        })
        .collect();
    let text = fields([
        ("node key", detail.node.node_key.clone()),
        ("account", detail.node.node.clone()),
        ("operator", detail.node.operator.clone()),
        ("status", detail.node.status.into()),
        ("sells", format!("{} (micro-USDC a minute)", detail.node.prices())),
        ("where", format!("{} {}", detail.node.country, detail.node.region)),
        ("endpoint", detail.node.endpoint.clone()),
        ("capacity", detail.node.capacity.to_string()),
        ("stake", format!("{} (minimum {})", stake(node.stake), stake(detail.stake_min))),
        ("unbonding", if leaving.is_empty() { "none".into() } else { leaving.join(", ") }),
        ("delegated", format!("{} by others", stake(detail.delegated))),
        ("sessions", format!("{} open, {} expired", detail.sessions_open, detail.sessions_expired)),
        ("paid by apps", format!("{}, in open channels", usdc(detail.earned_gross_micro_usdc))),
        ("payout", detail.payout.clone()),
        ("payout holds", usdc(detail.payout_balance_micro_usdc)),
        ("node key holds", format!("{} SOL", format_units(detail.node_key_lamports, 9))),
    ]);
    Outcome::new(&detail, text)
}
