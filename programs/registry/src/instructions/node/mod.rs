pub mod profile;
pub mod register_node;
pub mod set_node_status;
pub mod update_node;

pub use profile::*;
pub use register_node::*;
pub use set_node_status::*;
pub use update_node::*;
