//! What is done to recordings before they are heard, and what is asked of the worker.

use super::manifest::Clip;
use crate::exit::usage;
use heliograph_quality::noise;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// People talking at once in the noise. With fewer, words of one can be made out.
const VOICES: usize = 6;

/// What is mixed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    White,
    /// Other recordings of the same run, six at once.
    Babble,
}

/// How recordings are disturbed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    /// As they are.
    Clean,
    /// So many dB below the speech.
    Mixed { kind: Kind, snr_db: f64 },
}

impl FromStr for Noise {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "clean" {
            return Ok(Self::Clean);
        }
        let refused = || "expected clean, white:DB or babble:DB, such as babble:10".to_owned();
        let (kind, snr) = text.split_once(':').ok_or_else(refused)?;
        let kind = match kind {
            "white" => Kind::White,
            "babble" => Kind::Babble,
            _ => return Err(refused()),
        };
        match snr.parse() {
            Ok(snr_db) if (-60.0..=60.0).contains(&snr_db) => Ok(Self::Mixed { kind, snr_db }),
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clean => f.write_str("clean"),
            Self::Mixed { kind: Kind::White, snr_db } => write!(f, "white {snr_db} dB"),
            Self::Mixed { kind: Kind::Babble, snr_db } => write!(f, "babble {snr_db} dB"),
        }
    }
}

impl Serialize for Noise {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The clip at `index` as it is played.
pub fn played(clips: &[Clip], index: usize, noise: Noise, seed: u64) -> anyhow::Result<Vec<i16>> {
    let clip = &clips[index];
    let Noise::Mixed { kind, snr_db } = noise else { return Ok(clip.pcm.to_vec()) };
    // By its name, so that a clip has the same noise whatever else is scored beside it.
    let seed = seed_of(&clip.name, kind, seed);
    let samples = clip.pcm.len();
    let noise = match kind {
        Kind::White => noise::white(samples, seed),
        Kind::Babble => {
            let others: Vec<&Clip> =
                clips.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, c)| c).collect();
            if others.len() < VOICES {
                return Err(usage(format!("babble is made of {VOICES} other recordings")));
            }
            let mut first = seed as usize % others.len();
            let step = others.len() / VOICES;
            let voices: Vec<&[i16]> = (0..VOICES)
                .map(|_| {
                    first = (first + step) % others.len();
                    &*others[first].pcm
                })
                .collect();
            noise::babble(samples, &voices, seed)
        }
    };
    Ok(noise::mixed(&clip.pcm, &noise, snr_db))
}

fn seed_of(name: &str, kind: Kind, seed: u64) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_le_bytes());
    hasher.update([kind as u8]);
    hasher.update(name.as_bytes());
    let hash = hasher.finalize();
    hash.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noises_are_named_and_nonsense_is_refused() {
        assert_eq!("clean".parse(), Ok(Noise::Clean));
        let babble = Noise::Mixed { kind: Kind::Babble, snr_db: 10.0 };
        assert_eq!("babble:10".parse(), Ok(babble));
        assert_eq!(babble.to_string(), "babble 10 dB");
        for wrong in ["white", "white:x", "pink:3", "white:NaN", "white:100"] {
            assert!(wrong.parse::<Noise>().is_err(), "{wrong}");
        }
    }

    fn clip(name: usize) -> Clip {
        let pcm: Vec<i16> = (0..8_000)
            .map(|at| (9_000.0 * f64::sin(at as f64 * name as f64 * 0.01)) as i16)
            .collect();
        let name = name.to_string();
        Clip { name, set: "en".into(), language: "en".into(), pcm: pcm.into() }
    }

    #[test]
    fn a_clip_is_played_the_same_way_every_time_and_not_like_another() {
        let clips: Vec<Clip> = (1..9).map(clip).collect();
        for noise in ["white:10", "babble:10"] {
            let noise = noise.parse().unwrap();
            let first = played(&clips, 0, noise, 1).unwrap();
            assert_eq!(first, played(&clips, 0, noise, 1).unwrap());
            assert_ne!(first, played(&clips, 0, noise, 2).unwrap());
            assert_ne!(first, *clips[0].pcm);
        }
        assert_eq!(played(&clips, 3, Noise::Clean, 1).unwrap(), *clips[3].pcm);
        assert!(played(&clips[..5], 0, "babble:1".parse().unwrap(), 1).is_err());
    }
}
