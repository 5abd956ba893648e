//! `heliograph replay`.

use crate::audio::{self, SAMPLE_RATE_HZ};
use crate::commands::bench::{cache, program};
use crate::context::{Context, data_folder};
use crate::exit::{Exit, usage};
use crate::keys::KeyRef;
use crate::output::{Outcome, short};
use crate::progress::Spinner;
use crate::replay::evidence::{self, Evidence};
use crate::replay::rooted::{self, Rooted, Unrooted};
use crate::replay::selection::Selection;
use crate::replay::verdict::Verdict;
use crate::replay::worker::Setup;
use crate::replay::{self, Recording, Replayed, Texts};
use crate::speech::stream::recording_sha256;
use anyhow::{Context as _, Result};
use clap::Args;
use heliograph_client::account;
use heliograph_protocol::domain::Domain;
use heliograph_registry::state::Node;
use heliograph_settlement::state::Session;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Decode transcribed segments again, and say whether their records are true
#[derive(Debug, Args)]
#[command(
    long_about = "Decode transcribed segments again, and say whether their records are true.\n\n\
    Finds each segment's record in an archive or in what the app keeps, checks that the node signed \
    for it (signature of the receipt, Merkle proof up to its root), cuts its samples out of the \
    session's audio, checks their hash, and has the same model decode them again with the recorded \
    language and parameters. The record holds a hash of the text; with --transcript the text that \
    the app received is held against it too.\n\n\
    What is asked of the chain is who serves a session; --node and --domain say it without one.",
    after_long_help = "EXAMPLES\n  \
    heliograph replay SESSION/0/2 --audio talk.wav\n  \
    heliograph replay SESSION --audio talk.wav --sample 5\n  \
    heliograph replay LEAF --audio talk.wav --archive ARCHIVE --model ggml-base.bin --json\n\n\
    EXIT CODES\n  \
    0   reproduced\n  \
    1   a record differs, or nobody signed for it\n  \
    2   nothing can be said: there is no such record, model or audio"
)]
pub struct Replay {
    /// SESSION, SESSION/MINUTE, SESSION/MINUTE/INDEX, or the hash of a record's leaf
    #[arg(value_name = "SEGMENT")]
    pub segment: Selection,
    /// The session's audio, as it was sent
    #[arg(long, value_name = "FILE")]
    pub audio: PathBuf,
    /// Position of the audio's first sample in the session [default: as the app noted it, or 0]
    #[arg(long, value_name = "SAMPLES")]
    pub offset: Option<u64>,
    /// The archive: a folder, or the URL of an object store [default: what the app keeps]
    #[arg(long, value_name = "FOLDER_OR_URL", conflicts_with = "evidence")]
    pub archive: Option<String>,
    /// Folder for receipts and vouchers [default: ~/.heliograph/sessions]
    #[arg(long, value_name = "FOLDER")]
    pub evidence: Option<PathBuf>,
    /// What `heliograph transcribe --json` printed: the texts that the app received
    #[arg(long, value_name = "FILE")]
    pub transcript: Option<PathBuf>,
    /// Model, repeatable [default: those that set-up installs]
    #[arg(long = "model", value_name = "PATH")]
    pub models: Vec<PathBuf>,
    /// Replay so many of the segments, drawn by --seed [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub sample: Option<u32>,
    /// Decides which segments are drawn
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The node that has to have signed: its key or keypair file [default: the session's, on chain]
    #[arg(long, value_name = "NODE_KEY")]
    pub node: Option<KeyRef>,
    /// The network's domain, 64 hexadecimal digits [default: that of the network on chain]
    #[arg(long, value_name = "HEX", value_parser = domain)]
    pub domain: Option<Domain>,
    /// The worker program [default: heliograph-stt beside this program]
    #[arg(long, value_name = "FILE")]
    pub worker: Option<PathBuf>,
}

/// What the command found out.
#[derive(Debug, Serialize)]
pub struct Report {
    pub segments: Vec<Replayed>,
    /// Minutes whose records nobody signed for.
    pub unrooted: Vec<Unrooted>,
}

impl Replay {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let report = self.run(context).await?;
        let exit = report.exit();
        Ok(Outcome::new(&report, report.describe())?.exiting(exit))
    }

    /// Finds, checks and replays.
    pub async fn run(&self, context: &Context) -> Result<Report> {
        let pcm = audio::read(&self.audio)?;
        let heard = self.transcript.as_deref().map(heard).transpose()?.unwrap_or_default();
        let setup = self.setup()?;
        let evidence = match &self.archive {
            Some(archive) => evidence::archived(archive).await?,
            None => {
                let folder = match &self.evidence {
                    Some(folder) => folder.clone(),
                    None => data_folder()?.join("sessions"),
                };
                evidence::own(&folder, self.segment.session())?
            }
        };
        let domain = match self.domain {
            Some(domain) => domain,
            None => context.network().await?.domain(),
        };
        let (mut segments, unrooted) = self.find(context, &evidence, &domain).await?;
        if segments.is_empty() && unrooted.is_empty() {
            anyhow::bail!("the evidence has no such segment");
        }
        if let Some(sample) = self.sample {
            let mut random = StdRng::seed_from_u64(self.seed);
            let mut drawn: Vec<Rooted> =
                segments.choose_multiple(&mut random, sample as usize).cloned().collect();
            drawn.sort_by_key(|rooted| (rooted.session, rooted.sequence, rooted.index));
            segments = drawn;
        }
        let start_sample = self.offset.unwrap_or_else(|| {
            let sha256 = recording_sha256(&pcm);
            let noted =
                evidence.recordings.iter().rev().find(|(recording, _)| *recording == sha256);
            noted.map_or(0, |(_, base)| *base)
        });
        let count = segments.len();
        let _spinner = Spinner::new(format!("replaying {count} segments"));
        // A transcript's times count from the start of its recording.
        let texts = heard.into_iter().map(|heard| (start_sample + heard.sample(), heard.text));
        let texts: Texts = texts.collect();
        let recording = Recording { start_sample, pcm };
        let segments = replay::run(segments, recording, texts, setup).await?;
        Ok(Report { segments, unrooted })
    }

    /// The segments that are meant and rooted, and the minutes that are not.
    async fn find(
        &self,
        context: &Context,
        evidence: &Evidence,
        domain: &Domain,
    ) -> Result<(Vec<Rooted>, Vec<Unrooted>)> {
        let given = self.node.as_ref().map(KeyRef::pubkey).transpose()?;
        let mut node_keys: BTreeMap<Pubkey, Pubkey> = BTreeMap::new();
        let (mut segments, mut unrooted) = (Vec::new(), Vec::new());
        for archived in &evidence.receipts {
            let Some(session) = rooted::session_of(archived, domain) else { continue };
            // Asked of the chain only for what is meant.
            let meant = rooted::segments(archived, &self.segment, domain, |_| None).is_some();
            if meant && !node_keys.contains_key(&session) {
                let node_key = match given {
                    Some(node_key) => node_key,
                    None => serving(context, &session).await?,
                };
                node_keys.insert(session, node_key);
            }
            let known = |session| node_keys.get(&session).copied();
            match rooted::segments(archived, &self.segment, domain, known) {
                Some(Ok(found)) => segments.extend(found),
                Some(Err(reason)) => unrooted.push(reason),
                None => {}
            }
        }
        segments.sort_by_key(|rooted| (rooted.session, rooted.sequence, rooted.index));
        Ok((segments, unrooted))
    }

    fn setup(&self) -> Result<Setup> {
        let models = match self.models.as_slice() {
            [] => installed()?,
            given => given.to_vec(),
        };
        if let Some(missing) = models.iter().find(|path| !path.exists()) {
            return Err(usage(format!("there is no model {}", missing.display())));
        }
        Ok(Setup { program: program(self.worker.as_deref(), "heliograph-stt")?, models })
    }
}

/// The models that set-up installs, as far as they are there.
fn installed() -> Result<Vec<PathBuf>> {
    let folder = cache()?.join("models");
    let paths = crate::commands::bench::MODELS.iter().map(|name| folder.join(name));
    let found: Vec<PathBuf> = paths.filter(|path| path.exists()).collect();
    if found.is_empty() {
        let folder = folder.display();
        return Err(usage(format!("there are no models in {folder}: name one with --model")));
    }
    Ok(found)
}

/// The key of the node that serves a session.
async fn serving(context: &Context, session: &Pubkey) -> Result<Pubkey> {
    let closed = "say with --node who signed: the chain does not know the session any more";
    let session: Session = account::get(&context.rpc, session).await.context(closed)?;
    let node: Node = account::get(&context.rpc, &session.node).await?;
    Ok(node.node_key)
}

/// The parts of what `heliograph transcribe --json` prints that are read here.
#[derive(Deserialize)]
struct Transcript {
    segments: Vec<Heard>,
}

#[derive(Deserialize)]
struct Heard {
    start: f64,
    text: String,
}

impl Heard {
    fn sample(&self) -> u64 {
        (self.start * f64::from(SAMPLE_RATE_HZ)).round() as u64
    }
}

fn heard(path: &Path) -> Result<Vec<Heard>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let transcript: Transcript = serde_json::from_str(&text)
        .with_context(|| format!("{} is not a transcript", path.display()))?;
    Ok(transcript.segments)
}

fn domain(text: &str) -> Result<Domain, String> {
    let mut domain = Domain([0; 32]);
    hex::decode_to_slice(text, &mut domain.0)
        .map_err(|_| "64 hexadecimal digits expected".to_owned())?;
    Ok(domain)
}

impl Report {
    /// The worst of what was found.
    pub fn exit(&self) -> Exit {
        let has =
            |is: fn(&Verdict) -> bool| self.segments.iter().any(|segment| is(&segment.verdict));
        if !self.unrooted.is_empty() || has(|verdict| matches!(verdict, Verdict::Differs { .. })) {
            Exit::Finding
        } else if has(|verdict| matches!(verdict, Verdict::NotReplayed { .. })) {
            Exit::Failure
        } else {
            Exit::Ok
        }
    }

    /// For people.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        for minute in &self.unrooted {
            let Unrooted { session, sequence, reason, .. } = minute;
            let _ = writeln!(text, "{session}/{sequence}: not signed for: {reason}");
        }
        for segment in &self.segments {
            let Replayed { session, sequence, index, .. } = segment;
            let _ = write!(text, "{session}/{sequence}/{index} ({}): ", short(&segment.leaf));
            match &segment.verdict {
                Verdict::Reproduced { text: found, notes } => {
                    let _ = writeln!(text, "reproduced\n  {found}");
                    for note in notes {
                        let _ = writeln!(text, "  although: {note}");
                    }
                }
                Verdict::Differs { differences, text: found, received } => {
                    let _ = writeln!(text, "differs");
                    for difference in differences {
                        let (recorded, here) = (&difference.recorded, &difference.found);
                        let _ = writeln!(
                            text,
                            "  {}: {recorded} recorded, {here} found",
                            difference.what
                        );
                    }
                    let _ = writeln!(text, "  decoded here: {found}");
                    if let Some(received) = received {
                        let _ = writeln!(text, "  received:     {received}");
                    }
                }
                Verdict::NotReplayed { reason } => {
                    let _ = writeln!(text, "not replayed: {reason}");
                }
            }
        }
        let reproduced =
            |segment: &&Replayed| matches!(segment.verdict, Verdict::Reproduced { .. });
        let (count, good) = (self.segments.len(), self.segments.iter().filter(reproduced).count());
        let _ = writeln!(text, "{good} of {count} segments reproduced");
        text
    }
}
