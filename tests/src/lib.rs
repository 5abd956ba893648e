//! The programs' bytecode on a VM, and the few words in which tests tell their stories.
//!
//! [`World`] holds a LiteSVM with the compiled programs and a network; parties are made with it
//! and act through it. Keys come from labels and the clock from the test, so that every run is the
//! same. Nothing here decides whether a program is right: that is said in `programs/`.

pub mod accounts;
pub mod batches;
pub mod bytecode;
pub mod cases;
pub mod delegators;
pub mod events;
pub mod governance;
pub mod keepers;
pub mod measure;
pub mod observers;
pub mod outcome;
pub mod parties;
pub mod random;
pub mod reason;
pub mod scene;
pub mod sweep;
pub mod tables;
pub mod vm;
pub mod vouchers;
pub mod world;
pub mod zoo;

pub use delegators::DelegatorParty;
pub use keepers::KeeperParty;
pub use measure::measure;
pub use outcome::{Done, Refused};
pub use parties::{AppParty, NodeParty, SessionParty};
pub use reason::Reason;
pub use scene::Scene;
pub use vm::Vm;
pub use world::World;
pub use zoo::Zoo;

use solana_keypair::Keypair;

/// The key of a label: the same in every run.
pub fn key(label: &str) -> Keypair {
    Keypair::new_from_array(heliograph_protocol::hash::sha256(&[b"test key: ", label.as_bytes()]))
}
