//! One decoding, the most urgent one.

use super::listen::take_decisions;
use super::schedule::{Held, Task, choose};
use super::stream::{Draft, HungUp, Stream, Waiting};
use super::{Desk, Inference};
use crate::SAMPLE_RATE_HZ;
use crate::engine::EngineError;
use crate::segment::{Hearing, Span};
use crate::transcribe::Outcome;
use heliograph_worker_ipc::FromWorker;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// While anybody live has waited longer than this, no text that may change is decoded: the thread
/// has no time to spare.
const INTERIM_LATE_MAX: Duration = Duration::from_millis(150);
/// The same for drafts: they save the wait for a final text, but each is a whole segment's work.
const DRAFT_LATE_MAX: Duration = Duration::from_millis(500);

impl Desk {
    /// Looks how long live streams have been waiting.
    pub(super) fn note_lateness(&mut self) {
        let now = Instant::now();
        let late = self.streams.iter().map(|stream| stream.late(now));
        self.late = late.max().unwrap_or(Duration::ZERO);
        self.lateness.note(self.late, self.streams.len(), now);
    }
}

impl Inference {
    /// Decodes the most urgent thing; returns whether there was any.
    pub(super) fn decode_one(
        &mut self,
        desk: &mut Desk,
        answers: &mpsc::Sender<FromWorker>,
    ) -> Result<bool, HungUp> {
        let now = Instant::now();
        let candidates: Vec<_> = desk
            .streams
            .iter()
            .enumerate()
            .filter_map(|(place, stream)| Some((place, stream.candidate(now)?)))
            .collect();
        let held = Held {
            interims: desk.late > INTERIM_LATE_MAX
                || desk.interims_from.is_some_and(|from| now < from),
            drafts: desk.late > DRAFT_LATE_MAX,
        };
        let all = candidates.iter().map(|(_, candidate)| *candidate);
        let Some((place, candidate)) = choose(all, held, now).map(|index| candidates[index]) else {
            return Ok(false);
        };
        let stream = &mut desk.streams[place];
        let waited_ms = now.saturating_duration_since(candidate.since).as_millis() as u64;
        let id = stream.id;
        match candidate.task {
            Task::Final => {
                if let Err(error) = self.decode_final(stream, answers)? {
                    stream.fail(answers, error.to_string(), error.is_retryable())?;
                    desk.streams.remove(place);
                }
            }
            Task::Draft => self.decode_draft(stream, answers)?,
            Task::FirstInterim | Task::Interim => {
                self.decode_interim(stream, answers)?;
                // For as long as it took, once for every live stream, the thread is there for what
                // counts: alone, a stream has half of it for such texts, eight have a ninth.
                let live = desk.streams.iter().filter(|stream| stream.is_live(now)).count();
                desk.interims_from = Some(Instant::now() + now.elapsed() * live.max(1) as u32);
            }
        }
        let elapsed_ms = now.elapsed().as_millis() as u64;
        tracing::trace!(stream = id, task = ?candidate.task, waited_ms, elapsed_ms, "decoded");
        Ok(true)
    }

    /// Decodes the segment that waits, unless that has been done, and says its text.
    fn decode_final(
        &mut self,
        stream: &mut Stream,
        answers: &mpsc::Sender<FromWorker>,
    ) -> Result<Result<(), EngineError>, HungUp> {
        let Some(Waiting { span, .. }) = stream.waiting.take() else { return Ok(Ok(())) };
        let started = Instant::now();
        let received = stream.front.received_at(span.end).unwrap_or(started);
        let draft = stream.draft.take().filter(|draft| draft.span == span);
        let was_drafted = draft.is_some();
        let outcome = match draft {
            // The same samples by the same rules give the same text: nothing is left to decode.
            Some(Draft { mut outcome, route, .. }) => {
                outcome.publish(received);
                stream.route = route;
                outcome
            }
            None => {
                let pcm = stream.front.samples(span);
                let settings = *stream.front.settings();
                let route = &mut stream.route;
                match self.transcriber.transcribe(&pcm, span, route, &settings, received) {
                    Ok(outcome) => outcome,
                    Err(error) => return Ok(Err(error)),
                }
            }
        };
        let elapsed_ms = started.elapsed().as_millis() as u64;
        say(stream, span, outcome, was_drafted, elapsed_ms, answers)?;
        stream.front.settle();
        take_decisions(stream, answers)?;
        stream.release();
        stream.progress(answers, 0)?;
        stream.runnable = true;
        Ok(Ok(()))
    }

    /// Decodes what will be the segment if the pause goes on, and shows it.
    fn decode_draft(
        &mut self,
        stream: &mut Stream,
        answers: &mpsc::Sender<FromWorker>,
    ) -> Result<(), HungUp> {
        let Some(Hearing::Pause(span)) = stream.front.hearing() else { return Ok(()) };
        stream.drafted = Some(span);
        let received = stream.front.received_at(span.end).unwrap_or_else(Instant::now);
        let pcm = stream.front.samples(span);
        let settings = *stream.front.settings();
        let mut route = stream.route.clone();
        match self.transcriber.transcribe(&pcm, span, &mut route, &settings, received) {
            Ok(outcome) => {
                if let Outcome::Text(segment) = &outcome {
                    let (text, language) = (segment.text.clone(), segment.language.clone());
                    stream.show(answers, span, &text, segment.confidence_ppm, &language)?;
                }
                stream.draft = Some(Draft { span, outcome, route });
            }
            Err(error) => {
                // If it fails again when it counts, the stream ends with it. Not before.
                tracing::warn!(stream = stream.id, %error, "draft failed");
            }
        }
        Ok(())
    }

    /// Decodes the speech under way and shows it.
    fn decode_interim(
        &mut self,
        stream: &mut Stream,
        answers: &mpsc::Sender<FromWorker>,
    ) -> Result<(), HungUp> {
        let Some(Hearing::Speech(span)) = stream.front.hearing() else { return Ok(()) };
        let pcm = stream.front.samples(span);
        let settings = *stream.front.settings();
        match self.transcriber.preview(&pcm, &stream.route, &settings) {
            Ok(Some(preview)) => {
                let (confidence_ppm, language) = (preview.confidence_ppm, preview.language);
                stream.show(answers, span, &preview.text, confidence_ppm, language)
            }
            Ok(None) => {
                stream.pass_over(span);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(stream = stream.id, %error, "interim text failed");
                stream.pass_over(span);
                Ok(())
            }
        }
    }
}

/// Sends what became of a segment.
fn say(
    stream: &mut Stream,
    span: Span,
    outcome: Outcome,
    was_drafted: bool,
    elapsed_ms: u64,
    answers: &mpsc::Sender<FromWorker>,
) -> Result<(), HungUp> {
    match outcome {
        Outcome::Text(segment) => {
            stream.segments += 1;
            tracing::debug!(
                stream = stream.id,
                start_sample = span.start,
                end_sample = span.end,
                language = segment.language,
                confidence_ppm = segment.confidence_ppm,
                latency_ms = segment.latency_ms,
                audio_ms = (span.end - span.start) * 1000 / u64::from(SAMPLE_RATE_HZ),
                was_drafted,
                elapsed_ms,
                "segment transcribed"
            );
            super::stream::send(answers, FromWorker::Final { stream: stream.id, segment: *segment })
        }
        Outcome::Withheld(gate, transcript) => {
            tracing::info!(
                stream = stream.id,
                start_sample = span.start,
                end_sample = span.end,
                %gate,
                no_speech_probability = transcript.no_speech_probability,
                average_log_probability = transcript.average_log_probability,
                tokens = transcript.tokens,
                elapsed_ms,
                "segment withheld"
            );
            stream.withhold(answers, span, gate)
        }
    }
}
