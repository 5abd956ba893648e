//! Rust client of Heliograph: any RPC URL in, typed answers out.
//!
//! The only crate of the workspace that speaks RPC. It keeps no state of its own: what must
//! survive a crash (a prepared transaction, a half-written program buffer) is either handed to the
//! caller to store or found again on chain.
#![deny(missing_docs)]

pub mod account;
pub mod call;
pub mod deploy;
pub mod error;
pub mod evidence;
pub mod instruction;
pub mod pda;
pub mod rpc;
pub mod send;
pub mod speech;
pub mod stream;
pub mod vouchers;
mod websocket;

pub use error::Error;
pub use rpc::{RetryPolicy, Rpc};
