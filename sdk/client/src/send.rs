//! Transactions from instructions to a known outcome.
//!
//! [`send`] does it all. Whoever pays out money uses the parts instead: [`prepare`], store the
//! [`Prepared`] transaction, [`submit`] it, ask for its [`status`]. After a crash the stored
//! signature tells whether the payment happened, and the same bytes can be submitted again without
//! paying twice.

mod failure;
mod prepared;
mod table;

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use solana_commitment_config::CommitmentLevel;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::{RpcSendTransactionConfig, RpcSimulateTransactionConfig};
use solana_rpc_client_api::request::{RpcRequest, RpcResponseErrorData};
use solana_rpc_client_api::response::{Response, RpcSimulateTransactionResult};
use solana_sdk_ids::compute_budget;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;
use solana_transaction_status_client_types::{
    TransactionConfirmationStatus, TransactionStatus, UiTransactionEncoding,
};

use crate::{Error, Rpc};
pub use prepared::Prepared;
pub(crate) use prepared::to_wire;
pub use table::send_with_table;

/// The largest transaction on the wire: an IPv6 packet of 1,280 bytes less its headers.
pub const TRANSACTION_BYTES_MAX: usize = 1_232;

/// The most compute units a transaction can ask for; what simulations run with.
const COMPUTE_UNITS_MAX: u32 = 1_400_000;

/// Between simulation and execution accounts change (a longer list, another bump seed), so the
/// measured need is raised by a fifth and by this many units. Unused units cost nothing at the
/// default price; too few fail the transaction.
const COMPUTE_UNITS_SPARE: u64 = 2_000;

/// A leader may drop a transaction without a word, so it is offered again this often.
const RESEND_EVERY: Duration = Duration::from_secs(2);

/// Blockhashes live for 150 slots, a minute or so. A cluster that has not moved that far in this
/// time has stopped.
const CONFIRM_LIMIT: Duration = Duration::from_secs(180);

/// What a transaction may use, and pay for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Compute units to ask for; `None` simulates the transaction and asks for what it used, and
    /// some more. Instructions that set a compute budget of their own are left alone.
    pub compute_unit_limit: Option<u32>,
    /// Priority fee in millionths of a lamport per compute unit asked for.
    pub compute_unit_price_micro_lamports: u64,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Executed, and confirmed by the cluster.
    Confirmed {
        /// The slot of its block.
        slot: u64,
    },
    /// Executed and failed: nothing changed but its payer's lamports.
    Failed {
        /// The slot of its block.
        slot: u64,
        /// Why.
        error: TransactionError,
        /// The program's own code, if that is why.
        code: Option<u32>,
    },
    /// Its blockhash expired before it was executed. It never will be: safe to prepare anew.
    Expired,
    /// Not known yet.
    Pending,
}

/// Builds, simulates and signs a transaction. Nothing is sent.
///
/// `signers` are those besides the payer; one that the instructions do not ask for is an error. A
/// program that fails in simulation is reported as it would be by [`send`].
pub async fn prepare(
    rpc: &Rpc,
    payer: &(dyn Signer + Sync),
    signers: &[&(dyn Signer + Sync)],
    instructions: &[Instruction],
    options: Options,
) -> Result<Prepared, Error> {
    let (blockhash, last_valid_block_height) = rpc.latest_blockhash().await?;
    let payer_key = payer.pubkey();
    let own_budget = instructions.iter().any(|i| i.program_id == compute_budget::ID);
    let mut all = Vec::with_capacity(instructions.len() + 2);
    if !own_budget {
        let limit = match options.compute_unit_limit {
            Some(limit) => limit,
            None => measure(rpc, &payer_key, instructions).await?,
        };
        all.push(ComputeBudgetInstruction::set_compute_unit_limit(limit));
        if options.compute_unit_price_micro_lamports > 0 {
            let price = options.compute_unit_price_micro_lamports;
            all.push(ComputeBudgetInstruction::set_compute_unit_price(price));
        }
    }
    all.extend_from_slice(instructions);

    let message = Message::new_with_blockhash(&all, Some(&payer_key), &blockhash);
    let mut keys: Vec<&(dyn Signer + Sync)> = vec![payer];
    keys.extend(signers.iter().filter(|signer| signer.pubkey() != payer_key));
    let transaction = VersionedTransaction::try_new(VersionedMessage::Legacy(message), &keys)
        .map_err(|error| Error::Sign(error.to_string()))?;
    Prepared::new(transaction, last_valid_block_height)
}

/// Bytes on the wire of a transaction that [`prepare`] would make of these instructions, signed by
/// the payer alone; more than [`TRANSACTION_BYTES_MAX`] cannot be sent.
pub fn wire_len(payer: &Pubkey, instructions: &[Instruction]) -> usize {
    // With the price even where none is asked for: a plan should not depend on it.
    let mut all = vec![
        ComputeBudgetInstruction::set_compute_unit_limit(COMPUTE_UNITS_MAX),
        ComputeBudgetInstruction::set_compute_unit_price(u64::MAX),
    ];
    all.extend_from_slice(instructions);
    let message = Message::new(&all, Some(payer));
    let count = usize::from(message.header.num_required_signatures);
    let transaction = VersionedTransaction {
        signatures: vec![Signature::default(); count],
        message: VersionedMessage::Legacy(message),
    };
    to_wire(&transaction).map_or(usize::MAX, |wire| wire.len())
}

/// Offers a transaction to the cluster once, after a simulation by the RPC node.
///
/// `Ok` means taken note of, not executed; submitting again is harmless, also after execution.
pub async fn submit(rpc: &Rpc, prepared: &Prepared) -> Result<(), Error> {
    offer(rpc, prepared, false).await
}

/// [`submit`] without the simulation: for a transaction that depends on others still on the way. One
/// that fails is paid for.
pub async fn submit_unchecked(rpc: &Rpc, prepared: &Prepared) -> Result<(), Error> {
    offer(rpc, prepared, true).await
}

/// What has become of a transaction.
///
/// [`Outcome::Expired`] is said only by a node that has seen every block the transaction could be
/// in, and has not seen it there.
pub async fn status(
    rpc: &Rpc,
    signature: &Signature,
    last_valid_block_height: u64,
) -> Result<Outcome, Error> {
    // The height is read first: were it read last, a block between the two answers could hold the
    // transaction that the first answer does not know.
    let params = json!([Rpc::commitment()]);
    let epoch: EpochInfo = rpc.request(RpcRequest::GetEpochInfo, "getEpochInfo", params).await?;
    let (slot, status) = latest_status(rpc, signature).await?;
    Ok(match outcome(status) {
        // An endpoint is often several nodes; one behind the first cannot speak about its blocks.
        Outcome::Pending
            if epoch.block_height > last_valid_block_height && slot >= epoch.absolute_slot =>
        {
            Outcome::Expired
        }
        known => known,
    })
}

/// Offers a transaction until it is confirmed, has failed or has expired. Returns its slot.
pub async fn confirm(rpc: &Rpc, prepared: &Prepared) -> Result<u64, Error> {
    let expiry = Some(prepared.last_valid_block_height);
    let waited = wait_with(rpc, &prepared.signature, expiry, Some(prepared));
    match waited.await {
        // Only the executed transaction has the logs that say why.
        Err(Error::Transaction { error, .. }) => {
            let logs = rpc.get_transaction(&prepared.signature).await.ok().flatten();
            let logs = logs.map(|transaction| transaction.log_messages).unwrap_or_default();
            let message = &prepared.transaction.message;
            Err(failure::error_of(error, logs, |index| program_at(message, index)))
        }
        other => other,
    }
}

/// Prepares, submits and confirms. Returns the signature of an executed, successful transaction.
pub async fn send(
    rpc: &Rpc,
    payer: &(dyn Signer + Sync),
    signers: &[&(dyn Signer + Sync)],
    instructions: &[Instruction],
    options: Options,
) -> Result<Signature, Error> {
    let prepared = prepare(rpc, payer, signers, instructions, options).await?;
    match submit(rpc, &prepared).await {
        // The node is behind the one that gave the blockhash; it catches up while we resend.
        Err(Error::Transaction { error: TransactionError::BlockhashNotFound, .. }) => {}
        other => other?,
    }
    confirm(rpc, &prepared).await?;
    Ok(prepared.signature)
}

/// Waits for a transaction that somebody else sends. Returns its slot.
pub(crate) async fn wait(
    rpc: &Rpc,
    signature: &Signature,
    last_valid_block_height: Option<u64>,
) -> Result<u64, Error> {
    wait_with(rpc, signature, last_valid_block_height, None).await
}

async fn wait_with(
    rpc: &Rpc,
    signature: &Signature,
    last_valid_block_height: Option<u64>,
    resend: Option<&Prepared>,
) -> Result<u64, Error> {
    let started = Instant::now();
    let mut offered = Instant::now();
    // A slot takes 0.4 s: polling starts faster than that and slows down to spare rate limits.
    let mut pause = Duration::from_millis(100);
    loop {
        let outcome = match last_valid_block_height {
            Some(height) => status(rpc, signature, height).await?,
            None => outcome(latest_status(rpc, signature).await?.1),
        };
        match outcome {
            Outcome::Confirmed { slot } => return Ok(slot),
            Outcome::Failed { error, .. } => {
                return Err(Error::Transaction { error, logs: Vec::new() });
            }
            Outcome::Expired => return Err(Error::Expired { signature: *signature }),
            Outcome::Pending => {}
        }
        if started.elapsed() >= CONFIRM_LIMIT {
            let waited_ms = started.elapsed().as_millis() as u64;
            return Err(Error::Unconfirmed { signature: *signature, waited_ms });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(1));
        if let Some(prepared) = resend.filter(|_| offered.elapsed() >= RESEND_EVERY) {
            offered = Instant::now();
            // Whether it is refused or lost, only the status decides.
            if let Err(error) = submit(rpc, prepared).await {
                tracing::debug!(signature = %prepared.signature, %error, "resend refused");
            }
        }
    }
}

/// Runs a transaction on the RPC node without a trace. Fails as the transaction would.
pub async fn simulate(
    rpc: &Rpc,
    payer: &Pubkey,
    instructions: &[Instruction],
) -> Result<Simulation, Error> {
    let message = Message::new(instructions, Some(payer));
    let count = usize::from(message.header.num_required_signatures);
    let transaction = VersionedTransaction {
        signatures: vec![Signature::default(); count],
        message: VersionedMessage::Legacy(message),
    };
    let config = RpcSimulateTransactionConfig {
        sig_verify: false,
        replace_recent_blockhash: true,
        commitment: Some(Rpc::commitment()),
        encoding: Some(UiTransactionEncoding::Base64),
        ..RpcSimulateTransactionConfig::default()
    };
    let wire = BASE64.encode(to_wire(&transaction)?);
    let params = json!([wire, config]);
    let answer: Response<RpcSimulateTransactionResult> =
        rpc.request(RpcRequest::SimulateTransaction, "simulateTransaction", params).await?;
    let logs = answer.value.logs.unwrap_or_default();
    match answer.value.err {
        Some(error) => Err(failure::error_of(error.into(), logs, |index| {
            program_at(&transaction.message, index)
        })),
        None => Ok(Simulation {
            compute_units: answer.value.units_consumed.unwrap_or_default(),
            log_messages: logs,
        }),
    }
}

/// What a transaction did in simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// Compute units used.
    pub compute_units: u64,
    /// Log lines.
    pub log_messages: Vec<String>,
}

/// The compute units to ask for.
async fn measure(rpc: &Rpc, payer: &Pubkey, instructions: &[Instruction]) -> Result<u32, Error> {
    let mut all = vec![ComputeBudgetInstruction::set_compute_unit_limit(COMPUTE_UNITS_MAX)];
    all.extend_from_slice(instructions);
    let used = simulate(rpc, payer, &all).await?.compute_units;
    let wanted = used + used / 5 + COMPUTE_UNITS_SPARE;
    Ok(u32::try_from(wanted).unwrap_or(COMPUTE_UNITS_MAX).min(COMPUTE_UNITS_MAX))
}

/// `sendTransaction`. Without preflight the node forwards whatever it gets.
async fn offer(rpc: &Rpc, prepared: &Prepared, skip_preflight: bool) -> Result<(), Error> {
    let config = RpcSendTransactionConfig {
        skip_preflight,
        // The default, finalized, does not know a blockhash of the last 13 seconds.
        preflight_commitment: Some(CommitmentLevel::Confirmed),
        encoding: Some(UiTransactionEncoding::Base64),
        max_retries: None,
        min_context_slot: None,
    };
    let params = json!([BASE64.encode(to_wire(&prepared.transaction)?), config]);
    let answer: Result<String, Error> =
        rpc.request(RpcRequest::SendTransaction, "sendTransaction", params).await;
    match answer {
        Ok(_) => Ok(()),
        Err(Error::Transaction { error: TransactionError::AlreadyProcessed, .. }) => Ok(()),
        Err(Error::Refused { message, .. }) if message.contains(ALREADY_PROCESSED) => Ok(()),
        Err(Error::Transaction { error, logs }) => {
            let message = &prepared.transaction.message;
            Err(failure::error_of(error, logs, |index| program_at(message, index)))
        }
        Err(error) => Err(error),
    }
}

/// How nodes that answer without structured data word it.
const ALREADY_PROCESSED: &str = "already been processed";

/// The failure inside a refused `sendTransaction`, if there is one.
pub(crate) fn preflight_failure(data: RpcResponseErrorData) -> Option<Error> {
    let RpcResponseErrorData::SendTransactionPreflightFailure(result) = data else {
        return None;
    };
    let error = result.err?.into();
    Some(failure::error_of(error, result.logs.unwrap_or_default(), |_| None))
}

/// The slot of the answering node, and what it knows about the transaction.
async fn latest_status(
    rpc: &Rpc,
    signature: &Signature,
) -> Result<(u64, Option<TransactionStatus>), Error> {
    let params = json!([[signature.to_string()], { "searchTransactionHistory": true }]);
    let answer: Response<Vec<Option<TransactionStatus>>> =
        rpc.request(RpcRequest::GetSignatureStatuses, "getSignatureStatuses", params).await?;
    Ok((answer.context.slot, answer.value.into_iter().next().flatten()))
}

fn outcome(status: Option<TransactionStatus>) -> Outcome {
    let Some(status) = status else {
        return Outcome::Pending;
    };
    // A block that is processed but not confirmed can still be dropped by the cluster. Nodes that
    // leave the word out are of an age when a missing count meant rooted.
    let confirmed = match status.confirmation_status {
        Some(TransactionConfirmationStatus::Processed) => false,
        Some(_) => true,
        None => status.confirmations.is_none(),
    };
    match (confirmed, status.err) {
        (false, _) => Outcome::Pending,
        (true, None) => Outcome::Confirmed { slot: status.slot },
        (true, Some(error)) => {
            let code = failure::custom_code(&error);
            Outcome::Failed { slot: status.slot, error, code }
        }
    }
}

fn program_at(message: &VersionedMessage, index: usize) -> Option<Pubkey> {
    let instruction = message.instructions().get(index)?;
    message.static_account_keys().get(usize::from(instruction.program_id_index)).copied()
}

/// `getEpochInfo`, as far as it matters here.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct EpochInfo {
    absolute_slot: u64,
    block_height: u64,
}
