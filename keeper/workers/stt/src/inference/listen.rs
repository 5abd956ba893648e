//! Voice activity of all streams, between two decodings.

use super::stream::{HungUp, Stream, Waiting};
use super::{Desk, Inference};
use crate::SAMPLE_RATE_HZ;
use crate::front::Step;
use crate::segment::Event;
use heliograph_worker_ipc::{FromWorker, Gate};
use std::time::Instant;
use tokio::sync::mpsc;

/// Audio judged between two `Progress` messages: under the 2 s that the protocol promises.
const PROGRESS_SAMPLES: u64 = SAMPLE_RATE_HZ as u64;

/// Steps of a live stream in one round: more than 2 s of audio, should it have fallen behind.
const LIVE_STEPS: usize = 8;

/// Steps of all other streams together in one round: 8 s of audio, a few tens of milliseconds.
const FILE_STEPS: usize = 32;

/// Steps of one such stream in one round.
const FILE_STEPS_EACH: usize = 8;

/// Whether a stream goes on.
#[derive(PartialEq)]
pub enum Turn {
    Goes,
    Ended,
}

impl Inference {
    /// Judges what there is of every stream, within bounds.
    pub(super) fn listen(
        &mut self,
        desk: &mut Desk,
        answers: &mpsc::Sender<FromWorker>,
    ) -> Result<(), HungUp> {
        let now = Instant::now();
        let mut file_steps = FILE_STEPS;
        for _ in 0..desk.streams.len() {
            // Whoever has been listened to goes to the back, and stays if it has not ended.
            let Some(mut stream) = desk.streams.pop_front() else { break };
            let mut turn = Turn::Goes;
            if stream.runnable {
                let is_live = stream.is_live(now);
                let steps = if is_live { LIVE_STEPS } else { file_steps.min(FILE_STEPS_EACH) };
                let (taken, ended) = self.listen_to(&mut stream, steps, is_live, answers)?;
                turn = ended;
                if !is_live {
                    file_steps -= taken;
                }
            }
            if turn == Turn::Goes {
                desk.streams.push_back(stream);
            }
        }
        // So that another one is the first to use up the steps.
        if !desk.streams.is_empty() {
            desk.streams.rotate_left(1);
        }
        Ok(())
    }

    /// Takes at most so many steps in a stream; returns how many.
    fn listen_to(
        &mut self,
        stream: &mut Stream,
        steps: usize,
        is_live: bool,
        answers: &mpsc::Sender<FromWorker>,
    ) -> Result<(usize, Turn), HungUp> {
        let mut taken = 0;
        while taken < steps {
            if stream.waiting.is_some() && !is_live {
                // Nobody is helped by knowing what comes after the segment.
                stream.runnable = false;
                break;
            }
            taken += 1;
            match stream.front.judge(&mut self.voice) {
                Ok(Step::Judged) => {
                    stream.tell_activity(answers)?;
                    take_decisions(stream, answers)?;
                    stream.progress(answers, PROGRESS_SAMPLES)?;
                }
                Ok(Step::Starved | Step::Event(_)) => {
                    stream.runnable = false;
                    break;
                }
                Ok(Step::Ended) if stream.waiting.is_some() => {
                    stream.runnable = false;
                    break;
                }
                Ok(Step::Ended) => {
                    stream.finished(answers)?;
                    return Ok((taken, Turn::Ended));
                }
                Err(error) => {
                    stream.fail(answers, error.to_string(), true)?;
                    return Ok((taken, Turn::Ended));
                }
            }
        }
        stream.release();
        Ok((taken, Turn::Goes))
    }
}

/// Takes decisions up to the first that needs the engine.
pub(super) fn take_decisions(
    stream: &mut Stream,
    answers: &mpsc::Sender<FromWorker>,
) -> Result<(), HungUp> {
    while stream.waiting.is_none()
        && let Some(event) = stream.front.next_event()
    {
        match event {
            Event::Speech(span) => stream.waiting = Some(Waiting { span, since: Instant::now() }),
            Event::Burst(span) => {
                stream.withhold(answers, span, Gate::VoiceActivity)?;
                stream.front.settle();
            }
        }
    }
    Ok(())
}
