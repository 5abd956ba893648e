//! One file per instruction: args, accounts, `validate`, `handle`, event.

pub mod bond;
pub mod book;
pub mod challenge;
pub mod channel;
pub mod escrow;
pub mod restitution;
pub mod session;
pub mod voucher;

pub use bond::*;
pub use book::*;
pub use challenge::*;
pub use channel::*;
pub use escrow::*;
pub use restitution::*;
pub use session::*;
pub use voucher::*;
