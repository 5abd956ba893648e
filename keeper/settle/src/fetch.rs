//! One page from one node, whatever the node does: it may be slow, endless, elsewhere or lying.

use crate::error::Error;
use futures_util::TryFutureExt;
use heliograph_client::vouchers::{PAGE_BYTES_MAX, VOUCHERS_PATH, VouchersPage};
use std::time::Duration;

/// Time a page may take, from connecting to its last byte.
const PAGE_LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The node does not answer, or not in time.
    #[error("no answer: {0}")]
    Silence(reqwest::Error),
    /// It answers something else.
    #[error("http status {0}")]
    Status(reqwest::StatusCode),
    #[error("the page is longer than {PAGE_BYTES_MAX} bytes")]
    TooLong,
    #[error("{0}")]
    Malformed(heliograph_client::Error),
}

/// Fetches pages. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Fetcher(reqwest::Client);

impl Fetcher {
    pub fn new() -> Result<Self, Error> {
        let client = reqwest::Client::builder()
            .timeout(PAGE_LIMIT)
            .connect_timeout(CONNECT_LIMIT)
            // A node speaks for itself; where it would send us is none of its business.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Http(error.to_string()))?;
        Ok(Self(client))
    }

    /// The page of `endpoint` after `position`.
    pub async fn page(&self, endpoint: &str, position: u64) -> Result<VouchersPage, FetchError> {
        let url = format!("{}{VOUCHERS_PATH}?after={position}", endpoint.trim_end_matches('/'));
        let mut answer = self.0.get(url).send().map_err(FetchError::Silence).await?;
        if !answer.status().is_success() {
            return Err(FetchError::Status(answer.status()));
        }
        let mut bytes = Vec::new();
        // Read by pieces: what the node says about the length is not believed.
        while let Some(piece) = answer.chunk().await.map_err(FetchError::Silence)? {
            if bytes.len() + piece.len() > PAGE_BYTES_MAX {
                return Err(FetchError::TooLong);
            }
            bytes.extend_from_slice(&piece);
        }
        VouchersPage::from_bytes(&bytes).map_err(FetchError::Malformed)
    }
}

#[cfg(test)]
mod tests;
