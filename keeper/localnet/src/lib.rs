//! A Solana cluster inside this process, for development and tests.
//!
//! It owns the simulator's threads, its two ports and, when asked for, its database file. It is a
//! plain cluster: what runs on it, deployed programs and funded accounts, comes over its RPC.
//!
//! What differs from a real cluster, so that nothing is built on it:
//! * one node, no votes: `finalized` follows `confirmed` by 31 slots at most;
//! * the ledger is kept whole, nothing is pruned, and history queries scan all of it;
//! * a restart with a database skips a minute of slots and blockhashes, so that none repeats;
//! * blockhashes count up the same on every fresh chain, so a transaction signed for one can be
//!   valid on the next: store them with the chain's genesis hash;
//! * each stopped cluster leaves one sleeping thread behind (the simulator's ticker has no end).
#![deny(missing_docs)]

mod clock;
mod cluster;
mod error;
mod genesis;
mod genesis_program;
mod ports;
mod restart;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

use surfpool_core::solana_commitment_config::CommitmentConfig;
use surfpool_core::solana_rpc_client::nonblocking::rpc_client::RpcClient;

use cluster::Cluster;
pub use error::Error;
pub use genesis_program::GenesisProgram;
use ports::Ports;

/// A debug build on a busy machine answers within a second; a large database takes longer to open.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Picked ports can be lost to another process before the cluster binds them.
const START_ATTEMPTS_MAX: usize = 5;

/// What a cluster is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address both servers listen on.
    pub bind: IpAddr,
    /// The JSON-RPC port; 0 picks a free one.
    pub rpc_port: u16,
    /// The websocket port; 0 picks a free one, `rpc_port + 1` if possible, where Solana's tools
    /// look for it.
    pub ws_port: u16,
    /// Milliseconds per slot, at least 10. A transaction is confirmed when its slot ends.
    pub slot_ms: u64,
    /// A SQLite file to keep the chain in; a `.genesis` file appears beside it. Without it the
    /// chain is gone when the cluster stops.
    pub database: Option<PathBuf>,
    /// Programs that are there from the first slot; a chain kept in a database has them already.
    pub programs: Vec<GenesisProgram>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            rpc_port: 0,
            ws_port: 0,
            slot_ms: 400,
            database: None,
            programs: Vec::new(),
        }
    }
}

/// A running cluster. Dropping it stops it, see [`shutdown`](Self::shutdown).
pub struct Localnet {
    cluster: Arc<Cluster>,
    config: Config,
    ports: Ports,
    rpc_url: String,
    ws_url: String,
    ws_address: SocketAddr,
}

impl Localnet {
    /// Starts a cluster and waits until its RPC answers with a blockhash.
    ///
    /// Fails with [`Error::PortTaken`] before anything is started when a port asked for is not
    /// free. Works in every tokio runtime: the cluster runs on threads of its own.
    pub async fn start(config: Config) -> Result<Self, Error> {
        if config.slot_ms < 10 {
            return Err(Error::InvalidConfig("slot_ms must be at least 10"));
        }
        let mut attempt = 1;
        loop {
            match Self::try_start(config.clone()).await {
                Err(Error::Start(_))
                    if attempt < START_ATTEMPTS_MAX
                        && config.rpc_port == 0
                        && config.ws_port == 0 =>
                {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_start(config: Config) -> Result<Self, Error> {
        let started = Instant::now();
        let ports = Ports::pick(config.bind, config.rpc_port, config.ws_port)?;
        let cluster = blocking({
            let config = config.clone();
            move || Cluster::spawn(&config, ports)
        })
        .await??;
        let host = reachable(config.bind);
        let ws_address = SocketAddr::new(host, ports.ws);
        let localnet = Self {
            cluster: Arc::new(cluster),
            ports,
            rpc_url: format!("http://{}", SocketAddr::new(host, ports.rpc)),
            ws_url: format!("ws://{ws_address}"),
            ws_address,
            config,
        };
        localnet.wait_ready().await?;
        let elapsed_ms = started.elapsed().as_millis() as u64;
        tracing::info!(rpc = localnet.rpc_url, elapsed_ms, "localnet started");
        Ok(localnet)
    }

    async fn wait_ready(&self) -> Result<(), Error> {
        let client = RpcClient::new_with_timeout_and_commitment(
            self.rpc_url.clone(),
            Duration::from_secs(2),
            CommitmentConfig::confirmed(),
        );
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            if let Some(reason) = self.cluster.ended() {
                return Err(Error::Start(reason));
            }
            let answer = async {
                client.get_health().await?;
                client.get_latest_blockhash().await
            };
            // The websocket server starts on its own, at times after the RPC server has answered.
            let (url, reason) = match answer.await {
                Err(error) => (&self.rpc_url, error.to_string()),
                Ok(_) => match TcpStream::connect(self.ws_address).await {
                    Err(error) => (&self.ws_url, error.to_string()),
                    Ok(_) => return Ok(()),
                },
            };
            if Instant::now() >= deadline {
                return Err(Error::NotReady {
                    url: url.clone(),
                    waited_secs: READY_LIMIT.as_secs(),
                    reason,
                });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The JSON-RPC address, `http://host:port`.
    pub fn rpc_url(&self) -> &str {
        &self.rpc_url
    }

    /// The websocket address, `ws://host:port`.
    pub fn ws_url(&self) -> &str {
        &self.ws_url
    }

    /// The cluster's time in seconds since the Unix epoch, as programs will read it in the next
    /// block. It follows this machine's clock, plus what has been travelled.
    pub async fn unix_secs(&self) -> Result<i64, Error> {
        let cluster = self.cluster.clone();
        blocking(move || (cluster.unix_ms() / 1_000) as i64).await
    }

    /// Moves the cluster's time forward to `unix_secs`; it runs on from there.
    ///
    /// Slots jump along, one per `slot_ms`; blockhashes and unconfirmed transactions stay valid.
    /// Fails with [`Error::TimeBackwards`] unless the time lies in the cluster's future.
    pub async fn time_travel(&self, unix_secs: i64) -> Result<(), Error> {
        let cluster = self.cluster.clone();
        blocking(move || cluster.time_travel(unix_secs)).await?
    }

    /// Stops the cluster and waits until its database is closed and its ports are free: some
    /// 20 ms, at most 7 s. Blocks the calling thread; so does dropping the cluster.
    pub fn shutdown(self) {}
}

impl Drop for Localnet {
    fn drop(&mut self) {
        self.cluster.stop(&self.config, self.ports);
    }
}

impl std::fmt::Debug for Localnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Localnet")
            .field("rpc_url", &self.rpc_url)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Runs what takes the simulator's locks where blocking is allowed.
async fn blocking<T: Send + 'static>(
    task: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(task).await.map_err(|error| Error::Stopped(error.to_string()))
}

/// An address that a client on this machine can connect to.
fn reachable(bind: IpAddr) -> IpAddr {
    match bind {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
