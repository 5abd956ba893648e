pub mod close_observation;
pub mod post_root;

pub use close_observation::*;
pub use post_root::*;
