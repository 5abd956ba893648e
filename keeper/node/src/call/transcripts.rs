//! What was transcribed of a session's calls and not charged. Pure.
//!
//! ```text
//! ann ────▓▓▓▓──────▓▓──▶ her tap's samples        ▓ answered for
//! bob ──────────▓▓──────▶
//!         ▓▓▓▓▓▓▓▓▶       the session's audio: the stretches in the order of the answers
//! ```
//!
//! A record's positions are in the session's audio, as the auditor wants them: they follow from
//! where the stretch is put that it lies in.

use heliograph_protocol::record::Record;
use std::collections::VecDeque;

/// Room and identity.
pub type Whose = (String, String);

/// What a speech worker made of a part of a stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Positions are those of the tap.
    pub record: Record,
    pub latency_ms: u32,
}

/// The stretches, oldest first.
#[derive(Debug, Default)]
pub struct Transcripts {
    stretches: VecDeque<(Whose, u64)>,
    /// In the order of where they end in the session's audio, which is what their positions say.
    heard: VecDeque<Heard>,
    samples: u64,
    /// Where the session's audio ends that was charged.
    start: u64,
}

/// What is taken for a receipt.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub stretches: Vec<(Whose, u64)>,
    pub heard: Vec<Heard>,
}

impl Transcripts {
    /// What was charged up to here is not there any more.
    pub fn start_at(&mut self, sample: u64) {
        let moved = sample.saturating_sub(self.start);
        self.start = sample;
        for heard in &mut self.heard {
            heard.record.audio_start_sample += moved;
            heard.record.audio_end_sample += moved;
        }
    }

    /// Samples that were not charged.
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// Appends a stretch of somebody's tap, `tap_start` long since the tap began, with what was
    /// heard in it.
    pub fn push(&mut self, whose: Whose, tap_start: u64, samples: u64, heard: Option<Heard>) {
        let at = self.start + self.samples;
        if let Some(mut heard) = heard {
            let record = &mut heard.record;
            // A worker that answers for what it was not asked stays within its stretch.
            let within = |position: u64| position.saturating_sub(tap_start).min(samples);
            record.audio_start_sample = at + within(record.audio_start_sample);
            record.audio_end_sample = at + within(record.audio_end_sample);
            self.heard.push_back(heard);
        }
        match self.stretches.back_mut() {
            Some((last, len)) if *last == whose => *len += samples,
            _ => self.stretches.push_back((whose, samples)),
        }
        self.samples += samples;
    }

    /// How many samples from the front can be charged if nobody may have more than `room_for` says.
    pub fn chargeable(&self, room_for: impl Fn(&Whose) -> u64) -> u64 {
        let mut by_participant = std::collections::BTreeMap::new();
        let mut samples = 0;
        for (whose, len) in &self.stretches {
            let taken = by_participant.entry(whose).or_insert(0u64);
            let room = room_for(whose).saturating_sub(*taken);
            *taken += len;
            samples += room.min(*len);
            if room < *len {
                break;
            }
        }
        samples
    }

    /// Takes so many samples from the front, with what was heard until there.
    pub fn take(&mut self, samples: u64) -> Taken {
        let mut taken = Taken::default();
        let mut left = samples.min(self.samples);
        self.samples -= left;
        self.start += left;
        while left > 0
            && let Some((whose, len)) = self.stretches.front_mut()
        {
            let part = left.min(*len);
            left -= part;
            *len -= part;
            match taken.stretches.iter_mut().find(|(other, _)| other == whose) {
                Some((_, sum)) => *sum += part,
                None => taken.stretches.push((whose.clone(), part)),
            }
            if *len == 0 {
                self.stretches.pop_front();
            }
        }
        while let Some(heard) = self.heard.front()
            && heard.record.audio_end_sample <= self.start
        {
            taken.heard.extend(self.heard.pop_front());
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn who(identity: &str) -> Whose {
        ("lobby".into(), identity.into())
    }

    fn heard(start: u64, end: u64) -> Heard {
        let record = Record {
            engine: "e".into(),
            engine_version: "1".into(),
            model_sha256: [1; 32],
            language: "en".into(),
            parameters: String::new(),
            filters: String::new(),
            audio_sha256: [2; 32],
            audio_start_sample: start,
            audio_end_sample: end,
            text_sha256: [3; 32],
            started_at_unix_ms: 1,
            finished_at_unix_ms: 2,
        };
        Heard { record, latency_ms: 300 }
    }

    fn positions(heard: &[Heard]) -> Vec<(u64, u64)> {
        heard.iter().map(|h| (h.record.audio_start_sample, h.record.audio_end_sample)).collect()
    }

    #[test]
    fn stretches_lie_one_after_the_other() {
        let mut transcripts = Transcripts::default();
        transcripts.start_at(1_000);
        transcripts.push(who("ann"), 0, 50, None);
        transcripts.push(who("ann"), 50, 100, Some(heard(60, 150)));
        transcripts.push(who("bob"), 5_000, 30, Some(heard(5_000, 5_030)));
        transcripts.push(who("ann"), 150, 20, None);
        assert_eq!(transcripts.samples(), 200);
        let first = transcripts.take(160);
        assert_eq!(first.stretches, [(who("ann"), 150), (who("bob"), 10)]);
        assert_eq!(positions(&first.heard), [(1_010 + 50, 1_150)]);
        let second = transcripts.take(u64::MAX);
        assert_eq!(second.stretches, [(who("bob"), 20), (who("ann"), 20)]);
        assert_eq!(positions(&second.heard), [(1_150, 1_180)]);
        assert_eq!(transcripts.take(1), Taken::default());
    }

    #[test]
    fn what_was_heard_before_the_session_stood_moves_to_where_it_stands() {
        let mut transcripts = Transcripts::default();
        transcripts.push(who("ann"), 0, 50, Some(heard(10, 50)));
        transcripts.start_at(700);
        assert_eq!(positions(&transcripts.take(50).heard), [(710, 750)]);
    }

    #[test]
    fn nobody_is_charged_for_more_than_there_is_room() {
        let mut transcripts = Transcripts::default();
        transcripts.push(who("ann"), 0, 50, None);
        transcripts.push(who("bob"), 0, 60, None);
        transcripts.push(who("ann"), 50, 50, None);
        assert_eq!(transcripts.chargeable(|_| 1_000), 160);
        assert_eq!(transcripts.chargeable(|whose| if whose.1 == "ann" { 70 } else { 60 }), 130);
        assert_eq!(transcripts.chargeable(|whose| if whose.1 == "ann" { 70 } else { 10 }), 60);
        assert_eq!(transcripts.chargeable(|_| 0), 0);
    }

    proptest! {
        /// Whatever is said by whom and however it is taken: records follow each other, nothing is
        /// taken twice, and nothing is left.
        #[test]
        fn taken_is_what_was_pushed(
            said in prop::collection::vec((0..3u8, 1..100u64, any::<bool>()), 0..40),
            takes in prop::collection::vec(0..500u64, 0..20),
        ) {
            let mut transcripts = Transcripts::default();
            let (mut pushed, mut records, mut at) = (0, 0, [0u64; 3]);
            for (who_said, samples, is_heard) in said {
                let start = at[usize::from(who_said)];
                let part = is_heard.then(|| heard(start + samples / 3, start + samples));
                records += usize::from(is_heard);
                transcripts.push(who(&who_said.to_string()), start, samples, part);
                at[usize::from(who_said)] += samples;
                pushed += samples;
            }
            let (mut end, mut charged, mut taken_records, mut sum) = (0, 0, 0, 0);
            for samples in takes.into_iter().chain([u64::MAX]) {
                let taken = transcripts.take(samples);
                sum += taken.stretches.iter().map(|(_, len)| len).sum::<u64>();
                for (start, stop) in positions(&taken.heard) {
                    prop_assert!(start >= end && stop >= start && stop > charged && stop <= sum);
                    end = stop;
                }
                charged = sum;
                taken_records += taken.heard.len();
            }
            prop_assert_eq!((sum, taken_records), (pushed, records));
        }
    }
}
