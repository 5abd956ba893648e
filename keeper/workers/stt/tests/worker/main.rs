//! The worker with real weights and real speech.
//!
//! Needs the models and recordings that `scripts/setup.sh` installs, and fails without them.

mod assets;
mod client;
mod engine;
mod live;
mod process;
mod streams;
