//! The auditor on a real history: the programs' bytecode on the embedded cluster, receipts and
//! vouchers signed and archived as a node does. First the truth, then one lie at a time.

mod archive;
mod bonds;
mod calls;
mod clean;
mod forged;
mod node;
mod quality;
mod scene;
mod trials;
