pub mod close_tally;
pub mod submit_leaf;

pub use close_tally::*;
pub use submit_leaf::*;
