//! `heliograph up`: the whole network in one process tree, and one recording paid for on it.

mod call;
mod folder;
mod keeper;
mod money;
mod network;
mod report;

use crate::amount::{Decimal, USDC_DECIMALS, format_units};
use crate::audio;
use crate::chain;
use crate::commands::app::{AppId, Create};
use crate::commands::migrate::read_params;
use crate::commands::node::{Lifecycle, Register};
use crate::commands::stake;
use crate::commands::transcribe::{self, Transcribe};
use crate::commands::{app, audit};
use crate::context::Context;
use crate::exit::{Exit, usage};
use crate::keys::KeyRef;
use crate::output::{Outcome, write_stdout};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use folder::{Folder, Keys};
use heliograph_audit::Options;
use heliograph_client::{RetryPolicy, Rpc, pda};
use heliograph_localnet::{Config, GenesisProgram, Localnet};
use heliograph_migrations::{Params, Programs};
use heliograph_protocol::price::{DEFAULT_TRANSCRIPTION_MICRO_USDC, DEFAULT_WEBRTC_MICRO_USDC};
use heliograph_protocol::service::Service;
use heliograph_registry::state::{Network, NodeStatus};
use keeper::Keeper;
use money::Balances;
use report::Report;
use solana_signer::Signer;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};

/// Decimals of the stake mint on the embedded cluster.
const STAKE_DECIMALS: u8 = 9;

/// What the app puts into its escrow.
const ESCROW_USDC: &str = "5";

/// Run the whole network on this machine and pay for real speech, once
#[derive(Debug, Args)]
#[command(
    long_about = "Run the whole network on this machine and pay for real speech, once.\n\n\
    Starts an embedded Solana cluster and deploys the programs to it; starts a keeper with a \
    speech-to-text node, registers, stakes and activates it; creates an app and funds its escrow \
    with a stand-in for USDC; streams a recording through the node, printing the text as it comes; \
    holds a call of two headless participants through it, with real audio and video; \
    settles every minute on chain; audits all of it. Ends with a table of the minutes, the balances \
    before and after, and the auditor's verdict.\n\n\
    With --keep the network stays up afterwards, for the other commands in a second terminal. With \
    --chain-only there is a cluster with the programs and an initialised network, and nobody on it \
    yet: for developing against, without models. It stays up too.",
    after_long_help = "EXAMPLES\n  \
    heliograph up --programs target/deploy --models models --audio speech.wav\n  \
    heliograph up --programs target/deploy --models models --audio speech.wav --keep --dir ~/.heliograph/up\n  \
    heliograph up --programs target/deploy --chain-only\n  \
    heliograph up --programs target/deploy --chain-only --params short.toml\n\n\
    EXIT CODES\n  \
    0   minutes were paid and the audit is clean, or --chain-only was stopped\n  \
    1   the audit found something\n  \
    2   something failed; what was started has been stopped"
)]
pub struct Up {
    /// Folder with the programs' bytecode: heliograph_{registry,staking,settlement}.so
    #[arg(long, value_name = "FOLDER")]
    pub programs: PathBuf,
    /// Folder with the speech models
    #[arg(long, value_name = "FOLDER", required_unless_present = "chain_only")]
    pub models: Option<PathBuf>,
    /// The recording: speech, a minute or more
    #[arg(long, value_name = "FILE", required_unless_present = "chain_only")]
    pub audio: Option<PathBuf>,
    /// Language spoken, ISO 639-1 [default: recognised by the node]
    #[arg(long, value_name = "XX")]
    pub language: Option<String>,
    /// Seconds of the call that two headless participants hold after the transcription; 0 for none.
    /// It needs the ffmpeg program
    #[arg(long, value_name = "SECONDS", default_value_t = 40)]
    pub call_secs: u64,
    /// Leave everything up afterwards, until ctrl-c
    #[arg(long)]
    pub keep: bool,
    /// Only the cluster, the programs and an initialised network, until ctrl-c
    #[arg(long, conflicts_with_all = ["models", "audio", "language", "keep", "keeper"])]
    pub chain_only: bool,
    /// Parameters of the network, TOML as for `heliograph migrate`: short periods to try out what
    /// takes days on a public network, with --chain-only [default: those of `heliograph migrate`]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["models", "audio"])]
    pub params: Option<PathBuf>,
    /// Port of the cluster's RPC; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 8899)]
    pub rpc_port: u16,
    /// Port of the node; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 7880)]
    pub node_port: u16,
    /// Folder for keys, the chain, the node's ledger and archive; used again if it exists
    /// [default: a temporary one, removed in the end]
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// File of the Whisper model in --models
    #[arg(long, value_name = "FILE", default_value = "ggml-base-q8_0.bin")]
    pub model: PathBuf,
    /// File of the voice activity model in --models
    #[arg(long, value_name = "FILE", default_value = "ggml-silero-v6.2.0.bin")]
    pub vad_model: PathBuf,
    /// The keeper program [default: heliograph-keeper beside this program]
    #[arg(long, value_name = "FILE")]
    pub keeper: Option<PathBuf>,
}

/// Everything that can be checked before anything is started.
struct Ready {
    programs: Programs,
    folder: Folder,
    keys: Keys,
    params: Params,
    /// `None` with `--chain-only`.
    speech: Option<Speech>,
}

/// What serving speech takes besides.
struct Speech {
    models: PathBuf,
    audio: PathBuf,
    keeper: PathBuf,
    node_port: u16,
    /// Where participants of calls connect; `None` without calls.
    calls_port: Option<u16>,
}

impl Up {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let ready = self.prepare()?;
        say(context, "starting an embedded Solana cluster");
        let authority = ready.keys.deployer.pubkey();
        let programs = ready
            .programs
            .0
            .iter()
            .map(|program| GenesisProgram::new(program.key.pubkey(), authority, &program.elf));
        let localnet = Localnet::start(Config {
            // Migrations then find them deployed; over RPC it would take a minute.
            programs: programs.collect(),
            rpc_port: self.rpc_port,
            database: ready.folder.is_kept().then(|| ready.folder.path("chain.sqlite")),
            ..Config::default()
        })
        .await?;
        let context = context.at(Rpc::new(localnet.rpc_url(), RetryPolicy::INTERACTIVE));
        let mut keeper = None;
        let result = match &ready.speech {
            Some(speech) => self.serve(&context, &ready, speech, &mut keeper).await,
            None => network::wait(&context, &ready, localnet.ws_url()).await,
        };
        if let Some(keeper) = keeper {
            say(&context, "stopping the keeper");
            keeper.stop().await;
        }
        say(&context, "stopping the cluster");
        let _ = tokio::task::spawn_blocking(|| localnet.shutdown()).await;
        if result.is_err() {
            let kept = ready.folder.keep();
            eprintln!("keys and logs of this run are in {}", kept.display());
        }
        result
    }

    fn prepare(&self) -> Result<Ready> {
        let programs = Programs::load(&self.programs, None)?;
        let speech = match (&self.models, &self.audio) {
            (Some(models), Some(audio)) => Some(self.prepare_speech(models, audio)?),
            _ => None,
        };
        let params = read_params(self.params.as_deref())?;
        let folder = Folder::open(self.dir.as_deref())?;
        let keys = Keys::open(&folder)?;
        Ok(Ready { programs, folder, keys, params, speech })
    }

    fn prepare_speech(&self, models: &Path, audio: &Path) -> Result<Speech> {
        for model in [&self.model, &self.vad_model] {
            let path = models.join(model);
            if !path.is_file() {
                return Err(usage(format!("there is no model {}", path.display())));
            }
        }
        let keeper = match &self.keeper {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("heliograph-keeper"),
        };
        if !keeper.is_file() {
            return Err(usage(format!("there is no keeper program at {}", keeper.display())));
        }
        // Read again when it is streamed; here it fails before anything is started.
        audio::read(audio)?;
        let node_port = keeper::free_port(self.node_port)?;
        let calls_port = match self.call_secs {
            0 => None,
            _ if call::is_possible() => Some(keeper::free_port(0)?),
            _ => {
                eprintln!("there will be no call: it needs the ffmpeg program, which is not here");
                None
            }
        };
        let (models, audio) = (models.to_owned(), audio.to_owned());
        Ok(Speech { models, audio, keeper, node_port, calls_port })
    }

    /// The whole network: a recording is paid for, and with `--keep` everything stays.
    async fn serve(
        &self,
        context: &Context,
        ready: &Ready,
        speech: &Speech,
        running: &mut Option<Keeper>,
    ) -> Result<Outcome> {
        let report = tokio::select! {
            result = self.run(context, ready, speech, running) => result?,
            name = interrupted() => bail!("stopped by {name}"),
        };
        if self.keep { self.stay(context, ready, &report).await } else { report.outcome() }
    }

    async fn run(
        &self,
        context: &Context,
        ready: &Ready,
        speech: &Speech,
        running: &mut Option<Keeper>,
    ) -> Result<Report> {
        let Ready { folder, keys, .. } = ready;
        let migrations = network::initialise(context, ready).await?;
        let network = context.network().await?;

        say(context, "starting a keeper with a speech-to-text node");
        let config = keeper::Config {
            rpc_url: context.rpc.url(),
            port: speech.node_port,
            calls_port: speech.calls_port,
            model: std::path::absolute(speech.models.join(&self.model))?,
            vad_model: std::path::absolute(speech.models.join(&self.vad_model))?,
        };
        *running = Some(Keeper::start(&speech.keeper, folder, &config)?);
        let keeper = running.as_mut().context("the keeper was just started")?;
        keeper.wait_healthy().await?;

        say(context, "registering, staking and activating the node");
        money::mint(context, keys, &network, STAKE_DECIMALS).await?;
        self.operate(context, ready, speech, &network).await?;
        say(context, "creating an app and funding its escrow");
        self.fund(context, ready, &network).await?;
        let before = Balances::read(&context.rpc, &network, keys).await?;
        if !context.json {
            write_stdout(&format!("{}\n", before.describe()));
        }

        say(context, &format!("transcribing {}", speech.audio.display()));
        let transcript = Transcribe {
            file: speech.audio.clone(),
            voucher_signer: keys.path("voucher"),
            language: self.language.clone(),
            node: Some(KeyRef::Key(keys.node.pubkey())),
            cap: None,
            session: None,
            settle_limit: 180,
            evidence: Some(folder.path("sessions")),
            app: AppId::default(),
        }
        .run(&context.signing_with(keys.path("app")))
        .await?;
        if !context.json {
            write_stdout(&format!("{}\n", transcribe::describe(&transcript)));
        }
        let call = match speech.calls_port {
            None => None,
            Some(_) => {
                say(context, "holding a call of two participants, with a receipt every 10 s");
                let held = call::hold(context, ready, &speech.audio, self.call_secs).await?;
                if !context.json {
                    write_stdout(&format!("{}\n", held.describe()));
                }
                Some(held)
            }
        };
        let after = Balances::read(&context.rpc, &network, keys).await?;

        say(context, "auditing every payment against chain and archive");
        let archive = folder.path("archive");
        let nodes = vec![pda::node(&keys.node.pubkey())];
        let options = Options { nodes, ..Options::default() };
        let audit = audit::run(&context.rpc, &archive.to_string_lossy(), options).await?;
        Ok(Report {
            rpc_url: context.rpc.url(),
            node_url: config.endpoint(),
            folder: folder.root().to_owned(),
            archive,
            migrations,
            before,
            after,
            transcript,
            call,
            audit,
        })
    }

    /// The operator's side, through the same code as the commands.
    async fn operate(
        &self,
        context: &Context,
        ready: &Ready,
        speech: &Speech,
        network: &Network,
    ) -> Result<()> {
        let node_port = speech.node_port;
        let mut services = vec![Service::Transcription];
        if speech.calls_port.is_some() {
            services.extend([Service::Audio, Service::Video, Service::Data]);
        }
        let keys = &ready.keys;
        let operator = context.signing_with(keys.path("operator"));
        let node_key = || KeyRef::File(keys.path("node"));
        Register {
            node_key: node_key(),
            payout: keys.payout.pubkey(),
            endpoint: format!("http://127.0.0.1:{node_port}"),
            country: *b"DE",
            region: "local".into(),
            services,
            price_audio: DEFAULT_WEBRTC_MICRO_USDC,
            price_video: DEFAULT_WEBRTC_MICRO_USDC,
            price_data: DEFAULT_WEBRTC_MICRO_USDC,
            price_transcription: DEFAULT_TRANSCRIPTION_MICRO_USDC,
            capacity: 4,
            private_app: None,
        }
        .execute(&operator)
        .await?;
        let (_, node) = chain::node(&context.rpc, &keys.node.pubkey()).await?;
        let missing = network.params.node_stake_min.saturating_sub(node.stake);
        if missing > 0 {
            let amount = format_units(missing, STAKE_DECIMALS).parse()?;
            stake::Deposit { key: node_key(), amount, role: None }.execute(&operator).await?;
        }
        Lifecycle { node_key: node_key() }.execute(&operator, NodeStatus::Active).await?;
        Ok(())
    }

    /// The app's side.
    async fn fund(&self, context: &Context, ready: &Ready, network: &Network) -> Result<()> {
        let keys = &ready.keys;
        let owner = context.signing_with(keys.path("app"));
        Create {
            id: 0,
            voucher_signer: KeyRef::Key(keys.voucher.pubkey()),
            signer_days: 90,
            countries: Vec::new(),
            price_ceiling_audio: DEFAULT_WEBRTC_MICRO_USDC,
            price_ceiling_video: DEFAULT_WEBRTC_MICRO_USDC,
            price_ceiling_data: DEFAULT_WEBRTC_MICRO_USDC,
            price_ceiling_transcription: DEFAULT_TRANSCRIPTION_MICRO_USDC,
        }
        .execute(&owner)
        .await?;
        let wanted: Decimal = ESCROW_USDC.parse()?;
        let balances = Balances::read(&context.rpc, network, keys).await?;
        let missing = wanted.to_micro_usdc()?.saturating_sub(balances.escrow_micro_usdc);
        if missing > 0 {
            let amount = format_units(missing, USDC_DECIMALS).parse()?;
            app::Deposit { amount, app: AppId::default() }.execute(&owner).await?;
        }
        Ok(())
    }

    /// Says what is running and waits for a signal.
    async fn stay(&self, context: &Context, ready: &Ready, report: &Report) -> Result<Outcome> {
        let outcome = report.outcome()?;
        outcome.print(context.json);
        if outcome.exit == Exit::Failure {
            bail!("no minute was paid");
        }
        let text = report.next_steps(&ready.keys);
        if context.json {
            eprintln!("{text}")
        } else {
            write_stdout(&format!("\n{text}\n"))
        }
        let name = interrupted().await;
        say(context, &format!("{name}: stopping"));
        Ok(Outcome::said(outcome.exit))
    }
}

/// A line about what begins now.
fn say(context: &Context, text: &str) {
    if context.json {
        eprintln!("▸ {text}");
    } else {
        write_stdout(&format!("▸ {text}\n"));
    }
}

/// Waits for ctrl-c or SIGTERM; says which.
async fn interrupted() -> &'static str {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => "ctrl-c",
        _ = terminate => "SIGTERM",
    }
}
