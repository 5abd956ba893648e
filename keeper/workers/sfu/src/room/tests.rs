//! Scenarios: inputs in, effects out.
