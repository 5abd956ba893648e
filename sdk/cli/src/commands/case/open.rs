//! `heliograph case open`.

mod samples;

use super::kind_name;
use crate::chain;
use crate::context::Context;
use crate::documents::report::ReportFile;
use crate::documents::signed;
use crate::duration::until;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Subcommand;
use heliograph_client::instruction::slashing::{
    Accusation, open_challenge_case, open_downtime_case, open_equivocation_case, open_fraud_case,
};
use heliograph_client::send::send_with_table;
use heliograph_client::{account, pda};
use heliograph_protocol::domain::Domain;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::observation::RootStatement;
use heliograph_protocol::receipt::Receipt;
use heliograph_settlement::state::{Challenge, ChallengeStatus, Session};
use heliograph_slashing::state::{Case, Record};
use serde_json::json;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;
use std::path::{Path, PathBuf};

/// What two receipts and everything around them cost, with room.
const EQUIVOCATION_COMPUTE_UNITS: u32 = 150_000;

/// Open a case with evidence; puts down the bond
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Open a case with evidence. --keypair pays the bond and the case's rent. Both \
    come back when a case that ended with a conviction is closed."
)]
pub enum Open {
    /// Of a settler that could not show the voucher behind a leaf
    Challenge {
        /// The failed challenge's account
        challenge: Pubkey,
    },
    /// Of a node that observers found too bad too often
    Downtime {
        /// The node key: base58, or its keypair file
        node_key: KeyRef,
    },
    /// Of a node that signed two receipts for one minute of a session
    Equivocation {
        /// A signed receipt, as archives keep it
        receipt: PathBuf,
        /// Another for the same minute
        other: PathBuf,
    },
    /// Of an observer that signed another root than it posted
    Fraud {
        /// The signed statement of a root (Borsh)
        statement: PathBuf,
    },
    /// Of an observer that posted a leaf which its own samples contradict
    Samples {
        /// The observer's keeper key: base58, or its keypair file
        keeper_key: KeyRef,
        /// The key of the node that the leaf is about: base58, or its keypair file
        node_key: KeyRef,
        #[command(flatten)]
        file: ReportFile,
    },
}

impl Open {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let reporter = context.signer()?;
        let network = context.network().await?;
        match self {
            Self::Challenge { challenge } => of_challenge(context, &reporter, &challenge).await,
            Self::Downtime { node_key } => {
                let (node, _) = chain::node(&context.rpc, &node_key.pubkey()?).await?;
                let accusation = accusation(context, &reporter, node).await?;
                let signature =
                    context.send(&reporter, &[], &[open_downtime_case(&accusation)]).await?;
                opened(context, &accusation, signature).await
            }
            Self::Equivocation { receipt, other } => {
                let files = [receipt.as_path(), other.as_path()];
                of_receipts(context, &reporter, files, &network.domain()).await
            }
            Self::Fraud { statement } => {
                let signed = signed(&statement)?;
                let read: RootStatement = read(&signed, &statement, &network.domain())?;
                let observer = Pubkey::from(read.observer);
                let accusation = accusation(context, &reporter, observer).await?;
                let instructions = open_fraud_case(&accusation, read.epoch, &signed);
                let signature = context.send(&reporter, &[], &instructions).await?;
                opened(context, &accusation, signature).await
            }
            Self::Samples { keeper_key, node_key, file } => {
                let (observer, node) = (keeper_key.pubkey()?, node_key.pubkey()?);
                let report = file.read()?;
                let keys = samples::Keys { observer, node };
                let (accusation, signature) =
                    samples::of_samples(context, &reporter, &keys, &report).await?;
                opened(context, &accusation, signature).await
            }
        }
    }
}

async fn of_challenge(context: &Context, reporter: &Keypair, address: &Pubkey) -> Result<Outcome> {
    let challenge: Challenge = account::get(&context.rpc, address).await?;
    if challenge.status != ChallengeStatus::Failed {
        return Err(usage(format!(
            "the settler can still answer; after the deadline: heliograph challenge fail {address}"
        )));
    }
    let accusation = accusation(context, reporter, challenge.keeper).await?;
    let instruction =
        open_challenge_case(reporter.pubkey(), accusation.number, (*address, &challenge));
    let signature = context.send(reporter, &[], &[instruction]).await?;
    opened(context, &accusation, signature).await
}

async fn of_receipts(
    context: &Context,
    reporter: &Keypair,
    files: [&Path; 2],
    domain: &Domain,
) -> Result<Outcome> {
    let [one, other] = [signed(files[0])?, signed(files[1])?];
    let receipt: Receipt = read(&one, files[0], domain)?;
    read::<Receipt>(&other, files[1], domain)?;
    if one.public_key != other.public_key {
        return Err(usage("the receipts are signed by two keys: nobody contradicts itself"));
    }
    let address = Pubkey::from(receipt.session);
    let session: Session = account::get(&context.rpc, &address).await?;
    let accusation = accusation(context, reporter, session.node).await?;
    let instructions = open_equivocation_case(&accusation, (address, &session), [&one, &other]);
    let limit = EQUIVOCATION_COMPUTE_UNITS;
    let signature = send_with_table(&context.rpc, reporter, &instructions, limit).await?;
    opened(context, &accusation, signature).await
}

/// The next case against `subject`.
async fn accusation(context: &Context, reporter: &Keypair, subject: Pubkey) -> Result<Accusation> {
    let record: Option<Record> = account::find(&context.rpc, &pda::record(&subject)).await?;
    let number = record.map_or(0, |record| record.cases);
    Ok(Accusation { reporter: reporter.pubkey(), subject, number })
}

/// The message; the chain checks its signature.
fn read<M: heliograph_protocol::domain::Message>(
    signed: &Signed,
    path: &Path,
    domain: &Domain,
) -> Result<M> {
    signed.message(domain).map_err(|error| usage(format!("{}: {error}", path.display())))
}

async fn opened(
    context: &Context,
    accusation: &Accusation,
    signature: Signature,
) -> Result<Outcome> {
    let rpc = &context.rpc;
    let address = pda::case(&accusation.subject, accusation.number);
    let case: Case = account::get(rpc, &address).await?;
    let decimals = chain::decimals(rpc, &case.mint).await?;
    let now = chain::unix_secs(rpc).await?;
    let document = json!({
        "case": address.to_string(),
        "kind": kind_name(case.kind),
        "subject": case.subject.to_string(),
        "bond_lamports": case.bond_lamports,
        "penalty_units": case.penalty,
        "held_units": case.held,
        "restorable_unix_secs": case.restorable_at,
        "decidable_unix_secs": case.decidable_at,
        "transaction": signature.to_string(),
    });
    let text = fields([
        ("case", address.to_string()),
        ("against", case.subject.to_string()),
        ("of", kind_name(case.kind).to_owned()),
        ("bond", format!("{} SOL", crate::amount::format_units(case.bond_lamports, 9))),
        ("penalty", crate::amount::format_units(case.penalty, decimals)),
        ("held", crate::amount::format_units(case.held, decimals)),
        ("decidable", until(case.decidable_at, now)),
        ("transaction", signature.to_string()),
    ]);
    Outcome::new(&document, text)
}
