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
