pub mod deposit;
pub mod open_position;
pub mod unbond;
pub mod withdraw;

pub use deposit::*;
pub use open_position::*;
pub use unbond::*;
pub use withdraw::*;
