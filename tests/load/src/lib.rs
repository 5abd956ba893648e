//! Load for an SFU.
//!
//! One process plays all participants: [`generator`] holds their peer connections in one thread,
//! [`servers`] starts what is measured and does its signalling, [`run`] puts a case together,
//! [`compare`], [`capacity`], [`memory`] and [`churn`] make benchmarks of it. What
//! the server spends is read from `/proc` ([`process`]), what it adds in time from the kernel's
//! receive timestamps, so that a busy generator does not look like a slow server.

pub mod capacity;
pub mod churn;
pub mod compare;
pub mod generator;
pub mod memory;
pub mod netns;
pub mod process;
pub mod profile;
pub mod run;
pub mod servers;
