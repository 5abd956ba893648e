//! The task of a hosted session: receipts offered as they come, vouchers awaited, every stream ended
//! when none come.
//!
//! Exposure. A key is served at most a minute and a half past its last minute that was paid, as a
//! stream that pays for itself is; a receipt that is not answered within the network's grace time
//! ends the session. One that has receipts to answer from before takes no key until they are
//! answered.
//!
//! The session outlives its connection by the grace time.

use super::hosted::{Ending, Hosted, Minute};
use crate::auth::Refusal;
use crate::state::NodeState;
use crate::stream::record_end;
use crate::stream::socket::{ClientSocket, Incoming};
use crate::time::{unix_ms, unix_secs, until};
use heliograph_client::speech::{SessionKey, SpeechHostMessage, SpeechNodeMessage};
use heliograph_client::stream::{EndReason, ErrorCode};
use heliograph_protocol::domain::Message as _;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::voucher::Voucher;
use heliograph_settlement::state::Session;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

/// How often the session's end and idle keys are looked at.
const TICK: Duration = Duration::from_secs(5);
/// How often the session's account is looked at: the app may end it at any time.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long streams may take to have transcribed what they have.
const LEAVE_LIMIT: Duration = Duration::from_secs(20);
/// How long the minute of a key that nobody uses stays open for who comes back. Closing it charges
/// its started second.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// A receipt that waits for its voucher.
struct Unanswered {
    minute: Minute,
    deadline: Instant,
    /// Whether it was made before this session was hosted.
    is_from_before: bool,
}

/// What the loop waits for.
enum Event {
    Host(Incoming<SpeechHostMessage>),
    Takeover(Box<ClientSocket>),
    Minute(Box<Minute>),
    VoucherMissing,
    HostMissing,
    StreamLeft,
    LeaveLimit,
    Tick,
    Shutdown,
}

/// How the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Streams are told to end.
    Leaving(EndReason, Instant),
    /// The last receipt is signed; its voucher is awaited.
    Left(EndReason),
}

/// One hosted session.
pub struct HostTask<'a> {
    state: &'a Arc<NodeState>,
    hosted: Arc<Hosted>,
    socket: Option<ClientSocket>,
    account: Session,
    looked_at: Instant,
    ticks: Interval,
    unanswered: VecDeque<Unanswered>,
    phase: Phase,
    /// Until when a host that is gone has to be back.
    host_deadline: Instant,
}

impl<'a> HostTask<'a> {
    pub fn new(
        state: &'a Arc<NodeState>,
        hosted: Arc<Hosted>,
        account: Session,
        socket: ClientSocket,
    ) -> Self {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            state,
            hosted,
            socket: Some(socket),
            account,
            looked_at: Instant::now(),
            ticks,
            unanswered: VecDeque::new(),
            phase: Phase::Open,
            host_deadline: Instant::now(),
        }
    }

    /// Serves until the session is over. However it ends, streams end too, and what they had is in
    /// receipts, which the host gets when it comes back.
    pub async fn serve(
        mut self,
        mut takeovers: mpsc::Receiver<ClientSocket>,
        mut minutes: mpsc::UnboundedReceiver<Minute>,
    ) {
        let served = self.run(&mut takeovers, &mut minutes).await;
        self.hosted.admit(false);
        if let Err((code, message)) = served {
            tracing::warn!(?code, message, "session broken off");
            self.end_streams(EndReason::VoucherMissing, true);
            let deadline = Instant::now() + LEAVE_LIMIT;
            while self.is_streaming() && Instant::now() < deadline {
                let left = self.hosted.left.notified();
                let _ = tokio::time::timeout_at(deadline, left).await;
            }
            // What goes wrong is in the log: the host hears of what went wrong first.
            let _ = self.charge_all().await;
            if let Some(socket) = &mut self.socket {
                socket.refuse(code, message).await;
            }
        }
        self.hosted.close().await;
    }

    async fn run(
        &mut self,
        takeovers: &mut mpsc::Receiver<ClientSocket>,
        minutes: &mut mpsc::UnboundedReceiver<Minute>,
    ) -> Result<(), Refusal> {
        self.begin().await?;
        loop {
            let owes = self.unanswered.iter().any(|unanswered| unanswered.is_from_before);
            self.hosted.admit(self.phase == Phase::Open && !owes);
            if let Phase::Left(reason) = self.phase {
                while let Ok(minute) = minutes.try_recv() {
                    self.offer(minute).await;
                }
                if self.unanswered.is_empty() || reason == EndReason::VoucherMissing {
                    return self.end(reason).await;
                }
            }
            match self.wait(takeovers, minutes).await {
                Event::Host(incoming) => self.on_host(incoming).await?,
                Event::Takeover(socket) => self.on_takeover(*socket).await,
                Event::Minute(minute) => self.offer(*minute).await,
                Event::VoucherMissing => match self.phase {
                    Phase::Open => self.leave(EndReason::VoucherMissing),
                    // The last minutes stay owed: they are in the ledger.
                    Phase::Leaving(_, until) => {
                        self.phase = Phase::Leaving(EndReason::VoucherMissing, until);
                    }
                    Phase::Left(_) => self.phase = Phase::Left(EndReason::VoucherMissing),
                },
                Event::HostMissing => self.leave(EndReason::VoucherMissing),
                Event::StreamLeft => {}
                Event::LeaveLimit => self.left().await?,
                Event::Tick => self.on_tick().await?,
                Event::Shutdown => self.leave(EndReason::Draining),
            }
            if matches!(self.phase, Phase::Leaving(..)) && !self.is_streaming() {
                self.left().await?;
            }
        }
    }

    /// Says what is hosted and what is to be answered from before.
    async fn begin(&mut self) -> Result<(), Refusal> {
        let (ledger, session) = (&self.state.ledger, &self.hosted.session);
        let unanswered = ledger.unvouchered(session).await.map_err(super::unavailable)?;
        for receipt in unanswered {
            let message: Receipt =
                receipt.signed.message(&self.state.domain()).map_err(super::unavailable)?;
            let sequence = message.sequence;
            let shares = ledger.shares(session, sequence).await.map_err(super::unavailable)?;
            // None for a minute that the session streamed by itself.
            let key = shares.and_then(|bytes| borsh::from_slice(&bytes).ok()).unwrap_or_default();
            self.unanswered.push_back(Unanswered {
                minute: Minute { sequence, receipt, key },
                deadline: self.grace_deadline(),
                is_from_before: true,
            });
        }
        self.greet().await;
        Ok(())
    }

    /// What a host that has just connected hears first.
    async fn greet(&mut self) {
        let hosting = SpeechNodeMessage::Hosting {
            node_key: self.state.node_key().to_string(),
            next_sequence: self.hosted.next_sequence().await,
        };
        let minutes = self.unanswered.iter().map(|unanswered| said(&unanswered.minute));
        for message in std::iter::once(hosting).chain(minutes).collect::<Vec<_>>() {
            self.send(&message).await;
        }
    }

    async fn wait(
        &mut self,
        takeovers: &mut mpsc::Receiver<ClientSocket>,
        minutes: &mut mpsc::UnboundedReceiver<Minute>,
    ) -> Event {
        let is_open = self.phase == Phase::Open;
        let leaving = match self.phase {
            Phase::Leaving(_, until) => Some(until),
            _ => None,
        };
        let is_given_up = matches!(
            self.phase,
            Phase::Leaving(EndReason::VoucherMissing, _) | Phase::Left(EndReason::VoucherMissing)
        );
        let oldest = self.unanswered.front().filter(|_| !is_given_up);
        let voucher_deadline = oldest.map(|unanswered| unanswered.deadline);
        let host_deadline = (self.socket.is_none() && is_open).then_some(self.host_deadline);
        let Self { socket, hosted, state, ticks, .. } = self;
        let incoming = async {
            match socket {
                Some(socket) => socket.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            incoming = incoming => Event::Host(incoming),
            Some(socket) = takeovers.recv() => Event::Takeover(Box::new(socket)),
            Some(minute) = minutes.recv() => Event::Minute(Box::new(minute)),
            () = until(voucher_deadline) => Event::VoucherMissing,
            () = until(host_deadline) => Event::HostMissing,
            () = hosted.left.notified(), if leaving.is_some() => Event::StreamLeft,
            () = until(leaving) => Event::LeaveLimit,
            _ = ticks.tick() => Event::Tick,
            () = state.shutdown.cancelled(), if is_open => Event::Shutdown,
        }
    }

    async fn on_host(&mut self, incoming: Incoming<SpeechHostMessage>) -> Result<(), Refusal> {
        let bad = |why: &str| Err((ErrorCode::BadMessage, why.to_owned()));
        match incoming {
            Incoming::Message(SpeechHostMessage::Voucher { voucher }) => {
                self.on_voucher(&voucher).await
            }
            Incoming::Message(SpeechHostMessage::Extend { session_key }) => {
                let answer = self.extend(&session_key).await?;
                self.send(&answer).await;
                Ok(())
            }
            Incoming::Message(SpeechHostMessage::Finish) => {
                self.leave(EndReason::Finished);
                Ok(())
            }
            Incoming::Message(SpeechHostMessage::Host { .. }) => bad("said twice what is hosted"),
            Incoming::Audio(_) => bad("a host sends no audio"),
            Incoming::Invalid(why) => bad(&why),
            Incoming::Gone => {
                tracing::info!("host disconnected");
                self.lost();
                Ok(())
            }
        }
    }

    async fn on_takeover(&mut self, socket: ClientSocket) {
        tracing::info!("host connected again");
        if let Some(mut old) = self.socket.replace(socket) {
            let why = "another connection hosts the session now".to_owned();
            old.refuse(ErrorCode::AlreadyConnected, why).await;
        }
        self.greet().await;
    }

    async fn on_voucher(&mut self, signed: &Signed) -> Result<(), Refusal> {
        if let Err(error) = self.state.ledger.record_voucher(signed, unix_ms()).await {
            let code =
                if error.is_retryable() { ErrorCode::Unavailable } else { ErrorCode::BadMessage };
            return Err((code, format!("voucher refused: {error}")));
        }
        let voucher = Voucher::from_signing_bytes(&signed.bytes, &self.state.domain())
            .map_err(|error| (ErrorCode::BadMessage, error.to_string()))?;
        self.unanswered.retain(|unanswered| unanswered.minute.sequence > voucher.sequence);
        self.hosted.paid(voucher.sequence);
        self.state.settle_bell.notify_one();
        self.state.archive_bell.notify_one();
        Ok(())
    }

    /// A key that is not good changes nothing: the host made it, and hears what is wrong with it.
    async fn extend(&mut self, token: &str) -> Result<SpeechNodeMessage, Refusal> {
        let not = |message: String| Ok(SpeechNodeMessage::NotExtended { message });
        let (key, issuer) = match SessionKey::read(token, unix_secs()) {
            Ok(read) => read,
            Err(error) => return not(error.to_string()),
        };
        let hosted = &self.hosted;
        if key.session != hosted.session || (issuer != hosted.signer && issuer != hosted.authority)
        {
            return not("the session key is not issued by the app for this session".to_owned());
        }
        let known = hosted.know(self.state, &key, token).await?;
        let (seconds, used_secs) = (*known.bought.borrow(), known.account().used_secs);
        Ok(SpeechNodeMessage::Extended { id: key.id, seconds, used_secs })
    }

    async fn on_tick(&mut self) -> Result<(), Refusal> {
        if self.looked_at.elapsed() >= LOOK_EVERY {
            self.look().await?;
        }
        if unix_secs() >= u64::try_from(self.account.expires_at).unwrap_or(0) {
            self.leave(EndReason::SessionExpired);
        }
        for key in self.hosted.live_keys() {
            let (idle_since, done) = {
                let account = key.account();
                (account.idle_since, account.stretch.done())
            };
            if !key.is_taken() && idle_since.elapsed() >= IDLE_LIMIT {
                self.hosted.charge(self.state, &key, done).await?;
                self.hosted.release(self.state, &key);
            }
        }
        Ok(())
    }

    /// Does the session still run?
    async fn look(&mut self) -> Result<(), Refusal> {
        self.looked_at = Instant::now();
        let session = &self.hosted.session;
        match self.state.chain.session(session).await {
            Ok(Some(account)) => {
                record_end(self.state, session, &self.account, &account)
                    .await
                    .map_err(super::unavailable)?;
                self.account = account;
            }
            Ok(None) => self.leave(EndReason::SessionExpired),
            // What was known is good until the RPC is back: minutes signed meanwhile settle later.
            Err(error) => tracing::warn!(%error, "session not read"),
        }
        Ok(())
    }

    fn is_streaming(&self) -> bool {
        self.hosted.live_keys().iter().any(|key| key.is_taken())
    }

    /// Has every stream end, if that is not under way.
    fn leave(&mut self, reason: EndReason) {
        if self.phase != Phase::Open {
            return;
        }
        tracing::info!(?reason, "session ends");
        self.hosted.admit(false);
        // Whatever is still transcribed would not be paid by an app that does not pay.
        self.end_streams(reason, reason == EndReason::VoucherMissing);
        self.phase = Phase::Leaving(reason, Instant::now() + LEAVE_LIMIT);
    }

    /// Every stream has ended, or takes too long: what is left is charged.
    async fn left(&mut self) -> Result<(), Refusal> {
        if let Phase::Leaving(reason, _) = self.phase {
            self.end_streams(reason, true);
            self.charge_all().await?;
            self.phase = Phase::Left(reason);
        }
        Ok(())
    }

    fn end_streams(&self, reason: EndReason, is_at_once: bool) {
        self.hosted.ending.send_replace(Some(Ending { reason, is_at_once }));
    }

    /// Charges the open minute of every key, whatever becomes of the others'. Says what went wrong
    /// first.
    async fn charge_all(&mut self) -> Result<(), Refusal> {
        let mut all = Ok(());
        for key in self.hosted.live_keys() {
            let done = key.account().stretch.done();
            let charged = self.hosted.charge(self.state, &key, done).await;
            self.hosted.release(self.state, &key);
            if let Err((_, error)) = &charged {
                tracing::warn!(key = key.id, error, "last minute of a key not closed");
            }
            all = all.and(charged);
        }
        all
    }

    /// Sends a recorded receipt and starts its grace time.
    async fn offer(&mut self, minute: Minute) {
        let message = said(&minute);
        let deadline = self.grace_deadline();
        self.unanswered.push_back(Unanswered { minute, deadline, is_from_before: false });
        self.send(&message).await;
    }

    async fn end(&mut self, reason: EndReason) -> Result<(), Refusal> {
        let message = super::explain(reason).to_owned();
        self.send(&SpeechNodeMessage::Ended { reason, message }).await;
        if let Some(socket) = &mut self.socket {
            socket.close().await;
        }
        Ok(())
    }

    /// Sends to the host, if there is one.
    async fn send(&mut self, message: &SpeechNodeMessage) {
        if let Some(socket) = &mut self.socket
            && socket.send(message).await.is_none()
        {
            self.lost();
        }
    }

    fn lost(&mut self) {
        self.socket = None;
        self.host_deadline = self.grace_deadline();
    }

    fn grace_deadline(&self) -> Instant {
        let grace_secs = self.state.chain.network().params.voucher_grace_secs;
        Instant::now() + Duration::from_secs(grace_secs.into())
    }
}

fn said(minute: &Minute) -> SpeechNodeMessage {
    SpeechNodeMessage::Minute { receipt: minute.receipt.clone(), key: minute.key.clone() }
}
