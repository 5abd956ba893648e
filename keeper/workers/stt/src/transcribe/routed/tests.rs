//! Who is asked, in which order, with what. The engines are scripts, so that they fail, doubt and
//! dawdle when they are to; real ones are in `tests/worker`.

use super::*;
use crate::engine::{Engine, EngineInfo};
use heliograph_worker_ipc::StreamConfig;
use std::sync::{Arc, Mutex};

/// Notes what it is asked and does what it is told.
struct Script {
    info: EngineInfo,
    /// Probability that it hears German, the rest being Welsh; `None` if it hears no languages.
    hears_german: Arc<Mutex<Option<f32>>>,
    /// Mean log probability of what it says; `None` fails in a way that may pass.
    says: Arc<Mutex<Option<f32>>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Script {
    fn log(&self, what: &str) {
        self.log.lock().unwrap().push(format!("{} {what}", self.info.engine));
    }
}

impl Engine for Script {
    fn info(&self) -> &EngineInfo {
        &self.info
    }

    fn hear(
        &mut self,
        _: &[f32],
        _: Window,
    ) -> Result<Option<Vec<(&'static str, f32)>>, EngineError> {
        let german = *self.hears_german.lock().unwrap();
        Ok(german.map(|german| {
            self.log("hears");
            vec![("cy", 1.0 - german), ("de", german)]
        }))
    }

    fn transcribe(
        &mut self,
        _: &[f32],
        language: Option<&str>,
        _: Window,
    ) -> Result<Transcript, EngineError> {
        self.log(&format!("decodes {}", language.unwrap_or("something")));
        let Some(average_log_probability) = *self.says.lock().unwrap() else {
            return Err(EngineError::Library { step: "decoder", reason: "out of breath".into() });
        };
        Ok(Transcript {
            text: format!("spoken by {}", self.info.engine),
            language: "de",
            no_speech_probability: 0.0,
            average_log_probability,
            tokens: 3,
            looped: false,
            full_window: true,
            parameters: "language_from=request;x=1".into(),
        })
    }
}

/// A specialist for German before one for Welsh and German that hears languages.
struct Stage {
    transcriber: Transcriber,
    hears_german: Arc<Mutex<Option<f32>>>,
    specialist_says: Arc<Mutex<Option<f32>>>,
    log: Arc<Mutex<Vec<String>>>,
}

fn stage() -> Stage {
    let log = Arc::new(Mutex::new(Vec::new()));
    let hears_german = Arc::new(Mutex::new(Some(0.999)));
    let specialist_says = Arc::new(Mutex::new(Some(-0.1)));
    let engine = |engine, languages, hears: &Arc<Mutex<Option<f32>>>, says| {
        let info = EngineInfo {
            engine,
            engine_version: "1".into(),
            model_name: engine.into(),
            model_sha256: [languages as u8; 32],
            languages: ["de", "cy"][..languages].to_vec(),
        };
        let hears_german = hears.clone();
        let script = Script { info, hears_german, says, log: log.clone() };
        Box::new(script) as Box<dyn Engine>
    };
    let engines = vec![
        engine("narrow", 1, &Arc::default(), specialist_says.clone()),
        engine("wide", 2, &hears_german, Arc::new(Mutex::new(Some(-0.1)))),
    ];
    let transcriber = Transcriber::new(engines, "voice");
    Stage { transcriber, hears_german, specialist_says, log }
}

impl Stage {
    fn route(&self, language: Option<&str>) -> Route {
        let language = language.map(str::to_owned);
        let config = StreamConfig { language, is_live: true, ..StreamConfig::default() };
        self.transcriber.admit(&config, None).unwrap()
    }

    /// The parameters of the decoded segment, and what led to it.
    fn decode(&mut self, route: &mut Route, waited: Duration) -> (String, Vec<String>) {
        self.log.lock().unwrap().clear();
        let decoding = self.transcriber.decode(&[0.0; 1_600], route, waited).unwrap();
        (decoding.transcript.parameters, self.log.lock().unwrap().clone())
    }
}

const SOON: Duration = Duration::from_millis(100);

#[test]
fn unknown_language_is_heard_then_believed_and_the_specialist_is_told() {
    let mut stage = stage();
    let mut route = stage.route(None);
    let (parameters, log) = stage.decode(&mut route, SOON);
    assert_eq!(log, ["wide hears", "narrow decodes de"]);
    assert_eq!(parameters, "language_from=request;route=heard;x=1");
    let (parameters, log) = stage.decode(&mut route, SOON);
    assert_eq!(log, ["narrow decodes de"], "settled");
    assert_eq!(parameters, "language_from=request;route=believed;x=1");
    for _ in 0..3 {
        stage.decode(&mut route, SOON);
    }
    assert_eq!(stage.decode(&mut route, SOON).1[0], "wide hears", "from time to time");
}

#[test]
fn language_of_the_other_engine_alone_goes_to_it_untold() {
    let mut stage = stage();
    *stage.hears_german.lock().unwrap() = Some(0.001);
    let mut route = stage.route(None);
    let (parameters, log) = stage.decode(&mut route, SOON);
    assert_eq!(log, ["wide hears", "wide decodes something"]);
    assert_eq!(parameters, "language_from=request;route=heard;x=1", "as the engine says");
}

/// The stream was German, and all at once is not: the engine's doubt makes the other one listen.
#[test]
fn doubt_is_looked_into() {
    let mut stage = stage();
    let mut route = stage.route(None);
    stage.decode(&mut route, SOON);
    *stage.hears_german.lock().unwrap() = Some(0.0001);
    *stage.specialist_says.lock().unwrap() = Some(-0.8);
    let (parameters, log) = stage.decode(&mut route, SOON);
    assert_eq!(log, ["narrow decodes de", "wide hears", "wide decodes something"]);
    assert!(parameters.contains("route=heard"), "{parameters}");

    // Doubt that listening does not share is only doubt.
    let mut route = stage.route(None);
    *stage.hears_german.lock().unwrap() = Some(0.999);
    stage.decode(&mut route, SOON);
    let (_, log) = stage.decode(&mut route, SOON);
    assert_eq!(log, ["narrow decodes de", "wide hears"]);
}

#[test]
fn failure_falls_to_the_next_and_is_recorded() {
    let mut stage = stage();
    *stage.specialist_says.lock().unwrap() = None;
    let mut route = stage.route(Some("de"));
    let (parameters, log) = stage.decode(&mut route, SOON);
    assert_eq!(log, ["narrow decodes de", "wide decodes de"]);
    assert_eq!(parameters, "language_from=request;route=language;route_after=narrow:failed;x=1");
    // With nobody left it is the stream's failure, which may pass.
    let config = StreamConfig { model_sha256: Some([1; 32]), ..StreamConfig::default() };
    let mut route = stage.transcriber.admit(&config, None).unwrap();
    let error = stage.transcriber.decode(&[0.0; 1_600], &mut route, SOON).map(drop).unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("out of breath"), "{error}");
}

#[test]
fn late_segment_goes_to_a_much_quicker_engine() {
    let mut stage = stage();
    stage.transcriber.costs = vec![Some(0.9), Some(0.1)];
    let mut route = stage.route(Some("de"));
    let (parameters, log) = stage.decode(&mut route, Duration::from_secs(5));
    assert_eq!(log, ["wide decodes de"]);
    assert_eq!(parameters, "language_from=request;route=language;route_after=narrow:slow;x=1");
    stage.transcriber.costs = vec![Some(0.9), Some(0.1)];
    assert_eq!(stage.decode(&mut route, SOON).1, ["narrow decodes de"], "in time");
    assert!(stage.transcriber.costs[0].unwrap() < 0.9, "and measured");
}

#[test]
fn without_ears_the_widest_decodes() {
    let mut stage = stage();
    *stage.hears_german.lock().unwrap() = None;
    let mut route = stage.route(None);
    let (parameters, log) = stage.decode(&mut route, SOON);
    assert_eq!(log, ["wide decodes something"]);
    assert!(parameters.contains("route=unheard"), "{parameters}");
}
