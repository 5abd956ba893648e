//! The rules of the network as pure code: no I/O, no clock, no allocator beyond `alloc`.
//!
//! Programs, keeper, client and auditor all call this crate, so that a rule is written once.
//! It knows nothing of Solana's account model: addresses are 32 bytes, times are arguments.
//!
//! Units: money in micro-USDC (`_micro_usdc`, 10⁻⁶ of a token with 6 decimals), ratios in basis
//! points (`_bps`, 10⁻⁴), scores and loss in parts per million (`_ppm`).
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

pub mod batch;
pub mod case;
pub mod claim;
pub mod domain;
pub mod ed25519;
pub mod evidence;
pub mod hash;
pub mod jurisdiction;
pub mod merkle;
pub mod observation;
pub mod pool;
pub mod price;
pub mod receipt;
pub mod record;
pub mod reputation;
pub mod sample;
pub mod service;
pub mod settle;
pub mod shares;
pub mod stream;
pub mod voucher;

/// An ed25519 public key or a program-derived address: 32 bytes, as on chain.
pub type Address = [u8; 32];

/// Seconds in the unit everything is priced by.
pub const SECS_PER_MINUTE: u64 = 60;

/// The wall-clock minute of a Unix time: `unix_seconds / 60`.
pub const fn minute_index(unix_secs: u64) -> u64 {
    unix_secs / SECS_PER_MINUTE
}
