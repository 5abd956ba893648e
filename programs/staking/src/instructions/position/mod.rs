pub mod deposit;
pub mod holding;
pub mod open_position;
pub mod slash;
pub mod unbond;
pub mod withdraw;

pub use deposit::*;
pub use holding::*;
pub use open_position::*;
pub use slash::*;
pub use unbond::*;
pub use withdraw::*;
