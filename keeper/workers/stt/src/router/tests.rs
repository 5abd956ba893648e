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

#[test]
fn streams_without_a_language_are_listened_to_until_it_is_settled() {
    let mut route = router().admit(&asks(None, None), None).unwrap();
    assert_eq!((route.basis(false), route.likely_language()), (None, None));
    let unsure = [("cy", 0.1), ("de", 0.6), ("en", 0.2), ("ja", 0.1)];
    route.hear(1, &unsure);
    assert_eq!((route.basis(false), route.likely_language()), (None, Some("de")));
    route.hear(1, &[("cy", 0.0), ("de", 1.0), ("en", 0.0), ("ja", 0.0)]);
    for _ in 0..UNHEARD_MAX {
        assert_eq!(route.basis(false), Some(Basis::Believed));
        assert_eq!(route.basis(true), None, "unless there is doubt");
        route.pass();
    }
    assert_eq!(route.basis(false), None);
    // Who hears languages is not told one; the others are.
    assert_eq!((route.language_for(0), route.language_for(1)), (Some("de"), None));
    assert_eq!(route.language(), None, "nobody asked");
}

#[test]
fn what_was_asked_for_needs_no_ear() {
    let router = router();
    let route = router.admit(&asks(Some("de"), None), None).unwrap();
    assert_eq!(route.basis(true), Some(Basis::Language));
    assert_eq!((route.language_for(0), route.language_for(1)), (Some("de"), Some("de")));
    let route = router.admit(&asks(None, Some([1; 32])), None).unwrap();
    assert_eq!((route.basis(true), route.language_for(0)), (Some(Basis::Model), None));
    assert_eq!(router.ears(), [1, 0]);
}

#[test]
fn haste_is_for_live_streams_and_for_much_quicker_engines() {
    let live = StreamConfig { is_live: true, ..StreamConfig::default() };
    let route = router().admit(&live, None).unwrap();
    assert!(route.is_late(LATE * 2) && !route.is_late(LATE / 2));
    assert!(!Route::default().is_late(LATE * 100), "a file has time");

    let hastened = |costs: &[Option<f64>]| {
        let mut candidates = [2, 0, 1];
        (hasten(&mut candidates, costs), candidates)
    };
    assert_eq!(hastened(&[Some(0.3), Some(0.1), Some(0.5)]), (true, [1, 2, 0]));
    assert_eq!(hastened(&[Some(0.3), None, Some(0.5)]), (false, [2, 0, 1]));
    assert_eq!(hastened(&[Some(0.3), Some(0.1), None]), (false, [2, 0, 1]));
    assert!(!hasten(&mut [], &[Some(0.1)]));
}
