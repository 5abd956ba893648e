//! `heliograph challenge answer`.

use crate::amount::usdc;
use crate::context::Context;
use crate::documents::{self, LeavesFile, VoucherSource};
use crate::exit::usage;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::settlement::answer_challenge;
use heliograph_protocol::batch::{Leaf, evidence};
use heliograph_protocol::merkle;
use heliograph_protocol::voucher::Voucher;
use heliograph_registry::state::Keeper;
use heliograph_settlement::state::Challenge;
use serde_json::json;
use solana_pubkey::Pubkey;

/// Show the voucher behind a challenged leaf; the settler gets the bond
#[derive(Debug, Args)]
#[command(
    long_about = "Show the voucher behind a challenged leaf. Anybody who has it can; the settler \
    gets the bond, --keypair pays the fee. The leaf's place under the root is proved from the batch's \
    leaves.",
    after_long_help = "EXAMPLES\n  \
    heliograph challenge answer CHALLENGE voucher --leaves leaves.json\n  \
    heliograph challenge answer CHALLENGE 3f2dd06b… --archive s3://bucket/prefix --leaves leaves.json"
)]
pub struct Answer {
    /// The challenge account
    pub challenge: Pubkey,
    #[command(flatten)]
    pub source: VoucherSource,
    #[command(flatten)]
    pub file: LeavesFile,
}

impl Answer {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let leaves = documents::leaves(&self.file.leaves)?;
        let signed = self.source.read().await?;
        let payer = context.signer()?;
        let network = context.network().await?;
        let challenge: Challenge = account::get(rpc, &self.challenge).await?;
        let voucher: Voucher = signed
            .message(&network.domain())
            .map_err(|error| usage(format!("this is no voucher of this network: {error}")))?;
        let leaf = leaves.get(challenge.index as usize).ok_or_else(|| {
            usage(format!("leaf {} is challenged, the file has {}", challenge.index, leaves.len()))
        })?;
        let same = leaf.session == voucher.session
            && leaf.cumulative_micro_usdc == voucher.cumulative_micro_usdc
            && leaf.evidence == evidence(&voucher.receipt_hash, &signed.hash());
        if !same {
            return Err(usage("this is another voucher than the one behind the challenged leaf"));
        }
        let hashes: Vec<_> = leaves.iter().map(Leaf::hash).collect();
        let proof = merkle::proof(&hashes, challenge.index as usize)
            .ok_or_else(|| usage("the batch has no such leaf"))?;
        let keeper: Keeper = account::get(rpc, &challenge.keeper).await?;
        let session = Pubkey::new_from_array(voucher.session);
        let instructions =
            answer_challenge((self.challenge, &challenge), &keeper, session, &signed, proof);
        let signature = context.send(&payer, &[], &instructions).await?;
        let document = json!({
            "challenge": self.challenge.to_string(),
            "answered": true,
            "bond_micro_usdc": challenge.bond_micro_usdc,
            "settler_payout": keeper.payout.to_string(),
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("answered", self.challenge.to_string()),
            ("bond", format!("{}, to {}", usdc(challenge.bond_micro_usdc), keeper.payout)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
