//! `heliograph speech host`.

use crate::amount::usdc;
use crate::chain;
use crate::context::{Context, data_folder};
use crate::exit::{Exit, usage};
use crate::keys;
use crate::output::{Outcome, write_stdout};
use crate::speech::evidence::Evidence;
use crate::speech::settled;
use anyhow::{Context as _, Result};
use clap::Args;
use heliograph_client::account;
use heliograph_client::speech::{PaidKeyMinute, SpeechConfig, SpeechEvent, SpeechHost, Tallies};
use heliograph_client::stream::{EndReason, StreamError};
use heliograph_registry::state::{App, Node};
use heliograph_settlement::state::Session;
use serde_json::json;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, Instant};

/// The first pause after a lost connection; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Without a connection for this long the node is given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(180);

/// Host a session for who carries its keys, paying by the minute
#[derive(Debug, Args)]
#[command(
    long_about = "Host a session for who carries its keys, paying by the minute.\n\n\
    While it runs, keys made by `heliograph speech key` are good at the session's node. After each \
    minute of a key's audio the node sends a receipt with the key; both are checked and answered \
    with a voucher. Ctrl-c ends the streams, and the last minutes are paid.\n\n\
    Receipts and vouchers are kept in ~/.heliograph/sessions (HELIOGRAPH_HOME), beside what each key \
    was charged. The session stays open: host it again, or end it with `heliograph session end`.",
    after_long_help = "EXIT CODES\n  \
    0   hosted and settled\n  \
    2   the node ended it early (no USDC left, cap reached, session over); what was served is paid\n  \
    75  the node or the chain could not be reached; vouchers not settled yet settle later"
)]
pub struct Host {
    /// The session, from `heliograph session open`
    #[arg(long, value_name = "SESSION")]
    pub session: Pubkey,
    /// Keypair file that signs the vouchers
    #[arg(long, value_name = "FILE")]
    pub voucher_signer: PathBuf,
    /// Seconds to wait for the settlement of the last voucher
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub settle_limit: u64,
    /// Folder for receipts and vouchers [default: ~/.heliograph/sessions]
    #[arg(long, value_name = "FOLDER")]
    pub evidence: Option<PathBuf>,
}

impl Host {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let signer = keys::read(&self.voucher_signer)?;
        let network = context.network().await?;
        let session: Session = account::get(&context.rpc, &self.session).await?;
        if session.voucher_signer != signer.pubkey() {
            return Err(usage(format!(
                "the session's vouchers are signed by {}, not by {}",
                session.voucher_signer,
                signer.pubkey()
            )));
        }
        if session.expires_at <= chain::unix_secs(&context.rpc).await? {
            return Err(usage(format!("session {} has ended", self.session)));
        }
        let node: Node = account::get(&context.rpc, &session.node).await?;
        let app: App = account::get(&context.rpc, &session.app).await?;
        let folder = match &self.evidence {
            Some(folder) => folder.clone(),
            None => data_folder()?.join("sessions"),
        };
        let evidence = Evidence::open(&folder, &self.session, &network.domain())?;
        if evidence.tip().is_none() && session.totals.settled_micro_usdc > 0 {
            return Err(usage(format!(
                "the session was used elsewhere: its receipts are not in {}",
                folder.display()
            )));
        }
        let tallies_file = folder.join(format!("{}.keys.json", self.session));
        let mut run = Run {
            config: SpeechConfig {
                endpoint: node.endpoint.clone(),
                node_key: node.node_key,
                domain: network.domain(),
                terms: session.terms(&self.session),
                authority: app.authority.to_bytes(),
                tip: None,
                tallies: read_tallies(&tallies_file)?,
            },
            signer: &signer,
            tallies_file,
            evidence,
            minutes: 0,
            json: context.json,
        };
        let ended = run.host().await?;
        let (reason, message) = ended.map_err(|error| {
            let again = format!("{} minutes were paid; the same command goes on", run.minutes);
            anyhow::Error::new(error).context(again)
        })?;
        let vouchered = run.evidence.tip().map_or(0, |tip| tip.cumulative_micro_usdc);
        let limit = Duration::from_secs(self.settle_limit);
        let settled = settled::wait(&context.rpc, &self.session, vouchered, limit).await?;
        let exit = match (reason == EndReason::Finished, settled >= vouchered) {
            (true, true) => Exit::Ok,
            (true, false) => Exit::Retry,
            (false, _) => Exit::Failure,
        };
        let text = format!(
            "{} minutes paid, settled {} of {}\n{message}\nreceipts and vouchers: {}",
            run.minutes,
            usdc(settled),
            usdc(vouchered),
            run.evidence.path().display()
        );
        let document = json!({
            "session": self.session.to_string(),
            "node_key": node.node_key.to_string(),
            "minutes": run.minutes,
            "keys": run.config.tallies,
            "ended": reason,
            "ended_message": message,
            "vouchered_micro_usdc": vouchered,
            "settled_micro_usdc": settled,
            "evidence": run.evidence.path(),
        });
        Ok(Outcome::new(&document, text)?.exiting(exit))
    }
}

/// Hosting, over as many connections as it takes.
struct Run<'a> {
    config: SpeechConfig,
    signer: &'a Keypair,
    tallies_file: PathBuf,
    evidence: Evidence,
    minutes: usize,
    json: bool,
}

impl Run<'_> {
    /// Until the node says that it is over, or is given up. Errors are those of the files; what the
    /// node does wrong is in the result.
    async fn host(&mut self) -> Result<Result<(EndReason, String), StreamError>> {
        let mut stop = pin!(async {
            let _ = tokio::signal::ctrl_c().await;
        });
        let (mut pause, mut lost_at, mut is_stopping) = (PAUSE_MIN, Instant::now(), false);
        loop {
            let config = SpeechConfig { tip: self.evidence.tip(), ..self.config.clone() };
            let error = match SpeechHost::open(config, self.signer).await {
                Ok(mut host) => {
                    pause = PAUSE_MIN;
                    self.say(&format!("hosting at {}; ctrl-c ends it", self.config.endpoint));
                    let ended = self.connection(&mut host, stop.as_mut(), &mut is_stopping).await?;
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
        host: &mut SpeechHost<'_>,
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
                Ok(SpeechEvent::Minute(minute)) => self.paid(&minute, host.standing().1)?,
                Ok(SpeechEvent::Ended { reason, message }) => return Ok(Ok((reason, message))),
                Ok(_) => {}
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// Keeps what a minute changes.
    fn paid(&mut self, minute: &PaidKeyMinute, tallies: &Tallies) -> Result<()> {
        let tip = minute.receipt.tip(minute.archived.signed.hash());
        self.evidence.minute(tip, &minute.archived, &minute.voucher)?;
        self.config.tallies = tallies.clone();
        write_tallies(&self.tallies_file, tallies)?;
        self.minutes += 1;
        let (id, bought) = (&minute.key.id, minute.key.seconds);
        let used = tallies.0.get(id).map_or(0, |tally| tally.used_secs);
        let amount = usdc(minute.receipt.amount_micro_usdc);
        let sequence = minute.receipt.sequence;
        self.say(&format!("minute {sequence}: {id}, {used} of {bought} s used, {amount}"));
        Ok(())
    }

    fn say(&self, text: &str) {
        if self.json { eprintln!("{text}") } else { write_stdout(&format!("{text}\n")) }
    }
}

/// What each key was charged before; nothing if the session was never hosted here.
fn read_tallies(file: &Path) -> Result<Tallies> {
    match std::fs::read(file) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", file.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Tallies::default()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Replaces the file as a whole: half of one would stop the next run.
fn write_tallies(file: &Path, tallies: &Tallies) -> Result<()> {
    let new = file.with_extension("json.new");
    let written = serde_json::to_vec(tallies)
        .map_err(std::io::Error::from)
        .and_then(|bytes| std::fs::write(&new, bytes))
        .and_then(|()| std::fs::rename(&new, file));
    written.with_context(|| format!("cannot write {}", file.display()))
}
