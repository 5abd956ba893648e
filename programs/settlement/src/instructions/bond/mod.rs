pub mod post_bond;
pub mod release_bond;

pub use post_bond::*;
pub use release_bond::*;
