//! Every instruction of every program, run as bytecode.

mod registry;
mod settlement;
mod staking;
