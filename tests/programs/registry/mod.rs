//! One folder per instruction: `guards` for what is refused, `flows` for what happens.

pub mod initialize_network {
    pub mod flows;
    pub mod guards;
}
pub mod register_node {
    pub mod flows;
    pub mod guards;
}
pub mod update_node {
    pub mod flows;
    pub mod guards;
}
pub mod set_node_status {
    pub mod flows;
    pub mod guards;
}
pub mod record_stake {
    pub mod flows;
    pub mod guards;
}
pub mod create_app {
    pub mod flows;
    pub mod guards;
}
pub mod update_app {
    pub mod flows;
    pub mod guards;
}
pub mod register_keeper {
    pub mod flows;
    pub mod guards;
}
pub mod update_keeper {
    pub mod flows;
    pub mod guards;
}
pub mod set_keeper_status {
    pub mod flows;
    pub mod guards;
}
pub mod propose_params {
    pub mod flows;
    pub mod guards;
}
pub mod cancel_params {
    pub mod flows;
    pub mod guards;
}
pub mod apply_params {
    pub mod flows;
    pub mod guards;
}
pub mod propose_authority {
    pub mod flows;
    pub mod guards;
}
pub mod accept_authority {
    pub mod flows;
    pub mod guards;
}
pub mod set_guardian {
    pub mod flows;
    pub mod guards;
}
pub mod pause {
    pub mod flows;
    pub mod guards;
}
pub mod unpause {
    pub mod flows;
    pub mod guards;
}
pub mod jail {
    pub mod flows;
    pub mod guards;
}
pub mod unjail {
    pub mod flows;
    pub mod guards;
}
