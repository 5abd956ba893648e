pub mod create_app;
pub mod policy;
pub mod update_app;

pub use create_app::*;
pub use policy::*;
pub use update_app::*;
