//! A hosted session: minutes signed as they pass, vouchers awaited, everybody out when none come.
//!
//! Exposure. What the worker counts is charged every minute; a receipt that is not answered within
//! the network's grace time ends the session. The node serves unpaid at most a minute, the grace
//! time and the seconds until the last participant is out (docs/decisions/0030). A session that has
//! receipts to answer from before admits nobody until they are answered.
//!
//! The session outlives its connection by the grace time: a host that comes back finds its calls
//! running and what it has not answered.

use super::Calls;
use super::hosts::{Hosted, Takeover};
use super::meter::CallMeter;
use crate::auth::Refusal;
use crate::solvency::backing_left;
use crate::state::NodeState;
use crate::stream::record_end;
use crate::stream::socket::{ClientSocket, Incoming};
use crate::time::{unix_ms, unix_secs, until};
use heliograph_client::call::{HostMessage, NodeMessage, ParticipantUsage};
use heliograph_client::evidence::sign;
use heliograph_client::stream::{EndReason, ErrorCode};
use heliograph_protocol::domain::Message as _;
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::receipt::{Receipt, Terms};
use heliograph_protocol::voucher::Voucher;
use heliograph_settlement::state::Session;
use solana_pubkey::Pubkey;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use url::Url;

/// How often the session's end is looked at.
const TICK: Duration = Duration::from_secs(5);
/// How long the worker may take to have everybody leave and to count their last second.
const LEAVE_LIMIT: Duration = Duration::from_secs(10);

/// Receipts that one minute may have: as many as speak at once.
const RECEIPTS_MAX: usize = 256;
/// Reports of media whose price is kept from transcription.
const REPORTS_KEPT: u64 = 3;

/// A receipt that waits for its voucher.
struct Unanswered {
    sequence: u32,
    receipt: ArchivedReceipt,
    participants: Vec<ParticipantUsage>,
    deadline: Instant,
    /// Whether it was made before this session was hosted.
    is_from_before: bool,
}

/// What the loop waits for.
enum Event {
    Host(Incoming<HostMessage>),
    Takeover(Box<Takeover>),
    Note(NodeMessage),
    Counted,
    MinuteOver,
    VoucherMissing,
    HostMissing,
    EverybodyLeft,
    Tick,
    Shutdown,
}

/// How the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Participants are served, or will be once old receipts are answered.
    Open,
    /// Everybody is told to leave; what they were served is being counted until then.
    Leaving(EndReason, Instant),
    /// The last receipt is signed; its voucher is awaited.
    Left(EndReason),
}

/// One hosted session.
pub struct HostSession<'a> {
    state: &'a Arc<NodeState>,
    calls: &'a Calls,
    hosted: Arc<Hosted>,
    account: Session,
    terms: Terms,
    socket: Option<ClientSocket>,
    webhook: watch::Sender<Option<Url>>,
    notes: mpsc::Receiver<NodeMessage>,
    meter: CallMeter,
    unanswered: VecDeque<Unanswered>,
    phase: Phase,
    /// What can still be promised, and what runs out first.
    left: (u64, EndReason),
    /// What was counted cost at the last look.
    counted_micro_usdc: u64,
    /// The same without transcription, and the most that one report added to it.
    media_micro_usdc: u64,
    media_step_micro_usdc: u64,
    /// When the minute under way is over, Unix time in ms.
    minute_end_unix_ms: u64,
    /// Until when a host that is gone has to be back.
    host_deadline: Instant,
}

impl<'a> HostSession<'a> {
    pub fn new(
        state: &'a Arc<NodeState>,
        calls: &'a Calls,
        hosted: Arc<Hosted>,
        account: Session,
        socket: ClientSocket,
        (webhook, notes): (watch::Sender<Option<Url>>, mpsc::Receiver<NodeMessage>),
    ) -> Self {
        let terms = account.terms(&Pubkey::from(hosted.session));
        let now = unix_ms();
        Self {
            state,
            calls,
            hosted,
            account,
            terms,
            socket: Some(socket),
            webhook,
            notes,
            meter: CallMeter::new(terms, None, now),
            unanswered: VecDeque::new(),
            phase: Phase::Open,
            left: (u64::MAX, EndReason::CapReached),
            counted_micro_usdc: 0,
            media_micro_usdc: 0,
            media_step_micro_usdc: 0,
            minute_end_unix_ms: 0,
            host_deadline: Instant::now(),
        }
    }

    /// Serves until the session is over. However it ends, everybody leaves and what was counted by
    /// then is in a receipt, which the host gets when it comes back.
    pub async fn serve(mut self, mut takeovers: mpsc::Receiver<Takeover>) {
        let served = self.run(&mut takeovers).await;
        self.hosted.admit(false);
        if let Err((code, message)) = served {
            tracing::warn!(?code, message, "session broken off");
            self.calls.revoke(self.hosted.session, message.clone());
            if let Err((_, error)) = self.close_minute(true).await {
                tracing::warn!(error, "last minute not closed");
            }
            if let Some(socket) = &mut self.socket {
                socket.refuse(code, message).await;
            }
        }
        self.hosted.end_transcription(None);
    }

    async fn run(&mut self, takeovers: &mut mpsc::Receiver<Takeover>) -> Result<(), Refusal> {
        self.begin().await?;
        loop {
            self.admit();
            if let Phase::Left(reason) = self.phase
                && (self.unanswered.is_empty() || reason == EndReason::VoucherMissing)
            {
                return self.end(reason).await;
            }
            match self.wait(takeovers).await {
                Event::Host(incoming) => self.on_host(incoming).await?,
                Event::Note(note) => self.send(&note).await,
                Event::Takeover(takeover) => self.on_takeover(*takeover).await?,
                Event::Counted => self.on_counted(),
                Event::MinuteOver => self.on_minute().await?,
                Event::VoucherMissing => match self.phase {
                    Phase::Open => self.leave(EndReason::VoucherMissing),
                    // The last minutes stay owed: they are in the ledger.
                    Phase::Leaving(_, until) => {
                        self.phase = Phase::Leaving(EndReason::VoucherMissing, until)
                    }
                    Phase::Left(_) => self.phase = Phase::Left(EndReason::VoucherMissing),
                },
                Event::HostMissing => self.leave(EndReason::VoucherMissing),
                Event::EverybodyLeft => {
                    if let Phase::Leaving(reason, _) = self.phase {
                        self.close_minute(true).await?;
                        self.hosted.end_transcription(None);
                        self.phase = Phase::Left(reason);
                    }
                }
                Event::Tick => {
                    let expires_at = u64::try_from(self.account.expires_at).unwrap_or(0);
                    if unix_secs() >= expires_at {
                        self.leave(EndReason::SessionExpired);
                    }
                }
                Event::Shutdown => self.leave(EndReason::Draining),
            }
        }
    }

    /// Says where participants connect and what is to be answered from before.
    async fn begin(&mut self) -> Result<(), Refusal> {
        let ledger = &self.state.ledger;
        let tip = ledger.session_tip(&self.hosted.session).await.map_err(unavailable)?;
        let unanswered = ledger.unvouchered(&self.hosted.session).await.map_err(unavailable)?;
        self.meter = CallMeter::new(self.terms, tip, unix_ms());
        self.hosted.counted().start_at(tip.map_or(0, |tip| tip.media_end_sample));
        self.next_minute();
        for receipt in unanswered {
            let message: Receipt =
                receipt.signed.message(&self.state.domain()).map_err(unavailable)?;
            let sequence = message.sequence;
            let shares =
                ledger.shares(&self.hosted.session, sequence).await.map_err(unavailable)?;
            let participants =
                shares.and_then(|bytes| borsh::from_slice(&bytes).ok()).unwrap_or_default();
            let deadline = self.grace_deadline();
            let is_from_before = true;
            self.unanswered.push_back(Unanswered {
                sequence,
                receipt,
                participants,
                deadline,
                is_from_before,
            });
        }
        self.greet().await;
        self.look_ahead().await
    }

    /// What a host that has just connected hears first.
    async fn greet(&mut self) {
        let hosting = NodeMessage::Hosting {
            node_key: self.state.node_key().to_string(),
            url: self.calls.url(),
            next_sequence: self.meter.next_sequence().unwrap_or(u32::MAX),
        };
        let minutes = self.unanswered.iter().map(|unanswered| NodeMessage::Minute {
            receipt: unanswered.receipt.clone(),
            participants: unanswered.participants.clone(),
        });
        for message in std::iter::once(hosting).chain(minutes).collect::<Vec<_>>() {
            self.send(&message).await;
        }
    }

    /// Tokens are good while the session is paid. Receipts from before are to be answered first: a
    /// host that never answers and comes back again and again gets nothing.
    fn admit(&self) {
        let owes = self.unanswered.iter().any(|unanswered| unanswered.is_from_before);
        self.hosted.admit(self.phase == Phase::Open && !owes);
    }

    async fn wait(&mut self, takeovers: &mut mpsc::Receiver<Takeover>) -> Event {
        let is_open = self.phase == Phase::Open;
        let leaving = match self.phase {
            Phase::Leaving(_, until) => Some(until),
            _ => None,
        };
        let minute_ms = self.minute_end_unix_ms.saturating_sub(unix_ms());
        let is_given_up = matches!(
            self.phase,
            Phase::Leaving(EndReason::VoucherMissing, _) | Phase::Left(EndReason::VoucherMissing)
        );
        let oldest = self.unanswered.front().filter(|_| !is_given_up);
        let voucher_deadline = oldest.map(|unanswered| unanswered.deadline);
        let host_deadline = (self.socket.is_none() && is_open).then_some(self.host_deadline);
        let Self { socket, hosted, state, notes, .. } = self;
        let incoming = async {
            match socket {
                Some(socket) => socket.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            incoming = incoming => Event::Host(incoming),
            Some(takeover) = takeovers.recv() => Event::Takeover(Box::new(takeover)),
            Some(note) = notes.recv() => Event::Note(note),
            () = hosted.counted_bell.notified() => Event::Counted,
            () = tokio::time::sleep(Duration::from_millis(minute_ms)), if is_open => {
                Event::MinuteOver
            }
            () = until(voucher_deadline) => Event::VoucherMissing,
            () = until(host_deadline) => Event::HostMissing,
            () = hosted.revoked_bell.notified(), if leaving.is_some() => Event::EverybodyLeft,
            () = until(leaving) => Event::EverybodyLeft,
            () = tokio::time::sleep(TICK) => Event::Tick,
            () = state.shutdown.cancelled(), if is_open => Event::Shutdown,
        }
    }

    async fn on_host(&mut self, incoming: Incoming<HostMessage>) -> Result<(), Refusal> {
        let bad = |why: &str| Err((ErrorCode::BadMessage, why.to_owned()));
        match incoming {
            Incoming::Message(HostMessage::Voucher { voucher }) => self.on_voucher(&voucher).await,
            Incoming::Message(HostMessage::Finish) => {
                self.leave(EndReason::Finished);
                Ok(())
            }
            Incoming::Message(HostMessage::Host { .. }) => bad("said twice what is hosted"),
            Incoming::Audio(_) => bad("a host sends no audio"),
            Incoming::Invalid(why) => bad(&why),
            Incoming::Gone => {
                tracing::info!("host disconnected");
                self.lost();
                Ok(())
            }
        }
    }

    async fn on_takeover(&mut self, takeover: Takeover) -> Result<(), Refusal> {
        tracing::info!("host connected again");
        let Takeover { socket, webhook, captions } = takeover;
        self.hosted.ask_captions(captions);
        if let Some(mut old) = self.socket.replace(socket) {
            let why = "another connection hosts the session now".to_owned();
            old.refuse(ErrorCode::AlreadyConnected, why).await;
        }
        self.webhook.send_replace(webhook);
        self.greet().await;
        Ok(())
    }

    async fn on_voucher(&mut self, signed: &Signed) -> Result<(), Refusal> {
        if let Err(error) = self.state.ledger.record_voucher(signed, unix_ms()).await {
            let code =
                if error.is_retryable() { ErrorCode::Unavailable } else { ErrorCode::BadMessage };
            return Err((code, format!("voucher refused: {error}")));
        }
        let voucher = Voucher::from_signing_bytes(&signed.bytes, &self.state.domain())
            .map_err(|error| (ErrorCode::BadMessage, error.to_string()))?;
        self.unanswered.retain(|unanswered| unanswered.sequence > voucher.sequence);
        self.state.settle_bell.notify_one();
        self.state.archive_bell.notify_one();
        Ok(())
    }

    /// Ends the session ahead of time if the next report could cost more than is left. What a few
    /// reports cost is kept from transcription, so that it ends first.
    fn on_counted(&mut self) {
        let (left, reason) = self.left;
        let (price, media) = {
            let mut counted = self.hosted.counted();
            let media = counted.media_price_micro_usdc(&self.terms.prices);
            let step = media.saturating_sub(self.media_micro_usdc);
            self.media_step_micro_usdc = self.media_step_micro_usdc.max(step);
            let kept = self.media_step_micro_usdc.saturating_mul(REPORTS_KEPT);
            counted.limit_transcription(left.saturating_sub(kept));
            (counted.price_micro_usdc(&self.terms.prices), media)
        };
        let step = media.saturating_sub(self.media_micro_usdc);
        (self.counted_micro_usdc, self.media_micro_usdc) = (price, media);
        self.state.promises.set(self.account.app.to_bytes(), self.hosted.session, price);
        if price.saturating_add(step) > left {
            self.leave(reason);
        }
    }

    async fn on_minute(&mut self) -> Result<(), Refusal> {
        self.next_minute();
        self.close_minute(false).await
    }

    fn next_minute(&mut self) {
        let every = self.calls.receipt_every_ms();
        self.minute_end_unix_ms = (unix_ms() / every + 1) * every;
    }

    /// Signs, records and offers the receipts of the minute under way: one, and more where several
    /// spoke at once. Nothing happens if there is nothing to charge.
    async fn close_minute(&mut self, is_last: bool) -> Result<(), Refusal> {
        let mut is_closed = false;
        for _ in 0..RECEIPTS_MAX {
            if !self.close_receipt(is_last).await? {
                break;
            }
            is_closed = true;
            if self.hosted.counted().transcribed_samples() == 0 {
                break;
            }
        }
        if is_closed { self.look_ahead().await } else { Ok(()) }
    }

    /// `false` if there is nothing to charge.
    async fn close_receipt(&mut self, is_last: bool) -> Result<bool, Refusal> {
        let now = unix_ms();
        let closed = {
            let mut counted = self.hosted.counted();
            let closed = self.meter.close(&mut counted, self.left.0, now, is_last);
            self.counted_micro_usdc = counted.price_micro_usdc(&self.terms.prices);
            self.media_micro_usdc = counted.media_price_micro_usdc(&self.terms.prices);
            closed
        };
        let Some(closed) = closed else {
            self.meter.idle_until(now);
            return Ok(false);
        };
        let (ledger, session) = (&self.state.ledger, &self.hosted.session);
        let sequence = closed.receipt.sequence;
        let signed = sign(&closed.receipt, &self.state.domain(), self.state.key())
            .map_err(|error| (ErrorCode::Unavailable, error.to_string()))?;
        let tip = closed.receipt.tip(signed.hash());
        let receipt = ArchivedReceipt { signed, records: closed.records.clone() };
        let shares = borsh::to_vec(&closed.participants).map_err(unavailable)?;
        ledger.record_shares(session, sequence, &shares).await.map_err(unavailable)?;
        // From here on the receipt exists: the ledger has it before anybody else does.
        ledger.record_receipt(&receipt, unix_ms()).await.map_err(unavailable)?;
        self.meter.signed(tip, &closed);
        self.state.archive_bell.notify_one();
        let amount_micro_usdc = closed.receipt.amount_micro_usdc;
        // Until the chain is looked at again.
        self.left.0 = self.left.0.saturating_sub(amount_micro_usdc);
        tracing::info!(sequence, amount_micro_usdc, "minute of calls closed");
        let participants = closed.participants;
        let minute =
            NodeMessage::Minute { receipt: receipt.clone(), participants: participants.clone() };
        let deadline = self.grace_deadline();
        self.unanswered.push_back(Unanswered {
            sequence,
            receipt,
            participants,
            deadline,
            is_from_before: false,
        });
        self.send(&minute).await;
        Ok(true)
    }

    /// Before a minute begins: what can be paid of it, does the session still run?
    async fn look_ahead(&mut self) -> Result<(), Refusal> {
        match self.state.chain.session(&self.hosted.session).await {
            Ok(Some(account)) => {
                let known = std::mem::replace(&mut self.account, account);
                record_end(self.state, &self.hosted.session, &known, &self.account)
                    .await
                    .map_err(unavailable)?;
            }
            Ok(None) => self.leave(EndReason::SessionExpired),
            // What was known is good until the RPC is back: minutes signed meanwhile settle later.
            Err(error) => tracing::warn!(%error, "session not read"),
        }
        let app = self.account.app.to_bytes();
        // Before anything is read: two sessions that look at once both see what the other counts.
        self.state.promises.set(app, self.hosted.session, self.counted_micro_usdc);
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
        let others = self.state.promises.of_others(&app, &self.hosted.session);
        let bonds_required = self.state.chain.bonds_required();
        let cap = self.terms.cap_micro_usdc.saturating_sub(self.meter.cumulative_micro_usdc());
        let owed = outstanding.saturating_add(others);
        let escrow = backing_left(&escrow, bond, bonds_required, owed);
        self.left = if escrow < cap {
            (escrow, EndReason::EscrowExhausted)
        } else {
            (cap, EndReason::CapReached)
        };
        self.on_counted();
        let is_free = self.terms.prices.0.iter().take(3).all(|&price| price == 0);
        if self.left.0 == 0 && !is_free {
            self.leave(self.left.1);
        }
        Ok(())
    }

    /// Has everybody leave, if that is not under way.
    fn leave(&mut self, reason: EndReason) {
        if self.phase != Phase::Open {
            return;
        }
        tracing::info!(?reason, "session ends");
        self.hosted.admit(false);
        self.calls.revoke(self.hosted.session, explain(reason).to_owned());
        self.phase = Phase::Leaving(reason, Instant::now() + LEAVE_LIMIT);
    }

    async fn end(&mut self, reason: EndReason) -> Result<(), Refusal> {
        let message = explain(reason).to_owned();
        self.send(&NodeMessage::Ended { reason, message }).await;
        if let Some(socket) = &mut self.socket {
            socket.close().await;
        }
        Ok(())
    }

    /// Sends to the host, if there is one.
    async fn send(&mut self, message: &NodeMessage) {
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

const fn explain(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Finished => "the app has ended the call",
        EndReason::EscrowExhausted => "the app's escrow cannot pay for more",
        EndReason::CapReached => "the session's cap is reached",
        EndReason::SessionExpired => "the session's time is over",
        EndReason::VoucherMissing => "the app has stopped paying",
        EndReason::Draining => "the node is shutting down",
    }
}

fn unavailable(error: impl std::fmt::Display) -> Refusal {
    tracing::error!(%error, "session cannot go on");
    (ErrorCode::Unavailable, "the node has an internal problem; try again or elsewhere".into())
}
