//! Ours and Janus beside each other: the same case, in turns.

use crate::generator::Feedback;
use crate::run::{Case, Measured, Program, Room};
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::net::IpAddr;
use std::time::Duration;

/// How cases are measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Our server.
    pub sfu: Program,
    /// Janus, if it is there.
    pub janus: Option<Program>,
    /// Where both serve.
    pub address: IpAddr,
    /// Measurements of each server in each case.
    pub runs: usize,
    /// How long each takes.
    pub time: Duration,
    /// What subscribers tell the server.
    pub feedback: Feedback,
}

/// The figures of a case: of each, the median of its measurements.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// The case.
    pub case: Case,
    /// Measurements of each server.
    pub runs: usize,
    /// Ours.
    pub sfu: Measured,
    /// Janus.
    pub janus: Option<Measured>,
    /// Memory of ours per participant, in KiB.
    pub sfu_kib_per_participant: u64,
    /// Janus's.
    pub janus_kib_per_participant: Option<u64>,
}

impl Compared {
    /// How many times Janus's CPU time ours goes into.
    pub fn ratio(&self) -> Option<f64> {
        let janus = self.janus.as_ref()?;
        (self.sfu.cpu_us > 0.0).then(|| janus.cpu_us / self.sfu.cpu_us)
    }
}

/// Measures a case. Both servers run all the time, so that both find the same machine; while one is
/// measured, the other has nothing to do but to keep its connections.
pub async fn case(plan: &Plan, case: Case, say: &dyn Fn(String)) -> Result<Compared> {
    let name = case.name();
    say(format!("{name}: everybody joins our server"));
    let mut sfu = Room::open(&plan.sfu, plan.address, &case, plan.feedback).await?;
    let mut janus = match &plan.janus {
        None => None,
        Some(program) => {
            say(format!("{name}: everybody joins Janus"));
            let room = Room::open(program, plan.address, &case, plan.feedback).await;
            Some(room.context("Janus")?)
        }
    };
    let (mut of_sfu, mut of_janus) = (Vec::new(), Vec::new());
    for run in 1..=plan.runs {
        say(format!("{name}: run {run} of {}", plan.runs));
        of_sfu.push(sfu.measure(case.packets_per_sec, plan.time).await?);
        if let Some(janus) = &mut janus {
            of_janus.push(janus.measure(case.packets_per_sec, plan.time).await?);
        }
    }
    let sfu = median(&of_sfu).context("no run")?;
    let janus = median(&of_janus);
    let participants = case.subscribers.max(case.publishers) as u64;
    let each = |measured: &Measured| {
        measured.resident_kib.saturating_sub(measured.resident_empty_kib) / participants.max(1)
    };
    Ok(Compared {
        case,
        runs: plan.runs,
        sfu_kib_per_participant: each(&sfu),
        janus_kib_per_participant: janus.as_ref().map(each),
        sfu,
        janus,
    })
}

/// The median of every figure by itself.
fn median(all: &[Measured]) -> Option<Measured> {
    fn middle<T: PartialOrd + Copy>(
        all: &[Measured],
        figure: impl Fn(&Measured) -> T,
    ) -> Option<T> {
        let mut figures: Vec<T> = all.iter().map(figure).collect();
        figures.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        figures.get(figures.len() / 2).copied()
    }
    Some(Measured {
        cpu_us: middle(all, |one| one.cpu_us)?,
        latency_us: [
            middle(all, |one| one.latency_us[0])?,
            middle(all, |one| one.latency_us[1])?,
            middle(all, |one| one.latency_us[2])?,
        ],
        delivered_ppm: middle(all, |one| one.delivered_ppm)?,
        arrived_per_sec: middle(all, |one| one.arrived_per_sec)?,
        server_busy_per_cent: middle(all, |one| one.server_busy_per_cent)?,
        generator_busy_per_cent: middle(all, |one| one.generator_busy_per_cent)?,
        resident_kib: middle(all, |one| one.resident_kib)?,
        resident_empty_kib: middle(all, |one| one.resident_empty_kib)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(cpu_us: f64, p95: u32) -> Measured {
        Measured {
            cpu_us,
            latency_us: [1, p95, 3],
            delivered_ppm: 1_000_000,
            arrived_per_sec: 1.0,
            server_busy_per_cent: 1.0,
            generator_busy_per_cent: 1.0,
            resident_kib: 1_100,
            resident_empty_kib: 100,
        }
    }

    #[test]
    fn figures_have_their_own_medians() {
        let all = [measured(3.0, 10), measured(1.0, 30), measured(2.0, 20)];
        let median = median(&all).unwrap();
        assert_eq!((median.cpu_us, median.latency_us[1]), (2.0, 20));
        assert!(super::median(&[]).is_none());
    }
}
