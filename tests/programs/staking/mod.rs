//! One folder per instruction: `guards` for what is refused, `flows` for what happens.

pub mod open_position {
    pub mod flows;
    pub mod guards;
}
pub mod deposit {
    pub mod flows;
    pub mod guards;
}
pub mod unbond {
    pub mod flows;
    pub mod guards;
}
pub mod withdraw {
    pub mod flows;
    pub mod guards;
}
pub mod slash {
    pub mod flows;
    pub mod guards;
}
pub mod open_delegation {
    pub mod flows;
    pub mod guards;
}
pub mod delegate {
    pub mod flows;
    pub mod guards;
}
pub mod undelegate {
    pub mod flows;
    pub mod guards;
}
pub mod withdraw_delegation {
    pub mod flows;
    pub mod guards;
}
pub mod add_rewards {
    pub mod flows;
    pub mod guards;
}
pub mod claim_rewards {
    pub mod flows;
    pub mod guards;
}
pub mod close_delegation {
    pub mod flows;
    pub mod guards;
}
pub mod hold {
    pub mod flows;
    pub mod guards;
}
pub mod release_hold {
    pub mod flows;
    pub mod guards;
}
mod pool;
