//! Scenarios: inputs in, effects out.

mod data;
mod hostile;
mod membership;
mod negotiation;
mod publishing;
mod service;
mod stage;
mod taps;
mod watching;
