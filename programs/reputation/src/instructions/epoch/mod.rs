pub mod close_epoch;

pub use close_epoch::*;
