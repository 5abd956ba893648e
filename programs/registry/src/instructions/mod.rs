//! One file per instruction: args, accounts, `validate`, `handle`, event.

pub mod app;
pub mod network;
pub mod node;

pub use app::*;
pub use network::*;
pub use node::*;
