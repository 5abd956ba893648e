//! `heliograph voucher redeem`.

use super::{read, settles};
use crate::amount::usdc;
use crate::context::Context;
use crate::documents::VoucherSource;
use crate::exit::usage;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::settlement::redeem_voucher;
use heliograph_registry::state::Node;
use heliograph_settlement::state::Session;
use serde_json::json;

/// Pay what a voucher promises beyond what is settled
#[derive(Debug, Args)]
#[command(
    long_about = "Pay what a voucher promises beyond what is settled: to the node's payout account \
    and the treasury, from the app's escrow. --keypair pays the fee.",
    after_long_help = "EXAMPLE\n  heliograph voucher redeem 3f2dd06b… --archive ~/.heliograph/up/archive"
)]
pub struct Redeem {
    #[command(flatten)]
    pub source: VoucherSource,
}

impl Redeem {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let signed = self.source.read().await?;
        let payer = context.signer()?;
        let network = context.network().await?;
        let read = read(context, &network, &signed).await?;
        settles(context, &read, &signed).await?.map_err(usage)?;
        let node: Node = account::get(rpc, &read.session.node).await?;
        let instructions = redeem_voucher(&network, &node, read.address, &read.session, &signed);
        let signature = context.send(&payer, &[], &instructions).await?;
        let after: Session = account::get(rpc, &read.address).await?;
        let settled =
            after.totals.settled_micro_usdc.saturating_sub(read.session.totals.settled_micro_usdc);
        let document = json!({
            "session": read.address.to_string(),
            "settled_micro_usdc": settled,
            "session_settled_micro_usdc": after.totals.settled_micro_usdc,
            "payout": node.payout.to_string(),
            "transaction": signature.to_string(),
        });
        let text = fields([
            (
                "settled",
                format!("{}, of {} in all", usdc(settled), usdc(after.totals.settled_micro_usdc)),
            ),
            ("paid to", format!("{} and the treasury", node.payout)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
