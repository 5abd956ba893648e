//! The SFU worker: started, connected, started again when it dies.

use super::SfuInfo;
use super::hosts::Hosts;
use super::process::Process;
use super::tap::Tap;
use super::taps::Taps;
use crate::worker::process::stop;
use futures_util::{SinkExt, StreamExt};
use heliograph_client::call::NodeMessage;
use heliograph_protocol::Address;
use heliograph_worker_ipc::SfuNodeCodec;
use heliograph_worker_ipc::call::{CALL_VERSION, FromSfu, ToSfu};
use solana_pubkey::Pubkey;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio_util::codec::Framed;
use tokio_util::sync::CancellationToken;

/// First wait before a dead worker is started again, doubled up to [`RESTART_MAX`] while it keeps
/// dying young.
const RESTART_MIN: Duration = Duration::from_millis(500);
const RESTART_MAX: Duration = Duration::from_secs(30);
/// A worker that lived this long did not die of its configuration.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);
/// How long a worker may take to begin.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// How often its socket is tried meanwhile.
const CONNECT_EVERY: Duration = Duration::from_millis(50);

type Socket = Framed<UnixStream, SfuNodeCodec>;

/// What keeps the worker running.
#[derive(Debug)]
pub struct Link {
    pub process: Process,
    pub socket: std::path::PathBuf,
    pub participants_max: u32,
    pub hosts: Arc<Hosts>,
    pub taps: Taps,
    pub orders: mpsc::UnboundedReceiver<ToSfu>,
    pub info: watch::Sender<Option<SfuInfo>>,
    /// The worker's process and its last report that was booked.
    pub booked: ([u8; 16], u64),
}

impl Link {
    /// Starts, serves, starts again.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut wait = RESTART_MIN;
        while !shutdown.is_cancelled() {
            let started = Instant::now();
            let lived = self.live(&shutdown).await;
            self.info.send_replace(None);
            self.taps.clear();
            if shutdown.is_cancelled() {
                return;
            }
            tracing::warn!(reason = lived.err(), "SFU worker ended, starting it again");
            if started.elapsed() >= HEALTHY_AFTER {
                wait = RESTART_MIN;
            }
            let pause = tokio::time::sleep(wait);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    () = shutdown.cancelled() => return,
                    // Orders to a worker that is gone have been carried out by its death.
                    order = self.orders.recv() => if order.is_none() { return },
                }
            }
            wait = (wait * 2).min(RESTART_MAX);
        }
    }

    /// One life of the process, from start to death.
    async fn live(&mut self, shutdown: &CancellationToken) -> Result<(), String> {
        let mut child = self.process.spawn()?;
        let lived = tokio::select! {
            lived = self.serve() => lived,
            status = child.wait() => Err(match status {
                Ok(status) => format!("exited with {status}"),
                Err(error) => error.to_string(),
            }),
            () = shutdown.cancelled() => Ok(()),
        };
        stop(child).await;
        lived
    }

    async fn serve(&mut self) -> Result<(), String> {
        let (mut socket, instance, info) = connect(&self.socket).await?;
        tracing::info!(signalling = info.signalling, "SFU worker ready");
        if self.booked.0 != instance {
            self.booked = (instance, 0);
        }
        self.info.send_replace(Some(info));
        loop {
            // Sending may wait here: the worker reads whatever it is doing.
            let answer = tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => Some(order),
                    None => return Ok(()),
                },
                message = socket.next() => match message {
                    Some(Ok(message)) => self.on_message(message),
                    Some(Err(error)) => return Err(error.to_string()),
                    None => return Err("SFU worker closed its socket".into()),
                },
            };
            if let Some(answer) = answer {
                socket.send(answer).await.map_err(|error| error.to_string())?;
            }
        }
    }

    fn on_message(&mut self, message: FromSfu) -> Option<ToSfu> {
        match message {
            FromSfu::Authorize { request, issuer, payer, room, identity } => {
                Some(match self.hosts.payer(&issuer, payer.as_ref()) {
                    Ok(host) => ToSfu::Allowed {
                        request,
                        scope: host.app,
                        payer: host.session,
                        participants_max: self.participants_max,
                        captions: host.captions(),
                    },
                    Err(reason) => {
                        tracing::debug!(issuer = %Pubkey::from(issuer), room, identity, reason);
                        ToSfu::Refused { request, reason: reason.into() }
                    }
                })
            }
            FromSfu::Usage { report, payer, entries, quality } => {
                // Numbers have no gaps, and come in order: what is not above the last is known.
                if report > self.booked.1 {
                    self.booked.1 = report;
                    if !self.hosts.book(&payer, entries, quality) {
                        tracing::warn!(session = %Pubkey::from(payer), "usage that nobody pays");
                    }
                }
                Some(ToSfu::Booked { report })
            }
            FromSfu::Revoked { payer } => {
                self.with(&payer, |host| host.revoked_bell.notify_one());
                None
            }
            FromSfu::Event { payer, event } => {
                self.with(&payer, |host| {
                    if host.events.try_send(event).is_err() {
                        tracing::warn!(session = %Pubkey::from(payer), "webhooks lag: one dropped");
                    }
                });
                None
            }
            FromSfu::TapOpened { tap, payer, scope, room, identity, track_sid, language } => {
                let tap = Tap { number: tap, scope, room, identity, track_sid, language };
                self.taps.open(&payer, tap);
                None
            }
            FromSfu::TapRefused { payer, room, identity, reason, .. } => {
                self.with(&payer, |host| {
                    host.tell(NodeMessage::NotTranscribed { room, identity, reason });
                });
                None
            }
            FromSfu::TapAudio { tap, pcm } => {
                self.taps.audio(tap, pcm);
                None
            }
            FromSfu::TapClosed { tap } => {
                self.taps.close(tap);
                None
            }
            FromSfu::Ready { .. } => None,
        }
    }

    fn with(&self, session: &Address, act: impl FnOnce(&super::hosts::Hosted)) {
        if let Some(host) = self.hosts.get(session) {
            act(&host);
        }
    }
}

/// Connects as soon as the worker listens, and reads what it says of itself.
async fn connect(path: &Path) -> Result<(Socket, [u8; 16], SfuInfo), String> {
    let ready = async {
        let socket = loop {
            match UnixStream::connect(path).await {
                Ok(socket) => break socket,
                Err(_) => tokio::time::sleep(CONNECT_EVERY).await,
            }
        };
        let mut socket = Framed::new(socket, SfuNodeCodec::new());
        match socket.next().await {
            Some(Ok(FromSfu::Ready { version, instance, signalling, participants_max }))
                if version == CALL_VERSION =>
            {
                Ok((socket, instance, SfuInfo { signalling, participants_max }))
            }
            Some(Ok(FromSfu::Ready { version, .. })) => {
                Err(format!("SFU worker speaks version {version}, expected {CALL_VERSION}"))
            }
            other => Err(format!("SFU worker did not say ready: {other:?}")),
        }
    };
    tokio::time::timeout(READY_LIMIT, ready)
        .await
        .unwrap_or_else(|_| Err(format!("SFU worker not ready within {READY_LIMIT:?}")))
}
