//! One folder per instruction: `guards` for what is refused, `flows` for what happens.

pub mod open_equivocation_case {
    pub mod flows;
    pub mod guards;
}
pub mod open_challenge_case {
    pub mod flows;
    pub mod guards;
}
pub mod open_downtime_case {
    pub mod flows;
    pub mod guards;
}
pub mod open_fraud_case {
    pub mod flows;
    pub mod guards;
}
pub mod open_samples_case {
    pub mod flows;
    pub mod guards;
}
pub mod exhibit {
    pub mod flows;
    pub mod guards;
}
pub mod refute_epoch {
    pub mod flows;
    pub mod guards;
}
pub mod restore_claims {
    pub mod flows;
    pub mod guards;
}
pub mod decide_case {
    pub mod flows;
    pub mod guards;
    pub mod payees;
}
pub mod close_case {
    pub mod flows;
    pub mod guards;
}
pub mod shapes;
pub mod trials;

/// Accounts of the part that all cases begin with, in order.
pub const OPENING: [&str; 10] = [
    "reporter",
    "network",
    "subject",
    "position",
    "record",
    "case",
    "slasher",
    "staking_event_authority",
    "staking_program",
    "system_program",
];

/// Names of an opening instruction's accounts: those of all, and its own.
pub fn opening_names(own: &[&'static str]) -> Vec<&'static str> {
    OPENING.iter().chain(own).chain(&["event_authority", "program"]).copied().collect()
}
