//! One genesis hash per chain: stable while a database lives, new for every fresh chain.
//!
//! Clients remember a chain by its genesis hash to notice that it was replaced. The simulator
//! derives it from the second it started in, so that a restart over the same database would look
//! like another chain, and two clusters of one second like the same.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use surfpool_core::surfnet::svm::SurfnetSvm;

use crate::Error;

/// Gives the chain its hash: the one beside `database`, or a new one when the chain is fresh.
pub(crate) fn settle(
    svm: &mut SurfnetSvm,
    database: Option<&Path>,
    fresh: bool,
) -> Result<(), Error> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The creation time is read by the hash alone, so nanoseconds in place of seconds harm nothing
    // and keep the hashes of clusters started together apart.
    svm.genesis_config.creation_time = i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX);
    let Some(database) = database else {
        return Ok(());
    };
    let path = beside(database);
    let failed = |reason: String| Error::Database { path: path.clone(), reason };
    if !fresh && path.exists() {
        let text = std::fs::read_to_string(&path).map_err(|e| failed(e.to_string()))?;
        let hash =
            text.trim().parse().map_err(|_| failed("it does not hold a base58 hash".into()))?;
        svm.cached_genesis_hash = Some(hash);
        return Ok(());
    }
    let hash = svm.genesis_config.hash();
    svm.cached_genesis_hash = Some(hash);
    std::fs::write(&path, format!("{hash}\n")).map_err(|e| failed(e.to_string()))
}

/// `cluster.sqlite` keeps its hash in `cluster.sqlite.genesis`.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".genesis");
    PathBuf::from(name)
}
