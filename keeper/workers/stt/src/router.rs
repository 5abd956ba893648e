//! Which engine a segment goes to.
//!
//! Pure: what the engines are, what was asked for and what was heard go in, an engine comes out.
//! What was asked for is served or refused, never replaced. Of the engines that may serve a
//! segment the first in the operator's order does.

use crate::engine::EngineInfo;
use heliograph_protocol::hash::Hash;
use heliograph_worker_ipc::StreamConfig;
use std::collections::BTreeSet;

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

/// What a stream asked for, resolved against the engines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// Language asked for; `None` leaves it to the engines' ears.
    pub(crate) language: Option<&'static str>,
    /// Engine asked for, by its place among them.
    pub(crate) engine: Option<usize>,
}

impl Route {
    /// The language asked for, ISO 639-1, if any.
    pub fn language(&self) -> Option<&'static str> {
        self.language
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
        Ok(Route { language, engine })
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
}
