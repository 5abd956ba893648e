//! The chain's past: which transactions touched an address, and what exactly each one did.

use serde_json::json;
use solana_message::compiled_instruction::CompiledInstruction;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::{RpcSignaturesForAddressConfig, RpcTransactionConfig};
use solana_rpc_client_api::request::RpcRequest;
use solana_rpc_client_api::response::RpcConfirmedTransactionStatusWithSignature;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;
use solana_transaction_status_client_types::option_serializer::OptionSerializer;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, TransactionConfirmationStatus, UiInstruction,
    UiLoadedAddresses, UiTransactionEncoding, UiTransactionStatusMeta, UiTransactionTokenBalance,
};

use super::{Rpc, parse_pubkey};
use crate::Error;

/// Signatures per request, the network's limit.
const SIGNATURES_PER_REQUEST: usize = 1_000;

/// A transaction that names an address among its accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureInfo {
    /// The transaction.
    pub signature: Signature,
    /// Where it was executed.
    pub slot: u64,
    /// Why it failed; failed transactions are listed too.
    pub err: Option<TransactionError>,
}

/// A transaction as it was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its first signature.
    pub signature: Signature,
    /// Where it was executed.
    pub slot: u64,
    /// The block's time in seconds since the Unix epoch, where the node knows it.
    pub block_time: Option<i64>,
    /// Why it failed. A failed transaction changed nothing but its payer's lamports.
    pub err: Option<TransactionError>,
    /// Every account, in the order instructions index them: those of the message, then the
    /// writable and the read-only ones loaded from lookup tables. The first one paid.
    pub account_keys: Vec<Pubkey>,
    /// What was asked for, with what that caused.
    pub instructions: Vec<Instruction>,
    /// Token accounts before.
    pub pre_token_balances: Vec<TokenBalance>,
    /// Token accounts after.
    pub post_token_balances: Vec<TokenBalance>,
    /// Log lines; cut off by the node after 10 kB.
    pub log_messages: Vec<String>,
    /// What it cost to execute, where the node knows it.
    pub compute_units_consumed: Option<u64>,
}

/// An instruction with its addresses resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The program called.
    pub program_id: Pubkey,
    /// Its accounts.
    pub accounts: Vec<Pubkey>,
    /// Its data.
    pub data: Vec<u8>,
    /// How deep the call was: 1 for what the transaction asked for, 2 for what that called. 0 where
    /// the node does not say.
    pub stack_height: u32,
    /// Every call that this one caused, at any depth, in the order executed. Empty for those calls
    /// themselves: they are all here.
    pub inner: Vec<Instruction>,
}

/// A token account at one moment of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBalance {
    /// The token account.
    pub account: Pubkey,
    /// What it holds.
    pub mint: Pubkey,
    /// Whose it is; missing only in transactions older than 2021.
    pub owner: Option<Pubkey>,
    /// How much, in the mint's smallest unit.
    pub amount: u64,
}

impl Rpc {
    /// Every transaction that names `address`, oldest first, after `until` (exclusive) if given.
    ///
    /// Within a slot the order is that of execution where the node keeps it (Solana's do). Nodes
    /// forget: an address older than the node's ledger is listed from there.
    pub async fn signatures_for_address(
        &self,
        address: &Pubkey,
        until: Option<Signature>,
    ) -> Result<Vec<SignatureInfo>, Error> {
        let mut newest_first: Vec<SignatureInfo> = Vec::new();
        let mut before = None;
        loop {
            let config = RpcSignaturesForAddressConfig {
                before: before.clone(),
                until: until.map(|signature| signature.to_string()),
                limit: Some(SIGNATURES_PER_REQUEST),
                commitment: Some(Self::commitment()),
                min_context_slot: None,
            };
            let params = json!([address.to_string(), config]);
            let page: Vec<RpcConfirmedTransactionStatusWithSignature> = self
                .request(RpcRequest::GetSignaturesForAddress, "getSignaturesForAddress", params)
                .await?;
            // Providers may cap a page below what was asked for, so only an empty one is the end.
            if page.is_empty() {
                newest_first.reverse();
                return Ok(newest_first);
            }
            before = page.last().map(|entry| entry.signature.clone());
            for entry in page {
                // Not asked for at this commitment, but the embedded cluster lists it all the
                // same, in an order that changes until the block is closed.
                if entry.confirmation_status == Some(TransactionConfirmationStatus::Processed) {
                    continue;
                }
                newest_first.push(SignatureInfo {
                    signature: parse_signature(&entry.signature)?,
                    slot: entry.slot,
                    err: entry.err.map(Into::into),
                });
            }
        }
    }

    /// A transaction, `None` when the node does not know it at this commitment (yet, or any more).
    pub async fn get_transaction(
        &self,
        signature: &Signature,
    ) -> Result<Option<Transaction>, Error> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(Self::commitment()),
            max_supported_transaction_version: Some(0),
        };
        let params = json!([signature.to_string(), config]);
        let answer: Option<EncodedConfirmedTransactionWithStatusMeta> =
            self.request(RpcRequest::GetTransaction, "getTransaction", params).await?;
        answer.map(|encoded| Transaction::decode(*signature, encoded)).transpose()
    }
}

impl Transaction {
    fn decode(
        signature: Signature,
        encoded: EncodedConfirmedTransactionWithStatusMeta,
    ) -> Result<Self, Error> {
        let EncodedConfirmedTransactionWithStatusMeta { slot, transaction, block_time, .. } =
            encoded;
        let meta =
            transaction.meta.ok_or_else(|| Error::decode("transaction", "it has no metadata"))?;
        let message = transaction
            .transaction
            .decode()
            .ok_or_else(|| Error::decode("transaction", "its bytes are not a transaction"))?
            .message;

        let mut account_keys = message.static_account_keys().to_vec();
        if let OptionSerializer::Some(UiLoadedAddresses { writable, readonly }) =
            &meta.loaded_addresses
        {
            for address in writable.iter().chain(readonly) {
                account_keys.push(parse_pubkey(address)?);
            }
        }
        let mut instructions = Vec::with_capacity(message.instructions().len());
        for compiled in message.instructions() {
            instructions.push(Instruction::resolve(compiled, 1, &account_keys)?);
        }
        attach_inner(&mut instructions, &meta, &account_keys)?;
        Ok(Self {
            signature,
            slot,
            block_time,
            err: meta.err.map(Into::into),
            instructions,
            pre_token_balances: token_balances(&meta.pre_token_balances, &account_keys)?,
            post_token_balances: token_balances(&meta.post_token_balances, &account_keys)?,
            log_messages: Option::from(meta.log_messages).unwrap_or_default(),
            compute_units_consumed: meta.compute_units_consumed.into(),
            account_keys,
        })
    }
}

impl Instruction {
    fn resolve(
        compiled: &CompiledInstruction,
        stack_height: u32,
        account_keys: &[Pubkey],
    ) -> Result<Self, Error> {
        let accounts: Result<_, _> =
            compiled.accounts.iter().map(|index| account_at(account_keys, *index)).collect();
        Ok(Self {
            program_id: account_at(account_keys, compiled.program_id_index)?,
            accounts: accounts?,
            data: compiled.data.clone(),
            stack_height,
            inner: Vec::new(),
        })
    }
}

fn attach_inner(
    instructions: &mut [Instruction],
    meta: &UiTransactionStatusMeta,
    account_keys: &[Pubkey],
) -> Result<(), Error> {
    let OptionSerializer::Some(groups) = &meta.inner_instructions else {
        return Ok(());
    };
    for group in groups {
        let parent = instructions
            .get_mut(usize::from(group.index))
            .ok_or_else(|| Error::decode("inner instructions", "they belong to no instruction"))?;
        for instruction in &group.instructions {
            let UiInstruction::Compiled(ui) = instruction else {
                return Err(Error::decode("inner instructions", "they are parsed, not raw"));
            };
            let compiled = CompiledInstruction {
                program_id_index: ui.program_id_index,
                accounts: ui.accounts.clone(),
                data: bs58::decode(&ui.data)
                    .into_vec()
                    .map_err(|error| Error::decode("inner instruction data", error))?,
            };
            let stack_height = ui.stack_height.unwrap_or(0);
            parent.inner.push(Instruction::resolve(&compiled, stack_height, account_keys)?);
        }
    }
    Ok(())
}

fn token_balances(
    balances: &OptionSerializer<Vec<UiTransactionTokenBalance>>,
    account_keys: &[Pubkey],
) -> Result<Vec<TokenBalance>, Error> {
    let OptionSerializer::Some(balances) = balances else {
        return Ok(Vec::new());
    };
    balances
        .iter()
        .map(|balance| {
            let owner = match &balance.owner {
                OptionSerializer::Some(owner) => Some(parse_pubkey(owner)?),
                _ => None,
            };
            let amount = &balance.ui_token_amount.amount;
            Ok(TokenBalance {
                account: account_at(account_keys, balance.account_index)?,
                mint: parse_pubkey(&balance.mint)?,
                owner,
                amount: amount.parse().map_err(|error| Error::decode("token amount", error))?,
            })
        })
        .collect()
}

fn account_at(account_keys: &[Pubkey], index: u8) -> Result<Pubkey, Error> {
    account_keys
        .get(usize::from(index))
        .copied()
        .ok_or_else(|| Error::decode("transaction", format!("it has no account {index}")))
}

fn parse_signature(text: &str) -> Result<Signature, Error> {
    text.parse().map_err(|error| Error::decode("signature", format!("{text}: {error}")))
}
