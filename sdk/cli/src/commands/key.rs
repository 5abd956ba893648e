//! `heliograph key`: keypair files.

use crate::context::Context;
use crate::keys;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;
use solana_signer::Signer;
use std::path::PathBuf;

/// Make and show keypair files
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Make and show keypair files, in the format of Solana's own tools (solana-keygen).\n\n\
    An operator has three different keys: the operator wallet (owns node and stake), the node key \
    (signs receipts, lives on the machine), and the wallet that is paid. An app has two: its \
    authority (owns the escrow) and the voucher signer (signs minutes, can be rotated)."
)]
pub enum Key {
    /// Make a keypair; an existing file is never overwritten
    #[command(after_long_help = "EXAMPLE\n  heliograph key new keys/node.json")]
    New {
        /// Where to write it; readable by you alone
        file: PathBuf,
    },
    /// Show the public key of a keypair
    #[command(after_long_help = "EXAMPLE\n  heliograph key show keys/node.json")]
    Show {
        /// The keypair file [default: that of --keypair]
        file: Option<PathBuf>,
    },
}

impl Key {
    pub fn execute(self, context: &Context) -> Result<Outcome> {
        let (path, pubkey) = match self {
            Self::New { file } => {
                let keypair = keys::create(&file)?;
                (file, keypair.pubkey())
            }
            Self::Show { file } => {
                let path = file.map_or_else(|| context.keypair_path(), Ok)?;
                let keypair = keys::read(&path)?;
                (path, keypair.pubkey())
            }
        };
        let document = json!({ "pubkey": pubkey.to_string(), "file": path });
        Outcome::new(&document, pubkey.to_string())
    }
}
