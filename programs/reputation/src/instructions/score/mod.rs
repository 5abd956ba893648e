pub mod score_node;

pub use score_node::*;
