//! From the end of a minute to its settlement, on a whole network.
//!
//! `heliograph up` runs beside this process, as a person would start it: cluster, keeper, worker
//! and app are the real ones. When a minute ended and when the node knew its payment as confirmed
//! is read from the node's ledger afterwards. Blocks have times too, but those of the embedded
//! cluster lag behind the clock when the machine is busy.

use super::statistics::Summary;
use crate::audio;
use crate::progress::Spinner;
use anyhow::{Context as _, Result, bail};
use heliograph_protocol::domain::Domain;
use heliograph_protocol::receipt::Receipt;
use heliograph_store::{Ledger, RedeemState};
use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// What is needed to run a network.
#[derive(Clone, Debug)]
pub struct Setup {
    pub programs: PathBuf,
    pub models: PathBuf,
    pub model: PathBuf,
    pub vad_model: PathBuf,
    pub audio: PathBuf,
    pub keeper: PathBuf,
    pub minutes: u32,
}

/// The result.
#[derive(Clone, Debug, Serialize)]
pub struct Settlement {
    /// Seconds from the closing time in the receipt to the time at which the node saw the
    /// transaction that paid it confirmed.
    pub secs: Summary,
    /// Transactions are fewer than minutes where one voucher covers several.
    pub transactions: usize,
    /// Length of the recording.
    pub audio_secs: f64,
}

/// The parts of `heliograph up --json` that are read here.
/// The parts of `heliograph up --json` that are read here.
#[derive(Debug, Deserialize)]
struct Run {
    migrations: Migrations,
    transcript: Transcript,
}

#[derive(Debug, Deserialize)]
struct Migrations {
    network: Network,
}

#[derive(Debug, Deserialize)]
struct Network {
    domain_id: String,
}

#[derive(Debug, Deserialize)]
struct Transcript {
    session: String,
    audio_secs: f64,
    minutes: Vec<Minute>,
}

#[derive(Debug, Deserialize)]
struct Minute {
    sequence: u32,
    cumulative_micro_usdc: u64,
}

/// Runs a network and measures.
pub async fn run(setup: &Setup) -> Result<Settlement> {
    let spinner = Spinner::new("running a network on this machine");
    let folder = tempfile::Builder::new().prefix("heliograph-bench-").tempdir()?;
    let recording = folder.path().join("recording.wav");
    write_recording(&setup.audio, setup.minutes, &recording)?;
    let up_folder = folder.path().join("up");
    let Run { migrations, transcript } = up(setup, &recording, &up_folder).await?;
    drop(spinner);

    let mut domain = Domain([0; 32]);
    hex::decode_to_slice(&migrations.network.domain_id, &mut domain.0)?;
    let ledger = Ledger::open(up_folder.join("node.db"), domain).await?;
    let measured = measure(&ledger, &transcript).await;
    ledger.close().await;
    measured
}

/// Reads from the node's ledger when each minute was closed and paid.
async fn measure(ledger: &Ledger, transcript: &Transcript) -> Result<Settlement> {
    let session: Pubkey = transcript.session.parse().context("session of the run")?;
    let session = session.to_bytes();
    let redeems = ledger.redeems(&session).await?;
    let confirmed = || redeems.iter().filter(|redeem| redeem.state == RedeemState::Confirmed);
    let mut secs = Vec::new();
    for &Minute { sequence, cumulative_micro_usdc } in &transcript.minutes {
        let receipt = ledger.receipt(&session, sequence).await?;
        let receipt = receipt.with_context(|| format!("the ledger has no minute {sequence}"))?;
        let receipt: Receipt = receipt.signed.message(&ledger.domain())?;
        let paid = confirmed()
            .filter(|redeem| redeem.settled_micro_usdc >= Some(cumulative_micro_usdc))
            .map(|redeem| redeem.updated_at_unix_ms)
            .min()
            .with_context(|| format!("minute {sequence} was never settled: {redeems:?}"))?;
        secs.push(paid.saturating_sub(receipt.closed_at_unix_ms) as f64 / 1_000.0);
    }
    Ok(Settlement {
        secs: Summary::of(secs).context("no minute was served")?,
        transactions: confirmed().count(),
        audio_secs: transcript.audio_secs,
    })
}

/// The recording, again and again until it is `minutes` long.
fn write_recording(audio: &Path, minutes: u32, to: &Path) -> Result<()> {
    let pcm = audio::read(audio)?;
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: audio::SAMPLE_RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let samples = minutes as usize * 60 * audio::SAMPLE_RATE_HZ as usize;
    let mut writer = hound::WavWriter::create(to, spec)?;
    for sample in pcm.iter().cycle().take(samples) {
        writer.write_sample(*sample)?;
    }
    Ok(writer.finalize()?)
}

/// Runs `heliograph up` to its end.
async fn up(setup: &Setup, recording: &Path, folder: &Path) -> Result<Run> {
    let output = Command::new(std::env::current_exe()?)
        .args(["up", "--json", "--node-port", "0", "--rpc-port", "0"])
        .arg("--programs")
        .arg(&setup.programs)
        .arg("--models")
        .arg(&setup.models)
        .arg("--model")
        .arg(&setup.model)
        .arg("--vad-model")
        .arg(&setup.vad_model)
        .arg("--keeper")
        .arg(&setup.keeper)
        .arg("--audio")
        .arg(recording)
        .arg("--dir")
        .arg(folder)
        .args(["--language", "en"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot start `heliograph up`")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let tail: Vec<&str> = said.lines().rev().take(12).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("`heliograph up` failed ({}):\n{}", output.status, tail.join("\n"));
    }
    serde_json::from_slice(&output.stdout).context("what `heliograph up` printed")
}

/// Lines for people.
pub fn describe(settlement: &Settlement) -> String {
    let Settlement { secs, transactions, audio_secs } = settlement;
    format!(
        "End of a minute to its confirmed payment: median {:.1} s, p95 {:.1} s, max {:.1} s\n\
         ({} minutes of {audio_secs:.0} s in {transactions} transactions)",
        secs.median, secs.p95, secs.max, secs.samples
    )
}
