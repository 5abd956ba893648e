//! Reading history, accounts and archive from where they are.

use crate::compare::Snapshot;
use crate::history::PROGRAMS;
use crate::{Auditor, Error};
use futures_util::{StreamExt, TryStreamExt, stream};
use heliograph_client::Rpc;
use heliograph_client::rpc::{SignatureInfo, Transaction};
use heliograph_protocol::hash::Hash;
use heliograph_store::{Archive, Error as StoreError, ObjectKind};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Requests under way at once: enough to hide the way to the RPC, few enough for public ones.
const CONCURRENCY: usize = 8;

/// Transactions held in memory at once, up to the end of a slot.
const BATCH: usize = 256;

/// How often a listed transaction is asked for before it is called lost: the answering node behind
/// a balancer may be a little behind the listing one.
const FETCH_ATTEMPTS: usize = 4;

/// A slot takes 0.4 s; a chain that makes none in this time stands still.
const SLOT_WAIT: Duration = Duration::from_secs(20);
const SLOT_POLL: Duration = Duration::from_millis(100);

/// How far each program's history has been read.
#[derive(Debug, Default)]
pub(crate) struct History {
    read: [Option<Signature>; PROGRAMS.len()],
}

impl History {
    /// Feeds what has happened since the last call; returns how many transactions that was.
    pub async fn read(&mut self, rpc: &Rpc, auditor: &mut Auditor) -> Result<usize, Error> {
        let through = finished_slot(rpc).await?;
        let mut seen = BTreeSet::new();
        let mut listed: Vec<SignatureInfo> = Vec::new();
        for (program, read) in PROGRAMS.iter().zip(&mut self.read) {
            let page = rpc.signatures_for_address(program, *read).await?;
            // A later slot may be listed for one program and not yet for the one before.
            let page: Vec<_> = page.into_iter().filter(|info| info.slot <= through).collect();
            if let Some(last) = page.last() {
                *read = Some(last.signature);
            }
            listed.extend(page.into_iter().filter(|info| seen.insert(info.signature)));
        }
        listed.retain(|info| info.err.is_none());
        // Stable: transactions of one program stay in its order.
        listed.sort_by_key(|info| info.slot);
        tracing::debug!(transactions = listed.len(), through, "history listed");

        let count = listed.len();
        let mut fetched = stream::iter(listed)
            .map(|info| async move { Ok::<_, Error>((info.signature, fetch(rpc, &info).await?)) })
            .buffered(CONCURRENCY);
        let mut batch: Vec<Transaction> = Vec::new();
        while let Some((signature, transaction)) = fetched.try_next().await? {
            let Some(transaction) = transaction else {
                auditor.transaction_lost(signature);
                continue;
            };
            let slot_ends = batch.last().is_some_and(|last| last.slot != transaction.slot);
            if batch.len() >= BATCH && slot_ends {
                auditor.carry_out(&batch);
                batch.clear();
            }
            batch.push(transaction);
        }
        auditor.carry_out(&batch);
        Ok(count)
    }
}

async fn fetch(rpc: &Rpc, info: &SignatureInfo) -> Result<Option<Transaction>, Error> {
    for attempt in 0..FETCH_ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        if let Some(transaction) = rpc.get_transaction(&info.signature).await? {
            return Ok(Some(transaction));
        }
    }
    Ok(None)
}

/// A slot that gets no more transactions, not before the current one.
async fn finished_slot(rpc: &Rpc) -> Result<u64, Error> {
    let slot = rpc.slot().await?;
    let mut waited = Duration::ZERO;
    while rpc.slot().await? <= slot && waited < SLOT_WAIT {
        tokio::time::sleep(SLOT_POLL).await;
        waited += SLOT_POLL;
    }
    Ok(slot)
}

/// The programs' accounts and the vaults' balances.
pub(crate) async fn snapshot(rpc: &Rpc, vaults: &[Pubkey]) -> Result<Snapshot, Error> {
    let mut accounts = BTreeMap::new();
    for program in &PROGRAMS {
        for (address, account) in rpc.get_program_accounts(program, Vec::new()).await? {
            accounts.insert(address, (account.owner, account.data));
        }
    }
    let balances: Vec<(Pubkey, Option<u64>)> = stream::iter(vaults.to_vec())
        .map(|vault| async move { Ok::<_, Error>((vault, rpc.token_balance(&vault).await?)) })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let tokens =
        balances.into_iter().filter_map(|(vault, amount)| Some((vault, amount?))).collect();
    Ok(Snapshot { accounts, tokens })
}

/// Files everything an archive holds.
pub(crate) async fn file_all(archive: &Archive, auditor: &mut Auditor) -> Result<(), Error> {
    for kind in [ObjectKind::Receipt, ObjectKind::Voucher, ObjectKind::Batch] {
        let mut names = match kind {
            ObjectKind::Receipt => archive.list_receipts(),
            ObjectKind::Voucher => archive.list_vouchers(),
            ObjectKind::Batch => archive.list_batches(),
        };
        while let Some(name) = names.next().await {
            match name {
                Ok(name) => file(archive, auditor, kind, &name).await?,
                Err(StoreError::ArchiveName { path }) => auditor.file_misplaced(path),
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Files one object if the archive has it.
pub(crate) async fn file(
    archive: &Archive,
    auditor: &mut Auditor,
    kind: ObjectKind,
    name: &Hash,
) -> Result<(), Error> {
    match kind {
        ObjectKind::Receipt => {
            if let Some(object) = legible(archive.receipt(name).await)? {
                auditor.file_receipt(*name, object);
            }
        }
        ObjectKind::Voucher => {
            if let Some(object) = legible(archive.voucher(name).await)? {
                auditor.file_voucher(*name, object);
            }
        }
        ObjectKind::Batch => {
            if let Some(object) = legible(archive.batch(name).await)? {
                auditor.file_batch(*name, object);
            }
        }
    }
    Ok(())
}

/// Bytes that do not decode speak against the archive; an archive that does not answer does not.
fn legible<T>(
    object: Result<Option<T>, StoreError>,
) -> Result<Option<Result<T, String>>, StoreError> {
    match object {
        Ok(object) => Ok(object.map(Ok)),
        Err(StoreError::ArchiveDecode { source, .. }) => {
            Ok(Some(Err(format!("its bytes do not decode: {source}"))))
        }
        Err(error) => Err(error),
    }
}
