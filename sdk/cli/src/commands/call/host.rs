//! `heliograph call host`.

use super::minutes::{self, Row};
use crate::amount::{Decimal, usdc};
use crate::chain;
use crate::commands::app::AppId;
use crate::context::{Context, data_folder};
use crate::exit::{Exit, usage};
use crate::keys::{self, KeyRef};
use crate::output::{Outcome, write_stdout};
use crate::speech::evidence::Evidence;
use crate::speech::session::{self, Wanted};
use crate::speech::settled;
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::call::{
    CALL_SERVICES, CallConfig, CallEvent, CallHost, Captions, PaidCallMinute,
};
use heliograph_client::instruction::settlement::end_session;
use heliograph_client::stream::{EndReason, StreamError};
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_registry::state::{Network, Node};
use heliograph_settlement::state::Session;
use serde::Serialize;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::time::{Duration, Instant};

/// The first pause after a lost connection; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Without a connection for this long the node is given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(180);

/// Host calls at a node, paying by the minute
#[derive(Debug, Args)]
#[command(
    long_about = "Host calls at a node, paying by the minute.\n\n\
    Picks the cheapest node that the app's rules allow (or the one named), opens a session with it \
    on chain and hosts it until ctrl-c: whoever has a token signed by --voucher-signer, or by the \
    app's wallet, may join with any LiveKit client. After each minute in which somebody was served \
    the node sends a receipt and what it consists of, participant by participant; both are checked \
    and answered with a voucher. In the end everybody leaves, the last minute is paid, and the \
    session is ended once everything is settled on chain.\n\n\
    Receipts and vouchers are kept in ~/.heliograph/sessions (HELIOGRAPH_HOME).",
    after_long_help = "EXAMPLES\n  \
    heliograph call host --keypair app.json --voucher-signer voucher.json --cap 1\n  \
    heliograph call token --signer voucher.json --room standup --identity ann\n  \
    heliograph call host --voucher-signer voucher.json --cap 1 --captions en\n\n\
    Interrupted? The same command with --session SESSION hosts it again.\n\n\
    EXIT CODES\n  \
    0   hosted and settled\n  \
    2   the node ended it early (no USDC left, cap reached, session over); what was served is paid\n  \
    75  the node or the chain could not be reached; vouchers not settled yet settle later"
)]
pub struct Host {
    /// Keypair file that signs the vouchers
    #[arg(long, value_name = "FILE")]
    pub voucher_signer: PathBuf,
    /// The node key: base58, or its keypair file [default: the cheapest allowed]
    #[arg(long, value_name = "NODE_KEY", conflicts_with = "session")]
    pub node: Option<KeyRef>,
    /// The most to spend, in USDC
    #[arg(long, value_name = "USDC", required_unless_present = "session")]
    pub cap: Option<Decimal>,
    /// Hours until the session expires
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8_760))]
    pub hours: u32,
    /// Host this session, and leave it open afterwards [default: a new one, ended afterwards]
    #[arg(long, value_name = "SESSION")]
    pub session: Option<Pubkey>,
    /// Where the node sends webhooks: an https URL
    #[arg(long, value_name = "URL")]
    pub webhook: Option<String>,
    /// Have everybody's speech transcribed, at the node's price for transcription, and shown as
    /// captions; with a language (ISO 639-1), or whatever the node detects
    #[arg(long, value_name = "LANG", num_args = 0..=1, default_missing_value = "auto")]
    pub captions: Option<String>,
    /// Seconds to wait for the settlement of the last voucher
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub settle_limit: u64,
    /// Folder for receipts and vouchers [default: ~/.heliograph/sessions]
    #[arg(long, value_name = "FOLDER")]
    pub evidence: Option<PathBuf>,
    #[command(flatten)]
    pub app: AppId,
}

/// What the command did.
#[derive(Debug, Serialize)]
pub struct Hosted {
    pub session: String,
    pub node_key: String,
    pub minutes: Vec<Row>,
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

/// A session to host, and whether it is ours to end.
struct Agreement {
    address: Pubkey,
    session: Session,
    node: Node,
    standing: bool,
}

impl Host {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let interrupted = async {
            let _ = tokio::signal::ctrl_c().await;
        };
        let json = context.json;
        let say = |url: &str| {
            let text = format!("hosting; participants connect to {url}\nctrl-c ends the calls");
            if json { eprintln!("{text}") } else { write_stdout(&format!("{text}\n")) }
        };
        let hosted = self.run(context, interrupted, say).await?;
        let text = describe(&hosted);
        Ok(Outcome::new(&hosted, text)?.exiting(hosted.exit))
    }

    /// Hosts until `stop`; `hosting` hears where participants connect.
    pub async fn run(
        &self,
        context: &Context,
        stop: impl Future<Output = ()>,
        mut hosting: impl FnMut(&str),
    ) -> Result<Hosted> {
        let voucher_signer = keys::read(&self.voucher_signer)?;
        let network = context.network().await?;
        let agreement = match &self.session {
            Some(address) => existing(context, address).await?,
            None => self.agree(context, &network, &voucher_signer).await?,
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
        if self.captions.is_some() {
            let terms = agreement.session.terms(&agreement.address);
            if !terms.services.contains(session::TRANSCRIPTION) {
                return Err(usage("the session has not bought transcription: no captions"));
            }
            let price = terms.prices.0[Service::Transcription as usize];
            eprintln!("captions: {} a minute of each participant's speech", usdc(price));
        }
        let mut evidence = Evidence::open(&folder, &agreement.address, &network.domain())?;
        if evidence.tip().is_none() && agreement.session.totals.settled_micro_usdc > 0 {
            return Err(usage(format!(
                "the session was used elsewhere: its receipts are not in {}",
                folder.display()
            )));
        }
        let mut run = Run {
            config: CallConfig {
                endpoint: agreement.node.endpoint.clone(),
                node_key: agreement.node.node_key,
                domain: network.domain(),
                terms: agreement.session.terms(&agreement.address),
                tip: None,
                since_unix_ms: u64::try_from(agreement.session.opened_at).unwrap_or(0) * 1_000,
                webhook: self.webhook.clone(),
                captions: self.captions.as_deref().map(captions),
            },
            voucher_signer: &voucher_signer,
            minutes: Vec::new(),
            connections: 0,
            json: context.json,
        };
        let ended = run.host(&mut evidence, stop, &mut hosting).await?;
        let Run { minutes, connections, .. } = run;
        self.settle(context, &network, &agreement, (minutes, connections), ended, &evidence).await
    }

    /// What a session for it buys.
    const fn services(&self) -> ServiceSet {
        match self.captions {
            Some(_) => CALL_SERVICES.with(session::TRANSCRIPTION),
            None => CALL_SERVICES,
        }
    }

    async fn agree(
        &self,
        context: &Context,
        network: &Network,
        voucher_signer: &Keypair,
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
        let cap = self.cap.as_ref().ok_or_else(|| usage("--cap says how much may be spent"))?;
        let cap_micro_usdc = cap.to_micro_usdc().map_err(|error| usage(error.to_string()))?;
        let node_key = self.node.as_ref().map(KeyRef::pubkey).transpose()?;
        let app = (&app_address, &app);
        let services = self.services();
        let node = session::pick_node(rpc, network, app, node_key, services).await?;
        let secs = u64::from(self.hours) * 3_600;
        let wanted = Wanted { services, cap_micro_usdc, secs };
        let opened = session::open(context, &authority, app, network, &node, wanted).await?;
        let (address, session) = (opened.address, opened.session);
        Ok(Agreement { address, session, node: node.1, standing: false })
    }

    async fn settle(
        &self,
        context: &Context,
        network: &Network,
        agreement: &Agreement,
        (paid, connections): (Vec<PaidCallMinute>, u32),
        ended: Result<(EndReason, String), StreamError>,
        evidence: &Evidence,
    ) -> Result<Hosted> {
        let rpc = &context.rpc;
        let vouchered = evidence.tip().map_or(0, |tip| tip.cumulative_micro_usdc);
        let (reason, ended_message) = ended.map_err(|error| {
            let again = format!(
                "{} minutes were paid; go on with --session {}",
                paid.len(),
                agreement.address
            );
            anyhow::Error::new(error).context(again)
        })?;
        let limit = Duration::from_secs(self.settle_limit);
        let settled = settled::wait(rpc, &agreement.address, vouchered, limit).await?;
        let redeemed = settled::redeemed(rpc, &agreement.address, &network.domain()).await?;
        if !agreement.standing && agreement.session.expires_at > chain::unix_secs(rpc).await? {
            let authority = context.signer()?;
            let app = agreement.session.app;
            let end = end_session(authority.pubkey(), app, agreement.address);
            context.send(&authority, &[], &[end]).await?;
        }
        let exit = match (reason == EndReason::Finished, settled >= vouchered) {
            (true, true) => Exit::Ok,
            (true, false) => Exit::Retry,
            (false, _) => Exit::Failure,
        };
        Ok(Hosted {
            session: agreement.address.to_string(),
            node_key: agreement.node.node_key.to_string(),
            minutes: minutes::rows(&paid, &redeemed),
            connections,
            ended: serde_json::to_value(reason)?.as_str().unwrap_or_default().to_owned(),
            ended_message,
            vouchered_micro_usdc: vouchered,
            settled_micro_usdc: settled,
            evidence: evidence.path().to_owned(),
            exit,
        })
    }
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

/// Hosting, over as many connections as it takes.
struct Run<'a> {
    config: CallConfig,
    voucher_signer: &'a Keypair,
    minutes: Vec<PaidCallMinute>,
    connections: u32,
    json: bool,
}

impl Run<'_> {
    /// Until the node says that it is over, or is given up. Errors are those of the evidence file;
    /// what the node does wrong is in the result.
    async fn host(
        &mut self,
        evidence: &mut Evidence,
        stop: impl Future<Output = ()>,
        hosting: &mut impl FnMut(&str),
    ) -> Result<Result<(EndReason, String), StreamError>> {
        let mut stop = pin!(stop);
        let (mut pause, mut lost_at, mut is_stopping) = (PAUSE_MIN, Instant::now(), false);
        loop {
            let config = CallConfig {
                tip: evidence.tip(),
                since_unix_ms: self.config.since_unix_ms.max(evidence.closed_at_unix_ms()),
                ..self.config.clone()
            };
            let error = match CallHost::open(config, self.voucher_signer).await {
                Ok(mut host) => {
                    self.connections += 1;
                    pause = PAUSE_MIN;
                    hosting(&host.url);
                    let ended = self
                        .connection(&mut host, evidence, stop.as_mut(), &mut is_stopping)
                        .await?;
                    lost_at = Instant::now();
                    match ended {
                        Ok(ended) => return Ok(Ok(ended)),
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            if !error.is_retryable() || lost_at.elapsed() > GIVE_UP_AFTER {
                return Ok(Err(error));
            }
            eprintln!("warning: {error}; connecting again in {} s", pause.as_secs_f32());
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// One connection, to its end.
    async fn connection(
        &mut self,
        host: &mut CallHost<'_>,
        evidence: &mut Evidence,
        mut stop: std::pin::Pin<&mut impl Future<Output = ()>>,
        is_stopping: &mut bool,
    ) -> Result<Result<(EndReason, String), StreamError>> {
        if *is_stopping && let Err(error) = host.finish().await {
            return Ok(Err(error));
        }
        loop {
            let event = tokio::select! {
                event = host.next() => event,
                () = stop.as_mut(), if !*is_stopping => {
                    *is_stopping = true;
                    if let Err(error) = host.finish().await {
                        return Ok(Err(error));
                    }
                    continue;
                }
            };
            match event {
                Ok(CallEvent::Minute(minute)) => {
                    let tip = minute.receipt.tip(minute.archived.signed.hash());
                    evidence.minute(tip, &minute.archived, &minute.voucher)?;
                    if !self.json {
                        write_stdout(&format!("{}\n", line(&minute)));
                    }
                    self.minutes.push(*minute);
                }
                Ok(CallEvent::NotTranscribed { room, identity, reason }) => {
                    let whose = match (room.as_str(), identity.as_str()) {
                        ("", "") => "no captions any more".to_owned(),
                        (room, identity) => format!("no captions of {identity} in {room}"),
                    };
                    eprintln!("warning: {whose}: {reason}");
                }
                Ok(CallEvent::Ended { reason, message }) => return Ok(Ok((reason, message))),
                Err(error) => return Ok(Err(error)),
            }
        }
    }
}

/// What is asked of the node in which language.
fn captions(language: &str) -> Captions {
    Captions { language: Some(language.to_owned()).filter(|language| language != "auto") }
}

/// A minute in one line.
fn line(minute: &PaidCallMinute) -> String {
    let [audio, video, data, captions] = minute.receipt.usage.secs;
    let captions = match captions {
        0 => String::new(),
        secs => format!(", {secs} s captions"),
    };
    format!(
        "minute {}: {} people, {audio} s audio, {video} s video, {data} s data{captions}, {}",
        minute.receipt.sequence,
        minute.participants.len(),
        usdc(minute.receipt.amount_micro_usdc)
    )
}

/// The table and the sums.
pub fn describe(hosted: &Hosted) -> String {
    let mut text = format!("\n{}\n", minutes::describe(&hosted.minutes));
    let sum = usdc(hosted.settled_micro_usdc);
    if hosted.settled_micro_usdc < hosted.vouchered_micro_usdc {
        let vouchered = usdc(hosted.vouchered_micro_usdc);
        text.push_str(&format!("settled {sum} of {vouchered}: the node settles the rest later\n"));
    } else {
        text.push_str(&format!("settled {sum}\n"));
    }
    if hosted.ended != "finished" {
        let (ended, message) = (&hosted.ended, &hosted.ended_message);
        text.push_str(&format!("ended early ({ended}): {message}\n"));
    }
    text.push_str(&format!("receipts and vouchers: {}", hosted.evidence.display()));
    text
}
