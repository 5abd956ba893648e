//! What an app can check of the transcription in a minute of calls. Pure.
//!
//! A session's transcribed audio is one line of samples: what was said by each participant, stretch
//! by stretch, in the order in which it was answered for (docs/decisions/0034). A record lies in
//! one participant's stretch, and no two of them overlap.

use super::bounds::transcribed_samples;
use super::wire::ParticipantUsage;
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::record::{Record, records_root};

/// Checks a receipt's transcription against its records and parts; `records_end` is where the last
/// record before ended. Gives where the last one ends now. The error is for people.
pub fn check(
    receipt: &Receipt,
    records: &[Record],
    participants: &[ParticipantUsage],
    records_end: u64,
) -> Result<u64, String> {
    if records.len() != receipt.records_count as usize
        || records_root(records) != receipt.records_root
    {
        return Err("its records do not have the root it names".into());
    }
    let covered = receipt.media_end_sample.checked_sub(receipt.media_start_sample);
    if covered.is_none() || covered != transcribed_samples(participants) {
        return Err("it covers other speech than its participants\' together".into());
    }
    records.iter().try_fold(records_end, |end, record| {
        let Record { audio_start_sample, audio_end_sample, .. } = *record;
        let is_of_receipt =
            (receipt.media_start_sample + 1..=receipt.media_end_sample).contains(&audio_end_sample);
        if audio_start_sample < end || audio_start_sample > audio_end_sample || !is_of_receipt {
            return Err(format!(
                "a record covers the samples {audio_start_sample} to {audio_end_sample}, of speech \
                 from {} to {} in which {end} was reached",
                receipt.media_start_sample, receipt.media_end_sample
            ));
        }
        Ok(audio_end_sample)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use heliograph_protocol::price::Usage;
    use heliograph_protocol::receipt::Quality;

    fn record(start: u64, end: u64) -> Record {
        Record {
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
        }
    }

    fn receipt(media: (u64, u64), records: &[Record]) -> Receipt {
        Receipt {
            channel: [1; 32],
            session: [2; 32],
            sequence: 0,
            minute_index: 0,
            opened_at_unix_ms: 0,
            closed_at_unix_ms: 0,
            media_start_sample: media.0,
            media_end_sample: media.1,
            usage: Usage::default(),
            quality: Quality::default(),
            records_count: records.len() as u32,
            records_root: records_root(records),
            amount_micro_usdc: 0,
            cumulative_micro_usdc: 0,
            previous_receipt_hash: [0; 32],
        }
    }

    fn spoke(samples: u64) -> ParticipantUsage {
        ParticipantUsage { transcribed_samples: samples, ..ParticipantUsage::default() }
    }

    #[test]
    fn records_of_the_minute_follow_each_other() {
        let records = [record(90, 120), record(120, 200)];
        let minute = receipt((100, 250), &records);
        let parts = [spoke(100), spoke(50)];
        assert_eq!(check(&minute, &records, &parts, 90), Ok(200));
        assert!(check(&minute, &records, &parts, 91).unwrap_err().contains("91"));
        assert!(check(&minute, &records[..1], &parts, 0).unwrap_err().contains("root"));
        assert!(check(&minute, &records, &parts[..1], 0).unwrap_err().contains("speech"));
    }

    #[test]
    fn record_of_another_minute_is_refused() {
        for (start, end) in [(50, 100), (200, 251), (150, 140)] {
            let records = [record(start, end)];
            let minute = receipt((100, 250), &records);
            assert!(check(&minute, &records, &[spoke(150)], 0).is_err(), "{start} to {end}");
        }
    }

    #[test]
    fn minute_without_speech_has_no_records() {
        assert_eq!(check(&receipt((7, 7), &[]), &[], &[], 3), Ok(3));
        let records = [record(1, 7)];
        assert!(check(&receipt((7, 7), &records), &records, &[], 0).is_err());
    }
}
