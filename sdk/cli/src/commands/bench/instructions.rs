//! Compute units and bytes of every instruction, on the programs' bytecode.

use crate::output::table;
use anyhow::{Context as _, Result};
use heliograph_tests::measure::measure;
use serde::Serialize;

/// What one instruction costs, alone in its transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    pub instruction: &'static str,
    pub compute_units: u64,
    pub transaction_bytes: usize,
}

/// Runs every instruction once.
pub async fn run() -> Result<Vec<Cost>> {
    let measured = tokio::task::spawn_blocking(measure).await;
    let measured = measured.context("the programs in target/deploy cannot be measured")?;
    let costs = measured.into_iter().map(|cost| Cost {
        instruction: cost.instruction,
        compute_units: cost.compute_units,
        transaction_bytes: cost.transaction_bytes,
    });
    Ok(costs.collect())
}

/// A table for people.
pub fn describe(costs: &[Cost]) -> String {
    table(
        &["instruction", ">compute units", ">transaction bytes"],
        costs.iter().map(|cost| {
            [
                cost.instruction.to_owned(),
                cost.compute_units.to_string(),
                cost.transaction_bytes.to_string(),
            ]
        }),
    )
}
