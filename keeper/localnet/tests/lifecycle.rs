//! Starting and stopping: ports, repeated use in one process, the runtimes it works in.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use heliograph_localnet::{Config, Error, Localnet};

/// `start` returns after the cluster has answered over HTTP, so a second start on the same ports
/// proves that the first one let go of them.
#[test]
fn stopped_cluster_frees_its_ports_for_the_next() {
    // The smallest runtime there is: the cluster must not need workers of its caller.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let first = Localnet::start(Config::default()).await.unwrap();
        let fixed = Config {
            rpc_port: port_of(first.rpc_url()),
            ws_port: port_of(first.ws_url()),
            ..Config::default()
        };
        let started = Instant::now();
        first.shutdown();
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());

        let second = Localnet::start(fixed.clone()).await.unwrap();
        assert_eq!(port_of(second.rpc_url()), fixed.rpc_port);
        drop(second);
        Localnet::start(fixed).await.unwrap();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_run_side_by_side() {
    let (one, two) =
        tokio::join!(Localnet::start(Config::default()), Localnet::start(Config::default()));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one.rpc_url(), two.rpc_url());
    one.shutdown();
    assert!(two.unix_secs().await.unwrap() > 0, "stopping one must not stop the other");
}

#[tokio::test]
async fn websocket_port_speaks_websocket() {
    let localnet = Localnet::start(Config::default()).await.unwrap();
    let mut stream = TcpStream::connect(localnet.ws_url().strip_prefix("ws://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
                   Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Version: 13\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
}

#[tokio::test]
async fn taken_ports_are_named_before_anything_starts() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();

    let config = Config { rpc_port: port, ..Config::default() };
    let error = Localnet::start(config).await.unwrap_err();
    assert!(matches!(error, Error::PortTaken { purpose: "rpc", port: p } if p == port));
    assert!(error.is_retryable());

    let config = Config { ws_port: port, ..Config::default() };
    let error = Localnet::start(config).await.unwrap_err();
    assert!(matches!(error, Error::PortTaken { purpose: "websocket", port: p } if p == port));
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[tokio::test]
async fn second_cluster_on_the_same_port_rejects() {
    let running = Localnet::start(Config::default()).await.unwrap();
    let config = Config { rpc_port: port_of(running.rpc_url()), ..Config::default() };
    let error = Localnet::start(config).await.unwrap_err();
    assert!(matches!(error, Error::PortTaken { .. }), "{error}");
}

fn port_of(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}
