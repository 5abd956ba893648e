//! A stream that has been admitted: audio in, text and receipts out, vouchers back.
//!
//! Exposure. The node serves at most a minute and [`FEED_AHEAD_SAMPLES`] past the last minute that
//! was paid; a receipt that is not answered within the network's grace time ends the stream. The
//! app is exposed to nothing: it signs for a minute after it was served.

use super::audio::AudioBuffer;
use super::patience::{Patience, WORKER_LIMIT};
use super::socket::{ClientSocket, Incoming};
use crate::auth::Refusal;
use crate::meter::{MINUTE_SAMPLES, Meter};
use crate::solvency::{Means, backing_left};
use crate::state::NodeState;
use crate::time::{unix_ms, unix_secs, until};
use crate::worker::{Interim, WorkerEvent, WorkerInfo, WorkerStream};
use heliograph_client::evidence::sign;
use heliograph_client::stream::{ClientMessage, EndReason, ErrorCode, ServerMessage, VadEvent};
use heliograph_protocol::Address;
use heliograph_protocol::domain::Message as _;
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;
use heliograph_protocol::receipt::Terms;
use heliograph_protocol::service::Service;
use heliograph_protocol::voucher::Voucher;
use heliograph_settlement::state::Session;
use heliograph_worker_ipc::{Segment, StreamConfig};
use solana_pubkey::Pubkey;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// Audio handed to the worker past the minute that is being paid: the longest segment (25 s) and
/// what the worker needs around it must fit, or a minute that ends inside a segment never closes.
const FEED_AHEAD_SAMPLES: u64 = 30 * TRANSCRIPTION_RATE_HZ as u64;
/// Audio a client may send past the last minute that was paid.
const CREDIT_SAMPLES: u64 = 2 * MINUTE_SAMPLES;
/// Samples in one message to the worker.
const CHUNK_SAMPLES: usize = TRANSCRIPTION_RATE_HZ as usize;
/// How often the session's end is looked at.
const TICK: Duration = Duration::from_secs(5);

/// A receipt that waits for its voucher.
struct Unanswered {
    sequence: u32,
    media_end_sample: u64,
    deadline: Instant,
}

/// What the loop waits for.
enum Event {
    Client(Incoming),
    Worker(WorkerEvent),
    WorkerReady(WorkerInfo),
    VoucherMissing,
    /// No worker has served the stream for too long.
    WorkerMissing,
    Tick,
    Shutdown,
}

/// One admitted stream.
pub struct StreamSession<'a> {
    state: &'a NodeState,
    socket: &'a mut ClientSocket,
    session: Address,
    account: Session,
    terms: Terms,
    config: StreamConfig,
    meter: Meter,
    audio: AudioBuffer,
    worker: Option<WorkerStream>,
    window_samples: u64,
    patience: Patience,
    unanswered: VecDeque<Unanswered>,
    /// Up to where the session's audio is paid.
    paid_until: u64,
    /// Up to where the client may send, as it was last told.
    credit: u64,
    /// Where means run out, and which.
    limit: Option<(u64, EndReason)>,
    ending: Option<EndReason>,
    finish_sent: bool,
    finished: bool,
}

impl<'a> StreamSession<'a> {
    pub fn new(
        state: &'a NodeState,
        socket: &'a mut ClientSocket,
        session: Address,
        account: &Session,
    ) -> Self {
        let terms = account.terms(&Pubkey::from(session));
        Self {
            state,
            socket,
            session,
            account: account.clone(),
            terms,
            config: StreamConfig::default(),
            meter: Meter::new(terms, None, unix_ms()),
            audio: AudioBuffer::new(0),
            worker: None,
            window_samples: 0,
            patience: Patience::new(Instant::now()),
            unanswered: VecDeque::new(),
            paid_until: 0,
            credit: 0,
            limit: None,
            ending: None,
            finish_sent: false,
            finished: false,
        }
    }

    /// Serves until the stream ends. A stream that does not end in order leaves a receipt for what
    /// was answered for, which the client gets when it comes back.
    pub async fn serve(mut self, config: StreamConfig) -> Result<(), Refusal> {
        self.config = config;
        let served = self.run().await;
        if !matches!(served, Ok(true)) {
            self.worker = None;
            self.close_minute(self.audio.done()).await?;
        }
        served.map(|_| ())
    }

    /// `true` if it ended in order, `false` if the client is gone.
    async fn run(&mut self) -> Result<bool, Refusal> {
        if !self.begin().await? {
            return Ok(false);
        }
        loop {
            self.feed().await;
            if self.finished && self.unanswered.is_empty() {
                return Ok(self.end().await);
            }
            let gone = match self.wait().await {
                Event::Client(Incoming::Gone) => true,
                Event::Client(incoming) => !self.on_client(incoming).await?,
                Event::Worker(event) => !self.on_worker(event).await?,
                Event::WorkerReady(info) => {
                    self.attach(&info).await;
                    false
                }
                Event::VoucherMissing => {
                    self.ending = Some(EndReason::VoucherMissing);
                    self.end().await;
                    return Ok(true);
                }
                Event::WorkerMissing => {
                    let why = "the speech worker does not run, or is overloaded".to_owned();
                    return Err((ErrorCode::Unavailable, why));
                }
                Event::Tick => {
                    self.on_tick();
                    false
                }
                Event::Shutdown => {
                    self.ending.get_or_insert(EndReason::Draining);
                    false
                }
            };
            if gone {
                return Ok(false);
            }
        }
    }

    /// Says what will be served and where the session stands; `false` if the client is gone.
    async fn begin(&mut self) -> Result<bool, Refusal> {
        let ledger = &self.state.ledger;
        let tip = ledger.session_tip(&self.session).await.map_err(unavailable)?;
        let unanswered = ledger.unvouchered(&self.session).await.map_err(unavailable)?;
        self.meter = Meter::new(self.terms, tip, unix_ms());
        let start = self.meter.minute_start();
        self.audio = AudioBuffer::new(start);
        (self.paid_until, self.credit) = (start, start);

        let info = timeout(WORKER_LIMIT, self.state.worker.ready())
            .await
            .map_err(|_| (ErrorCode::Unavailable, "the speech worker is not running".to_owned()))?;
        check_language(self.config.language.as_deref(), &info)?;
        let model = &info.models[0];
        let ready = ServerMessage::Ready {
            node_key: self.state.node_key().to_string(),
            engine: format!("{} {}", model.engine, model.engine_version),
            model: model.name.clone(),
            model_sha256: hex::encode(model.sha256),
            languages: info.languages().into_iter().map(str::to_owned).collect(),
            next_sample: start,
        };
        if !self.send(&ready).await {
            return Ok(false);
        }
        for receipt in unanswered {
            if !self.offer(receipt).await? {
                return Ok(false);
            }
        }
        self.attach(&info).await;
        self.look_ahead().await?;
        Ok(self.extend_credit().await)
    }

    /// Opens the stream at a worker, where the last one left off.
    async fn attach(&mut self, info: &WorkerInfo) {
        self.audio.rewind();
        self.window_samples = info.window_samples;
        self.finish_sent = false;
        let opened = self.state.worker.open(self.config.clone(), self.audio.done()).await;
        self.worker = Some(opened);
        self.patience.opened(Instant::now());
    }

    async fn wait(&mut self) -> Event {
        let (open_at, deadline) = (self.patience.open_at(), self.patience.deadline());
        let Self { socket, worker, state, .. } = self;
        let lost = worker.is_none() && !self.finished;
        let next = async {
            match worker {
                Some(worker) => worker.next().await,
                None => std::future::pending().await,
            }
        };
        let grace = self.unanswered.front().map(|receipt| receipt.deadline);
        let again = async {
            sleep_until(open_at).await;
            state.worker.ready().await
        };
        tokio::select! {
            incoming = socket.next() => Event::Client(incoming),
            event = next => Event::Worker(event),
            () = until(deadline), if lost => Event::WorkerMissing,
            info = again, if lost => Event::WorkerReady(info),
            () = until(grace) => Event::VoucherMissing,
            () = tokio::time::sleep(TICK) => Event::Tick,
            () = state.shutdown.cancelled(), if self.ending.is_none() => Event::Shutdown,
        }
    }

    /// Hands the worker what it may have, and ends its stream once it has everything.
    async fn feed(&mut self) {
        let Some(worker) = &self.worker else { return };
        if self.finish_sent {
            return;
        }
        let limit = self.limit.map_or(u64::MAX, |(sample, _)| sample);
        let bound = limit
            .min(self.paid_until.saturating_add(MINUTE_SAMPLES + FEED_AHEAD_SAMPLES))
            .min(self.audio.done().saturating_add(self.window_samples));
        loop {
            let chunk = self.audio.feed(bound, CHUNK_SAMPLES);
            if chunk.is_empty() {
                break;
            }
            worker.audio(chunk).await;
        }
        if let Some((sample, reason)) = self.limit
            && self.audio.end().max(self.audio.fed()) >= sample
        {
            self.ending.get_or_insert(reason);
        }
        if self.ending.is_some() && self.audio.fed() >= self.audio.end().min(limit) {
            worker.finish().await;
            self.finish_sent = true;
        }
    }

    /// `false` if the client is gone.
    async fn on_client(&mut self, incoming: Incoming) -> Result<bool, Refusal> {
        let bad = |why: String| Err((ErrorCode::BadMessage, why));
        match incoming {
            Incoming::Audio(pcm) => {
                let end = self.audio.end().saturating_add(pcm.len() as u64);
                if end > self.credit {
                    return bad(format!("audio up to {end}, credit ends at {}", self.credit));
                }
                // Audio on its way when the stream was ended is not served and not charged.
                if self.ending.is_none() {
                    self.meter.received(pcm.len() as u64 * 2);
                    self.audio.push(&pcm);
                }
                Ok(true)
            }
            Incoming::Message(ClientMessage::Voucher { voucher }) => {
                self.on_voucher(&voucher).await
            }
            Incoming::Message(ClientMessage::Finish) => {
                self.ending.get_or_insert(EndReason::Finished);
                Ok(true)
            }
            Incoming::Message(ClientMessage::Config { .. }) => bad("config came twice".into()),
            Incoming::Invalid(why) => bad(why),
            Incoming::Gone => Ok(false),
        }
    }

    async fn on_voucher(&mut self, signed: &Signed) -> Result<bool, Refusal> {
        if let Err(error) = self.state.ledger.record_voucher(signed, unix_ms()).await {
            let code =
                if error.is_retryable() { ErrorCode::Unavailable } else { ErrorCode::BadMessage };
            return Err((code, format!("voucher refused: {error}")));
        }
        let voucher = Voucher::from_signing_bytes(&signed.bytes, &self.state.domain())
            .map_err(|error| (ErrorCode::BadMessage, error.to_string()))?;
        while let Some(receipt) = self.unanswered.front()
            && receipt.sequence <= voucher.sequence
        {
            self.paid_until = receipt.media_end_sample;
            self.unanswered.pop_front();
        }
        self.state.settle_bell.notify_one();
        self.state.archive_bell.notify_one();
        Ok(self.extend_credit().await)
    }

    /// `false` if the client is gone.
    async fn on_worker(&mut self, event: WorkerEvent) -> Result<bool, Refusal> {
        match event {
            WorkerEvent::Opened => Ok(true),
            WorkerEvent::Interim(interim) => self.on_interim(interim).await,
            WorkerEvent::Speech { at_sample, is_speaking } => {
                let event = if is_speaking { VadEvent::SpeechStart } else { VadEvent::SpeechEnd };
                Ok(self.send(&ServerMessage::VadEvent { event, at: secs(at_sample) }).await)
            }
            WorkerEvent::Final(segment) => self.on_segment(*segment).await,
            WorkerEvent::Dropped { end_sample, gate } => {
                tracing::debug!(%gate, end_sample, "segment dropped");
                self.answered(end_sample).await
            }
            WorkerEvent::Progress { done_sample } => self.answered(done_sample).await,
            WorkerEvent::Finished { done_sample } => {
                let there = self.answered(done_sample).await?;
                let limit = self.limit.map_or(u64::MAX, |(sample, _)| sample);
                let there = there && self.close_minute(self.audio.done().min(limit)).await?;
                self.worker = None;
                self.finished = true;
                Ok(there)
            }
            WorkerEvent::Failed { reason, retryable: false } => Err((ErrorCode::BadConfig, reason)),
            WorkerEvent::Failed { reason, .. } => {
                tracing::warn!(done_sample = self.audio.done(), reason, "no worker, stream waits");
                self.worker = None;
                self.patience.refused(Instant::now());
                Ok(true)
            }
            WorkerEvent::Lost => {
                tracing::warn!(done_sample = self.audio.done(), "worker lost, stream waits");
                self.worker = None;
                self.patience.lost(Instant::now());
                Ok(true)
            }
        }
    }

    /// Nothing is charged for it; past the limit it is not delivered either.
    async fn on_interim(&mut self, interim: Interim) -> Result<bool, Refusal> {
        if self.limit.is_some_and(|(limit, _)| interim.end_sample > limit) {
            return Ok(true);
        }
        let message = ServerMessage::Transcription {
            text: interim.text,
            start: secs(interim.start_sample),
            end: secs(interim.end_sample),
            confidence: f64::from(interim.confidence_ppm) / 1e6,
            language: interim.language,
            is_final: false,
            latency_ms: 0,
        };
        Ok(self.send(&message).await)
    }

    async fn on_segment(&mut self, segment: Segment) -> Result<bool, Refusal> {
        let Segment { start_sample, end_sample, latency_ms, .. } = segment;
        // Past the limit nothing can be charged, so nothing is delivered.
        if self.limit.is_some_and(|(limit, _)| end_sample > limit) {
            return self.answered(end_sample).await;
        }
        self.meter.record(segment.record, latency_ms);
        let message = ServerMessage::Transcription {
            text: segment.text,
            start: secs(start_sample),
            end: secs(end_sample),
            confidence: f64::from(segment.confidence_ppm) / 1e6,
            language: segment.language,
            is_final: true,
            latency_ms,
        };
        Ok(self.send(&message).await && self.answered(end_sample).await?)
    }

    /// Audio before `position` is answered for: closes the minutes that are over.
    async fn answered(&mut self, position: u64) -> Result<bool, Refusal> {
        let before = self.audio.done();
        self.audio.answered(position);
        if self.audio.done() > before {
            self.patience.served();
        }
        while self.audio.done() >= self.meter.minute_end()
            && self.limit.is_none_or(|(limit, _)| limit >= self.meter.minute_end())
        {
            if !self.close_minute(self.meter.minute_end()).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Signs, records and offers the receipt of the minute under way; `false` if the client is
    /// gone. Nothing happens if there is nothing to charge.
    async fn close_minute(&mut self, end_sample: u64) -> Result<bool, Refusal> {
        let Some(closed) = self.meter.close(end_sample, unix_ms()) else { return Ok(true) };
        let signed = sign(&closed.receipt, &self.state.domain(), self.state.key())
            .map_err(|error| (ErrorCode::Unavailable, error.to_string()))?;
        let tip = closed.receipt.tip(signed.hash());
        let archived = ArchivedReceipt { signed, records: closed.records };
        // From here on the receipt exists: the ledger has it before anybody else does.
        self.state.ledger.record_receipt(&archived, unix_ms()).await.map_err(unavailable)?;
        self.meter.signed(tip, unix_ms());
        self.state.archive_bell.notify_one();
        tracing::info!(
            sequence = tip.sequence,
            amount_micro_usdc = closed.receipt.amount_micro_usdc,
            "minute closed"
        );
        let there = self.offer(archived).await?;
        self.look_ahead().await?;
        Ok(there)
    }

    /// Sends a recorded receipt and starts its grace time.
    async fn offer(&mut self, receipt: ArchivedReceipt) -> Result<bool, Refusal> {
        let message: heliograph_protocol::receipt::Receipt =
            receipt.signed.message(&self.state.domain()).map_err(unavailable)?;
        let grace_secs = self.state.chain.network().params.voucher_grace_secs;
        if self.unanswered.is_empty() {
            self.paid_until = message.media_start_sample;
        }
        self.unanswered.push_back(Unanswered {
            sequence: message.sequence,
            media_end_sample: message.media_end_sample,
            deadline: Instant::now() + Duration::from_secs(grace_secs.into()),
        });
        Ok(self.send(&ServerMessage::Receipt { receipt }).await)
    }

    /// Before a minute begins: can it be paid, does the session still run?
    async fn look_ahead(&mut self) -> Result<(), Refusal> {
        match self.state.chain.session(&self.session).await {
            Ok(Some(account)) => {
                let known = std::mem::replace(&mut self.account, account);
                super::record_end(self.state, &self.session, &known, &self.account)
                    .await
                    .map_err(unavailable)?;
            }
            Ok(None) => self.ending = Some(EndReason::SessionExpired),
            // What was known is good until the RPC is back: minutes signed meanwhile settle later.
            Err(error) => tracing::warn!(%error, "session not read"),
        }
        self.on_tick();
        let app = self.account.app.to_bytes();
        let price_micro_usdc = self.terms.prices.of(Service::Transcription);
        // Before anything is read: two streams that look at once both see what the other begins.
        self.state.promises.set(app, self.session, price_micro_usdc);
        let (escrow, bond) = self.state.chain.backing(&self.account).await.map_err(|error| {
            tracing::warn!(%error, "escrow not read");
            (ErrorCode::Unavailable, "the node cannot reach the cluster; try again".to_owned())
        })?;
        let outstanding = self
            .state
            .ledger
            .outstanding_micro_usdc(&app, unix_secs())
            .await
            .map_err(unavailable)?;
        let owed = outstanding.saturating_add(self.state.promises.of_others(&app, &self.session));
        let bonds_required = self.state.chain.bonds_required();
        let cap = self.terms.cap_micro_usdc;
        let means = Means {
            cap_left_micro_usdc: cap.saturating_sub(self.meter.cumulative_micro_usdc()),
            escrow_left_micro_usdc: backing_left(&escrow, bond, bonds_required, owed),
            price_micro_usdc,
        };
        self.limit = means.limit().map(|(secs, reason)| {
            let samples = secs * u64::from(TRANSCRIPTION_RATE_HZ);
            (self.meter.minute_start().saturating_add(samples), reason)
        });
        Ok(())
    }

    fn on_tick(&mut self) {
        let expires_at = u64::try_from(self.account.expires_at).unwrap_or(0);
        if unix_secs() >= expires_at {
            self.ending.get_or_insert(EndReason::SessionExpired);
        }
    }

    /// Tells the client how far it may send, if that has changed.
    async fn extend_credit(&mut self) -> bool {
        let limit = self.limit.map_or(u64::MAX, |(sample, _)| sample);
        let until_sample = self.paid_until.saturating_add(CREDIT_SAMPLES).min(limit);
        if until_sample <= self.credit {
            return true;
        }
        self.credit = until_sample;
        self.send(&ServerMessage::Credit { until_sample }).await
    }

    async fn end(&mut self) -> bool {
        let reason = self.ending.unwrap_or(EndReason::Finished);
        tracing::info!(?reason, "stream ended");
        let message = explain(reason).to_owned();
        self.send(&ServerMessage::Ended { reason, message }).await;
        true
    }

    async fn send(&mut self, message: &ServerMessage) -> bool {
        let sent = self.socket.send(message).await;
        self.meter.sent(sent.unwrap_or(0));
        sent.is_some()
    }
}

/// Seconds from the start of the session's audio.
fn secs(sample: u64) -> f64 {
    sample as f64 / f64::from(TRANSCRIPTION_RATE_HZ)
}

const fn explain(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Finished => "everything is transcribed",
        EndReason::EscrowExhausted => {
            "escrow and bond do not cover more: deposit or post a bond and come back"
        }
        EndReason::CapReached => "the session's cap is reached",
        EndReason::SessionExpired => "the session's time is over",
        EndReason::VoucherMissing => "no voucher came for the last minute within the grace time",
        EndReason::Draining => "the node is shutting down",
    }
}

pub fn check_language(language: Option<&str>, info: &WorkerInfo) -> Result<(), Refusal> {
    let Some(asked) = language else { return Ok(()) };
    let primary = asked.split('-').next().unwrap_or(asked).to_ascii_lowercase();
    let languages = info.languages();
    if languages.contains(primary.as_str()) {
        return Ok(());
    }
    let served = Vec::from_iter(languages).join(", ");
    Err((ErrorCode::BadConfig, format!("language {asked} is not served; served are: {served}")))
}

fn unavailable(error: impl std::fmt::Display) -> Refusal {
    tracing::error!(%error, "stream cannot go on");
    (ErrorCode::Unavailable, "the node has an internal problem; try again or elsewhere".into())
}
