//! The task that serves the socket: one loop that owns everything, and never waits for a reader.

use super::cache::Cache;
use super::{Allowed, Ask, LinkConfig};
use crate::access::{Denied, Payer, Scope};
use crate::meter::{Counted, Meter};
use crate::outside::{Caption, Notice, Order};
use futures_util::stream::SplitStream;
use futures_util::{SinkExt, StreamExt};
use heliograph_worker_ipc::SfuWorkerCodec;
use heliograph_worker_ipc::call::{CALL_VERSION, FromSfu, REPORT_EVERY_MS, ToSfu};
use prost::Message as _;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::codec::Framed;
use tokio_util::sync::CancellationToken;

/// Notices taken at a time.
const NOTICES: usize = 256;
/// Messages on their way to the node role. Past it events and tapped audio are dropped; reports
/// and questions are few.
const OUTGOING_MAX: usize = 1_024;
/// Reports not yet acknowledged, past which usage is kept in the meter instead: it adds up there.
const REPORTS_MAX: usize = 64;
/// Largest event that is passed on.
const EVENT_BYTES_MAX: usize = 64 * 1024;
/// How long rooms may take to count the last second of a session that was revoked.
const LAST_SECOND: Duration = Duration::from_millis(2_000);

type Source = SplitStream<Framed<UnixStream, SfuWorkerCodec>>;

/// A question that the node role has been asked.
#[derive(Debug)]
struct Asked {
    issuer: [u8; 32],
    payer: Option<[u8; 32]>,
    answer: oneshot::Sender<Result<Allowed, Denied>>,
}

/// What the loop owns.
#[derive(Debug)]
pub struct Desk {
    ready: FromSfu,
    orders: mpsc::UnboundedSender<Order>,
    cache: Arc<Mutex<Cache>>,
    meter: Meter,
    /// Reports that are not booked yet, oldest first.
    reports: VecDeque<(u64, FromSfu)>,
    last_report: u64,
    outgoing: VecDeque<FromSfu>,
    /// Taps that are open, as they were told.
    taps: BTreeMap<u64, FromSfu>,
    asked: HashMap<u64, Asked>,
    last_request: u64,
    /// Sessions whose last second is being counted.
    revoked: VecDeque<(Instant, Payer)>,
}

impl Desk {
    pub fn new(
        config: &LinkConfig,
        orders: mpsc::UnboundedSender<Order>,
        cache: Arc<Mutex<Cache>>,
    ) -> Self {
        let ready = FromSfu::Ready {
            version: CALL_VERSION,
            instance: rand::random(),
            signalling: config.signalling.clone(),
            participants_max: config.participants_max,
        };
        Self {
            ready,
            orders,
            cache,
            meter: Meter::default(),
            reports: VecDeque::new(),
            last_report: 0,
            outgoing: VecDeque::new(),
            taps: BTreeMap::new(),
            asked: HashMap::new(),
            last_request: 0,
            revoked: VecDeque::new(),
        }
    }

    /// Serves until `shutdown` or until the rooms are gone.
    pub async fn run(
        mut self,
        listener: UnixListener,
        mut asks: mpsc::Receiver<Ask>,
        mut notices: mpsc::UnboundedReceiver<Notice>,
        shutdown: CancellationToken,
    ) {
        let mut source: Option<Source> = None;
        let mut sink: Option<mpsc::Sender<FromSfu>> = None;
        let mut batch = Vec::with_capacity(NOTICES);
        let every = Duration::from_millis(REPORT_EVERY_MS);
        let mut tick = tokio::time::interval_at(Instant::now() + every, every);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let last_second = self.revoked.front().map(|(at, _)| *at);
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    // The newest connection wins: only this user can connect, so it is the same
                    // node role again, back before the end of its old connection was noticed.
                    Ok((socket, _)) => {
                        let (writer, reader) = connection(socket);
                        (sink, source) = (Some(writer), Some(reader));
                        self.connected();
                    }
                    Err(error) => tracing::warn!(%error, "node role not accepted"),
                },
                message = next(&mut source) => match message {
                    Ok(message) => self.on_message(message),
                    Err(reason) => {
                        tracing::warn!(reason, "node role disconnected");
                        (sink, source) = (None, None);
                        self.disconnected();
                    }
                },
                permit = permit(sink.clone()), if !self.outgoing.is_empty() => {
                    if let Some(message) = self.outgoing.pop_front() {
                        permit.send(message);
                    }
                }
                Some(ask) = asks.recv() => self.on_ask(ask, sink.is_some()),
                taken = notices.recv_many(&mut batch, NOTICES) => {
                    if taken == 0 {
                        return;
                    }
                    batch.drain(..).for_each(|notice| self.on_notice(notice, sink.is_some()));
                }
                _ = tick.tick() => self.report(sink.is_some()),
                () = sleep_until(last_second) => self.on_last_second(sink.is_some()),
                () = shutdown.cancelled() => return,
            }
        }
    }

    fn connected(&mut self) {
        tracing::info!(unbooked = self.reports.len(), "node role connected");
        self.disconnected();
        self.outgoing.push_back(self.ready.clone());
        self.outgoing.extend(self.reports.iter().map(|(_, report)| report.clone()));
        self.outgoing.extend(self.taps.values().cloned());
    }

    fn disconnected(&mut self) {
        self.outgoing.clear();
        self.asked.clear();
        self.cached().clear();
    }

    fn on_ask(&mut self, ask: Ask, is_connected: bool) {
        let Ask { issuer, payer, room, identity, answer } = ask;
        if !is_connected || self.outgoing.len() >= OUTGOING_MAX || self.asked.len() >= OUTGOING_MAX
        {
            // The one who asks reads the closed channel as unavailable.
            return;
        }
        // Those who asked and gave up waiting.
        self.asked.retain(|_, asked| !asked.answer.is_closed());
        self.last_request += 1;
        let request = self.last_request;
        self.asked.insert(request, Asked { issuer, payer, answer });
        self.outgoing.push_back(FromSfu::Authorize { request, issuer, payer, room, identity });
    }

    fn on_message(&mut self, message: ToSfu) {
        match message {
            ToSfu::Allowed { request, scope, payer, participants_max, captions } => {
                let Some(asked) = self.asked.remove(&request) else { return };
                let scope = Scope(bs58::encode(scope).into_string());
                let allowed = Allowed { scope, payer: Payer(payer), participants_max, captions };
                let now = std::time::Instant::now();
                self.cached().put(asked.issuer, asked.payer, allowed.clone(), now);
                let _ = asked.answer.send(Ok(allowed));
            }
            ToSfu::Refused { request, reason } => {
                if let Some(asked) = self.asked.remove(&request) {
                    let _ = asked.answer.send(Err(Denied::Unauthorized(reason)));
                }
            }
            ToSfu::Booked { report } => self.reports.retain(|(number, _)| *number != report),
            ToSfu::Revoke { payer, reason } => {
                let payer = Payer(payer);
                self.cached().forget(payer);
                self.revoked.push_back((Instant::now() + LAST_SECOND, payer));
                self.order(Order::Revoke { payer, reason });
            }
            ToSfu::Drain { url } => self.order(Order::Drain { url }),
            ToSfu::Move { scope, room, url } => {
                let scope = Scope(bs58::encode(scope).into_string());
                self.order(Order::Move { scope, room, url });
            }
            ToSfu::EndTap { scope, room, tap } => {
                let scope = Scope(bs58::encode(scope).into_string());
                self.order(Order::EndTap { scope, room, tap });
            }
            ToSfu::Caption {
                scope,
                room,
                identity,
                track_sid,
                segment,
                text,
                language,
                start_unix_ms,
                end_unix_ms,
                is_final,
            } => self.order(Order::Caption(Caption {
                scope: Scope(bs58::encode(scope).into_string()),
                room,
                identity,
                track_sid,
                segment,
                text,
                language,
                start_unix_ms,
                end_unix_ms,
                is_final,
            })),
        }
    }

    fn order(&self, order: Order) {
        // Rooms that are gone need no orders.
        let _ = self.orders.send(order);
    }

    fn on_notice(&mut self, notice: Notice, is_connected: bool) {
        let message = match notice {
            Notice::Served(served) => return self.meter.add(served),
            Notice::Event { payer: Some(Payer(payer)), event } => {
                let event = event.encode_to_vec();
                if event.len() > EVENT_BYTES_MAX {
                    tracing::warn!(bytes = event.len(), "event too large to be told");
                    return;
                }
                FromSfu::Event { payer, event }
            }
            Notice::Event { payer: None, .. } => return,
            Notice::TapOpened { tap, payer, scope, room, identity, track_sid, language } => {
                let Some(scope) = crate::token::public_key(&scope.0) else { return };
                let payer = payer.0;
                let opened =
                    FromSfu::TapOpened { tap, payer, scope, room, identity, track_sid, language };
                self.taps.insert(tap, opened.clone());
                opened
            }
            Notice::TapRefused { payer, room, identity, track_sid, reason } => {
                let (payer, reason) = (payer.0, reason.to_owned());
                FromSfu::TapRefused { payer, room, identity, track_sid, reason }
            }
            Notice::TapAudio { tap, pcm } => FromSfu::TapAudio { tap, pcm },
            Notice::TapClosed { tap } => {
                self.taps.remove(&tap);
                FromSfu::TapClosed { tap }
            }
        };
        // A tap that began or ended is told in any case: there are no more than tracks.
        let is_short = matches!(message, FromSfu::TapOpened { .. } | FromSfu::TapClosed { .. });
        if is_connected && (is_short || self.outgoing.len() < OUTGOING_MAX) {
            self.outgoing.push_back(message);
        }
    }

    /// Reports what was counted. What cannot be sent stays in the meter and adds up.
    fn report(&mut self, is_connected: bool) {
        if is_connected && self.reports.len() < REPORTS_MAX {
            let counted = self.meter.take();
            self.send_reports(counted);
        }
    }

    fn on_last_second(&mut self, is_connected: bool) {
        let Some((_, payer)) = self.revoked.pop_front() else { return };
        if is_connected {
            let counted = self.meter.take_of(payer);
            self.send_reports(counted);
            self.outgoing.push_back(FromSfu::Revoked { payer: payer.0 });
        }
    }

    fn send_reports(&mut self, counted: Vec<Counted>) {
        for Counted { payer, entries, quality } in counted {
            self.last_report += 1;
            let report = self.last_report;
            let usage = FromSfu::Usage { report, payer: payer.0, entries, quality };
            self.reports.push_back((report, usage.clone()));
            self.outgoing.push_back(usage);
        }
    }

    fn cached(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Splits a connection: what is sent to the channel is written by a task that ends with it.
fn connection(socket: UnixStream) -> (mpsc::Sender<FromSfu>, Source) {
    let (mut sink, source) = Framed::new(socket, SfuWorkerCodec::new()).split();
    let (sender, mut queue) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(message) = queue.recv().await {
            if let Err(error) = sink.send(message).await {
                tracing::warn!(%error, "node role not reached");
                return;
            }
        }
    });
    (sender, source)
}

/// The next message of the connection there is.
async fn next(source: &mut Option<Source>) -> Result<ToSfu, String> {
    let Some(source) = source else { return std::future::pending().await };
    match source.next().await {
        Some(Ok(message)) => Ok(message),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("closed by the node role".into()),
    }
}

/// Room for one message to the node role; never if it is gone, which reading tells.
async fn permit(sink: Option<mpsc::Sender<FromSfu>>) -> mpsc::OwnedPermit<FromSfu> {
    if let Some(sink) = sink
        && let Ok(permit) = sink.reserve_owned().await
    {
        return permit;
    }
    std::future::pending().await
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
