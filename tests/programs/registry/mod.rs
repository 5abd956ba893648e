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
