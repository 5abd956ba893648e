//! Which recordings are scored. What is said in them is kept apart.

use crate::audio;
use crate::exit::usage;
use crate::manifest::{Line, lines};
use anyhow::Result;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What there is to be heard. It holds no text: whatever transcribes is given this and nothing else.
#[derive(Clone, Debug)]
pub struct Clip {
    /// As in the manifest; decides the noise mixed in.
    pub name: String,
    /// Recordings of one folder and language are scored together.
    pub set: String,
    pub language: String,
    /// 16 kHz, mono.
    pub pcm: Arc<[i16]>,
}

/// What is said in the clips, in their order. Only the scorer reads it.
#[derive(Debug)]
pub struct References(pub Vec<String>);

/// Reads manifests, and the recordings of at most `limit` lines of each set, drawn by `seed`.
pub fn read(
    manifests: &[PathBuf],
    limit: Option<usize>,
    seed: u64,
) -> Result<(Vec<Clip>, References)> {
    let mut sets: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for manifest in manifests {
        for line in lines(manifest)? {
            sets.entry(line.set.clone()).or_default().push(line);
        }
    }
    let (mut clips, mut references) = (Vec::new(), Vec::new());
    for (set, mut lines) in sets {
        if let Some(limit) = limit.filter(|limit| *limit < lines.len()) {
            lines.shuffle(&mut StdRng::seed_from_u64(seed));
            lines.truncate(limit);
            lines.sort_by(|a, b| a.name.cmp(&b.name));
        }
        for line in lines {
            let pcm = audio::read(&line.path)?.into();
            clips.push(Clip { name: line.name, set: set.clone(), language: line.language, pcm });
            references.push(line.text);
        }
    }
    if clips.is_empty() {
        return Err(usage("there is nothing to score in the manifests"));
    }
    Ok((clips, References(references)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_line_is_named_and_the_sample_repeats_with_its_seed() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("manifest.tsv");
        std::fs::write(&manifest, "# audio\n\na.wav\ten\n").unwrap();
        let error = read(std::slice::from_ref(&manifest), None, 1).unwrap_err().to_string();
        assert!(error.contains("manifest.tsv:3:"), "{error}");

        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut table = String::new();
        for index in 0..20 {
            let name = format!("{index:02}.wav");
            let mut wav = hound::WavWriter::create(folder.path().join(&name), spec).unwrap();
            (0..1_600).for_each(|_| wav.write_sample(index as i16).unwrap());
            wav.finalize().unwrap();
            table.push_str(&format!("{name}\ten\tclip {index}\n"));
        }
        std::fs::write(&manifest, table).unwrap();
        let drawn = |seed| {
            let (clips, References(texts)) =
                read(std::slice::from_ref(&manifest), Some(5), seed).unwrap();
            for (clip, text) in clips.iter().zip(&texts) {
                assert_eq!(*text, format!("clip {}", clip.pcm[0]));
            }
            texts
        };
        assert_eq!(drawn(1).len(), 5);
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }
}
