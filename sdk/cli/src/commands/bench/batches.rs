//! `heliograph bench settlement`: what it costs to settle many sessions, on the programs' bytecode.

use super::instructions::{self, Cost};
use crate::context::Context;
use crate::output::{Outcome, table};
use anyhow::{Context as _, Result};
use clap::Args;
use heliograph_tests::measure::{ClaimCost, RedeemCost, measure_claims, measure_redeems};
use serde::Serialize;
use std::fmt::Write as _;

/// What the network charges for a signature; every transaction here has one.
const LAMPORTS_PER_TRANSACTION: u64 = 5_000;
/// Sizes of the network that the costs are told for.
const SESSIONS: [u64; 3] = [10, 1_000, 100_000];
/// How many minutes one claim of a session settles, at most and at least.
const CLAIM_EVERY_MINUTES: [u64; 2] = [1, 60];
/// Leaves tried in one claim.
const LEAVES_MAX: usize = 24;
/// What others' designs of the same take: a bare settle without a signature or a proof, channels
/// with their signatures in one transaction, and an item of theirs.
const TO_BEAT: &str = "To beat: 574 CU for a bare settle, 5 authorised channels a transaction, \
                       85 to 169 lamports an item.";

/// Cost of settling sessions by vouchers and by batches
#[derive(Clone, Debug, Args)]
#[command(
    long_about = "Cost of settling sessions by vouchers and by batches.\n\n\
    Runs on a virtual machine with the bytecode in target/deploy of the workspace that this program \
    was built from: compute units and bytes of what settlers, nodes and challengers send, vouchers \
    and leaves that fit into a transaction, and what a minute of a session costs to settle. That \
    last is computed: 5,000 lamports for each transaction's signature; one post a minute for all \
    sessions, and as many claims as the measured leaves a transaction ask for, each session's \
    minutes being claimed together. Sessions of one app with one node fill transactions; where \
    every session has an app of its own, a claim has one leaf. Priority fees come on top: compute \
    units times their price.",
    after_long_help = "EXAMPLES\n  heliograph bench settlement\n  heliograph bench settlement --json"
)]
pub struct Batches {}

/// Everything measured.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    pub instructions: Vec<Cost>,
    pub redeems: Vec<PerTransaction>,
    pub claims: Vec<PerTransaction>,
    /// What each further leaf of a claim from 1,000 adds, in compute units.
    pub leaf_compute_units: u64,
    pub minutes: Vec<Minute>,
}

/// The most that fits into one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PerTransaction {
    /// Leaves of the batch; none for vouchers.
    pub batch_leaves: Option<u64>,
    pub lookup_table: bool,
    /// Vouchers redeemed or leaves claimed.
    pub items: u64,
    pub compute_units: u64,
    pub transaction_bytes: usize,
}

/// What a minute of one session costs to settle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Minute {
    pub sessions: u64,
    pub claim_every_minutes: u64,
    pub leaves_per_claim: u64,
    pub millilamports: u64,
    pub compute_units: u64,
}

impl Batches {
    pub async fn execute(self, _context: &Context) -> Result<Outcome> {
        let figures = run().await?;
        let text = describe(&figures);
        Outcome::new(&figures, text)
    }
}

/// Measures everything.
pub async fn run() -> Result<Figures> {
    let mut instructions = instructions::run().await?;
    instructions.retain(|cost| {
        let name = cost.instruction.strip_prefix("settlement.").unwrap_or_default();
        ["batch", "claim", "challenge", "book", "voucher", "release", "restore"]
            .iter()
            .any(|part| name.contains(part))
    });
    let measured = tokio::task::spawn_blocking(|| {
        let claims = SESSIONS.map(|batch| {
            let most = LEAVES_MAX.min(batch as usize);
            measure_claims(batch as usize, &(1..=most).collect::<Vec<_>>())
        });
        (measure_redeems(), claims.concat())
    });
    let (redeems, claims) =
        measured.await.context("the programs in target/deploy cannot be measured")?;
    let post = instructions.iter().find(|cost| cost.instruction == "settlement.post_batch");
    let post_units = post.context("post_batch is not measured")?.compute_units;
    let most = most_claimed(&claims);
    Ok(Figures {
        redeems: most_redeemed(&redeems),
        leaf_compute_units: leaf_compute_units(&claims).context("too few leaves fit")?,
        minutes: minutes(&most, post_units),
        claims: most,
        instructions,
    })
}

fn most_redeemed(costs: &[RedeemCost]) -> Vec<PerTransaction> {
    let most = |lookup_table| {
        let of = costs.iter().filter(move |cost| cost.lookup_table == lookup_table);
        of.max_by_key(|cost| cost.vouchers).map(|cost| PerTransaction {
            batch_leaves: None,
            lookup_table,
            items: cost.vouchers as u64,
            compute_units: cost.compute_units,
            transaction_bytes: cost.transaction_bytes,
        })
    };
    [false, true].into_iter().filter_map(most).collect()
}

fn most_claimed(costs: &[ClaimCost]) -> Vec<PerTransaction> {
    let mut most = Vec::new();
    for sessions in SESSIONS {
        for lookup_table in [false, true] {
            let of = costs
                .iter()
                .filter(|c| c.batch_leaves as u64 == sessions && c.lookup_table == lookup_table);
            most.extend(of.max_by_key(|cost| cost.leaves).map(|cost| PerTransaction {
                batch_leaves: Some(sessions),
                lookup_table,
                items: cost.leaves as u64,
                compute_units: cost.compute_units,
                transaction_bytes: cost.transaction_bytes,
            }));
        }
    }
    most
}

fn leaf_compute_units(costs: &[ClaimCost]) -> Option<u64> {
    let units = |leaves| {
        let mut of = costs.iter().filter(|c| c.batch_leaves == 1_000 && c.lookup_table);
        of.find(|cost| cost.leaves == leaves).map(|cost| cost.compute_units)
    };
    Some(units(8)?.checked_sub(units(1)?)? / 7)
}

/// One post a minute, and claims with a lookup table every so many minutes, shared by all sessions
/// and the minutes they settle. Rounded up.
fn minutes(most: &[PerTransaction], post_units: u64) -> Vec<Minute> {
    let mut minutes = Vec::new();
    for claim_every_minutes in CLAIM_EVERY_MINUTES {
        for of in most.iter().filter(|of| of.lookup_table) {
            let Some(sessions) = of.batch_leaves else { continue };
            let claims = sessions.div_ceil(of.items);
            let transactions = claim_every_minutes + claims;
            let units = claim_every_minutes * post_units + claims * of.compute_units;
            let shared = sessions * claim_every_minutes;
            minutes.push(Minute {
                sessions,
                claim_every_minutes,
                leaves_per_claim: of.items,
                millilamports: (transactions * LAMPORTS_PER_TRANSACTION * 1_000).div_ceil(shared),
                compute_units: units.div_ceil(shared),
            });
        }
    }
    minutes
}

fn lamports(millilamports: u64) -> String {
    format!("{}.{:03}", millilamports / 1_000, millilamports % 1_000)
}

const PER_TRANSACTION: [&str; 5] =
    ["settled by", ">in one transaction", ">compute units", ">bytes", ">units an item"];
const MINUTES: [&str; 5] =
    [">sessions", ">claimed every … minutes", ">leaves a claim", ">lamports", ">compute units"];

fn per_transaction(figures: &Figures) -> Vec<[String; 5]> {
    let all = figures.redeems.iter().chain(&figures.claims);
    let row = |of: &PerTransaction| {
        let what = match of.batch_leaves {
            None => "vouchers".to_owned(),
            Some(leaves) => format!("claim, batch of {leaves}"),
        };
        let with = if of.lookup_table { ", lookup table" } else { "" };
        [
            format!("{what}{with}"),
            of.items.to_string(),
            of.compute_units.to_string(),
            of.transaction_bytes.to_string(),
            (of.compute_units / of.items.max(1)).to_string(),
        ]
    };
    all.map(row).collect()
}

fn per_minute(figures: &Figures) -> Vec<[String; 5]> {
    let row = |minute: &Minute| {
        [
            minute.sessions.to_string(),
            minute.claim_every_minutes.to_string(),
            minute.leaves_per_claim.to_string(),
            lamports(minute.millilamports),
            minute.compute_units.to_string(),
        ]
    };
    figures.minutes.iter().map(row).collect()
}

/// Tables for people.
pub fn describe(figures: &Figures) -> String {
    format!(
        "{}\n{}\n\na further leaf of a claim: {} compute units\n\na minute of a session:\n{}\n\n{TO_BEAT}",
        instructions::describe(&figures.instructions),
        table(&PER_TRANSACTION, per_transaction(figures)),
        figures.leaf_compute_units,
        table(&MINUTES, per_minute(figures)),
    )
}

/// The part of the document about it, as Markdown.
pub fn section(figures: &Figures) -> String {
    let mut text = String::from(
        "\n## Settling many sessions\n\nVouchers and leaves of one app with one node that fit into \
         one transaction of 1,232 bytes.\n\n",
    );
    markdown(&mut text, &PER_TRANSACTION, &per_transaction(figures));
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "\nA further leaf of a claim takes {} compute units.\n\nA minute of a session, computed: \
         5,000 lamports for each transaction, one post a minute for all sessions, and claims with a \
         lookup table, filled. Priority fees come on top: compute units times their price.\n",
        figures.leaf_compute_units
    );
    markdown(&mut text, &MINUTES, &per_minute(figures));
    let _ = writeln!(text, "\n{TO_BEAT}");
    text
}

fn markdown(text: &mut String, headings: &[&str], rows: &[[String; 5]]) {
    let names: Vec<&str> = headings.iter().map(|name| name.trim_start_matches('>')).collect();
    let rules: Vec<&str> =
        headings.iter().map(|name| if name.starts_with('>') { "---:" } else { "---" }).collect();
    let _ = writeln!(text, "| {} |\n|{}|", names.join(" | "), rules.join("|"));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minute_shares_its_post_among_all_sessions_and_its_claims_among_minutes() {
        let of = |batch_leaves, items, lookup_table| PerTransaction {
            batch_leaves: Some(batch_leaves),
            lookup_table,
            items,
            compute_units: 20_000,
            transaction_bytes: 1_000,
        };
        let most = [of(10, 4, false), of(10, 10, true), of(1_000, 16, true)];
        let minutes = minutes(&most, 8_000);
        let figures: Vec<_> = minutes
            .iter()
            .map(|m| (m.sessions, m.claim_every_minutes, m.millilamports, m.compute_units))
            .collect();
        assert_eq!(
            figures,
            [
                // One post and one claim for ten; one post and 63 claims for a thousand.
                (10, 1, 1_000_000, 2_800),
                (1_000, 1, 320_000, 1_268),
                // Sixty posts and the same claims for sixty times as many minutes.
                (10, 60, 508_334, 834),
                (1_000, 60, 10_250, 29),
            ]
        );
        assert_eq!(lamports(10_250), "10.250");
    }
}
