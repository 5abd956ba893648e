//! One file per instruction, in a folder per noun.

pub mod case;
pub mod exhibit;
pub mod opening;
pub mod powers;

pub use case::*;
pub use exhibit::*;
pub use opening::*;
pub use powers::*;
