//! A network of its own for a measurement: Janus takes no loopback address for media, so every
//! server gets an address of a virtual pair of interfaces, in a namespace that ends with us.

use anyhow::{Context as _, Result, ensure};
use nix::sched::{CloneFlags, unshare};
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

/// The address that servers and participants have in it.
pub const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 1));

/// Moves the calling thread, and what it starts from now on, into a namespace of its own.
pub fn enter() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNET)
        .context("a network namespace cannot be made: it takes root (or CAP_SYS_ADMIN)")?;
    for arguments in [
        "link set lo up",
        "link add hg0 type veth peer name hg1",
        "addr add 10.77.0.1/24 dev hg0",
        "link set hg0 up",
        "link set hg1 up",
    ] {
        let status = Command::new("ip").args(arguments.split(' ')).status();
        let status = status.context("the program `ip` (iproute2) does not start")?;
        ensure!(status.success(), "`ip {arguments}` failed");
    }
    Ok(())
}
