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
pub mod post_bond {
    pub mod flows;
    pub mod guards;
}
pub mod release_bond {
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
pub mod prove_voucher {
    pub mod flows;
    pub mod guards;
}
pub mod open_book {
    pub mod flows;
    pub mod guards;
}
pub mod close_book {
    pub mod flows;
    pub mod guards;
}
pub mod post_batch {
    pub mod flows;
    pub mod guards;
}
pub mod release {
    pub mod flows;
    pub mod guards;
}
pub mod claim {
    pub mod flows;
    pub mod guards;
    pub mod records;
    pub mod settlers;
}
pub mod open_challenge {
    pub mod flows;
    pub mod guards;
}
pub mod answer_challenge {
    pub mod flows;
    pub mod guards;
}
pub mod fail_challenge {
    pub mod flows;
    pub mod guards;
}
pub mod close_challenge {
    pub mod flows;
    pub mod guards;
}
pub mod restore {
    pub mod flows;
    pub mod guards;
}
pub mod oversigning;
pub mod stolen_settler;
pub mod views;
