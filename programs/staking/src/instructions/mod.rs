//! One file per instruction: args, accounts, `validate`, `handle`, event.

pub mod position;

pub use position::*;
