//! Random panels with liars among them: as long as less than half of those heard lie, the score
//! stays within what the honest saw.

use heliograph_client::pda;
use heliograph_protocol::observation::NOT_MEASURED;
use heliograph_protocol::reputation::{OBSERVERS_MAX, score_ppm};
use heliograph_reputation::state::{Figures, Score, Standing};
use heliograph_tests::observers::Panel;
use heliograph_tests::random::Random;

const EPOCHS: usize = 24;

/// A number around `middle`, up to `spread` away.
fn around(random: &mut Random, middle: u32, spread: u32) -> u32 {
    let spread = spread.min(middle);
    middle - spread + random.below(2 * u64::from(spread) + 1) as u32
}

/// What an honest observer sees of a node that is like `truth`.
fn honest(random: &mut Random, truth: &Figures) -> Figures {
    Figures {
        samples: 1 + random.below(120) as u32,
        availability_ppm: around(random, truth.availability_ppm, 4_000).min(1_000_000),
        rtt_p95_us: around(random, truth.rtt_p95_us, 120_000),
        jitter_p95_us: around(random, truth.jitter_p95_us, 10_000),
        loss_ppm: around(random, truth.loss_ppm, 3_000),
        setup_p95_us: around(random, truth.setup_p95_us, 400_000),
        wer_ppm: around(random, truth.wer_ppm, 20_000),
    }
}

/// Anything that is not refused outright; all liars agree half of the time.
fn lie(random: &mut Random, agreed: &Figures) -> Figures {
    if random.one_in(2) {
        return *agreed;
    }
    let any = |random: &mut Random| match random.below(4) {
        0 => 0,
        1 => NOT_MEASURED,
        _ => random.any() as u32,
    };
    Figures {
        samples: 1 + random.below(256) as u32,
        availability_ppm: random.below(1_000_001) as u32,
        rtt_p95_us: any(random),
        jitter_p95_us: any(random),
        loss_ppm: random.below(1_000_001) as u32,
        setup_p95_us: any(random),
        wer_ppm: any(random),
    }
}

fn truth(random: &mut Random) -> Figures {
    Figures {
        samples: 60,
        availability_ppm: 900_000 + random.below(100_001) as u32,
        rtt_p95_us: 20_000 + random.below(300_000) as u32,
        jitter_p95_us: random.below(60_000) as u32,
        loss_ppm: random.below(60_000) as u32,
        setup_p95_us: 100_000 + random.below(6_000_000) as u32,
        wer_ppm: random.below(400_000) as u32,
    }
}

/// The figures that are worst in everything, or best, among those the honest saw.
fn edge(seen: &[Figures], worst: bool) -> Figures {
    let of = |figure: fn(&Figures) -> u32, large: bool| {
        let values = seen.iter().map(figure);
        if large { values.max() } else { values.min() }.expect("somebody is honest")
    };
    Figures {
        samples: 1,
        availability_ppm: of(|f| f.availability_ppm, !worst),
        rtt_p95_us: of(|f| f.rtt_p95_us, worst),
        jitter_p95_us: of(|f| f.jitter_p95_us, worst),
        loss_ppm: of(|f| f.loss_ppm, worst),
        setup_p95_us: of(|f| f.setup_p95_us, worst),
        wer_ppm: of(|f| f.wer_ppm, worst),
    }
}

#[test]
fn liars_below_half_leave_the_score_within_the_honest_range() {
    let mut random = Random::from_environment(1);
    let mut panel = Panel::new(OBSERVERS_MAX);
    let mut moved = 0;
    for epoch in 0..EPOCHS {
        let count = 3 + random.index(OBSERVERS_MAX - 2);
        let liars = random.index((count - 1) / 2 + 1);
        let truth = truth(&mut random);
        let agreed = lie(&mut random, &truth);
        let honest: Vec<Figures> = (liars..count).map(|_| honest(&mut random, &truth)).collect();
        let mut seen: Vec<Figures> = (0..liars).map(|_| lie(&mut random, &agreed)).collect();
        seen.extend(&honest);
        panel.run_epoch(&seen);

        let score: Score = panel.read(&pda::score(&panel.node.address));
        let found = score.epochs.last().expect("scored just now");
        let range =
            score_ppm(&edge(&honest, true).into())..=score_ppm(&edge(&honest, false).into());
        assert!(
            range.contains(&found.score_ppm),
            "epoch {epoch}, {liars} liars of {count}: {} is not in {range:?}",
            found.score_ppm
        );
        assert_eq!(found.observers, count as u8);
        moved += usize::from(liars > 0);
        panel.move_on();
    }
    assert!(moved > EPOCHS / 2, "only {moved} epochs had liars");
    // Those in the first seats lied most, and it shows.
    let deviated = |n: usize| panel.read::<Standing>(&panel.standing(n)).deviated;
    assert!(deviated(0) > deviated(2) && deviated(0) > EPOCHS as u64 / 4);
}

/// The bound is sharp: with half of the voices, liars choose.
#[test]
fn liars_with_half_of_the_voices_decide() {
    use heliograph_tests::observers::GOOD;
    let mut panel = Panel::new(4);
    let lie = Figures { availability_ppm: 0, ..GOOD };
    panel.run_epoch(&[lie, lie, GOOD, GOOD]);
    let score: Score = panel.read(&pda::score(&panel.node.address));
    assert_eq!(score.epochs[0].score_ppm, 0);
}
