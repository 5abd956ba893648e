//! `heliograph bench stt`: how well and how fast a speech worker transcribes.
//!
//! The worker is the real one, its own process behind its own socket. It is given audio and, where
//! asked for, the language; the texts are read by the scorer alone, when everything has been heard.

mod condition;
pub mod figures;
mod live;
mod manifest;
mod worker;

use super::machine::Machine;
use super::statistics::Summary;
use super::{cache, program};
use crate::context::Context;
use crate::exit::usage;
use crate::output::Outcome;
use crate::progress::Spinner;
use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use condition::Noise;
use figures::{About, Figures, LanguageFrom, Live, Row, Scored};
use heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;
use heliograph_quality::score::Errors;
use heliograph_worker_ipc::StreamConfig;
use manifest::{Clip, References};
use std::collections::BTreeSet;
use std::path::PathBuf;
use worker::{Setup, Worker};

/// Models that set-up installs.
pub const MODELS: [&str; 3] = ["ggml-tiny.en-q8_0.bin", "ggml-base-q8_0.bin", "ggml-base.bin"];
const VAD_MODEL: &str = "ggml-silero-v6.2.0.bin";
const NOISES: [&str; 7] =
    ["clean", "white:20", "white:10", "white:0", "babble:20", "babble:10", "babble:0"];

/// Models, noises, recordings of a set and recordings played in real time, of a quick run.
const QUICK: (&[&str], &[&str], usize, usize) =
    (&[MODELS[0], MODELS[1]], &["clean", "babble:10"], 5, 2);

/// Whether noise is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Suppression {
    Off,
    On,
}

/// Error rates, speed and latency of the speech worker on recordings
#[derive(Clone, Debug, Args)]
#[command(
    long_about = "Error rates, speed and latency of the speech worker on recordings.\n\n\
    Starts a worker for each model and has it transcribe every recording of the manifests, as they \
    are and with noise mixed in, with and without noise suppression, told the language and finding \
    it out. Then scores the texts: word and character error rates, where the word error rate of \
    other such recordings lies, seconds of work per second of audio. Some recordings are played in \
    real time too, for how long people wait.\n\n\
    A manifest is a table of tab-separated lines: audio file (relative to the manifest), language, \
    text. Error rates are the same on every run; times are those of this machine and of whatever \
    else it does.",
    after_long_help = "EXAMPLES\n  \
    heliograph bench stt --quick\n  \
    heliograph bench stt --manifest my/manifest.tsv --model ggml-base.bin --noise clean\n  \
    heliograph bench stt --limit 20 --noise clean --noise babble:10 --json"
)]
pub struct Stt {
    /// Recordings and their texts, repeatable [default: those that set-up installs]
    #[arg(long = "manifest", value_name = "FILE")]
    pub manifests: Vec<PathBuf>,
    /// Folder with the speech models [default: models in HELIOGRAPH_CACHE or ~/.cache/heliograph]
    #[arg(long, value_name = "FOLDER")]
    pub models: Option<PathBuf>,
    /// Model in --models, or its path, repeatable [default: tiny.en, base as q8_0, base as f16]
    #[arg(long = "model", value_name = "FILE")]
    pub model: Vec<PathBuf>,
    /// File of the voice activity model in --models
    #[arg(long, value_name = "FILE", default_value = VAD_MODEL)]
    pub vad_model: PathBuf,
    /// Noise: clean, white:DB or babble:DB, repeatable [default: clean, both at 20, 10 and 0 dB]
    #[arg(long = "noise", value_name = "NOISE")]
    pub noises: Vec<Noise>,
    /// Noise suppression, repeatable [default: off, and on if the worker has it]
    #[arg(long = "suppression", value_enum, value_name = "off|on")]
    pub suppressions: Vec<Suppression>,
    /// Whether the worker is told the language, repeatable [default: both]
    #[arg(long = "language", value_enum, value_name = "given|auto")]
    pub languages: Vec<LanguageFrom>,
    /// Recordings of each set, drawn by --seed [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Recordings of each set that are also played in real time
    #[arg(long, value_name = "N")]
    pub live: Option<usize>,
    /// Decides which recordings are drawn, and the noise
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Threads per inference [default: one for each processor, 4 at most]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Few recordings, two models, two noises
    #[arg(long, conflicts_with_all = ["limit", "live", "noises", "model"])]
    pub quick: bool,
    /// The worker program [default: heliograph-stt beside this program]
    #[arg(long, value_name = "FILE")]
    pub worker: Option<PathBuf>,
    /// Document in which to replace the section about this [default: none]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Everything decided before the first recording is heard.
struct Plan {
    program: PathBuf,
    models: Vec<PathBuf>,
    vad_model: PathBuf,
    threads: usize,
    noises: Vec<Noise>,
    suppressions: Vec<Suppression>,
    languages: Vec<LanguageFrom>,
    limit: Option<usize>,
    live: usize,
    seed: u64,
}

impl Stt {
    /// The usual run over so many recordings of each set.
    pub fn of(models: Option<PathBuf>, limit: u32) -> Self {
        Self {
            manifests: Vec::new(),
            models,
            model: Vec::new(),
            vad_model: PathBuf::from(VAD_MODEL),
            noises: Vec::new(),
            suppressions: Vec::new(),
            languages: Vec::new(),
            limit: Some(limit),
            live: None,
            seed: 1,
            threads: None,
            quick: false,
            worker: None,
            output: None,
        }
    }

    pub async fn execute(self, _context: &Context) -> Result<Outcome> {
        // Read before hours are spent.
        let document = self.output.as_ref().map(|path| {
            let text = std::fs::read_to_string(path);
            text.with_context(|| format!("cannot read {}", path.display())).map(|text| (path, text))
        });
        let document = document.transpose()?;
        let figures = self.run().await?;
        if let Some((path, text)) = document {
            std::fs::write(path, figures::replaced(&text, &figures.section()))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Outcome::new(&figures, figures.describe())
    }

    /// Hears and scores everything.
    pub async fn run(&self) -> Result<Figures> {
        let plan = self.plan()?;
        let manifests = match self.manifests.as_slice() {
            [] => vec![cache()?.join("audio/manifest.tsv")],
            given => given.to_vec(),
        };
        let spinner = Spinner::new("reading the recordings");
        let (clips, references) = manifest::read(&manifests, plan.limit, plan.seed)?;
        let mut figures = Figures {
            machine: Machine::this(),
            threads: plan.threads,
            seed: plan.seed,
            limit: plan.limit,
            rows: Vec::new(),
            live: Vec::new(),
        };
        for model in &plan.models {
            let setup = Setup {
                program: &plan.program,
                model,
                vad_model: &plan.vad_model,
                threads: plan.threads,
            };
            spinner.say(format!("loading {}", model.display()));
            let worker = Worker::start(&setup).await?;
            let mut run = Run { plan: &plan, clips: &clips, worker, spinner: &spinner };
            run.model(&references, &mut figures).await?;
        }
        Ok(figures)
    }

    fn plan(&self) -> Result<Plan> {
        let (models, noises, limit, live) =
            if self.quick { QUICK } else { (&MODELS[..], &NOISES[..], usize::MAX, 5) };
        let folder = match &self.models {
            Some(folder) => folder.clone(),
            None => cache()?.join("models"),
        };
        let files = match self.model.as_slice() {
            [] => models.iter().map(PathBuf::from).collect(),
            given => given.to_vec(),
        };
        let find = |file: &PathBuf| {
            let places = [folder.join(file), file.clone()];
            places.into_iter().find(|path| path.exists()).ok_or_else(|| {
                usage(format!("there is no model {} in {}", file.display(), folder.display()))
            })
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Plan {
            program: program(self.worker.as_deref(), "heliograph-stt")?,
            models: files.iter().map(find).collect::<Result<_>>()?,
            vad_model: find(&self.vad_model)?,
            threads: self.threads.unwrap_or(processors.min(4)).clamp(1, processors),
            noises: match self.noises.as_slice() {
                [] => noises.iter().filter_map(|noise| noise.parse().ok()).collect(),
                given => given.to_vec(),
            },
            suppressions: self.suppressions.clone(),
            languages: match self.languages.as_slice() {
                [] => vec![LanguageFrom::Given, LanguageFrom::Auto],
                given => given.to_vec(),
            },
            limit: self.limit.map(|limit| limit as usize).or(self.quick.then_some(limit)),
            live: self.live.unwrap_or(live),
            seed: self.seed,
        })
    }
}

/// One model's share of the work.
struct Run<'a> {
    plan: &'a Plan,
    clips: &'a [Clip],
    worker: Worker,
    spinner: &'a Spinner,
}

impl Run<'_> {
    async fn model(&mut self, references: &References, figures: &mut Figures) -> Result<()> {
        let served: Vec<usize> = (0..self.clips.len())
            .filter(|&at| self.worker.model.languages.contains(&self.clips[at].language))
            .collect();
        let sets: BTreeSet<&str> = served.iter().map(|&at| self.clips[at].set.as_str()).collect();
        for suppression in self.suppressions(&served).await? {
            for &language in &self.plan.languages {
                for &noise in &self.plan.noises {
                    if language == LanguageFrom::Auto && noise != Noise::Clean {
                        continue;
                    }
                    for set in &sets {
                        let of: Vec<usize> = served
                            .iter()
                            .copied()
                            .filter(|&at| self.clips[at].set == *set)
                            .collect();
                        let row = self.row(&of, references, suppression, language, noise).await?;
                        figures.rows.push(row);
                    }
                }
            }
            for set in sets.iter().filter(|_| self.plan.live > 0) {
                let of = served.iter().copied().filter(|&at| self.clips[at].set == *set);
                let of: Vec<usize> = of.take(self.plan.live).collect();
                figures.live.push(self.live(set, &of, suppression).await?);
            }
        }
        Ok(())
    }

    /// Those asked for; an error if the worker does not have them. What a worker did to the audio
    /// is in its records, so that one that ignores the question is not taken at its word.
    async fn suppressions(&mut self, served: &[usize]) -> Result<Vec<Suppression>> {
        if self.plan.suppressions == [Suppression::Off] {
            return Ok(vec![Suppression::Off]);
        }
        for &at in served {
            let mut filters = Vec::new();
            for on in [false, true] {
                let config = StreamConfig { suppresses_noise: Some(on), ..StreamConfig::default() };
                let heard = self.worker.hear(&self.clips[at].pcm, &config).await?;
                filters.extend(heard.segments.first().map(|first| first.record.filters.clone()));
            }
            if let [off, on] = filters.as_slice() {
                return match (off != on, self.plan.suppressions.as_slice()) {
                    (true, []) => Ok(vec![Suppression::Off, Suppression::On]),
                    (true, asked) => Ok(asked.to_vec()),
                    (false, []) => Ok(vec![Suppression::Off]),
                    (false, _) => Err(usage("this worker does not suppress noise")),
                };
            }
        }
        Err(usage(format!("{} hears nobody speak in any recording", self.worker.model.name)))
    }

    async fn row(
        &mut self,
        of: &[usize],
        References(texts): &References,
        suppression: Suppression,
        language_from: LanguageFrom,
        noise: Noise,
    ) -> Result<Row> {
        let mut all = Vec::new();
        for (count, &at) in of.iter().enumerate() {
            let clip = &self.clips[at];
            self.spinner.say(format!(
                "{}, {}, {noise}: {} of {}",
                self.worker.model.name,
                clip.set,
                count + 1,
                of.len()
            ));
            let pcm = condition::played(self.clips, at, noise, self.plan.seed)?;
            let config = self.config(clip, suppression, language_from, false);
            let heard = self.worker.hear(&pcm, &config).await?;
            all.push((at, heard));
        }
        // Everything has been heard: only now are the texts looked at.
        let scored: Vec<Scored> = all
            .iter()
            .map(|(at, heard)| {
                let clip = &self.clips[*at];
                Scored {
                    errors: Errors::between(&texts[*at], &heard.text(), &clip.language),
                    audio_secs: clip.pcm.len() as f64 / f64::from(TRANSCRIPTION_RATE_HZ),
                    took_secs: heard.took.as_secs_f64(),
                    language_right: heard.segments.iter().all(|s| s.language == clip.language),
                    withheld: heard.withheld,
                }
            })
            .collect();
        let model = &self.worker.model;
        let about = About {
            engine: format!("{} {}", model.engine, model.engine_version),
            model: model.name.clone(),
            model_sha256: hex::encode(model.sha256),
            set: of.first().map(|&at| self.clips[at].set.clone()).unwrap_or_default(),
            language_from,
            noise,
            suppresses_noise: suppression == Suppression::On,
        };
        Ok(Row::of(about, &scored, self.plan.seed))
    }

    async fn live(&mut self, set: &str, of: &[usize], suppression: Suppression) -> Result<Live> {
        let (mut finals, mut interims) = (Vec::new(), Vec::new());
        for &at in of {
            let clip = &self.clips[at];
            self.spinner.say(format!("{}, {set}: in real time", self.worker.model.name));
            let config = self.config(clip, suppression, LanguageFrom::Given, true);
            let waited = live::play(&mut self.worker, clip, &config).await?;
            finals.extend(waited.final_ms);
            interims.extend(waited.interim_ms);
        }
        Ok(Live {
            model: self.worker.model.name.clone(),
            set: set.to_owned(),
            suppresses_noise: suppression == Suppression::On,
            recordings: of.len(),
            final_ms: Summary::of(finals),
            interim_ms: Summary::of(interims),
        })
    }

    fn config(
        &self,
        clip: &Clip,
        suppression: Suppression,
        language_from: LanguageFrom,
        is_live: bool,
    ) -> StreamConfig {
        StreamConfig {
            language: (language_from == LanguageFrom::Given).then(|| clip.language.clone()),
            model_sha256: Some(self.worker.model.sha256),
            is_live,
            suppresses_noise: Some(suppression == Suppression::On),
        }
    }
}
