//! `heliograph keeper status`.

use super::KeeperRole;
use crate::amount::{format_units, usdc};
use crate::chain::{self, Role, role_name, status_name};
use crate::context::Context;
use crate::duration::until;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::{account, pda};
use heliograph_registry::state::{Keeper, KeeperStatus, Network};
use heliograph_staking::state::Position;
use serde::Serialize;
use serde_json::json;
use solana_pubkey::Pubkey;

/// Show one keeper, or all
#[derive(Debug, Args)]
#[command(
    long_about = "Show one keeper, or all.\n\nNeeds no key: everything shown is on chain. Stake is \
    in tokens of the stake mint for observers, in USDC for settlers.",
    after_long_help = "EXAMPLES\n  \
    heliograph keeper status\n  \
    heliograph keeper status --role settler\n  \
    heliograph keeper status settler.json --json"
)]
pub struct Status {
    /// The keeper key: base58, or its keypair file [default: all keepers]
    pub keeper_key: Option<KeyRef>,
    /// Those of one role alone
    #[arg(long, value_enum)]
    pub role: Option<KeeperRole>,
}

/// A keeper's account.
#[derive(Debug, Serialize)]
struct View {
    role: &'static str,
    keeper_key: String,
    keeper: String,
    owner: String,
    status: &'static str,
    endpoint: String,
    stake: u64,
    stake_min: u64,
    stake_decimals: u8,
}

impl View {
    fn new(address: &Pubkey, keeper: &Keeper, network: &Network, decimals: [u8; 2]) -> Self {
        Self {
            role: role_name(keeper.role),
            keeper_key: keeper.keeper_key.to_string(),
            keeper: address.to_string(),
            owner: keeper.owner.to_string(),
            status: status_name(keeper.status),
            endpoint: keeper.endpoint.clone(),
            stake: keeper.stake,
            stake_min: network.params.keeper_stake_min(keeper.role),
            stake_decimals: decimals[keeper.role as usize],
        }
    }

    fn stake(&self) -> String {
        format_units(self.stake, self.stake_decimals)
    }
}

impl Status {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let network = context.network().await?;
        let stake_decimals = chain::decimals(&context.rpc, &network.stake_mint).await?;
        let payment_decimals = chain::decimals(&context.rpc, &network.payment_mint).await?;
        let decimals = [stake_decimals, payment_decimals];
        let role = self.role.map(Into::into);
        match &self.keeper_key {
            Some(key) => {
                let keeper = chain::keeper(&context.rpc, &key.pubkey()?, role).await?;
                one(context, &network, decimals, keeper).await
            }
            None => all(context, &network, decimals, role).await,
        }
    }
}

async fn all(
    context: &Context,
    network: &Network,
    decimals: [u8; 2],
    role: Option<heliograph_registry::state::KeeperRole>,
) -> Result<Outcome> {
    let mut keepers: Vec<(Pubkey, Keeper)> = account::all(&context.rpc).await?;
    keepers.retain(|(_, keeper)| role.is_none_or(|role| role == keeper.role));
    keepers.sort_by_key(|(_, keeper)| (keeper.role as u8, keeper.registered_at, keeper.keeper_key));
    let views: Vec<View> =
        keepers.iter().map(|(a, keeper)| View::new(a, keeper, network, decimals)).collect();
    if views.is_empty() {
        return Outcome::new(&views, "no keeper is registered");
    }
    let rows = views.iter().map(|view| {
        [
            view.role.to_owned(),
            view.keeper_key.clone(),
            view.status.to_owned(),
            view.stake(),
            view.endpoint.clone(),
        ]
    });
    let headings = ["role", "keeper key", "status", ">stake", "endpoint"];
    Outcome::new(&views, table(&headings, rows))
}

async fn one(
    context: &Context,
    network: &Network,
    decimals: [u8; 2],
    (address, keeper): (Pubkey, Keeper),
) -> Result<Outcome> {
    let rpc = &context.rpc;
    let now = chain::unix_secs(rpc).await?;
    let view = View::new(&address, &keeper, network, decimals);
    let position: Option<Position> = account::find(rpc, &pda::position(&address)).await?;
    let unbonding = position.map_or(Ok(0), |position| position.unbonding_total())?;
    let payout_holds = rpc.token_balance(&keeper.payout).await?.unwrap_or(0);
    let lamports = rpc.balance_lamports(&keeper.keeper_key).await?;
    let has_book = rpc.get_account(&pda::book(&keeper.keeper_key)).await?.is_some();
    let mut document = json!({
        "payout": keeper.payout.to_string(),
        "payout_balance_micro_usdc": payout_holds,
        "unbonding": unbonding,
        "jailed_until_unix_secs": keeper.jailed_until,
        "keeper_key_lamports": lamports,
        "registered_at_unix_secs": keeper.registered_at,
        "status_changed_at_unix_secs": keeper.status_changed_at,
    });
    if view.role == Role::Settler.name() {
        document["has_book"] = has_book.into();
    }
    if let (Some(document), serde_json::Value::Object(shown)) =
        (document.as_object_mut(), serde_json::to_value(&view)?)
    {
        document.extend(shown);
    }
    let units = |units| format_units(units, view.stake_decimals);
    let status = match keeper.status {
        KeeperStatus::Jailed => format!("jailed; may leave {}", until(keeper.jailed_until, now)),
        _ => view.status.to_owned(),
    };
    let mut pairs = vec![
        (view.role, view.keeper_key.clone()),
        ("account", view.keeper.clone()),
        ("owner", view.owner.clone()),
        ("status", status),
        ("endpoint", view.endpoint.clone()),
        ("stake", format!("{} (minimum {})", view.stake(), units(view.stake_min))),
        ("unbonding", units(unbonding)),
        ("payout", keeper.payout.to_string()),
        ("payout holds", usdc(payout_holds)),
        ("keeper key holds", format!("{} SOL", format_units(lamports, 9))),
    ];
    if view.role == Role::Settler.name() {
        let book = if has_book { "`heliograph settler book` shows it" } else { "none" };
        pairs.push(("book", book.to_owned()));
    }
    Outcome::new(&document, fields(pairs))
}
