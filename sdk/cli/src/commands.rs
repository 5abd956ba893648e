//! One file per command: its arguments, and what it does with them.

pub mod app;
pub mod audit;
pub mod bench;
pub mod key;
pub mod migrate;
pub mod node;
pub mod session;
pub mod stake;
pub mod transcribe;
pub mod up;
