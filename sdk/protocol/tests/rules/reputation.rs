//! Epochs, medians, scores and standings.

mod epochs;
mod medians;
mod scores;
mod standings;
