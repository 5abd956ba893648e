//! Choosing and checking the two ports of a cluster.
//!
//! The servers inside the cluster bind by number and report a taken port only in their own log,
//! so ports are checked here first, where the caller can be told which one and what to do.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use crate::Error;

/// How often a pair of neighbouring free ports is looked for before any two will do.
const PAIR_ATTEMPTS_MAX: usize = 16;

/// The ports that a cluster will listen on. Free when they were picked, not held since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub rpc: u16,
    pub ws: u16,
}

impl Ports {
    /// Checks the ports asked for; 0 is replaced by a free one.
    ///
    /// Solana's tools guess the websocket port as the RPC port plus one, so that is what 0 picks
    /// whenever it is free.
    pub fn pick(bind: IpAddr, rpc: u16, ws: u16) -> Result<Self, Error> {
        if rpc != 0 && rpc == ws {
            return Err(Error::InvalidConfig("rpc_port and ws_port must differ"));
        }
        if rpc != 0 {
            let rpc_listener = listen(bind, rpc, "rpc")?;
            let ws_listener = match (ws, rpc.checked_add(1)) {
                (0, Some(next)) => {
                    listen(bind, next, "websocket").or_else(|_| listen(bind, 0, "websocket"))?
                }
                _ => listen(bind, ws, "websocket")?,
            };
            return Self::of(&rpc_listener, &ws_listener);
        }
        if ws != 0 {
            let ws_listener = listen(bind, ws, "websocket")?;
            return Self::of(&listen(bind, 0, "rpc")?, &ws_listener);
        }
        for _ in 0..PAIR_ATTEMPTS_MAX {
            let rpc_listener = listen(bind, 0, "rpc")?;
            let next = port_of(&rpc_listener)?.checked_add(1);
            if let Some(Ok(ws_listener)) = next.map(|port| listen(bind, port, "websocket")) {
                return Self::of(&rpc_listener, &ws_listener);
            }
        }
        Self::of(&listen(bind, 0, "rpc")?, &listen(bind, 0, "websocket")?)
    }

    /// Waits until both ports can be bound again, at most `limit`. Says whether they can.
    pub fn wait_released(self, bind: IpAddr, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            if Self::pick(bind, self.rpc, self.ws).is_ok() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Both listeners are alive here, so that the second cannot get the first one's port.
    fn of(rpc: &TcpListener, ws: &TcpListener) -> Result<Self, Error> {
        Ok(Self { rpc: port_of(rpc)?, ws: port_of(ws)? })
    }
}

fn listen(bind: IpAddr, port: u16, purpose: &'static str) -> Result<TcpListener, Error> {
    TcpListener::bind(SocketAddr::new(bind, port)).map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => Error::PortTaken { purpose, port },
        _ => Error::Bind { purpose, port, source },
    })
}

fn port_of(listener: &TcpListener) -> Result<u16, Error> {
    listener.local_addr().map(|address| address.port()).map_err(|source| Error::Bind {
        purpose: "rpc",
        port: 0,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn zero_picks_two_different_free_ports() {
        let ports = Ports::pick(LOOPBACK, 0, 0).unwrap();
        assert_ne!(ports.rpc, ports.ws);
        assert!(TcpListener::bind((LOOPBACK, ports.rpc)).is_ok());
        assert!(TcpListener::bind((LOOPBACK, ports.ws)).is_ok());
    }

    #[test]
    fn taken_port_is_named() {
        let held = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let as_rpc = Ports::pick(LOOPBACK, port, 0).unwrap_err();
        assert!(matches!(as_rpc, Error::PortTaken { purpose: "rpc", port: p } if p == port));
        let as_ws = Ports::pick(LOOPBACK, 0, port).unwrap_err();
        assert!(matches!(as_ws, Error::PortTaken { purpose: "websocket", port: p } if p == port));
        assert!(as_ws.to_string().contains(&port.to_string()));
    }

    #[test]
    fn same_port_twice_rejects() {
        assert!(matches!(Ports::pick(LOOPBACK, 4000, 4000), Err(Error::InvalidConfig(_))));
    }
}
