//! One file per instruction: args, accounts, `validate`, `handle`, event.

pub mod epoch;
pub mod observation;
pub mod score;
pub mod tally;

pub use epoch::*;
pub use observation::*;
pub use score::*;
pub use tally::*;
