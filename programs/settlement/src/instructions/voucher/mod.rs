pub mod prove_voucher;
pub mod redeem_voucher;
mod signed;

pub use prove_voucher::*;
pub use redeem_voucher::*;
pub(crate) use signed::*;
