//! One file per instruction: args, accounts, `validate`, `handle`, event.

pub mod app;
pub mod keeper;
pub mod network;
pub mod node;
pub mod subject;

pub use app::*;
pub use keeper::*;
pub use network::*;
pub use node::*;
pub use subject::*;
