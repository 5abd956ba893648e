//! Copies signed messages from the ledger to the archive.

use crate::state::NodeState;
use std::sync::Arc;
use std::time::Duration;

/// How often a silent archive is tried again, and how often the ledger is looked at unasked.
const RETRY: Duration = Duration::from_secs(5);
/// Messages copied before looking for others.
const BATCH: u32 = 100;

/// Runs until shutdown, then once more for what was signed last.
pub async fn run(state: Arc<NodeState>) {
    loop {
        let stopping = state.drained.is_cancelled();
        match copy(&state).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "archive not written, will try again"),
        }
        if stopping {
            return;
        }
        tokio::select! {
            () = state.archive_bell.notified() => {}
            () = state.drained.cancelled() => {}
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

/// Copies one batch; whether there was anything to copy.
async fn copy(state: &NodeState) -> Result<bool, heliograph_store::Error> {
    let receipts = state.ledger.unarchived_receipts(BATCH).await?;
    for receipt in &receipts {
        let hash = state.archive.put_receipt(receipt).await?;
        state.ledger.mark_receipt_archived(&hash).await?;
    }
    let vouchers = state.ledger.unarchived_vouchers(BATCH).await?;
    for voucher in &vouchers {
        let hash = state.archive.put_voucher(voucher).await?;
        state.ledger.mark_voucher_archived(&hash).await?;
    }
    Ok(!receipts.is_empty() || !vouchers.is_empty())
}
