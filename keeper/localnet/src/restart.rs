//! Continuing a chain from its database: neither its slots nor its time go back.
//!
//! The simulator recovers the last slot it had written down, up to a minute before the last one it
//! had reached. Slots and blockhashes would repeat, and with them transactions that had expired
//! could be executed after all. Its time restarts at the machine's even when the chain had
//! travelled ahead of it, and programs would see, until the first block, a clock that counts every
//! earlier slot again.

use surfpool_core::error::SurfpoolResult;
use surfpool_core::surfnet::BlockIdentifier;
use surfpool_core::surfnet::svm::SurfnetSvm;
use surfpool_core::types::SyntheticBlockhash;

/// Moves a chain that was just opened from its database past everything it had been before.
pub(crate) fn resume(svm: &mut SurfnetSvm) -> SurfpoolResult<()> {
    // Slots are written down this often, so fewer than this many are lost.
    let slots_lost_max = svm.checkpoint_interval_slots();
    let index = svm.chain_tip.index + slots_lost_max;
    // As the simulator itself names the tip of this height.
    let hash = SyntheticBlockhash::new(index.saturating_sub(1)).to_string();
    svm.chain_tip = BlockIdentifier::new(index, &hash);
    svm.latest_epoch_info.absolute_slot += slots_lost_max;
    svm.latest_epoch_info.block_height = index;

    let last_block_unix_ms = svm
        .blocks
        .into_iter()?
        .map(|(_, block)| block.block_time.max(0) as u64 * 1_000)
        .max()
        .unwrap_or_default();
    svm.updated_at = svm.updated_at.max(last_block_unix_ms);
    let slots = svm.get_latest_absolute_slot().saturating_sub(svm.genesis_slot);
    svm.genesis_updated_at = svm.updated_at.saturating_sub(slots.saturating_mul(svm.slot_time));
    svm.reconstruct_sysvars();
    // An empty block, to get the epoch and the clock computed from the new slot.
    svm.confirm_current_block()
}
