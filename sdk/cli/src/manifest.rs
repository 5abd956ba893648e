//! Manifests: recordings whose text is known.
//!
//! A manifest is a table of tab-separated lines: audio file (relative to the manifest), language
//! (ISO 639-1), text. Empty lines and such that begin with `#` are left out.

use crate::exit::usage;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// A recording and what is said in it.
#[derive(Debug)]
pub struct Line {
    /// As in the manifest.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its folder and language: what is scored together.
    pub set: String,
    /// ISO 639-1.
    pub language: String,
    /// What is said.
    pub text: String,
}

/// Reads a manifest.
pub fn lines(manifest: &Path) -> Result<Vec<Line>> {
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
}
