//! A probe of a transcription node: known speech, streamed and paid for as anybody's.
//!
//! It goes through the same client code as every app's stream, at the pace of speech, in a session
//! like any other. Nothing marks it but that its sender knows what is said.

use crate::score::Errors;
use heliograph_client::stream::{
    EndReason, PaidMinute, Stream, StreamConfig, StreamError, StreamEvent,
};
use heliograph_protocol::observation::NOT_MEASURED;
use heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;
use heliograph_protocol::sample::Sample;
use solana_signer::Signer;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// What a microphone sends at a time: 20 ms.
const CHUNK_SAMPLES: usize = TRANSCRIPTION_RATE_HZ as usize / 50;

/// A node that says nothing for this long after all was sent is given up, as people would. One that
/// says anything else instead is given up twice that long after the clip could have been over twice.
const PATIENCE: Duration = Duration::from_secs(60);

/// Most bytes of text that are read: more than anybody can say in the longest clip.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// What is said to a node, and how it sounds.
#[derive(Clone, Debug)]
pub struct Clip {
    /// 16 kHz, mono; see [`crate::vary`].
    pub pcm: Vec<i16>,
    /// The sample after the last that belongs to speech.
    pub speech_end: usize,
    /// What is said. It stays here.
    pub text: String,
    /// Language it is in, ISO 639-1.
    pub language: String,
}

/// What came of a probe.
#[derive(Debug)]
pub struct Probed {
    /// The text that came back.
    pub text: String,
    /// Against what was said.
    pub errors: Errors,
    /// From asking for the connection to its readiness for audio; none if there was none.
    pub setup: Option<Duration>,
    /// From sending the last sample of speech to the last text; none if no text came.
    pub latency: Option<Duration>,
    /// What was paid.
    pub minutes: Vec<PaidMinute>,
    /// Why the node ended the stream, if it did.
    pub ended: Option<EndReason>,
    /// Why there was no end.
    pub error: Option<StreamError>,
}

impl Probed {
    /// The probe as an observer's sample, `at_secs` into the epoch.
    ///
    /// A node that took no connection was sent nothing. One that gave no text at all has every word
    /// wrong, and its sample is not good.
    pub fn sample(&self, at_secs: u32) -> Sample {
        let (spoken, wrong) = match self.setup {
            Some(_) => (self.errors.words, self.errors.words_wrong),
            None => (0, 0),
        };
        Sample {
            at_secs,
            setup_us: micros(self.setup),
            rtt_us: NOT_MEASURED,
            jitter_us: NOT_MEASURED,
            packets_sent: 0,
            packets_lost: 0,
            words_spoken: u32::try_from(spoken).unwrap_or(u32::MAX),
            words_wrong: u32::try_from(wrong).unwrap_or(u32::MAX),
            latency_us: micros(self.latency),
        }
    }
}

/// What does not fit is as long as can be told, and not unmeasured.
fn micros(duration: Option<Duration>) -> u32 {
    duration.map_or(NOT_MEASURED, |duration| {
        u32::try_from(duration.as_micros()).map_or(NOT_MEASURED - 1, |us| us.min(NOT_MEASURED - 1))
    })
}

/// Streams a clip through a node and scores what comes back. `signer` is the session's voucher
/// signer. What the node does wrong is in the result; minutes that it served are paid.
pub async fn probe(config: StreamConfig, signer: &dyn Signer, clip: &Clip) -> Probed {
    let asked = Instant::now();
    let mut probed = Probed {
        text: String::new(),
        errors: Errors::default(),
        setup: None,
        latency: None,
        minutes: Vec::new(),
        ended: None,
        error: None,
    };
    let url = config.endpoint.clone();
    let silent = || StreamError::Connection { url: url.clone(), reason: "no answer".into() };
    match timeout(PATIENCE, Stream::open(config, signer)).await {
        Ok(Ok(mut stream)) => {
            probed.setup = Some(asked.elapsed());
            let mut heard = Heard { texts: Vec::new(), bytes: 0, last: None };
            let ended = play(&mut stream, clip, &mut heard, &mut probed.minutes).await;
            match ended {
                Ok(Some(reason)) => probed.ended = Some(reason),
                Ok(None) => probed.error = Some(silent()),
                Err(error) => probed.error = Some(error),
            }
            probed.text = heard.texts.join(" ");
            probed.latency = heard.last;
        }
        Ok(Err(error)) => probed.error = Some(error),
        Err(_) => probed.error = Some(silent()),
    }
    probed.errors = Errors::between(&clip.text, &probed.text, &clip.language);
    probed
}

/// The texts so far, and how late the last one came.
struct Heard {
    texts: Vec<String>,
    bytes: usize,
    last: Option<Duration>,
}

/// Sends the clip at its own pace within the credit; `None` when the node fell silent.
async fn play(
    stream: &mut Stream<'_>,
    clip: &Clip,
    heard: &mut Heard,
    minutes: &mut Vec<PaidMinute>,
) -> Result<Option<EndReason>, StreamError> {
    let base = stream.ready.next_sample;
    let pcm = clip.pcm.as_slice();
    let (mut credit, mut finished) = (base, false);
    let started = Instant::now();
    let deadline = started + 2 * (at(pcm.len()) + PATIENCE);
    let mut quiet_since = started;
    loop {
        let sent = usize::try_from(stream.sent_until() - base).unwrap_or(usize::MAX);
        let next = pcm.len().min(sent + CHUNK_SAMPLES);
        let allowed = base + next as u64 <= credit;
        let event = tokio::select! {
            biased;
            () = sleep_until(deadline) => return Ok(None),
            // Before what comes in, so that a flood of it holds nothing up.
            () = sleep_until(started + at(next)), if !finished && (allowed || next == sent) => {
                if next > sent {
                    stream.send_audio(&pcm[sent..next]).await?;
                } else {
                    stream.finish().await?;
                    finished = true;
                }
                quiet_since = Instant::now();
                continue;
            }
            event = stream.next() => event?,
            () = sleep_until(quiet_since + PATIENCE) => return Ok(None),
        };
        quiet_since = Instant::now();
        match event {
            // Audio that had to wait for it is late all the same: people go on speaking.
            StreamEvent::Credit { until_sample } => credit = credit.max(until_sample),
            StreamEvent::Transcription { text, is_final: true, .. } => {
                heard.bytes += text.len();
                if heard.bytes > TEXT_BYTES_MAX {
                    return Ok(None);
                }
                heard.texts.push(text);
                heard.last = Some((started + at(clip.speech_end)).elapsed());
            }
            StreamEvent::Transcription { .. } | StreamEvent::Vad { .. } => {}
            StreamEvent::Minute(minute) => minutes.push(*minute),
            StreamEvent::Ended { reason, .. } => return Ok(Some(reason)),
        }
    }
}

/// When a sample has been spoken, after the start.
fn at(sample: usize) -> Duration {
    Duration::from_secs_f64(sample as f64 / f64::from(TRANSCRIPTION_RATE_HZ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probed(setup_ms: Option<u64>, latency_ms: Option<u64>, text: &str) -> Probed {
        Probed {
            text: text.into(),
            errors: Errors::between("ask what you can do", text, "en"),
            setup: setup_ms.map(Duration::from_millis),
            latency: latency_ms.map(Duration::from_millis),
            minutes: Vec::new(),
            ended: None,
            error: None,
        }
    }

    #[test]
    fn sample_of_a_text_counts_words_and_waiting() {
        let sample = probed(Some(20), Some(300), "Ask what you can't do.").sample(7);
        assert_eq!((sample.at_secs, sample.setup_us, sample.latency_us), (7, 20_000, 300_000));
        assert_eq!((sample.words_spoken, sample.words_wrong), (5, 1));
        assert_eq!((sample.packets_sent, sample.rtt_us), (0, NOT_MEASURED));
        assert!(sample.is_good());
    }

    #[test]
    fn sample_without_text_or_connection_is_not_good() {
        let mute = probed(Some(20), None, "").sample(0);
        assert_eq!((mute.words_spoken, mute.words_wrong, mute.is_good()), (5, 5, false));
        let closed = probed(None, None, "").sample(0);
        assert_eq!((closed.words_spoken, closed.setup_us), (0, NOT_MEASURED));
        assert!(!closed.is_good());
    }

    #[test]
    fn ages_are_measured_and_not_unmeasured() {
        assert_eq!(micros(Some(Duration::from_secs(1 << 40))), NOT_MEASURED - 1);
        assert_eq!(micros(None), NOT_MEASURED);
    }
}
