//! Accounts, one file each.

mod case;
mod record;

pub use case::*;
pub use record::*;
