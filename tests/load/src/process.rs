//! What a process spends, as the kernel counts it.

use anyhow::{Context as _, Result};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::time::Duration;

/// CPU time of a process's threads at a moment.
///
/// From the scheduler's own clock (`/proc/PID/task/TID/schedstat`). Time counted in ticks
/// (`/proc/PID/stat`) is wrong by several times for threads that wake with the timer, as those do
/// that send in bursts.
#[derive(Clone, Debug)]
pub struct CpuTime {
    /// Nanoseconds on a processor, in user and system mode, by thread.
    threads: HashMap<u32, u64>,
}

impl CpuTime {
    /// Of a process, so far.
    pub fn of(pid: u32) -> Result<Self> {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task"))
            .with_context(|| format!("process {pid} has ended"))?;
        let mut threads = HashMap::new();
        for task in tasks {
            let task = task?;
            let Some(id) = task.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A thread may end at any time.
            let Ok(text) = std::fs::read_to_string(task.path().join("schedstat")) else { continue };
            let nanos = text.split_whitespace().next().and_then(|field| field.parse().ok());
            threads.insert(id, nanos.context("/proc/PID/task/TID/schedstat is not as expected")?);
        }
        Ok(Self { threads })
    }

    /// What was spent since an earlier moment. Threads that have ended since are left out.
    pub fn since(&self, before: &Self) -> Duration {
        let spent = |(id, nanos): (&u32, &u64)| {
            nanos.saturating_sub(before.threads.get(id).copied().unwrap_or(0))
        };
        Duration::from_nanos(self.threads.iter().map(spent).sum())
    }
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
        let before = CpuTime::of(me).unwrap();
        let begun = Instant::now();
        let spent = || CpuTime::of(me).unwrap().since(&before);
        // Until the counter moves: on a loaded machine any fixed time may be too short.
        while spent() < Duration::from_millis(50) {
            assert!(begun.elapsed() < Duration::from_secs(60), "no work was counted");
        }
        assert_eq!(before.since(&before), Duration::ZERO);
        CpuTime::of(u32::MAX).unwrap_err();
    }

    #[test]
    fn memory_in_use_is_resident() {
        assert!(resident_kib(std::process::id()).unwrap() > 1_000);
        resident_kib(u32::MAX).unwrap_err();
    }
}
