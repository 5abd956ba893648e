//! Property tests and known answers for the rules, one module per module of the crate.
//!
//! Properties hold for any input; known answers pin the bytes, so that a change of layout cannot
//! pass unnoticed. `vectors` keeps the known answers that other languages check themselves against.

mod batch;
mod canonical;
mod case;
mod claim;
mod ed25519;
mod evidence;
mod jurisdiction;
mod merkle;
mod observation;
mod pool;
mod price;
mod receipt;
mod record;
mod reputation;
mod sample;
mod service;
mod settle;
mod shares;
mod strategies;
mod vectors;
