//! `heliograph call token`.

use crate::exit::usage;
use crate::keys;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use heliograph_call::token::Token as Jwt;
use serde_json::json;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use std::path::PathBuf;
use std::time::Duration;

/// Make a token with which somebody joins a room
#[derive(Debug, Args)]
#[command(
    long_about = "Make a token with which somebody joins a room.\n\n\
    The token is a LiveKit access token, signed with --signer: the voucher signer of a session that \
    is hosted, or the app's wallet. Give it to any LiveKit client together with the URL that \
    `heliograph call host` prints. Whoever holds it can join until it expires, and the session pays.",
    after_long_help = "EXAMPLE\n  \
    heliograph call token --signer voucher.json --room standup --identity ann --ttl 3600"
)]
pub struct Token {
    /// Keypair file that signs the token
    #[arg(long, value_name = "FILE")]
    pub signer: PathBuf,
    /// The room
    #[arg(long, value_name = "NAME")]
    pub room: String,
    /// Who joins; two with one identity cannot be in a room at once
    #[arg(long, value_name = "NAME")]
    pub identity: String,
    /// Seconds during which the token can be used to join
    #[arg(long, value_name = "SECONDS", default_value_t = 21_600)]
    pub ttl: u64,
    /// The session that pays [default: the one that was hosted last]
    #[arg(long, value_name = "SESSION")]
    pub session: Option<Pubkey>,
    /// Have this participant's speech transcribed, whatever the host asks for: with a language (ISO
    /// 639-1), or whatever the node detects
    #[arg(long, value_name = "LANG", num_args = 0..=1, default_missing_value = "auto")]
    pub captions: Option<String>,
    /// Do not have it transcribed, though the host asks for everybody's
    #[arg(long, conflicts_with = "captions")]
    pub no_captions: bool,
}

impl Token {
    pub fn execute(self) -> Result<Outcome> {
        let signer = keys::read(&self.signer)?;
        let ttl = Duration::from_secs(self.ttl);
        let mut token = prepare(&self.room, &self.identity, ttl, self.session.as_ref())?;
        if let Some(language) = &self.captions {
            token = token.transcribe(if language == "auto" { "" } else { language });
        }
        if self.no_captions {
            token = token.not_transcribed();
        }
        let token = token.sign_keypair(&signer.to_bytes())?;
        Outcome::new(&json!({ "token": token, "ttl_secs": self.ttl }), token.clone())
    }
}

/// A token of `signer`'s.
pub fn make(
    signer: &Keypair,
    room: &str,
    identity: &str,
    ttl: Duration,
    session: Option<&Pubkey>,
) -> Result<String> {
    Ok(prepare(room, identity, ttl, session)?.sign_keypair(&signer.to_bytes())?)
}

fn prepare(room: &str, identity: &str, ttl: Duration, session: Option<&Pubkey>) -> Result<Jwt> {
    if room.is_empty() || identity.is_empty() {
        return Err(usage("neither the room nor the identity may be empty"));
    }
    let mut token = Jwt::new(room, identity).ttl(ttl);
    if let Some(session) = session {
        token = token.session(session.to_string());
    }
    Ok(token)
}
