//! Nodes that misbehave, on real sockets.

use super::*;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A node that answers the first request with these bytes, piece by piece, and then holds the
/// connection open.
async fn node(pieces: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = socket.read(&mut request).await.unwrap();
        for piece in pieces {
            if socket.write_all(&piece).await.is_err() {
                return;
            }
        }
        std::future::pending::<()>().await;
    });
    format!("http://{address}")
}

fn answer(body: &[u8]) -> Vec<Vec<u8>> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    vec![head.into_bytes(), body.to_vec()]
}

async fn page(endpoint: &str) -> Result<VouchersPage, FetchError> {
    Fetcher::new().unwrap().page(endpoint, 3).await
}

#[tokio::test]
async fn page_is_read() {
    let sent = VouchersPage { minutes: vec![], next: 3, newest: 9 };
    let endpoint = node(answer(&sent.to_bytes())).await;
    assert_eq!(page(&format!("{endpoint}/")).await.unwrap(), sent);
}

#[tokio::test]
async fn endless_page_is_cut_off() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let mut pieces = vec![head];
    pieces.extend(vec![vec![0; 1 << 20]; 6]);
    let endpoint = node(pieces).await;
    assert!(matches!(page(&endpoint).await, Err(FetchError::TooLong)));
}

#[tokio::test]
async fn page_that_claims_to_be_short_and_is_not_a_page_is_malformed() {
    let endpoint = node(answer(&[0xff; 64])).await;
    assert!(matches!(page(&endpoint).await, Err(FetchError::Malformed(_))));
}

#[tokio::test]
async fn silent_node_costs_its_time_and_no_more() {
    let endpoint = node(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n".to_vec()]).await;
    let started = Instant::now();
    assert!(matches!(page(&endpoint).await, Err(FetchError::Silence(_))));
    assert!(started.elapsed() < PAGE_LIMIT * 2, "{:?}", started.elapsed());
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let head = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let endpoint = node(vec![head.as_bytes().to_vec()]).await;
    match page(&endpoint).await {
        Err(FetchError::Status(status)) => assert_eq!(status.as_u16(), 302),
        other => panic!("{other:?}"),
    }
    let unreachable = page("http://127.0.0.1:1").await;
    assert!(matches!(unreachable, Err(FetchError::Silence(_))), "{unreachable:?}");
}
