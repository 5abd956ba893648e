pub mod cancel_withdrawal;
pub mod deposit;
pub mod open_escrow;
pub mod request_withdrawal;
pub mod withdraw;

pub use cancel_withdrawal::*;
pub use deposit::*;
pub use open_escrow::*;
pub use request_withdrawal::*;
pub use withdraw::*;
