//! Who carries a session key streams, and the app that made the key pays.

use heliograph_client::stream::EndReason;
use heliograph_network_tests::{
    Keeper, KeyCaller, Network, OpenSession, Setup, SpeechHosting, demo_speech, eventually,
    jfk_speech, session_key,
};
use serde_json::json;
use solana_keypair::Keypair;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

const CAP_MICRO_USDC: u64 = 1_000_000;
/// For everything that takes seconds on a machine that is not busy.
const PATIENCE: Duration = Duration::from_secs(240);

async fn assert_paid(net: &Network, session: OpenSession, host: &SpeechHosting) {
    let promised = host.promised_micro_usdc();
    net.settled(session, promised).await;
    let totals = net.session(session).await.totals;
    assert_eq!((totals.settled_micro_usdc, totals.paid_micro_usdc), (promised, promised));
    net.audit_is_clean().await;
}

/// Two seconds of silence, which the clients send to have their last words.
fn silence() -> Vec<i16> {
    vec![0; 32_000]
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_dtelecom_stream_and_the_app_pays() {
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(CAP_MICRO_USDC).await;
    let key = net.session_key(session, "visitor", 60);
    // Nobody hosts the session yet.
    let early = KeyCaller::open(&net.endpoint, &key).await;
    assert_eq!(early.heard[0]["type"], "error", "{:?}", early.heard);
    let mut host = net.host_speech(session, None).await.unwrap();

    let mut ann = KeyCaller::open(&net.endpoint, &key).await;
    assert_eq!(ann.heard[0]["type"], "ready", "{:?}", ann.heard);
    assert_eq!(ann.heard[0]["remaining_seconds"], 60);
    let mut twin = KeyCaller::open(&net.endpoint, &key).await;
    assert_eq!(twin.heard[0]["type"], "error");
    assert_eq!(twin.to_the_end(PATIENCE).await, Some(4004));

    ann.send(&jfk_speech()).await;
    ann.send(&silence()).await;
    let said = |value: &serde_json::Value| {
        value["is_final"] == true && value["end"].as_f64().is_some_and(|end| end > 9.0)
    };
    ann.hear(said, PATIENCE).await.expect("the last words");
    assert!(ann.text().contains("ask what you can do for your country"), "{}", ann.text());
    for heard in ann.of("transcription") {
        assert!(heard["start"].as_f64() < heard["end"].as_f64(), "{heard}");
        assert!((0.0..=1.0).contains(&heard["confidence"].as_f64().unwrap()), "{heard}");
    }
    drop(ann);

    // The clock stood still meanwhile: 13 s were sent.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut ann = eventually("a free key", PATIENCE, async || {
        let ann = KeyCaller::open(&net.endpoint, &key).await;
        (ann.heard[0]["type"] == "ready").then_some(ann)
    })
    .await;
    let remaining = ann.heard[0]["remaining_seconds"].as_u64().unwrap();
    assert!((47..=51).contains(&remaining), "{remaining}");

    // Bought while it streams.
    let answer = host.extend(net.session_key(session, "visitor", 75)).await;
    assert_eq!(answer.map(|(bought, _)| bought), Ok(75));
    let told = ann.hear(|value| value["type"] == "session_extended", PATIENCE).await;
    assert_eq!(told.unwrap()["remaining_seconds"].as_u64(), Some(remaining + 15));
    assert!(host.extend(net.session_key(session, "visitor", 10)).await.is_ok_and(|it| it.0 == 75));
    let foreign = session_key(&Keypair::new(), session.address.to_bytes(), "visitor", 600);
    assert!(host.extend(foreign).await.is_err());

    // Used up to the last second, and not one more.
    ann.send(&demo_speech()[..90 * 16_000]).await;
    assert_eq!(ann.to_the_end(PATIENCE).await, Some(4002));
    let warned: Vec<_> =
        ann.of("session_expiring").iter().map(|it| it["remaining_seconds"].as_u64()).collect();
    assert_eq!(warned.len(), 2, "{warned:?}");
    assert!(warned[0] <= Some(60) && warned[1] <= Some(10), "{warned:?}");
    assert_eq!(ann.heard.last().unwrap()["type"], "session_expired");
    assert!(ann.text().split_whitespace().count() > 60, "{}", ann.text());
    let mut late = KeyCaller::open(&net.endpoint, &key).await;
    assert_eq!(late.to_the_end(PATIENCE).await, Some(4002));

    assert_eq!(host.finish(PATIENCE).await, Ok(EndReason::Finished));
    assert_eq!(host.used_secs("visitor"), 75);
    assert_paid(&net, session, &host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_keys_share_a_session_and_survive_its_node() {
    let mut net = Network::start(Setup::default()).await;
    let session = net.open_session(CAP_MICRO_USDC).await;
    let host = net.host_speech(session, None).await.unwrap();
    let keys = ["ann", "bob"].map(|id| net.session_key(session, id, 300));
    // One of the wallet's: it may spend too.
    let wallet = session_key(net.app_authority(), session.address.to_bytes(), "carol", 300);
    let speech = demo_speech();
    let mut callers = Vec::new();
    for key in keys.iter().chain([&wallet]) {
        let mut caller = KeyCaller::open(&net.endpoint, key).await;
        assert_eq!(caller.heard[0]["type"], "ready", "{:?}", caller.heard);
        caller.send(&speech[..70 * 16_000]).await;
        callers.push(caller);
    }
    let ids = ["ann", "bob", "carol"];
    eventually("a minute of each", PATIENCE, async || {
        ids.iter().all(|id| host.used_secs(id) > 0).then_some(())
    })
    .await;
    let used = ids.map(|id| host.used_secs(id));
    assert!(used.iter().all(|secs| (30..=60).contains(secs)), "{used:?}");

    // The node dies with minutes under way; what was signed counts, the rest was free.
    net.keeper.kill();
    drop(callers);
    net.keeper = Keeper::start(&net.keeper_config());
    net.keeper.healthy(&net.endpoint).await;
    let again = net.host_speech(session, Some(&host)).await.unwrap();
    for (id, key) in ids.iter().zip(keys.iter().chain([&wallet])) {
        let mut caller = eventually("a key that is good again", PATIENCE, async || {
            let caller = KeyCaller::open(&net.endpoint, key).await;
            (caller.heard[0]["type"] == "ready").then_some(caller)
        })
        .await;
        let left = u64::from(300 - again.used_secs(id));
        assert_eq!(caller.heard[0]["remaining_seconds"].as_u64(), Some(left), "{id}");
        caller.send(&speech[..5 * 16_000]).await;
        caller.send_raw(Message::Text(json!({"type": "finish"}).to_string().into())).await.unwrap();
        assert_eq!(caller.to_the_end(PATIENCE).await, Some(1000));
    }
    assert_eq!(again.finish(PATIENCE).await, Ok(EndReason::Finished));
    for id in ids {
        assert_eq!(again.used_secs(id), host.used_secs(id) + 5, "{id}");
    }
    let promised = again.promised_micro_usdc();
    assert!(promised > host.promised_micro_usdc());
    assert_paid(&net, session, &again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_and_wrong_messages_are_refused() {
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(CAP_MICRO_USDC).await;
    let other = net.open_session(CAP_MICRO_USDC).await;
    let host = net.host_speech(session, None).await.unwrap();
    let address = session.address.to_bytes();
    let good = net.session_key(session, "ann", 60);
    let mut forged = good.clone();
    forged.replace_range(forged.len() - 4.., "AAAA");
    let expired = heliograph_client::speech::SessionKey {
        session: address,
        id: "ann".into(),
        seconds: 60,
        language: None,
        expires_at_unix_secs: heliograph_network_tests::unix_ms() / 1_000 - 90,
    };
    let text = |value: serde_json::Value| Message::Text(value.to_string().into());
    let config = |key: &str| text(json!({"type": "config", "session_key": key}));
    for (what, first, code) in [
        ("a stranger's", config(&session_key(&Keypair::new(), address, "ann", 60)), 4003),
        ("forged", config(&forged), 4003),
        ("expired", config(&expired.sign(&net.voucher_signer).unwrap()), 4003),
        ("of a session nobody hosts", config(&net.session_key(other, "ann", 60)), 4003),
        ("not a key", config("dt_live_123"), 4003),
        ("of no seconds", config(&net.session_key(session, "none", 0)), 4002),
        ("no key", text(json!({"type": "config", "language": "en"})), 4001),
        ("not a config", text(json!({"type": "finish"})), 4001),
        ("not JSON", Message::Text("hello".into()), 4001),
        ("a number for a key", text(json!({"type": "config", "session_key": 7})), 4001),
        ("audio first", Message::Binary(vec![0; 640].into()), 4001),
        (
            "a language nobody serves",
            text(json!({"type": "config", "session_key": good, "language": "tlh"})),
            4001,
        ),
    ] {
        let mut caller = KeyCaller::connect(&net.endpoint, first).await;
        assert_eq!(caller.to_the_end(PATIENCE).await, Some(code), "{what}: {:?}", caller.heard);
        assert_eq!(caller.heard.len(), 1, "{what}: one error, {:?}", caller.heard);
        assert_eq!(caller.heard[0]["type"], "error", "{what}");
    }

    // Nothing of that harmed the key. Zero bytes are no audio; half a sample is none at all.
    let mut caller = KeyCaller::open(&net.endpoint, &good).await;
    assert_eq!(caller.heard[0]["type"], "ready", "{:?}", caller.heard);
    caller.send_raw(Message::Binary(Vec::new().into())).await.unwrap();
    caller.send_raw(Message::Binary(vec![0; 3].into())).await.unwrap();
    assert_eq!(caller.to_the_end(PATIENCE).await, Some(4005));
    assert_eq!(host.finish(PATIENCE).await, Ok(EndReason::Finished));
    assert_eq!(host.promised_micro_usdc(), 0, "nobody was served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_gone_stops_its_keys() {
    let mut setup = Setup::default();
    setup.params.voucher_grace_secs = 15;
    let net = Network::start(setup).await;
    let session = net.open_session(CAP_MICRO_USDC).await;
    let host = net.host_speech(session, None).await.unwrap();
    let key = net.session_key(session, "ann", 600);
    let mut ann = KeyCaller::open(&net.endpoint, &key).await;
    ann.send(&jfk_speech()).await;
    ann.send(&silence()).await;
    ann.hear(|value| value["is_final"] == true, PATIENCE).await.expect("words");
    drop(host);
    assert_eq!(ann.to_the_end(PATIENCE).await, Some(4002));
    let mut refused = KeyCaller::open(&net.endpoint, &key).await;
    assert!(matches!(refused.to_the_end(PATIENCE).await, Some(4002 | 4003)));

    // Who comes back is told what is owed; with that paid, keys are good again.
    let host = eventually("a session that is free again", PATIENCE, async || {
        net.host_speech(session, None).await.ok()
    })
    .await;
    eventually("what was owed", PATIENCE, async || (!host.paid().is_empty()).then_some(())).await;
    let used = host.used_secs("ann");
    assert!((11..=13).contains(&used), "{used}");
    let ann = eventually("a key that is good again", PATIENCE, async || {
        let ann = KeyCaller::open(&net.endpoint, &key).await;
        (ann.heard[0]["type"] == "ready").then_some(ann)
    })
    .await;
    assert_eq!(ann.heard[0]["remaining_seconds"].as_u64(), Some(u64::from(600 - used)));
    drop(ann);
    assert_eq!(host.finish(PATIENCE).await, Ok(EndReason::Finished));
    assert_paid(&net, session, &host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caps_and_escrows_end_the_streams_they_pay() {
    // Half a minute of cap.
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(2_500).await;
    let host = net.host_speech(session, None).await.unwrap();
    let mut ann = KeyCaller::open(&net.endpoint, &net.session_key(session, "ann", 600)).await;
    assert_eq!(ann.heard[0]["type"], "ready", "{:?}", ann.heard);
    ann.send(&demo_speech()[..60 * 16_000]).await;
    assert_eq!(ann.to_the_end(PATIENCE).await, Some(4002));
    assert!(ann.heard.last().unwrap()["message"].as_str().unwrap().contains("cap"));
    eventually("what was served", PATIENCE, async || (host.used_secs("ann") == 30).then_some(()))
        .await;
    let mut bob = KeyCaller::open(&net.endpoint, &net.session_key(session, "bob", 600)).await;
    assert_eq!(bob.to_the_end(PATIENCE).await, Some(4002));
    assert_eq!(host.finish(PATIENCE).await, Ok(EndReason::Finished));
    assert_eq!(host.promised_micro_usdc(), 2_500);
    assert_paid(&net, session, &host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_its_app_ends_on_chain_is_served_no_longer() {
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(CAP_MICRO_USDC).await;
    let host = net.host_speech(session, None).await.unwrap();
    let key = net.session_key(session, "ann", 600);
    let mut ann = KeyCaller::open(&net.endpoint, &key).await;
    ann.send(&jfk_speech()).await;
    ann.send(&silence()).await;
    ann.hear(|value| value["is_final"] == true, PATIENCE).await.expect("words");
    net.end_session(session).await;
    // Its vouchers are redeemed while they are good: the node finds out within a minute.
    assert_eq!(host.ended(PATIENCE).await, Ok(EndReason::SessionExpired));
    assert_eq!(ann.to_the_end(PATIENCE).await, Some(4002));
    assert!(ann.heard.last().unwrap()["message"].as_str().unwrap().contains("time is over"));
    let mut late = KeyCaller::open(&net.endpoint, &key).await;
    assert!(matches!(late.to_the_end(PATIENCE).await, Some(4002 | 4003)));
    assert!((11..=13).contains(&host.used_secs("ann")), "{}", host.used_secs("ann"));
    assert_paid(&net, session, &host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_does_not_outlive_its_session() {
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(CAP_MICRO_USDC).await;
    let host = net.host_speech(session, None).await.unwrap();
    let key = net.session_key(session, "ann", 600);
    let mut ann = KeyCaller::open(&net.endpoint, &key).await;
    ann.send(&jfk_speech()).await;
    ann.send(&silence()).await;
    let said = |value: &serde_json::Value| {
        value["is_final"] == true && value["end"].as_f64().is_some_and(|end| end > 9.0)
    };
    ann.hear(said, PATIENCE).await.expect("the last words");

    // What comes now is never transcribed, and the app does not wait for it.
    net.keeper.freeze_speech();
    ann.send(&demo_speech()[..2 * 16_000]).await;
    assert_eq!(host.finish(PATIENCE).await, Ok(EndReason::Finished));
    assert_eq!(ann.to_the_end(PATIENCE).await, Some(4002));
    let used = host.used_secs("ann");
    assert!((10..=13).contains(&used), "{used}");

    // The session goes on at another time, and nothing of the old stream gets into it.
    net.keeper.thaw_speech();
    let again = net.host_speech(session, Some(&host)).await.unwrap();
    for key in [net.session_key(session, "bob", 60), key] {
        let mut caller = KeyCaller::open(&net.endpoint, &key).await;
        assert_eq!(caller.heard[0]["type"], "ready", "{:?}", caller.heard);
        caller.send(&jfk_speech()).await;
        caller.send_raw(Message::Text(json!({"type": "finish"}).to_string().into())).await.unwrap();
        assert_eq!(caller.to_the_end(PATIENCE).await, Some(1000));
    }
    assert_eq!(again.finish(PATIENCE).await, Ok(EndReason::Finished));
    assert_eq!(again.used_secs("bob"), 11);
    assert!(again.used_secs("ann") >= used + 11, "{}", again.used_secs("ann"));
    assert_paid(&net, session, &again).await;
}
