//! Transactions that are too large without a lookup table.

use super::{Options, Prepared, confirm, send, submit};
use crate::{Error, Rpc};
use solana_address_lookup_table_interface::instruction::{
    create_lookup_table, deactivate_lookup_table, extend_lookup_table,
};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use std::collections::BTreeSet;
use std::time::Duration;

/// Sends what only fits with a lookup table, which is made for it: two transactions before, one
/// after, which deactivates the table. Its rent can be had back with the usual tools some 500 slots
/// later.
///
/// `payer` is the only signer. Nothing is simulated first: `compute_unit_limit` is for all of it.
pub async fn send_with_table(
    rpc: &Rpc,
    payer: &(dyn Signer + Sync),
    instructions: &[Instruction],
    compute_unit_limit: u32,
) -> Result<Signature, Error> {
    let owner = payer.pubkey();
    // A table is made of a slot that is over and remembered.
    let recent_slot = rpc.slot().await?.saturating_sub(1);
    let (create, key) = create_lookup_table(owner, owner, recent_slot);
    let addresses = in_a_table(instructions);
    let extend = extend_lookup_table(key, owner, Some(owner), addresses.clone());
    send(rpc, payer, &[], &[create, extend], Options::default()).await?;
    // What was added to a table counts from the next slot on.
    let added = rpc.slot().await?;
    while rpc.slot().await? <= added {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let table = AddressLookupTableAccount { key, addresses };
    let outcome = with_table(rpc, payer, instructions, compute_unit_limit, table).await;
    let deactivate = deactivate_lookup_table(key, owner);
    if let Err(error) = send(rpc, payer, &[], &[deactivate], Options::default()).await {
        tracing::warn!(%key, %error, "lookup table not deactivated");
    }
    outcome
}

/// The accounts that need not stand in the message: no signers, no programs.
fn in_a_table(instructions: &[Instruction]) -> Vec<Pubkey> {
    let accounts = || instructions.iter().flat_map(|instruction| &instruction.accounts);
    let kept: BTreeSet<Pubkey> = accounts()
        .filter(|account| account.is_signer)
        .map(|account| account.pubkey)
        .chain(instructions.iter().map(|instruction| instruction.program_id))
        .collect();
    let moved: BTreeSet<Pubkey> =
        accounts().map(|account| account.pubkey).filter(|key| !kept.contains(key)).collect();
    moved.into_iter().collect()
}

async fn with_table(
    rpc: &Rpc,
    payer: &(dyn Signer + Sync),
    instructions: &[Instruction],
    compute_unit_limit: u32,
    table: AddressLookupTableAccount,
) -> Result<Signature, Error> {
    let (blockhash, last_valid_block_height) = rpc.latest_blockhash().await?;
    let mut all = vec![ComputeBudgetInstruction::set_compute_unit_limit(compute_unit_limit)];
    all.extend_from_slice(instructions);
    let message = v0::Message::try_compile(&payer.pubkey(), &all, &[table], blockhash)
        .map_err(|error| Error::Sign(error.to_string()))?;
    let transaction = VersionedTransaction::try_new(VersionedMessage::V0(message), &[payer])
        .map_err(|error| Error::Sign(error.to_string()))?;
    let prepared = Prepared::new(transaction, last_valid_block_height)?;
    submit(rpc, &prepared).await?;
    confirm(rpc, &prepared).await?;
    Ok(prepared.signature)
}
