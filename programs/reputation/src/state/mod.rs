//! Accounts, one file each.

mod epoch;
mod figures;
mod observation;
mod score;
mod standing;
mod tally;

pub use epoch::*;
pub use figures::*;
pub use observation::*;
pub use score::*;
pub use standing::*;
pub use tally::*;
