//! The configuration file.

use crate::cli::Cli;
use anyhow::{Context, bail};
use heliograph_node::NodeConfig;
use heliograph_settle::SettleConfig;
use serde::{Deserialize, Serialize};
use std::path::Path;
use url::Url;

#[cfg(test)]
mod tests;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// RPC URL of the Solana cluster.
    #[serde(default = "default_rpc_url")]
    pub rpc_url: String,
    /// The node role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeConfig>,
    /// The settle role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<SettleConfig>,
}

fn default_rpc_url() -> String {
    "http://127.0.0.1:8899".into()
}

impl Config {
    /// Reads the file and lays environment and flags over it.
    pub fn load(cli: &Cli) -> anyhow::Result<Self> {
        let path = &cli.config;
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        let mut config: Self = toml::from_str(&text)
            .with_context(|| format!("the configuration {} is wrong", path.display()))?;
        if let Some(rpc) = &cli.rpc {
            config.rpc_url.clone_from(rpc);
        }
        let path = std::path::absolute(path)?;
        config.finish(path.parent().unwrap_or(Path::new("/")))?;
        Ok(config)
    }

    fn finish(&mut self, base: &Path) -> anyhow::Result<()> {
        let url = Url::parse(&self.rpc_url)
            .with_context(|| format!("rpc_url {:?} is not a URL", self.rpc_url))?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("rpc_url must begin with http:// or https://");
        }
        if self.node.is_none() && self.settle.is_none() {
            bail!("no role is configured: add a [node] or a [settle] section");
        }
        if let Some(node) = &mut self.node {
            if node.capacity == 0 {
                bail!("node.capacity must be greater than zero");
            }
            node.transcription.check().map_err(anyhow::Error::msg)?;
            if let Some(calls) = &node.calls {
                calls.check().map_err(anyhow::Error::msg)?;
            }
            node.resolve(base);
        }
        if let Some(settle) = &mut self.settle {
            settle.check().map_err(anyhow::Error::msg)?;
            settle.resolve(base);
        }
        Ok(())
    }

    /// The configuration as TOML, without what RPC providers put keys into.
    pub fn redacted(&self) -> String {
        let mut shown = self.clone();
        if let Ok(mut url) = Url::parse(&shown.rpc_url) {
            if !matches!(url.path(), "" | "/") {
                url.set_path("/<hidden>");
            }
            if url.query().is_some() {
                url.set_query(Some("<hidden>"));
            }
            let hidden = url.password().map(|_| "hidden");
            // Fails only for URLs without a host, which cannot have a password.
            let _ = url.set_password(hidden);
            shown.rpc_url = url.to_string();
        }
        toml::to_string_pretty(&shown).unwrap_or_default()
    }
}
