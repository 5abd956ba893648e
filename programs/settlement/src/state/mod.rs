//! Accounts, one file each.

mod book;
mod challenge;
mod channel;
mod claim;
mod escrow;
mod session;
mod totals;
mod view;

pub use book::*;
pub use challenge::*;
pub use channel::*;
pub use claim::*;
pub use escrow::*;
pub use session::*;
pub use totals::*;
pub use view::*;
