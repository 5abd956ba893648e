//! Scoring a node: the same medians, score and judgements from the leaves shown before.

use super::{derived, save};
use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_protocol::observation::Figures;
use heliograph_protocol::reputation::{Judgement, Phase, medians, score_ppm};
use heliograph_reputation::clock::unix;
use heliograph_reputation::events::NodeScored;
use heliograph_reputation::judgement;
use heliograph_reputation::seeds;
use heliograph_reputation::state::{Epoch, EpochScore, Score, Standing, Tally};

pub(super) fn score_node(step: &mut Step<'_>) -> Result<(), Stop> {
    let [_payer, epoch_address, tally_address, address] = step.accounts()?;
    let epoch: Epoch = step.get(&epoch_address)?;
    let mut tally: Tally = step.get(&tally_address)?;
    step.address("epoch", epoch_address, pda::epoch(tally.epoch));
    step.rule(epoch.phase(unix(step.now)) == Phase::Scoring, "a node is scored early");
    step.rule(!tally.scored, "a node is scored twice for one epoch");
    step.rule(epoch.has_quorum(tally.heard.len()), "a node is scored without a quorum");
    let medians = medians(&tally.figures()).ok_or_else(|| {
        step.stop(crate::FindingKind::RuleBroken, "a node is scored that nobody was heard about")
    })?;
    let (missed, deviated) = judge(step, &epoch, &tally, &medians)?;

    let bump = derived(step, "score", address, &[seeds::SCORE, tally.node.as_ref()]);
    let known: Option<Score> = step.world.get(&address);
    let is_new = known.is_none();
    let mut score = known.unwrap_or_else(|| Score {
        version: Score::VERSION,
        bump,
        node: tally.node,
        smoothed_ppm: 0,
        epochs_scored: 0,
        epochs: Vec::new(),
        reserved: [0; 64],
    });
    let entry = EpochScore {
        epoch: tally.epoch,
        score_ppm: score_ppm(&medians),
        availability_ppm: medians.availability_ppm,
        observers: tally.heard.len() as u8,
        quorum: epoch.quorum,
    };
    let old_smoothed_ppm = score.smoothed_ppm;
    step.allowed(score.record(entry))?;
    save(step, address, &score, is_new);
    tally.scored = true;
    step.world.put(tally_address, &tally);
    step.event(NodeScored {
        score: address,
        node: tally.node,
        epoch: tally.epoch,
        medians: medians.into(),
        score_ppm: entry.score_ppm,
        old_smoothed_ppm,
        smoothed_ppm: score.smoothed_ppm,
        heard: entry.observers,
        missed,
        deviated,
    });
    Ok(())
}

/// Judges every seated observer; returns how many were missed and how many deviated.
fn judge(
    step: &mut Step<'_>,
    epoch: &Epoch,
    tally: &Tally,
    medians: &Figures,
) -> Result<(u8, u8), Stop> {
    let (mut missed, mut deviated) = (0, 0);
    for seat in &epoch.seats {
        let address = pda::standing(&seat.observer);
        let mut standing: Standing = step.get(&address)?;
        let judgement = judgement(tally, &seat.observer, medians);
        missed += u8::from(judgement == Judgement::Missed);
        deviated += u8::from(judgement == Judgement::Deviated);
        standing.judge(judgement);
        step.world.put(address, &standing);
    }
    Ok((missed, deviated))
}
