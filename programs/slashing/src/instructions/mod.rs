//! One file per instruction, in a folder per noun.

pub mod case;
pub mod exhibit;
pub mod opening;
pub mod powers;
pub mod tried;

pub use case::*;
pub use exhibit::*;
pub use opening::*;
pub use powers::*;
pub use tried::*;
