//! The task behind a [`crate::Call`]: it owns the sockets, the signalling and the WebRTC state.

mod data;
mod incoming;
mod negotiate;
mod outgoing;
mod server;

use crate::call::Demand;
use crate::receive::TrackStats;
use crate::relay::Relay;
use crate::signal::{self, Signal};
use crate::{AudioOptions, Error, Event, JoinOptions, Publication, VideoOptions, event};
use bytes::Bytes;
use data::Data;
use incoming::Incoming;
use livekit_protocol::{
    ConnectionSettings, JoinRequest, JoinResponse, LeaveRequest, ParticipantInfo, Ping,
    leave_request, signal_request, signal_response,
};
use negotiate::Negotiation;
use outgoing::{Outgoing, Wish};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use str0m::media::Mid;
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Input, Output, Rtc};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, WeakUnboundedSender};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

/// Datagrams taken before anything else gets its turn.
const DATAGRAMS_AT_ONCE: usize = 64;
/// How often standing pictures are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// From handles to the session.
#[derive(Debug)]
pub(crate) enum Command {
    PublishAudio {
        options: AudioOptions,
        reply: oneshot::Sender<Result<Publication, Error>>,
    },
    PublishVideo {
        options: VideoOptions,
        reply: oneshot::Sender<Result<Publication, Error>>,
    },
    Audio {
        cid: Arc<str>,
        rtp_time: u32,
        packet: Bytes,
    },
    Video {
        cid: Arc<str>,
        layer: usize,
        rtp_time: u32,
        frame: Bytes,
    },
    Data {
        payload: Bytes,
        reliable: bool,
        topic: Option<String>,
        to: Vec<String>,
        reply: oneshot::Sender<Result<(), Error>>,
    },
    Request(Box<signal_request::Message>),
    Stats {
        reply: oneshot::Sender<Vec<(String, TrackStats)>>,
    },
    Leave {
        reply: oneshot::Sender<()>,
    },
}

pub(crate) struct Session {
    options: JoinOptions,
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    deadline: Instant,
    signal: Signal,
    commands: UnboundedReceiver<Command>,
    /// For publications; weak, so that the session ends when all handles are gone.
    handle: WeakUnboundedSender<Command>,
    events: event::Sender,
    joined: JoinResponse,
    participants: HashMap<String, ParticipantInfo>,
    negotiation: Negotiation,
    wishes: Vec<Wish>,
    outgoing: HashMap<Arc<str>, Outgoing>,
    /// By track id.
    demands: HashMap<String, Arc<Demand>>,
    incoming: HashMap<Mid, Incoming>,
    data: Data,
    heard_at: Instant,
    relay: Option<Relay>,
    over: Option<String>,
}

impl Session {
    /// Opens the signalling connection with the first offer in it and waits to be let in.
    pub(crate) async fn join(
        url: &str,
        token: &str,
        options: JoinOptions,
        commands: UnboundedReceiver<Command>,
        handle: WeakUnboundedSender<Command>,
        events: event::Sender,
    ) -> Result<Self, Error> {
        let now = Instant::now();
        let socket = UdpSocket::bind((options.bind, 0)).await?;
        let local = socket.local_addr()?;
        let mut rtc = Rtc::builder().set_rtp_mode(true).enable_opus(true, options.red).build(now);
        let candidate = Candidate::host(local, "udp")
            .map_err(|error| Error::Url(format!("{local} is no address for media: {error}")))?;
        rtc.add_local_candidate(candidate);
        let (negotiation, data, offer) = Negotiation::begin(&mut rtc, options.sections);
        let join = JoinRequest {
            client_info: Some(signal::client_info()),
            connection_settings: Some(ConnectionSettings {
                auto_subscribe: options.auto_subscribe,
                ..ConnectionSettings::default()
            }),
            publisher_offer: Some(offer),
            ..JoinRequest::default()
        };
        let mut signal = Signal::connect(url, token, join).await?;
        let joined = loop {
            match signal.recv().await {
                Some(signal_response::Message::Join(joined)) => break joined,
                Some(signal_response::Message::Leave(leave)) => {
                    let reason = leave.reason().as_str_name().to_string();
                    return Err(Error::Refused { status: 200, reason });
                }
                Some(_) => {}
                None => return Err(Error::Signalling("closed before joining".to_string())),
            }
        };
        let mut session = Self {
            options,
            rtc,
            socket,
            local,
            deadline: now,
            signal,
            commands,
            handle,
            events,
            participants: HashMap::new(),
            negotiation,
            wishes: Vec::new(),
            outgoing: HashMap::new(),
            demands: HashMap::new(),
            incoming: HashMap::new(),
            data,
            heard_at: now,
            relay: None,
            over: None,
            joined,
        };
        for participant in session.joined.other_participants.clone() {
            session.participant_changed(participant);
        }
        Ok(session)
    }

    /// Identity and id of the participant.
    pub(crate) fn participant(&self) -> (String, String) {
        let participant = self.joined.participant.clone().unwrap_or_default();
        (participant.identity, participant.sid)
    }

    /// Runs until the call is over.
    pub(crate) async fn run(mut self) {
        let ping_secs = u64::try_from(self.joined.ping_interval).unwrap_or(0).max(1);
        let mut ping = interval(Duration::from_secs(ping_secs));
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut left = None;
        loop {
            self.drain().await;
            if self.over.is_some() {
                break;
            }
            let done = tokio::select! {
                () = sleep_until(self.deadline.into()) => {
                    let input = Input::Timeout(Instant::now());
                    self.rtc.handle_input(input).map_err(Error::from)
                }
                readable = self.socket.readable() => match readable {
                    Ok(()) => self.datagrams(),
                    Err(error) => Err(error.into()),
                },
                message = self.signal.recv() => match message {
                    Some(message) => {
                        self.heard_at = Instant::now();
                        self.server_message(message).await
                    }
                    None => Err(Error::Signalling("connection lost".to_string())),
                },
                command = self.commands.recv() => match command {
                    Some(Command::Leave { reply }) => {
                        left = Some(reply);
                        self.over = Some("left".to_string());
                        Ok(())
                    }
                    Some(command) => self.command(command).await,
                    None => {
                        self.over = Some("left".to_string());
                        Ok(())
                    }
                },
                _ = ping.tick() => self.ping().await,
                _ = look.tick() => {
                    self.ask_for_key_frames();
                    Ok(())
                }
            };
            if let Err(error) = done {
                self.over = Some(error.to_string());
            }
        }
        self.leave().await;
        if let Some(left) = left {
            // The application may not wait for it.
            let _ = left.send(());
        }
    }

    async fn command(&mut self, command: Command) -> Result<(), Error> {
        match command {
            Command::PublishAudio { options, reply } => self.publish_audio(options, reply).await,
            Command::PublishVideo { options, reply } => self.publish_video(options, reply).await,
            Command::Audio { cid, rtp_time, packet } => {
                self.send_audio(&cid, rtp_time, &packet);
                Ok(())
            }
            Command::Video { cid, layer, rtp_time, frame } => {
                self.send_video(&cid, layer, rtp_time, &frame);
                Ok(())
            }
            Command::Data { payload, reliable, topic, to, reply } => {
                let sent = self.data.send(&mut self.rtc, payload, reliable, topic, to);
                let _ = reply.send(sent);
                Ok(())
            }
            Command::Request(message) => self.signal.send(*message).await,
            Command::Stats { reply } => {
                let now = Instant::now();
                let stats = self.incoming.values().map(|track| track.stats(now));
                let _ = reply.send(stats.collect());
                Ok(())
            }
            Command::Leave { .. } => unreachable!("taken by the loop"),
        }
    }

    /// Everything that has arrived, up to a bound.
    fn datagrams(&mut self) -> Result<(), Error> {
        let mut buffer = [0; 2_048];
        for _ in 0..DATAGRAMS_AT_ONCE {
            let (length, source) = match self.socket.try_recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                // A port that nobody listens on answers so; ICE finds out by itself.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error.into()),
            };
            let Ok(contents) = buffer[..length].try_into() else { continue };
            let received =
                Receive { proto: Protocol::Udp, source, destination: self.local, contents };
            let input = Input::Receive(Instant::now(), received);
            if self.rtc.accepts(&input) {
                self.rtc.handle_input(input)?;
            }
            self.drain_now();
        }
        Ok(())
    }

    /// Lets out what the WebRTC state has to send and to say, and starts an offer if one waits.
    async fn drain(&mut self) {
        self.drain_now();
        if let Err(error) = self.negotiate().await {
            self.over = Some(error.to_string());
        }
        self.drain_now();
    }

    fn drain_now(&mut self) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(deadline)) => {
                    self.deadline = deadline;
                    return;
                }
                Ok(Output::Transmit(packet)) => {
                    // A full socket buffer is a loss like any other.
                    let _ = self.socket.try_send_to(&packet.contents, packet.destination);
                }
                Ok(Output::Event(event)) => self.rtc_event(event),
                Err(error) => {
                    self.over = Some(error.to_string());
                    return;
                }
            }
        }
    }

    fn rtc_event(&mut self, event: str0m::Event) {
        match event {
            str0m::Event::Connected => self.events.send(Event::Connected),
            str0m::Event::RtpPacket(packet) => self.rtp_packet(&packet),
            str0m::Event::KeyframeRequest(request) => self.key_frame_asked(request),
            str0m::Event::ChannelOpen(channel, _) => self.data.opened(&mut self.rtc, channel),
            str0m::Event::ChannelData(message) => {
                if let Some(event) = self.data.received(&message) {
                    self.events.send(event);
                }
            }
            str0m::Event::ChannelBufferedAmountLow(_) => self.data.flush(&mut self.rtc),
            str0m::Event::IceConnectionStateChange(state) if state.is_disconnected() => {
                tracing::debug!("media path interrupted");
            }
            str0m::Event::Closed => self.over = Some("closed by the server".to_string()),
            _ => {}
        }
    }

    async fn ping(&mut self) -> Result<(), Error> {
        let patience = u64::try_from(self.joined.ping_timeout).unwrap_or(0).max(5);
        if self.heard_at.elapsed() > Duration::from_secs(patience) {
            return Err(Error::TimedOut { what: "an answer to a ping", secs: patience });
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ping = Ping { timestamp: now.as_millis() as i64, rtt: 0 };
        self.signal.send(signal_request::Message::PingReq(ping)).await
    }

    async fn leave(mut self) {
        let leave = LeaveRequest {
            reason: livekit_protocol::DisconnectReason::ClientInitiated as i32,
            action: leave_request::Action::Disconnect as i32,
            ..LeaveRequest::default()
        };
        // Both ends may be gone already.
        let _ = self.signal.send(signal_request::Message::Leave(leave)).await;
        let _ = self.rtc.close();
        self.drain_now();
        self.signal.close().await;
        let reason = self.over.unwrap_or_default();
        self.events.send(Event::Left { reason });
    }
}
