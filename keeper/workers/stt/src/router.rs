//! Which engine a segment goes to.
//!
//! Pure: what the engines are, what was asked for and what was heard go in, an engine comes out.
//! What was asked for is served or refused, never replaced. Of the engines that serve a segment's
//! language the first in the operator's order does. What the language is, where nobody asked for
//! one, is believed of the stream as a whole: one doubtful segment does not change the engine.
//! `transcribe::routed` carries it out.

use crate::engine::EngineInfo;
use belief::Belief;
use heliograph_protocol::hash::Hash;
use heliograph_worker_ipc::StreamConfig;
use std::collections::BTreeSet;
use std::time::Duration;

pub mod belief;
#[cfg(test)]
mod tests;

/// Why a stream is not served. None of it mends itself by waiting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A language that no engine in question has.
    #[error("language '{asked}' is not served{by}; served: {}", served.join(", "))]
    Language {
        /// What was asked for.
        asked: String,
        /// Which engines it was asked of, as the end of a clause.
        by: &'static str,
        /// What there is, sorted.
        served: Vec<&'static str>,
    },
    /// A model that is not loaded here.
    #[error("model {} is not served; served: {}", hex::encode(asked), served.join(", "))]
    Model {
        /// What was asked for.
        asked: Hash,
        /// Name and hash of what there is.
        served: Vec<String>,
    },
}

/// Segments of a settled language that are decoded between two that are listened to.
const UNHEARD_MAX: u32 = 4;

/// From so long a wait on, a live segment goes to an engine that is quicker by [`QUICKER`].
const LATE: Duration = Duration::from_secs(2);

/// How much less computing time an engine must need to be worth a change in haste.
const QUICKER: f64 = 0.5;

/// A stream's way to its engine: what it asked for, and what is believed of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    language: Option<&'static str>,
    engine: Option<usize>,
    is_live: bool,
    belief: Belief,
    /// Who heard what is believed.
    ear: Option<usize>,
    /// Segments that need not be listened to.
    unheard: u32,
}

/// What the language, and by it the engine, of a segment was decided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The stream asked for a model.
    Model,
    /// The stream, or the worker's configuration, asked for a language.
    Language,
    /// An engine listened to the segment.
    Heard,
    /// An engine had listened to earlier ones.
    Believed,
    /// No engine can tell languages apart.
    Unheard,
}

impl Basis {
    /// The name used in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Language => "language",
            Self::Heard => "heard",
            Self::Believed => "believed",
            Self::Unheard => "unheard",
        }
    }
}

impl Route {
    /// The language asked for, ISO 639-1, if any.
    pub fn language(&self) -> Option<&'static str> {
        self.language
    }

    /// The language asked for or, without one, the one that is believed.
    pub fn likely_language(&self) -> Option<&'static str> {
        self.language.or_else(|| self.belief.language())
    }

    /// What can be said of the next segment without listening to it; `None` if it must be.
    /// `again` asks for more than belief.
    pub fn basis(&self, again: bool) -> Option<Basis> {
        match (self.engine, self.language) {
            (Some(_), _) => Some(Basis::Model),
            (None, Some(_)) => Some(Basis::Language),
            (None, None) => (self.unheard > 0 && !again).then_some(Basis::Believed),
        }
    }

    /// Notes what `ear` heard of a segment.
    pub fn hear(&mut self, ear: usize, posterior: &[(&'static str, f32)]) {
        self.belief.hear(posterior);
        self.ear = Some(ear);
        self.unheard = if self.belief.is_settled() { UNHEARD_MAX } else { 0 };
    }

    /// Notes that a segment has been decoded without listening to it.
    pub fn pass(&mut self) {
        self.unheard = self.unheard.saturating_sub(1);
    }

    /// The language to tell an engine. Who hears languages decides for each segment by itself.
    pub fn language_for(&self, engine: usize) -> Option<&'static str> {
        match self.language {
            Some(language) => Some(language),
            None if self.engine.is_some() || self.ear == Some(engine) => None,
            None => self.belief.language(),
        }
    }

    /// Whether a wait is too long for this stream.
    pub fn is_late(&self, waited: Duration) -> bool {
        self.is_live && waited > LATE
    }
}

/// Chooses among engines.
#[derive(Clone, Debug)]
pub struct Router {
    engines: Vec<EngineInfo>,
}

impl Router {
    /// `engines` in the order in which they are preferred.
    pub fn new(engines: Vec<EngineInfo>) -> Self {
        Self { engines }
    }

    /// Resolves what a stream asks for. `default_language` is the worker's own.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn admit(
        &self,
        config: &StreamConfig,
        default_language: Option<&str>,
    ) -> Result<Route, Refusal> {
        let engine = config.model_sha256.map(|asked| self.model(asked)).transpose()?;
        let asked = config.language.as_deref().or(default_language);
        let language = asked.map(|asked| self.language(asked, engine)).transpose()?;
        Ok(Route { language, engine, is_live: config.is_live, ..Route::default() })
    }

    /// The served language that a request means: of one engine, or of any.
    ///
    /// # Errors
    /// [`Refusal::Language`] if it is not served.
    pub fn language(&self, asked: &str, engine: Option<usize>) -> Result<&'static str, Refusal> {
        let engines = match engine {
            Some(index) => &self.engines[index..=index],
            None => &self.engines[..],
        };
        engines.iter().find_map(|info| info.language(asked).ok()).ok_or_else(|| {
            let served: BTreeSet<_> = engines.iter().flat_map(|info| &info.languages).collect();
            Refusal::Language {
                asked: asked.to_owned(),
                by: if engines.len() == 1 { " by this model" } else { "" },
                served: served.into_iter().copied().collect(),
            }
        })
    }

    fn model(&self, asked: Hash) -> Result<usize, Refusal> {
        let found = self.engines.iter().position(|info| info.model_sha256 == asked);
        found.ok_or_else(|| {
            let name = |info: &EngineInfo| {
                format!("{} ({})", info.model_name, hex::encode(info.model_sha256))
            };
            Refusal::Model { asked, served: self.engines.iter().map(name).collect() }
        })
    }

    /// The engines that may serve a segment in this language, the preferred one first; if nobody
    /// knows the language, the one that serves most.
    pub fn candidates(&self, route: &Route, language: Option<&str>) -> Vec<usize> {
        if let Some(engine) = route.engine {
            return vec![engine];
        }
        let all = 0..self.engines.len();
        match language {
            Some(language) => {
                all.filter(|index| self.engines[*index].languages.contains(&language)).collect()
            }
            // The first of equals.
            None => {
                let widest = all.rev().max_by_key(|index| self.engines[*index].languages.len());
                widest.into_iter().collect()
            }
        }
    }

    /// Engines by the number of their languages, the most first: who to ask what is spoken.
    pub fn ears(&self) -> Vec<usize> {
        let mut ears: Vec<usize> = (0..self.engines.len()).collect();
        ears.sort_by_key(|index| std::cmp::Reverse(self.engines[*index].languages.len()));
        ears
    }
}

/// In haste: the candidate that needs less than half of the first one's computing time, if any, goes
/// before it. `costs` are computing over audio time by engine, as far as known.
pub fn hasten(candidates: &mut [usize], costs: &[Option<f64>]) -> bool {
    let cost = |engine: usize| costs.get(engine).copied().flatten();
    let Some(first) = candidates.first().and_then(|engine| cost(*engine)) else { return false };
    let quickest = candidates
        .iter()
        .enumerate()
        .filter_map(|(place, engine)| Some((place, cost(*engine)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    match quickest {
        Some((place, cost)) if cost < first * QUICKER => {
            candidates[..=place].rotate_right(1);
            true
        }
        _ => false,
    }
}
