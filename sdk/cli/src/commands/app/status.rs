//! `heliograph app status`.

use super::AppId;
use crate::amount::usdc;
use crate::chain;
use crate::context::Context;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::{account, pda};
use heliograph_protocol::service::Service;
use heliograph_settlement::state::{Channel, Session};
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Show an app, its escrow and its sessions
#[derive(Debug, Args)]
#[command(
    long_about = "Show an app, its escrow and its sessions. With --authority no key is needed.",
    after_long_help = "EXAMPLE\n  heliograph app status --app-id 0 --json"
)]
pub struct Status {
    #[command(flatten)]
    pub app: AppId,
    /// The wallet that owns the app [default: that of --keypair]
    #[arg(long, value_name = "PUBKEY")]
    pub authority: Option<Pubkey>,
}

impl Status {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let authority = match self.authority {
            Some(authority) => authority,
            None => context.signer()?.pubkey(),
        };
        let mint = context.network().await?.payment_mint;
        let (address, app) = chain::app(rpc, &authority, self.app.id).await?;
        let escrow = chain::escrow(rpc, &address).await?;
        let available = escrow.available_micro_usdc()?;
        let now = chain::unix_secs(rpc).await?;
        let sessions: Vec<(Pubkey, Session)> = account::all(rpc).await?;
        let mine = || sessions.iter().filter(|(_, session)| session.app == address);
        let open = mine().filter(|(_, session)| session.expires_at > now).count();
        let channels: Vec<(Pubkey, Channel)> = account::all(rpc).await?;
        let bonds: Vec<_> = channels
            .iter()
            .filter(|(_, channel)| channel.app == address && channel.bond_micro_usdc > 0)
            .map(|(channel_address, channel)| {
                json!({
                    "channel": channel_address.to_string(),
                    "node": channel.node.to_string(),
                    "bond_micro_usdc": channel.bond_micro_usdc,
                    "needed_until_unix_secs": channel.bond_until,
                })
            })
            .collect();
        let wallet_account = pda::token_account(&authority, &mint);
        let wallet = rpc.token_balance(&wallet_account).await?.unwrap_or(0);
        let countries: Vec<String> = app
            .countries
            .iter()
            .map(|country| String::from_utf8_lossy(country).into_owned())
            .collect();
        let ceilings: Vec<(&str, u64)> =
            Service::ALL.iter().map(|&s| (s.name(), app.price_ceilings().of(s))).collect();
        let document = json!({
            "app": address.to_string(),
            "id": app.id,
            "authority": authority.to_string(),
            "voucher_signer": app.voucher_signer.to_string(),
            "voucher_signer_expires_at_unix_secs": app.voucher_signer_expires_at,
            "countries": countries,
            "price_ceilings_micro_usdc": ceilings,
            "escrow": {
                "address": pda::escrow(&address).to_string(),
                "deposited_micro_usdc": escrow.deposited_micro_usdc,
                "withdrawn_micro_usdc": escrow.withdrawn_micro_usdc,
                "settled_micro_usdc": escrow.totals.settled_micro_usdc,
                "paid_micro_usdc": escrow.totals.paid_micro_usdc,
                "available_micro_usdc": available,
                "bonded_micro_usdc": escrow.bonded_micro_usdc,
                "pending_withdrawal_micro_usdc": escrow.pending_withdrawal_micro_usdc,
                "withdrawal_available_at_unix_secs": escrow.withdrawal_available_at,
            },
            "bonds": bonds,
            "sessions_open": open,
            "sessions_expired": mine().count() - open,
            "wallet_micro_usdc": wallet,
        });
        let pending = match escrow.pending_withdrawal_micro_usdc {
            0 => "none".to_owned(),
            amount => {
                let wait = escrow.withdrawal_available_at - now;
                let due = if wait > 0 { format!("due in {wait} s") } else { "due now".into() };
                format!("{}, {due}", usdc(amount))
            }
        };
        let signer_secs = app.voucher_signer_expires_at - now;
        let signer = match signer_secs {
            ..=0 => format!("{}, EXPIRED", app.voucher_signer),
            secs => format!("{}, for {} h", app.voucher_signer, secs / 3_600),
        };
        let prices = ceilings.iter().map(|(name, price)| format!("{name} {price}"));
        let text = fields([
            ("app", address.to_string()),
            ("authority", authority.to_string()),
            ("voucher signer", signer),
            ("countries", if countries.is_empty() { "any".into() } else { countries.join(", ") }),
            ("pays at most", format!("{} (micro-USDC)", prices.collect::<Vec<_>>().join(", "))),
            ("escrow", pda::escrow(&address).to_string()),
            ("deposited", usdc(escrow.deposited_micro_usdc)),
            ("paid to nodes", usdc(escrow.totals.paid_micro_usdc)),
            ("withdrawn", usdc(escrow.withdrawn_micro_usdc)),
            ("available", usdc(available)),
            (
                "bonds",
                format!("{} behind {} channels", usdc(escrow.bonded_micro_usdc), bonds.len()),
            ),
            ("withdrawal", pending),
            ("sessions", format!("{open} open, {} expired", mine().count() - open)),
            ("wallet holds", usdc(wallet)),
        ]);
        Outcome::new(&document, text)
    }
}
