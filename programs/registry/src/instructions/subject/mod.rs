//! What other programs do to a node or keeper, and the way out of jail.

pub mod jail;
pub mod record_stake;
pub mod unjail;

pub use jail::*;
pub use record_stake::*;
pub use unjail::*;
