//! Accounts, one file each.

mod delegation;
mod position;

pub use delegation::*;
pub use position::*;
