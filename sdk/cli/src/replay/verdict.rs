//! What a replay says.

use heliograph_protocol::record::{Record, text_sha256};
use heliograph_worker_ipc::replay::{Answer, Decoded};
use serde::Serialize;
use std::collections::BTreeMap;

/// Parameters that name the machine and not the decoding.
const OF_THE_MACHINE: [&str; 2] = ["backend", "simd"];

/// A place in which record and replay differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `text`, `language`, `gate`, or the name of a parameter.
    pub what: String,
    pub recorded: String,
    pub found: String,
}

/// What came of a replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The same text, by the same model, in the same language, with the same parameters.
    Reproduced {
        text: String,
        /// What differs and did not matter.
        notes: Vec<String>,
    },
    /// Not so, and nothing excuses it.
    Differs {
        differences: Vec<Difference>,
        /// What was decoded here.
        text: String,
        /// What the app received, if it is known.
        received: Option<String>,
    },
    /// Nothing can be said.
    NotReplayed { reason: String },
}

/// Holds a record against what the worker decoded. `received` is the text that the app got for the
/// segment, if it is known.
pub fn of(record: &Record, answer: Answer, received: Option<&str>) -> Verdict {
    let decoded = match answer {
        Answer::Decoded(decoded) => decoded,
        Answer::Refused { reason } => return Verdict::NotReplayed { reason },
        Answer::NoModel { models } => {
            let name = |(name, hash): &(String, _)| format!("{name} ({})", hex::encode(hash));
            let models: Vec<String> = models.iter().map(name).collect();
            let reason = format!(
                "no model has the record's SHA-256 {}; there are: {} (--model)",
                hex::encode(record.model_sha256),
                models.join(", ")
            );
            return Verdict::NotReplayed { reason };
        }
    };
    let (mut differences, excuses) = differences(record, &decoded);
    if let Some(received) = received.filter(|text| text_sha256(text) != record.text_sha256) {
        // Whatever the machine, the node signed for another text than it sent.
        differences.push(Difference {
            what: "received text".into(),
            recorded: hex::encode(record.text_sha256),
            found: hex::encode(text_sha256(received)),
        });
    } else if !differences.is_empty() && !excuses.is_empty() {
        let what: Vec<&str> = differences.iter().map(|d| d.what.as_str()).collect();
        let reason = format!(
            "{} differs, and so does what it was decoded with: {}",
            what.join(", "),
            excuses.join("; ")
        );
        return Verdict::NotReplayed { reason };
    }
    if differences.is_empty() {
        return Verdict::Reproduced { text: decoded.text, notes: excuses };
    }
    let received = received.map(str::to_owned);
    Verdict::Differs { differences, text: decoded.text, received }
}

/// Where they differ, and what would explain it.
fn differences(record: &Record, decoded: &Decoded) -> (Vec<Difference>, Vec<String>) {
    let (mut differences, mut excuses) = (Vec::new(), Vec::new());
    let mut compare = |what: &str, recorded: &str, found: &str| {
        if recorded != found {
            let (recorded, found) = (recorded.to_owned(), found.to_owned());
            differences.push(Difference { what: what.to_owned(), recorded, found });
        }
    };
    let found = hex::encode(text_sha256(&decoded.text));
    compare("text", &hex::encode(record.text_sha256), &found);
    compare("language", &record.language, &decoded.language);
    compare("gate", "none", decoded.gate.as_deref().unwrap_or("none"));
    let (recorded, found) = (pairs(&record.parameters), pairs(&decoded.parameters));
    for key in recorded.keys().chain(found.keys().filter(|key| !recorded.contains_key(*key))) {
        let of =
            |pairs: &BTreeMap<&str, &str>| pairs.get(key).copied().unwrap_or("absent").to_owned();
        if OF_THE_MACHINE.contains(key) {
            if of(&recorded) != of(&found) {
                excuses.push(format!("{key} {} recorded, {} here", of(&recorded), of(&found)));
            }
        } else {
            compare(key, &of(&recorded), &of(&found));
        }
    }
    let engine = |name: &str, version: &str| format!("{name} {version}");
    let here = engine(&decoded.engine, &decoded.engine_version);
    let there = engine(&record.engine, &record.engine_version);
    if here != there {
        excuses.push(format!("engine {there} recorded, {here} here"));
    }
    (differences, excuses)
}

fn pairs(parameters: &str) -> BTreeMap<&str, &str> {
    parameters
        .split(';')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            engine: "whisper.cpp".into(),
            engine_version: "1.8.3".into(),
            model_sha256: [1; 32],
            language: "en".into(),
            parameters: "audio_ctx=512;simd=avx2;temperature=0".into(),
            filters: String::new(),
            audio_sha256: [2; 32],
            audio_start_sample: 0,
            audio_end_sample: 16_000,
            text_sha256: text_sha256("Good morning."),
            started_at_unix_ms: 0,
            finished_at_unix_ms: 0,
        }
    }

    fn decoded() -> Decoded {
        Decoded {
            engine: "whisper.cpp".into(),
            engine_version: "1.8.3".into(),
            model: "m.bin".into(),
            language: "en".into(),
            parameters: record().parameters,
            text: "Good morning.".into(),
            gate: None,
        }
    }

    fn judged(decoded: Decoded) -> Verdict {
        of(&record(), Answer::Decoded(decoded), None)
    }

    fn places(verdict: &Verdict) -> Vec<&str> {
        match verdict {
            Verdict::Differs { differences, .. } => {
                differences.iter().map(|difference| difference.what.as_str()).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_same_is_reproduced_and_each_difference_is_named() {
        let text = "Good morning.".to_owned();
        assert_eq!(judged(decoded()), Verdict::Reproduced { text, notes: Vec::new() });
        let other = judged(Decoded { text: "Good evening.".into(), ..decoded() });
        assert_eq!(places(&other), ["text"]);
        let other = judged(Decoded { language: "de".into(), ..decoded() });
        assert_eq!(places(&other), ["language"]);
        let parameters = "audio_ctx=512;beam=5;simd=avx2;temperature=0.4".to_owned();
        let other = judged(Decoded { parameters, ..decoded() });
        assert_eq!(places(&other), ["temperature", "beam"]);
        let other = judged(Decoded { gate: Some("no_speech".into()), ..decoded() });
        assert_eq!(places(&other), ["gate"]);
    }

    #[test]
    fn another_version_or_machine_accuses_nobody() {
        let newer = Decoded { engine_version: "2.0".into(), ..decoded() };
        assert!(
            matches!(judged(newer.clone()), Verdict::Reproduced { notes, .. } if notes.len() == 1)
        );
        for other in [
            Decoded { text: "Good".into(), ..newer },
            Decoded {
                text: "Good".into(),
                parameters: "audio_ctx=512;simd=avx;temperature=0".into(),
                ..decoded()
            },
        ] {
            assert!(matches!(judged(other), Verdict::NotReplayed { .. }));
        }
    }

    #[test]
    fn text_received_is_held_against_the_record_too() {
        let with = |received| of(&record(), Answer::Decoded(decoded()), Some(received));
        assert!(matches!(with("Good morning."), Verdict::Reproduced { .. }));
        assert_eq!(places(&with("Good mourning.")), ["received text"]);
    }

    #[test]
    fn missing_model_is_named_with_those_there_are() {
        let models = vec![("tiny".to_owned(), [9; 32])];
        let Verdict::NotReplayed { reason } = of(&record(), Answer::NoModel { models }, None)
        else {
            panic!("a verdict without a model");
        };
        assert!(reason.contains(&"01".repeat(32)) && reason.contains("tiny"), "{reason}");
    }
}
