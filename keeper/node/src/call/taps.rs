//! The taps that are open at the SFU worker, each a task that has its audio transcribed.

use super::hosts::{Hosted, Hosts};
use super::tap::{Tap, TapStream};
use crate::worker::Worker;
use heliograph_worker_ipc::call::ToSfu;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use tracing::Instrument;

/// Messages of audio on their way to a tap's task. Past it audio is dropped: the speech worker is
/// far behind.
const AUDIO_MAX: usize = 128;

/// By their numbers.
#[derive(Debug)]
pub struct Taps {
    hosts: Arc<Hosts>,
    worker: Arc<Worker>,
    orders: mpsc::UnboundedSender<ToSfu>,
    open: HashMap<u64, mpsc::Sender<Vec<i16>>>,
}

impl Taps {
    pub fn new(
        hosts: Arc<Hosts>,
        worker: Arc<Worker>,
        orders: mpsc::UnboundedSender<ToSfu>,
    ) -> Self {
        Self { hosts, worker, orders, open: HashMap::new() }
    }

    /// A tap begins; it is transcribed if its session can still pay for that.
    pub fn open(&mut self, payer: &[u8; 32], tap: Tap) {
        let host: Option<Arc<Hosted>> = self.hosts.get(payer);
        let Some(host) = host.filter(|host| host.transcribes()) else {
            return self.end(&tap);
        };
        // One that is told again goes on.
        self.open.entry(tap.number).or_insert_with(|| {
            let (audio, heard) = mpsc::channel(AUDIO_MAX);
            let span = tracing::info_span!("tap", number = tap.number, room = tap.room);
            let stream = TapStream::new(host, self.worker.clone(), self.orders.clone(), tap, heard);
            tokio::spawn(stream.run().instrument(span));
            audio
        });
    }

    /// Audio of a tap.
    pub fn audio(&self, tap: u64, pcm: Vec<i16>) {
        if let Some(audio) = self.open.get(&tap)
            && let Err(mpsc::error::TrySendError::Full(pcm)) = audio.try_send(pcm)
        {
            tracing::warn!(tap, samples = pcm.len(), "speech worker behind: audio dropped");
        }
    }

    /// A tap has ended: what was said is still transcribed.
    pub fn close(&mut self, tap: u64) {
        self.open.remove(&tap);
    }

    /// The SFU worker is gone, and its taps with it.
    pub fn clear(&mut self) {
        self.open.clear();
    }

    fn end(&self, tap: &Tap) {
        // An SFU worker that is gone has no taps.
        let _ = self.orders.send(tap.end());
    }
}
