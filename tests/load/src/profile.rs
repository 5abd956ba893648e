//! Where a server's time goes, by `perf`.

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Samples a second: not a divisor of anything periodic.
const HZ: &str = "1999";
/// Functions that are named.
const NAMED: usize = 25;

/// A function's share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Of the samples.
    pub per_cent: f64,
    /// `[k]` is the kernel's.
    pub function: String,
}

/// The functions with the largest shares, and the sum of what kind of code they are.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// Largest first.
    pub functions: Vec<Share>,
    /// All functions by kind, largest first.
    pub kinds: Vec<Share>,
}

/// Starts sampling a process for a while; [`Recording::read`] gives what was seen.
pub fn record(pid: u32, time: Duration, folder: &Path) -> Result<Recording> {
    let file = folder.join("perf.data");
    let child = Command::new("perf")
        // Timer samples: virtual machines have no counters.
        .args(["record", "-e", "cpu-clock", "-F", HZ, "-p", &pid.to_string(), "-o"])
        .arg(&file)
        .args(["--", "sleep", &time.as_secs_f64().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("`perf` does not start (Debian's package linux-perf)")?;
    Ok(Recording { child, file })
}

/// A recording under way.
#[derive(Debug)]
pub struct Recording {
    child: std::process::Child,
    file: std::path::PathBuf,
}

impl Recording {
    /// Waits for its end and reads it.
    pub fn read(mut self) -> Result<Profile> {
        let status = self.child.wait()?;
        ensure!(status.success(), "perf cannot sample here ({status})");
        let output = Command::new("perf")
            .args(["report", "--stdio", "--no-children", "--sort", "symbol", "-i"])
            .arg(&self.file)
            .stderr(Stdio::null())
            .output()?;
        let all = parse(&String::from_utf8_lossy(&output.stdout));
        if all.is_empty() {
            bail!("perf has seen nothing");
        }
        let mut kinds: Vec<Share> = Vec::new();
        for share in &all {
            let kind = kind(&share.function);
            match kinds.iter_mut().find(|other| other.function == kind) {
                Some(other) => other.per_cent += share.per_cent,
                None => {
                    kinds.push(Share { per_cent: share.per_cent, function: kind.to_string() });
                }
            }
        }
        kinds.sort_by(|a, b| b.per_cent.total_cmp(&a.per_cent));
        Ok(Profile { functions: all.into_iter().take(NAMED).collect(), kinds })
    }
}

/// Lines such as `12.34%  [.] name`.
fn parse(report: &str) -> Vec<Share> {
    let shares = report.lines().filter_map(|line| {
        let (per_cent, function) = line.trim().split_once('%')?;
        let per_cent = per_cent.trim().parse().ok()?;
        let function = function.trim();
        (!function.is_empty()).then(|| Share { per_cent, function: function.to_string() })
    });
    shares.collect()
}

/// What kind of code a function is, by its name.
fn kind(function: &str) -> &'static str {
    let name = function.trim_start_matches("[.]").trim();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if function.starts_with("[k]") {
        "kernel"
    } else if has(&["aes", "gcm", "ghash", "sha1", "sha256", "aws_lc", "EVP_", "HMAC", "CRYPTO_"]) {
        "encryption"
    } else if has(&["malloc", "free", "calloc", "realloc", "_int_", "alloc::alloc"]) {
        "memory"
    } else if has(&["memcpy", "memmove", "memset"]) {
        "copying"
    } else if has(&["heliograph_sfu"]) {
        "forwarding (ours)"
    } else if has(&["str0m"]) {
        "str0m"
    } else {
        "other"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_is_read() {
        let report = "# Samples: 10\n#\n    61.50%  [k] copy_user\n     8.25%  [.] str0m::x\n\n";
        let shares = parse(report);
        assert_eq!(shares.len(), 2);
        assert_eq!(shares[0], Share { per_cent: 61.5, function: "[k] copy_user".to_string() });
        assert_eq!(kind(&shares[0].function), "kernel");
        assert_eq!(kind(&shares[1].function), "str0m");
        assert_eq!(kind("[.] aws_lc_0_1_aes_gcm_encrypt"), "encryption");
    }
}
