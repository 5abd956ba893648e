use super::*;

fn engine(name: &str, sha256: Hash, languages: &[&'static str]) -> EngineInfo {
    EngineInfo {
        engine: "script",
        engine_version: "1".into(),
        model_name: name.into(),
        model_sha256: sha256,
        languages: languages.to_vec(),
    }
}

/// A specialist before one that serves more.
fn router() -> Router {
    Router::new(vec![
        engine("narrow", [1; 32], &["de", "en"]),
        engine("wide", [2; 32], &["cy", "de", "en", "ja"]),
    ])
}

fn asks(language: Option<&str>, model: Option<Hash>) -> StreamConfig {
    let language = language.map(str::to_owned);
    StreamConfig { language, model_sha256: model, ..StreamConfig::default() }
}

#[test]
fn first_engine_that_serves_the_language_is_preferred() {
    let router = router();
    let candidates = |language| {
        let route = router.admit(&asks(Some(language), None), None).unwrap();
        router.candidates(&route, route.language())
    };
    assert_eq!(candidates("de-AT"), [0, 1]);
    assert_eq!(candidates("ja"), [1]);
}

#[test]
fn unknown_language_goes_to_the_widest() {
    let route = router().admit(&asks(None, None), None).unwrap();
    assert_eq!(router().candidates(&route, None), [1]);
}

#[test]
fn model_asked_for_is_the_only_one() {
    let router = router();
    let route = router.admit(&asks(Some("en"), Some([2; 32])), None).unwrap();
    assert_eq!(router.candidates(&route, Some("en")), [1]);
    let route = router.admit(&asks(None, Some([1; 32])), None).unwrap();
    assert_eq!(router.candidates(&route, None), [0]);
}

#[test]
fn what_is_not_served_is_refused_with_what_is() {
    let router = router();
    let refusal = |config| router.admit(&config, None).unwrap_err().to_string();
    assert_eq!(
        refusal(asks(Some("fr"), None)),
        "language 'fr' is not served; served: cy, de, en, ja"
    );
    assert_eq!(
        refusal(asks(Some("ja"), Some([1; 32]))),
        "language 'ja' is not served by this model; served: de, en"
    );
    let [asked, narrow, wide] = [3, 1, 2].map(|byte| hex::encode([byte; 32]));
    assert_eq!(
        refusal(asks(None, Some([3; 32]))),
        format!("model {asked} is not served; served: narrow ({narrow}), wide ({wide})")
    );
}

#[test]
fn default_language_gives_way_to_the_one_asked_for() {
    let router = router();
    assert_eq!(router.admit(&asks(None, None), Some("de")).unwrap().language(), Some("de"));
    assert_eq!(router.admit(&asks(Some("JA"), None), Some("de")).unwrap().language(), Some("ja"));
}
