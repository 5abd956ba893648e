pub mod restore;

pub use restore::*;
