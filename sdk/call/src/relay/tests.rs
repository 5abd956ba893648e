use super::*;
use std::time::Duration;

fn fates(impairment: Impairment, seed: u64, count: u64, every_us: u64) -> Vec<Option<u128>> {
    let begun = Instant::now();
    let mut path = Path::new(impairment, seed);
    let offer =
        |number: u64| match path.offer(begun + Duration::from_micros(number * every_us), 1_000) {
            Verdict::Drop => None,
            Verdict::DeliverAt(at) => Some(at.duration_since(begun).as_micros()),
        };
    (0..count).map(offer).collect()
}

#[test]
fn fates_follow_from_the_seed() {
    let impairment =
        Impairment { loss_ppm: 50_000, jitter: Duration::from_millis(20), ..Impairment::default() };
    let one = fates(impairment, 7, 10_000, 1_000);
    assert_eq!(one, fates(impairment, 7, 10_000, 1_000));
    assert_ne!(one, fates(impairment, 8, 10_000, 1_000));
    let lost = one.iter().filter(|fate| fate.is_none()).count();
    assert!((400..600).contains(&lost), "{lost} of 10000 lost at 5 %");
}

#[test]
fn jitter_keeps_the_order_and_reordering_does_not() {
    let jitter = Impairment { jitter: Duration::from_millis(20), ..Impairment::default() };
    assert!(fates(jitter, 1, 1_000, 1_000).is_sorted());
    let reorder = Impairment {
        reorder_ppm: 100_000,
        reorder_by: Duration::from_millis(5),
        ..Impairment::default()
    };
    let fates = fates(reorder, 1, 1_000, 1_000);
    let overtaken = fates.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!((50..150).contains(&overtaken), "{overtaken} of 1000 overtaken at 10 %");
}

#[test]
fn limit_passes_its_rate_and_no_more() {
    let limit = Impairment {
        bits_per_sec: Some(500_000),
        queue: Duration::from_millis(100),
        ..Impairment::default()
    };
    // 1000 bytes a millisecond are 8 Mbit/s; 500 kbit/s are 62.5 such datagrams a second.
    let fates = fates(limit, 1, 10_000, 1_000);
    let passed = fates.iter().flatten().count();
    assert!((620..640).contains(&passed), "{passed} in ten seconds");
    let waited = fates.iter().zip(0u128..).filter_map(|(at, n)| Some((*at)? - n * 1_000)).max();
    assert!(waited.unwrap() <= 116_000, "{waited:?} µs");
}

#[tokio::test]
async fn relay_carries_both_ways_and_keeps_participants_apart() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let relay = Relay::start(address, &Impaired::default()).await.unwrap();
    let one = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut buffer = [0; 16];
    let mut sources = Vec::new();
    for (socket, text) in [(&one, "one"), (&other, "other")] {
        socket.send_to(text.as_bytes(), relay.address()).await.unwrap();
        let (length, source) = server.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], text.as_bytes());
        sources.push(source);
        server.send_to(text.as_bytes(), source).await.unwrap();
        let (length, source) = socket.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..length], source), (text.as_bytes(), relay.address()));
    }
    assert_ne!(sources[0], sources[1]);
    assert_eq!(relay.counters().up.load(Ordering::Relaxed), 2);
}
