//! A network for scenarios: an embedded cluster with the programs deployed, a keeper process with
//! its speech worker, an operator, an app with a funded escrow.
//!
//! Everything is real. What a scenario breaks (a process, a connection, an escrow) it breaks from
//! outside.

mod app;
mod audio;
mod call;
mod gate;
mod keeper;
mod proxy;
mod raw;
mod settler;
mod speech;
mod world;

pub use app::{Heard, play};
pub use audio::{demo_speech, jfk_packets, jfk_speech};
pub use call::{Caller, Hosting, token, token_until};
pub use gate::{Gate, Passage};
pub use keeper::Keeper;
pub use proxy::Proxy;
pub use raw::raw_open;
pub use settler::Settler;
pub use speech::{KeyCaller, SpeechHosting, session_key};
pub use world::{Network, OpenSession, Setup};

use std::path::PathBuf;
use std::time::Duration;

/// Where set-up puts models and recordings.
pub fn cache() -> PathBuf {
    if let Ok(folder) = std::env::var("HELIOGRAPH_CACHE") {
        return folder.into();
    }
    let base = std::env::var("XDG_CACHE_HOME").map(PathBuf::from).unwrap_or_else(|_| {
        PathBuf::from(std::env::var("HOME").expect("HOME is set")).join(".cache")
    });
    base.join("heliograph")
}

/// The file, or a panic that says how to get it.
pub fn installed(path: PathBuf, by: &str) -> PathBuf {
    assert!(path.is_file(), "{} is missing: run {by}", path.display());
    path
}

/// A program of this workspace, built into the folder the test runs from.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("target folder");
    installed(folder.join(name), "cargo build --workspace --bins")
}

/// Tries `probe` until it gives something.
pub async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let started = std::time::Instant::now();
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(started.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Unix time in ms.
pub fn unix_ms() -> u64 {
    let elapsed =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    u64::try_from(elapsed.as_millis()).expect("before the end of time")
}
