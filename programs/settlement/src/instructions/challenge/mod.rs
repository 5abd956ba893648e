pub mod answer_challenge;
pub mod close_challenge;
pub mod fail_challenge;
pub mod open_challenge;

pub use answer_challenge::*;
pub use close_challenge::*;
pub use fail_challenge::*;
pub use open_challenge::*;
