//! Accounts, one file each.

mod case;
mod exhibit;
mod record;

pub use case::*;
pub use exhibit::*;
pub use record::*;
