//! One file per instruction: args, accounts, `validate`, `handle`, event.

pub mod channel;
pub mod escrow;
pub mod session;
pub mod voucher;

pub use channel::*;
pub use escrow::*;
pub use session::*;
pub use voucher::*;
