//! Which recordings are scored, and what is said in them.
//!
//! A manifest is a table of tab-separated lines: audio file (relative to the manifest), language
//! (ISO 639-1), text. Empty lines and such that begin with `#` are left out.

use crate::audio;
use crate::exit::usage;
use anyhow::{Context as _, Result};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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

#[derive(Debug)]
struct Line {
    name: String,
    path: PathBuf,
    set: String,
    language: String,
    text: String,
}

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

fn lines(manifest: &Path) -> Result<Vec<Line>> {
    let text = std::fs::read_to_string(manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let wanted = |(_, line): &(usize, &str)| !line.trim().is_empty() && !line.starts_with('#');
    text.lines()
        .enumerate()
        .filter(wanted)
        .map(|(index, line)| {
            parse(folder, line).ok_or_else(|| {
                let place = format!("{}:{}", manifest.display(), index + 1);
                usage(format!("{place}: audio, language and text separated by tabs expected"))
            })
        })
        .collect()
}

fn parse(folder: &Path, line: &str) -> Option<Line> {
    let mut fields = line.split('\t');
    let (name, language, text) = (fields.next()?.trim(), fields.next()?.trim(), fields.next()?);
    if name.is_empty() || language.is_empty() || fields.next().is_some() {
        return None;
    }
    let of = Path::new(name).parent().filter(|parent| !parent.as_os_str().is_empty());
    // The language's own folder says nothing new.
    let of =
        of.map(
            |parent| {
                if parent.ends_with(language) { parent.parent().unwrap_or(parent) } else { parent }
            },
        );
    let set = match of.filter(|of| !of.as_os_str().is_empty()) {
        Some(of) => format!("{} {language}", of.display()),
        None => language.to_owned(),
    };
    Some(Line {
        name: name.to_owned(),
        path: folder.join(name),
        set,
        language: language.to_owned(),
        text: text.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_their_set_by_folder_and_language() {
        let set = |line| parse(Path::new("/data"), line).map(|line| line.set);
        assert_eq!(set("asterisk/fr/un.wav\tfr\tun").as_deref(), Some("asterisk fr"));
        assert_eq!(set("librivox/a.wav\ten\ta b").as_deref(), Some("librivox en"));
        assert_eq!(set("a.wav\tja\t\u{304b}").as_deref(), Some("ja"));
        assert_eq!(set("fr/a.wav\tfr\tun").as_deref(), Some("fr"));
        assert_eq!(set("a.wav\ten"), None);
        assert_eq!(set("a.wav\ten\ttext\tmore"), None);
        assert_eq!(set("a.wav\t\ttext"), None);
    }

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
