//! From the end of a minute to its settlement, on a whole network.
//!
//! `heliograph up` runs beside this process, as a person would start it: cluster, keeper, worker
//! and app are the real ones. From here the chain is watched over its RPC; when minutes ended is
//! read from their signed receipts.

use super::statistics::Summary;
use crate::audio;
use crate::progress::Spinner;
use anyhow::{Context as _, Result, bail};
use heliograph_client::{RetryPolicy, Rpc, account};
use heliograph_protocol::domain::Domain;
use heliograph_protocol::receipt::Receipt;
use heliograph_settlement::state::Session;
use heliograph_store::Archive;
use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::process::Command;

/// How often the chain is looked at: the resolution of the result.
const LOOK_EVERY: Duration = Duration::from_millis(200);

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
    /// Seconds from the time in the receipt to the first sight of its settlement on chain.
    pub secs: Summary,
    /// Transactions are fewer than minutes where one voucher covers several.
    pub transactions: usize,
    pub resolution_secs: f64,
    /// Length of the recording.
    pub audio_secs: f64,
}

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
    receipt_hash: String,
    transaction: Option<String>,
}

/// What a session had settled, and since when (Unix ms): oldest first, amounts growing.
type Seen = BTreeMap<Pubkey, Vec<(u64, u64)>>;

/// Runs a network and measures.
pub async fn run(setup: &Setup) -> Result<Settlement> {
    let spinner = Spinner::new("running a network on this machine");
    let folder = tempfile::Builder::new().prefix("heliograph-bench-").tempdir()?;
    let recording = folder.path().join("recording.wav");
    write_recording(&setup.audio, setup.minutes, &recording)?;
    let up = folder.path().join("up");
    let (seen, run) = watch(setup, &recording, &up).await?;
    drop(spinner);

    let session: Pubkey = run.transcript.session.parse().context("session of the run")?;
    let mut domain = [0; 32];
    hex::decode_to_slice(&run.migrations.network.domain_id, &mut domain)?;
    let ends = minute_ends(&up.join("archive"), &Domain(domain), &run.transcript.minutes).await?;
    let settled = seen.get(&session).map(Vec::as_slice).unwrap_or_default();
    let mut secs = Vec::new();
    for minute in &run.transcript.minutes {
        let (sequence, due) = (minute.sequence, minute.cumulative_micro_usdc);
        let Some((at, _)) = settled.iter().find(|(_, amount)| *amount >= due) else {
            bail!("minute {sequence} was never seen settled at {due}; seen were {settled:?}");
        };
        let end = ends.get(&sequence).with_context(|| format!("minute {sequence}"))?;
        secs.push(at.saturating_sub(*end) as f64 / 1_000.0);
    }
    let mut paid: Vec<_> =
        run.transcript.minutes.iter().filter_map(|minute| minute.transaction.as_ref()).collect();
    paid.sort();
    paid.dedup();
    Ok(Settlement {
        secs: Summary::of(secs).context("no minute was served")?,
        transactions: paid.len(),
        resolution_secs: LOOK_EVERY.as_secs_f64(),
        audio_secs: run.transcript.audio_secs,
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

/// Runs `heliograph up` and watches its chain meanwhile.
async fn watch(setup: &Setup, recording: &Path, folder: &Path) -> Result<(Seen, Run)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let child = Command::new(std::env::current_exe()?)
        .args(["up", "--json", "--node-port", "0", "--rpc-port", &port.to_string()])
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
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start `heliograph up`")?;
    let output = child.wait_with_output();
    tokio::pin!(output);
    // The cluster is not there yet, and then it is gone: silence is no failure here.
    let rpc = Rpc::new(format!("http://127.0.0.1:{port}"), RetryPolicy::within(Duration::ZERO));
    let mut seen = Seen::new();
    let output = loop {
        tokio::select! {
            output = &mut output => break output?,
            () = tokio::time::sleep(LOOK_EVERY) => look(&rpc, &mut seen).await,
        }
    };
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let tail: Vec<&str> = said.lines().rev().take(12).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("`heliograph up` failed ({}):\n{}", output.status, tail.join("\n"));
    }
    let run = serde_json::from_slice(&output.stdout).context("what `heliograph up` printed")?;
    Ok((seen, run))
}

async fn look(rpc: &Rpc, seen: &mut Seen) {
    let Ok(sessions) = account::all::<Session>(rpc).await else { return };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    for (address, session) in sessions {
        let amount = session.totals.settled_micro_usdc;
        let times = seen.entry(address).or_default();
        if times.last().is_none_or(|(_, before)| *before < amount) {
            times.push((now.as_millis() as u64, amount));
        }
    }
}

/// When each minute ended, in Unix ms, by its receipt.
async fn minute_ends(
    archive: &Path,
    domain: &Domain,
    minutes: &[Minute],
) -> Result<BTreeMap<u32, u64>> {
    let archive = Archive::open(&archive.to_string_lossy())?;
    let mut ends = BTreeMap::new();
    for minute in minutes {
        let mut hash = [0; 32];
        hex::decode_to_slice(&minute.receipt_hash, &mut hash)?;
        let object = archive.receipt(&hash).await?;
        let object = object.with_context(|| format!("no receipt {}", minute.receipt_hash))?;
        let receipt: Receipt = object.signed.message(domain)?;
        ends.insert(minute.sequence, receipt.closed_at_unix_ms);
    }
    Ok(ends)
}

/// Lines for people.
pub fn describe(settlement: &Settlement) -> String {
    let Settlement { secs, transactions, resolution_secs, audio_secs } = settlement;
    format!(
        "End of a minute to its settlement: median {:.1} s, p95 {:.1} s, max {:.1} s\n\
         ({} minutes of {audio_secs:.0} s in {transactions} transactions; looked at every \
         {resolution_secs} s)",
        secs.median, secs.p95, secs.max, secs.samples
    )
}
