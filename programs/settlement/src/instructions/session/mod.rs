pub mod close_session;
pub mod end_session;
pub mod open_session;

pub use close_session::*;
pub use end_session::*;
pub use open_session::*;
