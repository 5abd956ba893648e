//! The media plane: peer connections and forwarding, on threads of its own.

pub mod api;
