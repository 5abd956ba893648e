//! One folder per instruction: `guards` for what is refused, `flows` for what happens.

pub mod open_escrow {
    pub mod flows;
    pub mod guards;
}
pub mod deposit {
    pub mod flows;
    pub mod guards;
}
pub mod request_withdrawal {
    pub mod flows;
    pub mod guards;
}
pub mod cancel_withdrawal {
    pub mod flows;
    pub mod guards;
}
pub mod withdraw {
    pub mod flows;
    pub mod guards;
}
pub mod open_channel {
    pub mod flows;
    pub mod guards;
}
pub mod close_channel {
    pub mod flows;
    pub mod guards;
}
pub mod open_session {
    pub mod flows;
    pub mod guards;
}
pub mod end_session {
    pub mod flows;
    pub mod guards;
}
pub mod close_session {
    pub mod flows;
    pub mod guards;
}
pub mod redeem_voucher {
    pub mod flows;
    pub mod guards;
    pub mod payees;
    pub mod precompile;
}
