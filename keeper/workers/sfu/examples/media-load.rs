//! What a forwarded packet costs: one publisher, many subscribers, and the CPU time of the media
//! thread alone.
//!
//! ```text
//! cargo run --release --example media-load -- SUBSCRIBERS PACKETS_PER_SECOND SECONDS [REPORTS]
//! ```
//!
//! With `REPORTS` 0 subscribers do not report what arrives, and are sent to without pacing.
//!
//! The clients are whole WebRTC stacks in the same process and cost more than the server: compare
//! the figures of one machine only.

#[path = "../tests/media/client.rs"]
#[allow(dead_code)]
mod client;

use client::{Client, Encoder};
use heliograph_sfu::media::api::{Command, Event, Kind, Mid, PeerId, RoomId, TrackId, Want};
use heliograph_sfu::media::{Events, MediaConfig, Plane, RoomMedia};
use std::time::{Duration, Instant};
use str0m::media::Direction;
use str0m::rtp::Extension;

/// Packets of a picture, as a 1.5 Mbit/s stream has them.
const PACKETS_PER_PICTURE: u64 = 10;
const PAYLOAD_BYTES: usize = 1_100;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut argument = |default| arguments.next().and_then(Result::ok).unwrap_or(default);
    let (subscribers, packets_per_second, seconds) = (argument(50), argument(300), argument(5));
    let reports = argument(1) != 0;
    let config = MediaConfig {
        bind: [127, 0, 0, 1].into(),
        first_port: 0,
        advertise: Vec::new(),
        threads: 1,
    };
    let plane = Plane::start(&config).expect("a media plane");
    let (media, mut events) = plane.open_room(RoomId(1));
    let mut offers = 0;
    let (mut publisher, from) =
        join(&media, &mut events, PeerId(1), Direction::SendOnly, true, &mut offers);
    media.send(Command::Publish {
        peer: PeerId(1),
        mid: Mid(from.to_string()),
        track: TrackId(1),
        kind: Kind::Video,
        layers: vec![],
    });
    let mut all = Vec::new();
    for number in 0..subscribers {
        let to = PeerId(2 + number);
        let (client, mid) =
            join(&media, &mut events, to, Direction::RecvOnly, reports, &mut offers);
        let (track, mid) = (TrackId(1), Some(Mid(mid.to_string())));
        media.send(Command::Forward { track, to, mid, want: Want::default() });
        all.push(client);
    }
    let mut encoder = Encoder::new(1, 1, 1);
    encoder.next.packets = PACKETS_PER_PICTURE;
    encoder.next.bytes = PAYLOAD_BYTES;
    let every = Duration::from_secs_f64(PACKETS_PER_PICTURE as f64 / packets_per_second as f64);
    let mut next = Instant::now();
    let mut phase = |seconds: u64, publisher: &mut Client, all: &mut Vec<Client>| {
        let (cpu, end) = (media_cpu_seconds(), Instant::now() + Duration::from_secs(seconds));
        let before: u64 = all.iter().map(|client| client.received.len() as u64).sum();
        let mut forwarded = 0;
        while Instant::now() < end {
            if Instant::now() >= next {
                next += every;
                let asked = !publisher.keyframe_requests.is_empty();
                publisher.keyframe_requests.clear();
                let frame = encoder.frame(asked);
                publisher.send_video(from, None, &frame);
            }
            publisher.pump();
            all.iter_mut().for_each(Client::pump);
            while let Some(event) = events.try_recv() {
                if let Event::Stats { forwards, .. } = event {
                    forwarded += forwards.iter().map(|forward| forward.packets).sum::<u64>();
                }
            }
        }
        let after: u64 = all.iter().map(|client| client.received.len() as u64).sum();
        (media_cpu_seconds() - cpu, forwarded, after - before)
    };
    phase(2, &mut publisher, &mut all);
    let (cpu, forwarded, received) = phase(seconds, &mut publisher, &mut all);
    println!(
        "{subscribers} subscribers, {packets_per_second} packets/s: {forwarded} forwarded, \
         {received} received, {:.2} µs of CPU each",
        cpu * 1e6 / forwarded.max(1) as f64
    );
}

fn join(
    media: &RoomMedia,
    events: &mut Events,
    peer: PeerId,
    direction: Direction,
    reports: bool,
    offers: &mut u32,
) -> (Client, str0m::media::Mid) {
    let mut client = match reports {
        true => Client::new(),
        false => Client::with(|config| config.set_extension(3, Extension::PlayoutDelay)),
    };
    let (sdp, mids) = client.offer(&[(Kind::Video, direction)], false);
    *offers += 1;
    media.send(Command::OpenPeer { peer });
    media.send(Command::Offer { peer, offer: *offers, sdp });
    while !client.connected {
        client.pump();
        match events.try_recv() {
            Some(Event::Answer { sdp, .. }) => client.accept_answer(&sdp),
            Some(Event::Refused { reason, .. }) => panic!("refused: {reason}"),
            _ => std::thread::yield_now(),
        }
    }
    (client, mids[0])
}

/// CPU time of the media thread so far, from the scheduler's own clock: time counted in ticks is
/// wrong by several times for a thread that wakes with the timer.
fn media_cpu_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("procfs");
    let nanos: u64 = tasks
        .filter_map(|task| Some(task.ok()?.path()))
        .filter(|task| {
            std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "media-0")
        })
        .filter_map(|task| std::fs::read_to_string(task.join("schedstat")).ok())
        .filter_map(|stat| stat.split(' ').next()?.parse::<u64>().ok())
        .sum();
    nanos as f64 / 1e9
}
