//! `heliograph app bond`.

use super::AppId;
use crate::amount::{Decimal, usdc};
use crate::chain;
use crate::context::Context;
use crate::exit::{Exit, usage};
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use crate::speech::session::newest_channel;
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::settlement;
use heliograph_settlement::state::Channel;
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Put part of the escrow behind the channel with one node, or make it available again
#[derive(Debug, Args)]
#[command(
    long_about = "Put part of the escrow behind the channel with one node, or make it available \
    again.\n\n\
    A node is paid from its channel's bond when the escrow has nothing else left, and serves as much \
    as the bond covers without being paid in between. Opening a session posts what the network asks \
    for; more lets a node serve more at once. Vouchers may have drawn on a bond: without an amount \
    it is made up to the network's minimum again.\n\n\
    With --release the bond goes back to the escrow as soon as no voucher of the channel can be \
    redeemed any more. Called before, it says when that is and ends with 75.",
    after_long_help = "EXAMPLES\n  \
    heliograph app bond NODE_KEY 2          # two USDC more\n  \
    heliograph app bond NODE_KEY            # what the network asks for\n  \
    heliograph app bond NODE_KEY --release  # back to the escrow, or says when"
)]
pub struct Bond {
    /// The node key: base58, or its keypair file
    #[arg(value_name = "NODE_KEY")]
    pub node: KeyRef,
    /// USDC to add [default: what is missing to the network's minimum]
    #[arg(conflicts_with = "release")]
    pub amount: Option<Decimal>,
    /// Make the bond available to the whole escrow again
    #[arg(long)]
    pub release: bool,
    #[command(flatten)]
    pub app: AppId,
}

impl Bond {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let authority = context.signer()?;
        let (app, _) = chain::app(rpc, &authority.pubkey(), self.app.id).await?;
        let node_key = self.node.pubkey()?;
        let (node, _) = chain::node(rpc, &node_key).await?;
        let (address, channel) = newest_channel(rpc, &app, &node).await?.ok_or_else(|| {
            usage(format!(
                "the app has no channel with node {node_key}: `heliograph session open` opens one"
            ))
        })?;
        let instruction = if self.release {
            if let Some(outcome) = self.refused(context, &address, &channel).await? {
                return Ok(outcome);
            }
            settlement::release_bond(authority.pubkey(), app, address)
        } else {
            let amount = self.to_post(context, &app, &channel).await?;
            settlement::post_bond(authority.pubkey(), app, address, amount)
        };
        let signature = context.send(&authority, &[], &[instruction]).await?;
        let after: Channel = account::get(rpc, &address).await?;
        let available = chain::escrow(rpc, &app).await?.available_micro_usdc()?;
        let document = json!({
            "channel": address.to_string(),
            "node_key": node_key.to_string(),
            "released": self.release,
            "bond_before_micro_usdc": channel.bond_micro_usdc,
            "bond_micro_usdc": after.bond_micro_usdc,
            "available_micro_usdc": available,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("channel", address.to_string()),
            ("bond before", usdc(channel.bond_micro_usdc)),
            ("bond", usdc(after.bond_micro_usdc)),
            ("available", usdc(available)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }

    /// Why the bond cannot be released now: that there is none, or until when it is needed.
    async fn refused(
        &self,
        context: &Context,
        address: &Pubkey,
        channel: &Channel,
    ) -> Result<Option<Outcome>> {
        if channel.bond_micro_usdc == 0 {
            return Err(usage("the channel has no bond"));
        }
        let now = chain::unix_secs(&context.rpc).await?;
        if channel.is_bond_free(now) {
            return Ok(None);
        }
        let (bond, due) = (channel.bond_micro_usdc, channel.bond_until + 1);
        let document = json!({
            "channel": address.to_string(),
            "released": false,
            "bond_micro_usdc": bond,
            "available_at_unix_secs": due,
        });
        let text = format!(
            "{} is needed for {} s (until Unix time {due}), or until all sessions are closed",
            usdc(bond),
            due - now
        );
        Ok(Some(Outcome::new(&document, text)?.exiting(Exit::Retry)))
    }

    /// What to add, which the escrow must have.
    async fn to_post(&self, context: &Context, app: &Pubkey, channel: &Channel) -> Result<u64> {
        let min = context.network().await?.params.channel_bond_min_micro_usdc;
        let amount = match &self.amount {
            Some(amount) => amount.to_micro_usdc().map_err(|error| usage(error.to_string()))?,
            None => min.saturating_sub(channel.bond_micro_usdc),
        };
        if amount == 0 {
            let bond = usdc(channel.bond_micro_usdc);
            return Err(usage(format!(
                "nothing to add: the bond is {bond}, the network asks for {}",
                usdc(min)
            )));
        }
        let available = chain::escrow(&context.rpc, app).await?.available_micro_usdc()?;
        if amount > available {
            return Err(usage(format!("the escrow has {} available", usdc(available))));
        }
        Ok(amount)
    }
}
