//! `heliograph voucher prove`.

use super::read;
use crate::amount::usdc;
use crate::context::Context;
use crate::documents::VoucherSource;
use crate::exit::usage;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::settlement::prove_voucher;
use heliograph_settlement::state::Session;
use serde_json::json;

/// Show a voucher to the chain without paying it
#[derive(Debug, Args)]
#[command(
    long_about = "Show a voucher to the chain without paying it. What settlers have claimed of the \
    session up to its amount is beyond doubt then: it makes room where two settlers' claims are \
    still unproven, and lets the session be closed earlier. --keypair pays the fee.",
    after_long_help = "EXAMPLE\n  heliograph voucher prove archive/vouchers/3f/3f2d…"
)]
pub struct Prove {
    #[command(flatten)]
    pub source: VoucherSource,
}

impl Prove {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let signed = self.source.read().await?;
        let payer = context.signer()?;
        let network = context.network().await?;
        let read = read(context, &network, &signed).await?;
        let proven = read.session.proven_micro_usdc;
        if read.message.cumulative_micro_usdc <= proven {
            let proven = usdc(proven);
            return Err(usage(format!("{proven} of the session are proven already")));
        }
        let instructions = prove_voucher(read.address, &signed);
        let signature = context.send(&payer, &[], &instructions).await?;
        let after: Session = account::get(&context.rpc, &read.address).await?;
        let document = json!({
            "session": read.address.to_string(),
            "proven_micro_usdc": after.proven_micro_usdc,
            "session_settled_micro_usdc": after.totals.settled_micro_usdc,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("proven", format!("{} of session {}", usdc(after.proven_micro_usdc), read.address)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
