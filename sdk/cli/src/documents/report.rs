//! Reports: what an observer saw of nodes in an epoch, sample by sample, as files have it.

use crate::exit::usage;
use anyhow::{Context as _, Result};
use heliograph_client::instruction::reputation::{ProvedLeaf, Root};
use heliograph_client::pda;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::merkle;
use heliograph_protocol::observation::{self, Figures, Leaf, NOT_MEASURED};
use heliograph_protocol::sample::{self, Sample};
use serde::Deserialize;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a report is.
#[derive(Clone, Debug, clap::Args)]
pub struct ReportFile {
    /// The samples: a JSON file, or a folder of such files; see `heliograph observer --help`
    #[arg(long, value_name = "FILE_OR_FOLDER")]
    pub samples: PathBuf,
}

/// A file of a report.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The epoch, by the Unix time at which it begins.
    epoch: u64,
    epoch_secs: u32,
    nodes: Vec<NodeEntry>,
}

/// What was seen of a node. Figures are those of the samples where none are given; samples may be
/// left out where figures and root are given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeEntry {
    node_key: String,
    samples: Option<Vec<SampleEntry>>,
    figures: Option<FiguresEntry>,
    /// Hex.
    samples_root: Option<String>,
}

/// `null`, or nothing, where it was not measured.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleEntry {
    at_secs: u32,
    setup_us: Option<u32>,
    rtt_us: Option<u32>,
    jitter_us: Option<u32>,
    #[serde(default)]
    packets_sent: u32,
    #[serde(default)]
    packets_lost: u32,
    #[serde(default)]
    words_spoken: u32,
    #[serde(default)]
    words_wrong: u32,
    latency_us: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FiguresEntry {
    samples: u32,
    availability_ppm: u32,
    rtt_p95_us: Option<u32>,
    jitter_p95_us: Option<u32>,
    loss_ppm: Option<u32>,
    setup_p95_us: Option<u32>,
    wer_ppm: Option<u32>,
}

impl From<SampleEntry> for Sample {
    fn from(entry: SampleEntry) -> Self {
        Self {
            at_secs: entry.at_secs,
            setup_us: entry.setup_us.unwrap_or(NOT_MEASURED),
            rtt_us: entry.rtt_us.unwrap_or(NOT_MEASURED),
            jitter_us: entry.jitter_us.unwrap_or(NOT_MEASURED),
            packets_sent: entry.packets_sent,
            packets_lost: entry.packets_lost,
            words_spoken: entry.words_spoken,
            words_wrong: entry.words_wrong,
            latency_us: entry.latency_us.unwrap_or(NOT_MEASURED),
        }
    }
}

impl From<FiguresEntry> for Figures {
    fn from(entry: FiguresEntry) -> Self {
        Self {
            samples: entry.samples,
            availability_ppm: entry.availability_ppm,
            rtt_p95_us: entry.rtt_p95_us.unwrap_or(NOT_MEASURED),
            jitter_p95_us: entry.jitter_p95_us.unwrap_or(NOT_MEASURED),
            loss_ppm: entry.loss_ppm.unwrap_or(NOT_MEASURED),
            setup_p95_us: entry.setup_p95_us.unwrap_or(NOT_MEASURED),
            wer_ppm: entry.wer_ppm.unwrap_or(NOT_MEASURED),
        }
    }
}

/// What a report says of a node.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The node's registry account.
    pub node: Pubkey,
    /// Its node key.
    pub node_key: Pubkey,
    /// What the leaf says.
    pub figures: Figures,
    /// The samples, if the report has them.
    pub samples: Option<Vec<Sample>>,
    samples_root: Hash,
}

impl Seen {
    fn read(entry: NodeEntry, epoch_secs: u32) -> Result<Self, String> {
        let key = entry.node_key;
        let node_key: Pubkey = key.parse().map_err(|_| format!("{key} is no node key"))?;
        let of_node = |what: &str| format!("node {key}: {what}");
        let samples: Option<Vec<Sample>> =
            entry.samples.map(|samples| samples.into_iter().map(Sample::from).collect());
        let stated = match entry.samples_root {
            Some(text) => {
                let mut root = [0; 32];
                hex::decode_to_slice(&text, &mut root)
                    .map_err(|_| of_node("the root of the samples is not 64 hex digits"))?;
                Some(root)
            }
            None => None,
        };
        let computed = samples.as_deref().map(sample::root);
        let samples_root = match (computed, stated) {
            (Some(computed), Some(stated)) if computed != stated => {
                return Err(of_node("the samples have another root than is said"));
            }
            (None, None) => return Err(of_node("there are neither samples nor their root")),
            (computed, stated) => computed.or(stated).unwrap_or_default(),
        };
        let figures = match (entry.figures, &samples) {
            (Some(figures), _) => figures.into(),
            (None, Some(samples)) => sample::figures(samples.iter().copied(), epoch_secs)
                .map_err(|why| of_node(&why.to_string()))?,
            (None, None) => return Err(of_node("there are neither samples nor figures")),
        };
        Ok(Self { node: pda::node(&node_key), node_key, figures, samples, samples_root })
    }

    /// Whether the figures are what the samples give, as far as there are samples.
    pub fn is_true(&self, epoch_secs: u32) -> bool {
        self.samples.as_ref().is_none_or(|samples| {
            sample::figures(samples.iter().copied(), epoch_secs) == Ok(self.figures)
        })
    }
}

/// A whole report, in the order of its tree: by the nodes' accounts.
#[derive(Clone, Debug)]
pub struct Report {
    /// The epoch, by the Unix time at which it begins.
    pub epoch: u64,
    /// Its length.
    pub epoch_secs: u32,
    /// By node account.
    pub seen: Vec<Seen>,
}

impl ReportFile {
    /// Reads the file, or all `.json` files of the folder as one report.
    pub fn read(&self) -> Result<Report> {
        let path = &self.samples;
        let mut files = Vec::new();
        if path.is_dir() {
            let entries = std::fs::read_dir(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            for entry in entries {
                let file = entry?.path();
                if file.extension().is_some_and(|extension| extension == "json") {
                    files.push(file);
                }
            }
            files.sort();
        } else {
            files.push(path.clone());
        }
        let mut report: Option<(u64, u32)> = None;
        let mut seen = BTreeMap::new();
        for file in &files {
            let named = |why: String| usage(format!("{}: {why}", file.display()));
            let read = read(file)?;
            let epoch = (read.epoch, read.epoch_secs);
            if report.is_some_and(|known| known != epoch) {
                return Err(named("it is of another epoch than the files before it".into()));
            }
            report = Some(epoch);
            for entry in read.nodes {
                let one = Seen::read(entry, read.epoch_secs).map_err(named)?;
                let key = one.node_key;
                if seen.insert(one.node, one).is_some() {
                    return Err(named(format!("node {key} is there a second time")));
                }
            }
        }
        let (epoch, epoch_secs) = report
            .filter(|_| !seen.is_empty())
            .ok_or_else(|| usage(format!("{}: there are no samples", path.display())))?;
        Ok(Report { epoch, epoch_secs, seen: seen.into_values().collect() })
    }
}

fn read(path: &Path) -> Result<File> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| usage(format!("{}: {error}", path.display())))
}

impl Report {
    /// The leaves of `observer`, a registry account.
    pub fn leaves(&self, observer: &Pubkey) -> Vec<Leaf> {
        let leaf = |seen: &Seen| Leaf {
            observer: observer.to_bytes(),
            epoch: self.epoch,
            node: seen.node.to_bytes(),
            figures: seen.figures,
            samples_root: seen.samples_root,
        };
        self.seen.iter().map(leaf).collect()
    }

    /// What `observer` posts.
    pub fn root(&self, observer: &Pubkey) -> Root {
        Root {
            epoch: self.epoch,
            epoch_secs: self.epoch_secs,
            root: observation::root(&self.leaves(observer)),
            leaves_count: self.seen.len() as u32,
        }
    }

    /// Every leaf of `observer` with its proof, in order.
    pub fn proved(&self, observer: &Pubkey) -> Vec<ProvedLeaf> {
        let leaves = self.leaves(observer);
        let hashes: Vec<Hash> = leaves.iter().map(Leaf::hash).collect();
        let proved = |(index, leaf): (usize, &Leaf)| ProvedLeaf {
            observer: *observer,
            node: leaf.node.into(),
            epoch: self.epoch,
            figures: leaf.figures.into(),
            samples_root: leaf.samples_root,
            index: index as u32,
            // There is a proof for each of the leaves.
            proof: merkle::proof(&hashes, index).unwrap_or_default(),
        };
        leaves.iter().enumerate().map(proved).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn key(byte: u8) -> String {
        Pubkey::new_from_array([byte; 32]).to_string()
    }

    fn file(nodes: Value) -> Value {
        json!({"epoch": 7_200, "epoch_secs": 3_600, "nodes": nodes})
    }

    fn node(byte: u8) -> Value {
        let sample = json!({
            "at_secs": 1, "rtt_us": 40_000, "packets_sent": 500, "packets_lost": 1
        });
        json!({"node_key": key(byte), "samples": [sample]})
    }

    /// Reads these documents as a folder.
    fn read(files: &[Value]) -> Result<Report, String> {
        let folder = tempfile::tempdir().unwrap();
        for (n, file) in files.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{n}.json")), file.to_string()).unwrap();
        }
        std::fs::write(folder.path().join("notes.txt"), "not ours").unwrap();
        let samples = folder.path().to_owned();
        ReportFile { samples }.read().map_err(|error| error.to_string())
    }

    #[test]
    fn files_of_a_folder_are_one_report() {
        let report = read(&[file(json!([node(1), node(3)])), file(json!([node(2)]))]).unwrap();
        assert_eq!((report.epoch, report.epoch_secs, report.seen.len()), (7_200, 3_600, 3));
        assert!(report.seen.is_sorted_by_key(|seen| seen.node));
        let figures = report.seen[0].figures;
        assert_eq!((figures.samples, figures.availability_ppm), (1, 1_000_000));
        assert_eq!((figures.loss_ppm, figures.wer_ppm), (2_000, NOT_MEASURED));
        let observer = Pubkey::new_from_array([9; 32]);
        let root = report.root(&observer);
        for (index, leaf) in report.proved(&observer).into_iter().enumerate() {
            let hash = report.leaves(&observer)[index].hash();
            assert!(merkle::verify(&hash, index, 3, &leaf.proof, &root.root));
        }
    }

    #[test]
    fn figures_can_be_other_than_the_samples_give() {
        let mut lie = node(1);
        lie["figures"] = json!({"samples": 1, "availability_ppm": 0});
        let report = read(&[file(json!([lie, node(2)]))]).unwrap();
        let (honest, lying): (Vec<&Seen>, Vec<&Seen>) =
            report.seen.iter().partition(|seen| seen.is_true(3_600));
        assert_eq!((honest.len(), lying.len()), (1, 1));
        assert_eq!(lying[0].node_key.to_string(), key(1));
        assert_eq!(lying[0].samples_root, honest[0].samples_root, "the same samples");
    }

    #[test]
    fn what_cannot_be_a_report_is_named() {
        let with = |name: &str, value: Value| {
            let mut entry = node(1);
            entry[name] = value;
            file(json!([entry]))
        };
        let late = json!([{"at_secs": 3_600}]);
        for (files, words) in [
            (vec![], "there are no samples"),
            (vec![file(json!([]))], "there are no samples"),
            (vec![file(json!([node(1), node(1)]))], "a second time"),
            (vec![with("node_key", json!("x"))], "x is no node key"),
            (vec![with("samples_root", json!("00"))], "not 64 hex digits"),
            (vec![with("samples_root", json!("00".repeat(32)))], "another root"),
            (vec![with("samples", Value::Null)], "neither samples nor their root"),
            (vec![with("samples", late)], "after the epoch"),
            (vec![with("samples", json!([]))], "no samples"),
            (vec![with("extra", json!(1))], "unknown field"),
            (
                vec![
                    file(json!([node(1)])),
                    json!({"epoch": 3_600, "epoch_secs": 3_600, "nodes": [node(2)]}),
                ],
                "another epoch",
            ),
        ] {
            let error = read(&files).unwrap_err();
            assert!(error.contains(words), "{words}: {error}");
        }
        let mut entry = with("samples", Value::Null);
        entry["nodes"][0]["samples_root"] = json!("00".repeat(32));
        assert!(read(&[entry]).unwrap_err().contains("neither samples nor figures"));
    }
}
