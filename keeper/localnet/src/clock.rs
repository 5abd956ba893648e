//! The cluster's time: this machine's clock plus what has been travelled.
//!
//! The simulator adds one slot's length per block to its time. Its ticks come a little late, the
//! later the busier the machine, so left alone the chain falls behind: on two busy cores by
//! minutes a day. Chain time is pulled forward here, never back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use surfpool_core::surfnet::locker::SurfnetSvmLocker;

/// How often the lag is looked at. Short enough that nobody reading whole seconds sees it.
const SYNC_EVERY: Duration = Duration::from_millis(500);

/// How far the chain is ahead of this machine's clock, in milliseconds. Shared with the thread
/// that keeps the two together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offset(Arc<AtomicI64>);

impl Offset {
    /// Makes the chain's present `chain_unix_ms` and lets it run on from there.
    pub fn pin(&self, chain_unix_ms: u64) {
        let ahead_ms = chain_unix_ms as i64 - wall_unix_ms() as i64;
        self.0.store(ahead_ms, Ordering::SeqCst);
    }

    fn target_unix_ms(&self) -> u64 {
        (wall_unix_ms() as i64 + self.0.load(Ordering::SeqCst)).max(0) as u64
    }
}

/// Pulls the chain's time forward until `stop` is dropped.
pub(crate) fn keep(locker: &SurfnetSvmLocker, offset: &Offset, stop: &Receiver<()>) {
    while stop.recv_timeout(SYNC_EVERY) == Err(RecvTimeoutError::Timeout) {
        locker.with_svm_writer(|svm| {
            let target_ms = offset.target_unix_ms();
            // A block in the making is allowed to be one slot behind.
            if target_ms > svm.updated_at + svm.slot_time {
                svm.updated_at = target_ms;
            }
        });
    }
}

fn wall_unix_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_millis() as u64
}
