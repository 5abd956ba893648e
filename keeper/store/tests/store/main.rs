//! The store against real files: a ledger on disk, an archive in a folder, processes that are
//! killed.

mod archive;
mod batches;
mod crash;
mod fixtures;
mod keys;
mod opening;
mod receipts;
mod redeems;
mod schema;
mod sessions;
mod stateful;
mod vouchers;
