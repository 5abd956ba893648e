pub mod redeem_voucher;

pub use redeem_voucher::*;
