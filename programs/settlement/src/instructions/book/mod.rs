pub mod claim;
pub mod close_book;
pub mod open_book;
mod payees;
pub mod post_batch;
pub mod release;

pub use claim::*;
pub use close_book::*;
pub use open_book::*;
pub use payees::*;
pub use post_batch::*;
pub use release::*;
