//! Accounts, one file each.

mod app;
mod keeper;
mod network;
mod node;
mod params;
mod params_change;
pub mod pause;
mod subject;

pub use app::*;
pub use keeper::*;
pub use network::*;
pub use node::*;
pub use params::*;
pub use params_change::*;
pub use subject::*;
