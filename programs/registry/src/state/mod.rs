//! Accounts, one file each.

mod app;
mod network;
mod node;

pub use app::*;
pub use network::*;
pub use node::*;
