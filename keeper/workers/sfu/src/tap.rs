//! Taps: the speech of participants who are to be transcribed, decoded.
//!
//! ```text
//! room ── packets ─▶ thread: Order ─▶ Speech ─▶ 16 kHz ─▶ notices ─▶ node role
//! ```
//!
//! One thread of its own decodes for all rooms, so that neither a media thread nor a room ever
//! does. What it cannot keep up with is dropped, and heard as a gap.

mod order;
mod speech;

use crate::outside::Notice;
use bytes::Bytes;
use order::Order;
use speech::Speech;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// Packets that may wait for the thread: two seconds of eighty speakers.
const WAITING_MAX: usize = 8_192;
/// How often time passes for the taps.
const TICK: Duration = Duration::from_millis(100);
/// Samples in one notice at least, but for the last: 100 ms.
const CHUNK_SAMPLES: usize = 1_600;
/// Samples in one notice at most.
const CHUNK_SAMPLES_MAX: usize = heliograph_worker_ipc::MAX_AUDIO_SAMPLES;

/// For the thread.
#[derive(Debug)]
enum Job {
    Open(u64),
    Packet { tap: u64, rtp_time: u64, packet: Bytes, at: Instant },
    Close(u64),
}

/// Handle on the thread, which ends with the last of them.
#[derive(Clone, Debug)]
pub struct Taps {
    jobs: Sender<Job>,
    waiting: Arc<AtomicUsize>,
}

impl Taps {
    /// Starts the thread. Audio goes to `notices`, and after it [`Notice::TapClosed`].
    pub fn start(notices: UnboundedSender<Notice>) -> Self {
        let (jobs, queue) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let thread = Thread {
            queue,
            waiting: waiting.clone(),
            notices,
            start: Instant::now(),
            taps: HashMap::new(),
        };
        let started = std::thread::Builder::new().name("taps".into()).spawn(move || thread.run());
        if let Err(error) = started {
            tracing::error!(%error, "no thread for taps: nobody is transcribed");
        }
        Self { jobs, waiting }
    }

    /// A tap begins.
    pub fn open(&self, tap: u64) {
        self.send(Job::Open(tap));
    }

    /// One Opus packet of it.
    pub fn packet(&self, tap: u64, rtp_time: u64, packet: Bytes) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        self.send(Job::Packet { tap, rtp_time, packet, at: Instant::now() });
    }

    /// It ends: what is decoded of it goes out, and its end after that.
    pub fn close(&self, tap: u64) {
        self.send(Job::Close(tap));
    }

    fn send(&self, job: Job) {
        // The thread lives as long as its handles.
        let _ = self.jobs.send(job);
    }
}

/// One tap.
#[derive(Debug)]
struct Tap {
    order: Order,
    speech: Speech,
    pcm: Vec<i16>,
}

struct Thread {
    queue: Receiver<Job>,
    waiting: Arc<AtomicUsize>,
    notices: UnboundedSender<Notice>,
    start: Instant,
    taps: HashMap<u64, Tap>,
}

impl Thread {
    fn run(mut self) {
        let mut tick_at = Instant::now() + TICK;
        loop {
            match self.queue.recv_timeout(tick_at.saturating_duration_since(Instant::now())) {
                Ok(job) => self.job(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            if now >= tick_at {
                self.tick(now);
                tick_at = now + TICK;
            }
        }
    }

    fn job(&mut self, job: Job) {
        match job {
            Job::Open(tap) => match Speech::new() {
                Ok(speech) => {
                    let (order, pcm) = (Order::default(), Vec::new());
                    self.taps.insert(tap, Tap { order, speech, pcm });
                }
                Err(error) => tracing::error!(tap, ?error, "no decoder"),
            },
            Job::Packet { tap: number, rtp_time, packet, at } => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                let now_ms = self.ms(at);
                let Some(tap) = self.taps.get_mut(&number) else { return };
                tap.hear(|order, pieces| order.push(rtp_time, packet, now_ms, pieces));
                if tap.pcm.len() >= CHUNK_SAMPLES {
                    tell(&self.notices, number, &mut tap.pcm);
                }
            }
            Job::Close(number) => {
                if let Some(mut tap) = self.taps.remove(&number) {
                    tap.hear(Order::flush);
                    tell(&self.notices, number, &mut tap.pcm);
                }
                let _ = self.notices.send(Notice::TapClosed { tap: number });
            }
        }
    }

    fn tick(&mut self, now: Instant) {
        let now_ms = self.ms(now);
        for (&number, tap) in &mut self.taps {
            tap.hear(|order, pieces| order.tick(now_ms, pieces));
            tell(&self.notices, number, &mut tap.pcm);
        }
    }

    fn ms(&self, at: Instant) -> u64 {
        let ms = at.saturating_duration_since(self.start).as_millis();
        u64::try_from(ms).unwrap_or(u64::MAX)
    }
}

impl Tap {
    fn hear(&mut self, step: impl FnOnce(&mut Order, &mut Vec<order::Piece>)) {
        let mut pieces = Vec::new();
        step(&mut self.order, &mut pieces);
        for piece in &pieces {
            self.speech.hear(piece, &mut self.pcm);
        }
    }
}

fn tell(notices: &UnboundedSender<Notice>, tap: u64, pcm: &mut Vec<i16>) {
    for chunk in pcm.chunks(CHUNK_SAMPLES_MAX) {
        // Without a node role nobody listens.
        let _ = notices.send(Notice::TapAudio { tap, pcm: chunk.to_vec() });
    }
    pcm.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    #[test]
    fn tap_ends_after_its_last_sample() {
        let (notices, mut told) = unbounded_channel();
        let taps = Taps::start(notices);
        taps.open(7);
        for number in 0..50u64 {
            // CELT, 20 ms, mono; what it sounds like is of no matter.
            taps.packet(7, number * 960, Bytes::from_static(&[0xf8, 0xff, 0xfe, 1]));
        }
        taps.packet(8, 0, Bytes::from_static(&[0xf8, 0xff, 0xfe, 1]));
        taps.close(7);
        let mut samples = 0;
        loop {
            match told.blocking_recv().unwrap() {
                Notice::TapAudio { tap: 7, pcm } => samples += pcm.len(),
                Notice::TapClosed { tap: 7 } => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(samples, 50 * 320);
        assert_eq!(taps.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn packets_that_nobody_decodes_are_not_heaped_up() {
        let (jobs, queue) = channel();
        let taps = Taps { jobs, waiting: Arc::default() };
        for number in 0..2 * WAITING_MAX as u64 {
            taps.packet(1, number, Bytes::new());
        }
        assert_eq!(queue.try_iter().count(), WAITING_MAX);
    }
}
