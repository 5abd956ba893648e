//! `heliograph canary`.

use crate::audio;
use crate::chain;
use crate::commands::app::AppId;
use crate::commands::bench::cache;
use crate::context::{Context, data_folder};
use crate::exit::{Exit, usage};
use crate::keys::{self, KeyRef};
use crate::output::Outcome;
use crate::progress::Spinner;
use crate::speech::evidence::Evidence;
use crate::speech::session::{self, Opened, Wanted};
use crate::speech::settled;
use crate::speech::stream::recording_sha256;
use anyhow::{Context as _, Result};
use clap::Args;
use heliograph_client::instruction::settlement::end_session;
use heliograph_client::stream::StreamConfig;
use heliograph_protocol::observation::NOT_MEASURED;
use heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;
use heliograph_protocol::reputation::Epoch;
use heliograph_protocol::sample::Sample;
use heliograph_protocol::service::Service;
use heliograph_quality::probe::{Clip, Probed, probe};
use heliograph_quality::vary::{Varied, varied};
use heliograph_registry::state::{Network, Node};
use rand::seq::IndexedRandom as _;
use serde::Serialize;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use std::path::PathBuf;
use std::time::Duration;

/// Check a node's transcription with a recording whose text is known
#[derive(Debug, Args)]
#[command(
    long_about = "Check a node's transcription with a recording whose text is known.\n\n\
    Opens a session as `heliograph transcribe` does, plays the recording in real time as a \
    microphone would, pays for it, and scores what comes back: word error rate, and the time from \
    the end of speech to its text. The recording is never played the same way twice: loudness, \
    silence around it and noise under it change each time, so a node cannot know it by its samples.\n\n\
    The result holds a report as `heliograph observer post` reads it, with this probe as its one \
    sample. Ends with 1 when the node gave no text.",
    after_long_help = "EXAMPLES\n  \
    heliograph canary --voucher-signer voucher.json --node NODE_KEY\n  \
    heliograph canary --voucher-signer voucher.json --clip hello.wav --text 'Hello there' --json | jq .report"
)]
pub struct Canary {
    /// Keypair file that signs the vouchers
    #[arg(long, value_name = "FILE")]
    pub voucher_signer: PathBuf,
    /// The node key: base58, or its keypair file [default: the cheapest allowed]
    #[arg(long, value_name = "NODE_KEY")]
    pub node: Option<KeyRef>,
    /// The recording [default: one of the manifest's, by chance]
    #[arg(long, value_name = "FILE", requires = "text", conflicts_with = "manifest")]
    pub clip: Option<PathBuf>,
    /// What is said in it
    #[arg(long, value_name = "TEXT", requires = "clip")]
    pub text: Option<String>,
    /// Recordings and their texts, as for `heliograph bench stt` [default: those of set-up]
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Language of the recording, ISO 639-1
    #[arg(long, value_name = "XX", default_value = "en")]
    pub language: String,
    /// Seconds to wait for the settlement of the voucher
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub settle_limit: u64,
    /// Folder for receipts and vouchers [default: ~/.heliograph/sessions]
    #[arg(long, value_name = "FOLDER")]
    pub evidence: Option<PathBuf>,
    #[command(flatten)]
    pub app: AppId,
}

/// What the command found out.
#[derive(Debug, Serialize)]
struct Found {
    session: String,
    node_key: String,
    /// What came back.
    text: String,
    words_spoken: u64,
    words_wrong: u64,
    word_error_rate: Option<f64>,
    setup_ms: Option<f64>,
    /// From the end of speech to its text.
    latency_ms: Option<f64>,
    vouchered_micro_usdc: u64,
    /// What the node did wrong, in words.
    error: Option<String>,
    report: Report,
}

/// A report as `heliograph observer post` reads it.
#[derive(Debug, Serialize)]
struct Report {
    epoch: u64,
    epoch_secs: u32,
    nodes: [Seen; 1],
}

#[derive(Debug, Serialize)]
struct Seen {
    node_key: String,
    samples: [Entry; 1],
}

#[derive(Debug, Serialize)]
struct Entry {
    at_secs: u32,
    setup_us: Option<u32>,
    words_spoken: u32,
    words_wrong: u32,
    latency_us: Option<u32>,
}

impl Canary {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let voucher_signer = keys::read(&self.voucher_signer)?;
        let clip = self.clip()?;
        let network = context.network().await?;
        let (node, opened) = self.agree(context, &network, &voucher_signer, &clip).await?;
        let now = u64::try_from(chain::unix_secs(&context.rpc).await?)?;
        let epoch_secs = network.params.epoch_secs;
        let epoch = Epoch::at(now, epoch_secs).context("the network has no epochs")?;

        let spinner = Spinner::new(format!("speaking to {}", node.endpoint));
        let config = StreamConfig {
            endpoint: node.endpoint.clone(),
            node_key: node.node_key,
            domain: network.domain(),
            terms: opened.session.terms(&opened.address),
            language: Some(self.language.clone()),
            live: true,
            tip: None,
        };
        let probed = probe(config, &voucher_signer, &clip).await;
        spinner.say("waiting for the settlement");
        let vouchered = self.settle(context, &network, &opened, &clip, &probed).await?;
        drop(spinner);

        // The epoch is shorter than 2^32 s.
        let sample = probed.sample((now - epoch.start) as u32);
        let found = found(&opened, &node, &probed, sample, epoch, vouchered);
        let exit = if sample.is_good() { Exit::Ok } else { Exit::Finding };
        Ok(Outcome::new(&found, describe(&found))?.exiting(exit))
    }

    /// A recording as it has never been played.
    fn clip(&self) -> Result<Clip> {
        let (path, text) = match (&self.clip, &self.text) {
            (Some(path), Some(text)) => (path.clone(), text.clone()),
            _ => {
                let manifest = match &self.manifest {
                    Some(path) => path.clone(),
                    None => cache()?.join("audio/manifest.tsv"),
                };
                let known = crate::manifest::lines(&manifest)?;
                let fit: Vec<_> =
                    known.iter().filter(|line| line.language == self.language).collect();
                let line = fit.choose(&mut rand::rng()).ok_or_else(|| {
                    let path = manifest.display();
                    usage(format!("{path} has no recording in '{}'", self.language))
                })?;
                (line.path.clone(), line.text.clone())
            }
        };
        let Varied { pcm, speech_end } = varied(&audio::read(&path)?, rand::random());
        Ok(Clip { pcm, speech_end, text, language: self.language.clone() })
    }

    /// A node and a session with it, as any app agrees on them.
    async fn agree(
        &self,
        context: &Context,
        network: &Network,
        voucher_signer: &Keypair,
        clip: &Clip,
    ) -> Result<(Node, Opened)> {
        let _spinner = Spinner::new("opening a session on chain");
        let authority = context.signer()?;
        let (app_address, app) = chain::app(&context.rpc, &authority.pubkey(), self.app.id).await?;
        if app.voucher_signer != voucher_signer.pubkey() {
            return Err(usage(format!(
                "the app's vouchers are signed by {}, not by {}",
                app.voucher_signer,
                voucher_signer.pubkey()
            )));
        }
        let node_key = self.node.as_ref().map(KeyRef::pubkey).transpose()?;
        let app = (&app_address, &app);
        let services = session::TRANSCRIPTION;
        let node = session::pick_node(&context.rpc, network, app, node_key, services).await?;
        // As much and as long as `transcribe` asks for: a probe is not to be told by its session.
        let samples = clip.pcm.len() as u64;
        let minutes = samples.div_ceil(60 * u64::from(TRANSCRIPTION_RATE_HZ)) + 1;
        let price = node.1.prices().of(Service::Transcription);
        let cap_micro_usdc = minutes.saturating_mul(price).max(1);
        let secs = 2 * samples / u64::from(TRANSCRIPTION_RATE_HZ) + 3_600;
        let wanted = Wanted { services, cap_micro_usdc, secs };
        let opened = session::open(context, &authority, app, network, &node, wanted).await?;
        Ok((node.1, opened))
    }

    /// Keeps what was paid, waits until it is settled, ends the session. Returns what was promised.
    async fn settle(
        &self,
        context: &Context,
        network: &Network,
        opened: &Opened,
        clip: &Clip,
        probed: &Probed,
    ) -> Result<u64> {
        let folder = match &self.evidence {
            Some(folder) => folder.clone(),
            None => data_folder()?.join("sessions"),
        };
        let mut evidence = Evidence::open(&folder, &opened.address, &network.domain())?;
        evidence.begin(&recording_sha256(&clip.pcm), 0)?;
        for paid in &probed.minutes {
            let tip = paid.receipt.tip(paid.archived.signed.hash());
            evidence.minute(tip, &paid.archived, &paid.voucher)?;
        }
        evidence.finish()?;
        let vouchered = evidence.tip().map_or(0, |tip| tip.cumulative_micro_usdc);
        let limit = Duration::from_secs(self.settle_limit);
        // What is not settled by then the node settles later; the session's account stays for it.
        settled::wait(&context.rpc, &opened.address, vouchered, limit).await?;
        let authority = context.signer()?;
        let end = end_session(authority.pubkey(), opened.session.app, opened.address);
        context.send(&authority, &[], &[end]).await?;
        Ok(vouchered)
    }
}

fn found(
    opened: &Opened,
    node: &Node,
    probed: &Probed,
    sample: Sample,
    epoch: Epoch,
    vouchered_micro_usdc: u64,
) -> Found {
    let measured = |us: u32| (us != NOT_MEASURED).then_some(us);
    let entry = Entry {
        at_secs: sample.at_secs,
        setup_us: measured(sample.setup_us),
        words_spoken: sample.words_spoken,
        words_wrong: sample.words_wrong,
        latency_us: measured(sample.latency_us),
    };
    let ms = |duration: Duration| duration.as_secs_f64() * 1_000.0;
    let node_key: Pubkey = node.node_key;
    Found {
        session: opened.address.to_string(),
        node_key: node_key.to_string(),
        text: probed.text.clone(),
        words_spoken: probed.errors.words,
        words_wrong: probed.errors.words_wrong,
        word_error_rate: probed.errors.word_rate(),
        setup_ms: probed.setup.map(ms),
        latency_ms: probed.latency.map(ms),
        vouchered_micro_usdc,
        error: probed.error.as_ref().map(ToString::to_string),
        report: Report {
            epoch: epoch.start,
            epoch_secs: epoch.secs,
            nodes: [Seen { node_key: node_key.to_string(), samples: [entry] }],
        },
    }
}

fn describe(found: &Found) -> String {
    let number =
        |number: Option<f64>| number.map_or("–".to_owned(), |number| format!("{number:.0}"));
    let mut text = format!(
        "node {}: {} of {} words wrong ({} %), {} ms from the end of speech to its text, {} ms to \
         set up\n  {}\n",
        found.node_key,
        found.words_wrong,
        found.words_spoken,
        number(found.word_error_rate.map(|rate| 100.0 * rate)),
        number(found.latency_ms),
        number(found.setup_ms),
        found.text,
    );
    if let Some(error) = &found.error {
        text.push_str(&format!("  {error}\n"));
    }
    text
}
