//! Accounts, one file each.

mod channel;
mod escrow;
mod session;
mod totals;

pub use channel::*;
pub use escrow::*;
pub use session::*;
pub use totals::*;
