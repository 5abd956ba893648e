pub mod close_exhibit;
pub mod open_exhibit;
pub mod write_exhibit;

pub use close_exhibit::*;
pub use open_exhibit::*;
pub use write_exhibit::*;
