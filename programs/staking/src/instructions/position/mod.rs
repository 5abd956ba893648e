pub mod deposit;
pub mod hold;
pub mod open_position;
pub mod release_hold;
pub mod slash;
pub mod unbond;
pub mod withdraw;

pub use deposit::*;
pub use hold::*;
pub use open_position::*;
pub use release_hold::*;
pub use slash::*;
pub use unbond::*;
pub use withdraw::*;
