//! Every instruction of every program, run as bytecode.

mod calls;
mod errors;
mod ledger;
mod market;
mod measured;
mod registry;
mod reputation;
mod settlement;
mod shapes;
mod slashing;
mod staking;
