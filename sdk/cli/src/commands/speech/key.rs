//! `heliograph speech key`.

use crate::exit::usage;
use crate::keys;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use heliograph_client::speech::SessionKey;
use serde_json::json;
use solana_pubkey::Pubkey;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Make a key with which somebody has audio transcribed
#[derive(Debug, Args)]
#[command(long_about = "Make a key with which somebody has audio transcribed.\n\n\
    The key is signed with --signer: the voucher signer of the session, or the app's wallet. Nobody \
    is asked. It is good at the session's node while `heliograph speech host` runs, for one \
    connection at a time. Another key with the same --id and more --seconds extends it.")]
pub struct Key {
    /// The session that pays
    #[arg(long, value_name = "SESSION")]
    pub session: Pubkey,
    /// Keypair file that signs the key
    #[arg(long, value_name = "FILE")]
    pub signer: PathBuf,
    /// What its seconds are counted by; unique in the session
    #[arg(long, value_name = "TEXT")]
    pub id: String,
    /// Seconds of audio it buys in all
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: u32,
    /// ISO 639-1 code of what is spoken [default: whoever streams says, or the node finds out]
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Seconds during which the key can be used to connect
    #[arg(long, value_name = "SECONDS", default_value_t = 21_600)]
    pub ttl: u64,
}

impl Key {
    pub fn execute(self) -> Result<Outcome> {
        let signer = keys::read(&self.signer)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let key = SessionKey {
            session: self.session.to_bytes(),
            id: self.id,
            seconds: self.seconds,
            language: self.language,
            expires_at_unix_secs: now.saturating_add(self.ttl),
        };
        let token = key.sign(&signer).map_err(|error| usage(error.to_string()))?;
        let document = json!({ "session_key": token, "id": key.id, "seconds": key.seconds });
        Outcome::new(&document, token)
    }
}
