//! One file per instruction: args, accounts, `validate`, `handle`, event.

pub mod delegation;
pub mod position;

pub use delegation::*;
pub use position::*;
