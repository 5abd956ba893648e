//! `heliograph bench chain`.

use super::instructions::Cost;
use super::machine::Machine;
use super::settlement::Settlement;
use super::{cache, instructions, program, settlement};
use crate::context::Context;
use crate::exit::usage;
use crate::output::Outcome;
use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Compute units and bytes of every instruction
    Instructions,
    /// Seconds from the end of a minute to its settlement
    Settlement,
}

/// Cost of each instruction, time to settlement
#[derive(Clone, Debug, Args)]
#[command(
    long_about = "Cost of each instruction, time to settlement.\n\n\
    The instructions run on a virtual machine with the bytecode in target/deploy of the workspace \
    that this program was built from. The settlement is timed on a whole network that `heliograph \
    up` runs meanwhile, with an embedded cluster, a keeper and a speech worker. A machine busy with \
    other things gives other figures.",
    after_long_help = "EXAMPLES\n  \
    heliograph bench chain\n  \
    heliograph bench chain --part instructions --json\n  \
    heliograph bench chain --minutes 10 --programs target/deploy"
)]
pub struct Chain {
    /// Part to run, repeatable [default: all]
    #[arg(long = "part", value_enum, value_name = "PART")]
    pub parts: Vec<Part>,
    /// Folder with the programs' bytecode
    #[arg(long, value_name = "FOLDER", default_value = "target/deploy")]
    pub programs: PathBuf,
    /// Folder with the speech models [default: models in HELIOGRAPH_CACHE or ~/.cache/heliograph]
    #[arg(long, value_name = "FOLDER")]
    pub models: Option<PathBuf>,
    /// The recording [default: audio/demo.wav beside the models' folder]
    #[arg(long, value_name = "FILE")]
    pub audio: Option<PathBuf>,
    /// File of the Whisper model in --models
    #[arg(long, value_name = "FILE", default_value = "ggml-base-q8_0.bin")]
    pub model: PathBuf,
    /// File of the voice activity model in --models
    #[arg(long, value_name = "FILE", default_value = "ggml-silero-v6.2.0.bin")]
    pub vad_model: PathBuf,
    /// Minutes to settle; the recording is repeated to fill them
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub minutes: u32,
    /// The keeper program [default: heliograph-keeper beside this program]
    #[arg(long, value_name = "FILE")]
    pub keeper: Option<PathBuf>,
}

/// Everything measured; what was not is `null`.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    pub machine: Machine,
    pub instructions: Option<Vec<Cost>>,
    pub settlement: Option<Settlement>,
}

impl Chain {
    pub async fn execute(self, _context: &Context) -> Result<Outcome> {
        let figures = self.run().await?;
        let mut text = figures.machine.describe();
        if let Some(costs) = &figures.instructions {
            text.push_str(&format!("\n{}", instructions::describe(costs)));
        }
        if let Some(settlement) = &figures.settlement {
            text.push_str(&format!("\n{}", settlement::describe(settlement)));
        }
        Outcome::new(&figures, text)
    }

    /// Measures the parts asked for.
    pub async fn run(&self) -> Result<Figures> {
        let wants = |part| self.parts.is_empty() || self.parts.contains(&part);
        // Everything that may be missing is found missing before anything takes its time.
        let settlement = wants(Part::Settlement).then(|| self.settlement()).transpose()?;
        let mut figures =
            Figures { machine: Machine::this(), instructions: None, settlement: None };
        if wants(Part::Instructions) {
            figures.instructions = Some(instructions::run().await?);
        }
        if let Some(setup) = settlement {
            figures.settlement = Some(settlement::run(&setup).await?);
        }
        Ok(figures)
    }

    fn settlement(&self) -> Result<settlement::Setup> {
        Ok(settlement::Setup {
            programs: self.programs.clone(),
            models: self.models()?,
            model: self.model.clone(),
            vad_model: self.vad_model.clone(),
            audio: self.audio()?,
            keeper: program(self.keeper.as_deref(), "heliograph-keeper")?,
            minutes: self.minutes,
        })
    }

    fn models(&self) -> Result<PathBuf> {
        let folder = match &self.models {
            Some(folder) => folder.clone(),
            None => cache()?.join("models"),
        };
        for model in [&self.model, &self.vad_model] {
            let path = folder.join(model);
            if !path.is_file() {
                return Err(usage(format!("there is no model {}", path.display())));
            }
        }
        Ok(folder)
    }

    fn audio(&self) -> Result<PathBuf> {
        let path = match &self.audio {
            Some(path) => path.clone(),
            None => cache()?.join("audio/demo.wav"),
        };
        if !path.is_file() {
            return Err(usage(format!("there is no recording {}", path.display())));
        }
        Ok(path)
    }
}
