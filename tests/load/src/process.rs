//! What a process spends, as the kernel counts it.

use anyhow::{Context as _, Result};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::{Pid, SysconfVar, sysconf};
use std::time::Duration;

/// CPU time of all threads so far, in user and system mode. Resolution: a clock tick, 10 ms.
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} has ended"))?;
    // The name in parentheses may hold anything; fields 14 and 15 are counted from behind it.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let field = |index| fields.split_whitespace().nth(index).and_then(|text| text.parse().ok());
    let ticks: u64 = field(11)
        .zip(field(12))
        .map(|(user, system): (u64, u64)| user + system)
        .context("/proc/PID/stat is not as expected")?;
    let per_sec = sysconf(SysconfVar::CLK_TCK)?.context("no clock tick")?;
    Ok(Duration::from_secs_f64(ticks as f64 / per_sec as f64))
}

/// Resident memory in KiB.
pub fn resident_kib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} has ended"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.context("/proc/PID/status has no VmRSS")
}

/// Binds the calling thread, and the threads and processes it starts from now on, to a processor.
pub fn pin(core: usize) -> Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core)?;
    sched_setaffinity(Pid::from_raw(0), &cores)
        .with_context(|| format!("cannot be bound to processor {core}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn work_is_counted() {
        let me = std::process::id();
        let before = cpu_time(me).unwrap();
        let begun = Instant::now();
        // Until the counter moves: on a loaded machine any fixed time may be too short.
        while cpu_time(me).unwrap() < before + Duration::from_millis(50) {
            assert!(begun.elapsed() < Duration::from_secs(60), "no work was counted");
        }
    }

    #[test]
    fn memory_in_use_is_resident() {
        assert!(resident_kib(std::process::id()).unwrap() > 1_000);
        resident_kib(u32::MAX).unwrap_err();
    }
}
