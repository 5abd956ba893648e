pub mod register_keeper;
pub mod set_keeper_status;
pub mod update_keeper;

pub use register_keeper::*;
pub use set_keeper_status::*;
pub use update_keeper::*;
