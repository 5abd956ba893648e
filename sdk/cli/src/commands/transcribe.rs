//! `heliograph transcribe`.

use crate::amount::{Decimal, usdc};
use crate::audio::{self, SAMPLE_RATE_HZ};
use crate::chain;
use crate::commands::app::AppId;
use crate::context::{Context, data_folder};
use crate::exit::{Exit, RetryError, usage};
use crate::keys::{self, KeyRef};
use crate::output::{Outcome, write_stdout};
use crate::progress::Spinner;
use crate::speech::evidence::Evidence;
use crate::speech::session::{self, Wanted};
use crate::speech::settled;
use crate::speech::stream::{self, Event, Job, Segment, Streamed};
use crate::speech::table::{self, Row};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::settlement::end_session;
use heliograph_protocol::service::Service;
use heliograph_registry::state::{Network, Node};
use heliograph_settlement::state::Session;
use serde::Serialize;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::path::PathBuf;
use std::time::Duration;

/// Transcribe a recording through a node, paying by the minute
#[derive(Debug, Args)]
#[command(
    long_about = "Transcribe a recording through a node, paying by the minute.\n\n\
    Picks the cheapest node that the app's rules allow (or the one named), opens a session with it \
    on chain, streams the recording and prints the text as it comes. For each minute the node signs \
    a receipt; it is checked, and answered with a voucher signed by --voucher-signer. After a lost \
    connection the stream continues where the last paid minute ended. In the end it waits until \
    everything is settled on chain, ends the session and prints what every minute cost.\n\n\
    WAV files are read directly (any rate, any number of channels, 8 to 32 bits); other formats \
    through the ffmpeg program. Receipts and vouchers are kept in ~/.heliograph/sessions \
    (HELIOGRAPH_HOME).",
    after_long_help = "EXAMPLES\n  \
    heliograph transcribe talk.wav --keypair app.json --voucher-signer voucher.json\n  \
    heliograph transcribe call.mp3 --voucher-signer voucher.json --language de --node NODE_KEY\n  \
    heliograph transcribe talk.wav --voucher-signer voucher.json --json | jq -r .text\n\n\
    Interrupted? The same command with --session SESSION continues the same recording.\n\n\
    EXIT CODES\n  \
    0   transcribed and settled\n  \
    2   the stream ended early (no USDC left, cap reached, session over); what was served is paid\n  \
    75  the node or the chain could not be reached; vouchers not settled yet settle later"
)]
pub struct Transcribe {
    /// The recording
    pub file: PathBuf,
    /// Keypair file that signs the vouchers
    #[arg(long, value_name = "FILE")]
    pub voucher_signer: PathBuf,
    /// Language spoken, ISO 639-1, such as de [default: recognised by the node]
    #[arg(long, value_name = "XX")]
    pub language: Option<String>,
    /// The node key: base58, or its keypair file [default: the cheapest allowed]
    #[arg(long, value_name = "NODE_KEY", conflicts_with = "session")]
    pub node: Option<KeyRef>,
    /// The most to spend, in USDC [default: what the recording costs at the node's price]
    #[arg(long, value_name = "USDC", conflicts_with = "session")]
    pub cap: Option<Decimal>,
    /// Use this session, and leave it open afterwards [default: a new one, ended afterwards]
    #[arg(long, value_name = "SESSION")]
    pub session: Option<Pubkey>,
    /// Seconds to wait for the settlement of the last voucher
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub settle_limit: u64,
    /// Folder for receipts and vouchers [default: ~/.heliograph/sessions]
    #[arg(long, value_name = "FOLDER")]
    pub evidence: Option<PathBuf>,
    #[command(flatten)]
    pub app: AppId,
}

/// What the command found out and did.
#[derive(Debug, Serialize)]
pub struct Transcript {
    pub session: String,
    pub node_key: String,
    /// The whole text.
    pub text: String,
    pub segments: Vec<Segment>,
    pub minutes: Vec<Row>,
    pub audio_secs: f64,
    pub connections: u32,
    /// `finished`, or why it ended early.
    pub ended: String,
    /// In words.
    pub ended_message: String,
    pub vouchered_micro_usdc: u64,
    pub settled_micro_usdc: u64,
    /// The file with receipts and vouchers.
    pub evidence: PathBuf,
    #[serde(skip)]
    pub exit: Exit,
}

/// A session to stream on, and whether it is ours to end.
struct Agreement {
    address: Pubkey,
    session: Session,
    node: Node,
    standing: bool,
}

impl Transcribe {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let transcript = self.run(context).await?;
        let text = describe(&transcript);
        Ok(Outcome::new(&transcript, text)?.exiting(transcript.exit))
    }

    /// Everything, printing text as it comes unless the answer is JSON.
    pub async fn run(&self, context: &Context) -> Result<Transcript> {
        let voucher_signer = keys::read(&self.voucher_signer)?;
        let pcm = audio::read(&self.file)?;
        let network = context.network().await?;
        let agreement = match &self.session {
            Some(address) => existing(context, address).await?,
            None => self.agree(context, &network, &voucher_signer, pcm.len()).await?,
        };
        if agreement.session.voucher_signer != voucher_signer.pubkey() {
            return Err(usage(format!(
                "the session's vouchers are signed by {}, not by {}",
                agreement.session.voucher_signer,
                voucher_signer.pubkey()
            )));
        }
        let folder = match &self.evidence {
            Some(folder) => folder.clone(),
            None => data_folder()?.join("sessions"),
        };
        let mut evidence = Evidence::open(&folder, &agreement.address, &network.domain())?;
        if evidence.tip().is_none() && agreement.session.totals.settled_micro_usdc > 0 {
            return Err(usage(format!(
                "the session was used elsewhere: its receipts are not in {}",
                folder.display()
            )));
        }
        let streamed = self
            .stream(context, &network, &agreement, &voucher_signer, &pcm, &mut evidence)
            .await?;
        self.settle(context, &network, &agreement, streamed, &evidence, pcm.len()).await
    }

    async fn agree(
        &self,
        context: &Context,
        network: &Network,
        voucher_signer: &Keypair,
        samples: usize,
    ) -> Result<Agreement> {
        let rpc = &context.rpc;
        let authority = context.signer()?;
        let (app_address, app) = chain::app(rpc, &authority.pubkey(), self.app.id).await?;
        if app.voucher_signer != voucher_signer.pubkey() {
            return Err(usage(format!(
                "the app's vouchers are signed by {}, not by {}; `heliograph app rotate-signer` \
                 changes that",
                app.voucher_signer,
                voucher_signer.pubkey()
            )));
        }
        let node_key = self.node.as_ref().map(KeyRef::pubkey).transpose()?;
        let app = (&app_address, &app);
        let node = session::pick_node(rpc, network, app, node_key, session::TRANSCRIPTION).await?;
        let price = node.1.prices().of(Service::Transcription);
        // A minute more than there is: a lost connection may cut a minute in two, and each part
        // counts its last second in full.
        let minutes = samples.div_ceil(60 * SAMPLE_RATE_HZ as usize) as u64 + 1;
        let cap_micro_usdc = match &self.cap {
            Some(cap) => cap.to_micro_usdc().map_err(|error| usage(error.to_string()))?,
            None => minutes.saturating_mul(price).max(1),
        };
        let escrow = chain::escrow(rpc, &app_address).await?;
        // Bonds pay too; those with other nodes are counted in, or this would take more questions
        // than a warning is worth.
        let available = escrow.available_micro_usdc()?.saturating_add(escrow.bonded_micro_usdc);
        let needed = (minutes - 1).saturating_mul(price).min(cap_micro_usdc);
        if available == 0 && needed > 0 {
            return Err(usage("the app's escrow is empty: fill it with `heliograph app deposit`"));
        }
        if available < needed {
            let (available, needed) = (usdc(available), usdc(needed));
            eprintln!("warning: the recording costs up to {needed}, the escrow has {available}");
        }
        let secs = 2 * samples as u64 / u64::from(SAMPLE_RATE_HZ) + 3_600;
        let wanted = Wanted { services: session::TRANSCRIPTION, cap_micro_usdc, secs };
        let spinner = Spinner::new("opening a session on chain");
        let opened = session::open(context, &authority, app, network, &node, wanted).await?;
        drop(spinner);
        Ok(Agreement {
            address: opened.address,
            session: opened.session,
            node: node.1,
            standing: false,
        })
    }

    async fn stream(
        &self,
        context: &Context,
        network: &Network,
        agreement: &Agreement,
        voucher_signer: &Keypair,
        pcm: &[i16],
        evidence: &mut Evidence,
    ) -> Result<Streamed> {
        let job = Job {
            endpoint: agreement.node.endpoint.clone(),
            node_key: agreement.node.node_key,
            domain: network.domain(),
            terms: agreement.session.terms(&agreement.address),
            voucher_signer,
            language: self.language.clone(),
            pcm,
        };
        let spinner = Spinner::new(format!("connecting to {}", job.endpoint));
        let mut minutes = 0u64;
        let json = context.json;
        stream::run(&job, evidence, &mut |event| match event {
            Event::Ready(ready) => {
                spinner.say(format!("{} with {}", ready.engine, ready.model));
            }
            Event::Segment(segment) => {
                if !json {
                    let line = format!("[{}] {}\n", clock(segment.start), segment.text.trim());
                    spinner.suspend(|| write_stdout(&line));
                }
            }
            Event::Minute(minute) => {
                minutes += 1;
                let sum = usdc(minute.receipt.cumulative_micro_usdc);
                spinner.say(format!("{minutes} minutes vouchered, {sum}"));
            }
            Event::Lost { reason, retry_in } => {
                let secs = retry_in.as_secs_f32();
                spinner.suspend(|| eprintln!("warning: {reason}; connecting again in {secs} s"));
            }
        })
        .await
    }

    async fn settle(
        &self,
        context: &Context,
        network: &Network,
        agreement: &Agreement,
        streamed: Streamed,
        evidence: &Evidence,
        samples: usize,
    ) -> Result<Transcript> {
        let rpc = &context.rpc;
        let vouchered = evidence.tip().map_or(0, |tip| tip.cumulative_micro_usdc);
        if let Some(error) = streamed.error {
            let hint = if vouchered == 0 && !agreement.standing && !error.is_retryable() {
                end(context, agreement).await?;
                "nothing was served and nothing is owed; the session is ended".to_owned()
            } else {
                // Whoever runs this again with --session loses nothing; the node settles meanwhile.
                format!(
                    "{} minutes were paid; continue with --session {}",
                    streamed.minutes.len(),
                    agreement.address
                )
            };
            return Err(anyhow::Error::new(error).context(hint));
        }
        let spinner = Spinner::new("waiting for the settlement");
        let limit = Duration::from_secs(self.settle_limit);
        let settled = settled::wait(rpc, &agreement.address, vouchered, limit).await?;
        let redeemed = settled::redeemed(rpc, &agreement.address, &network.domain()).await?;
        drop(spinner);
        let complete = streamed.is_complete();
        let (ended, ended_message) = match &streamed.ended {
            Some((reason, message)) => {
                (serde_json::to_value(reason)?.as_str().unwrap_or_default().to_owned(), message)
            }
            None => return Err(RetryError("the stream did not end".into()).into()),
        };
        let exit = match (complete, settled >= vouchered) {
            (true, true) => Exit::Ok,
            (true, false) => Exit::Retry,
            (false, _) => Exit::Failure,
        };
        if !agreement.standing {
            end(context, agreement).await?;
        }
        let texts: Vec<&str> = streamed.segments.iter().map(|s| s.text.trim()).collect();
        Ok(Transcript {
            session: agreement.address.to_string(),
            node_key: agreement.node.node_key.to_string(),
            text: texts.join(" "),
            minutes: table::rows(&streamed.minutes, &redeemed),
            audio_secs: samples as f64 / f64::from(SAMPLE_RATE_HZ),
            connections: streamed.connections,
            ended,
            ended_message: ended_message.clone(),
            vouchered_micro_usdc: vouchered,
            settled_micro_usdc: settled,
            evidence: evidence.path().to_owned(),
            segments: streamed.segments,
            exit,
        })
    }
}

/// Ends the session on chain, unless its time is over anyhow.
async fn end(context: &Context, agreement: &Agreement) -> Result<()> {
    let now = chain::unix_secs(&context.rpc).await?;
    if agreement.session.expires_at > now {
        let authority = context.signer()?;
        let app = agreement.session.app;
        let instruction = end_session(authority.pubkey(), app, agreement.address);
        context.send(&authority, &[], &[instruction]).await?;
    }
    Ok(())
}

/// A standing session.
async fn existing(context: &Context, address: &Pubkey) -> Result<Agreement> {
    let session: Session = account::get(&context.rpc, address).await?;
    let node: Node = account::get(&context.rpc, &session.node).await?;
    if session.expires_at <= chain::unix_secs(&context.rpc).await? {
        return Err(usage(format!(
            "session {address} has ended: leave --session out for a new one"
        )));
    }
    Ok(Agreement { address: *address, session, node, standing: true })
}

/// The table and the sums, after the text.
pub fn describe(transcript: &Transcript) -> String {
    let mut text = format!("\n{}\n", table::describe(&transcript.minutes));
    let sum = usdc(transcript.settled_micro_usdc);
    if transcript.settled_micro_usdc < transcript.vouchered_micro_usdc {
        let vouchered = usdc(transcript.vouchered_micro_usdc);
        text.push_str(&format!("settled {sum} of {vouchered}: the node settles the rest later\n"));
    } else {
        text.push_str(&format!("settled {sum}\n"));
    }
    if transcript.ended != "finished" {
        let (ended, message) = (&transcript.ended, &transcript.ended_message);
        text.push_str(&format!("ended early ({ended}): {message}\n"));
    }
    text.push_str(&format!("receipts and vouchers: {}", transcript.evidence.display()));
    text
}

/// Seconds as `mm:ss.s`.
fn clock(secs: f64) -> String {
    let tenths = (secs.max(0.0) * 10.0).round() as u64;
    format!("{:02}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn times_carry_over_at_the_minute() {
        assert_eq!(clock(0.0), "00:00.0");
        assert_eq!(clock(59.96), "01:00.0");
        assert_eq!(clock(3_725.44), "62:05.4");
        assert_eq!(clock(-0.1), "00:00.0");
    }
}
