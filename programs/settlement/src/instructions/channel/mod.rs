pub mod close_channel;
pub mod open_channel;

pub use close_channel::*;
pub use open_channel::*;
