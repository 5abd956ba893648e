//! Calls are paid for by the minute, or they are not served.

use heliograph_call::token::Token;
use heliograph_call::{Call, JoinOptions};
use heliograph_client::call::{CALL_SERVICES, Captions, PaidCallMinute};
use heliograph_client::stream::EndReason;
use heliograph_network_tests::{
    Caller, Keeper, Network, OpenSession, Setup, eventually, jfk_packets, token, token_until,
};
use heliograph_protocol::price::Prices;
use heliograph_protocol::service::{Service, ServiceSet};
use solana_keypair::Keypair;
use std::time::Duration;

const CAP_MICRO_USDC: u64 = 1_000_000;
/// Receipts come this often in these scenarios.
const EVERY_SECS: u32 = 10;
/// For everything that takes seconds on a machine that is not busy.
const PATIENCE: Duration = Duration::from_secs(60);

fn setup() -> Setup {
    let mut setup = Setup { calls_every_secs: Some(EVERY_SECS), ..Setup::default() };
    setup.params.voucher_grace_secs = 15;
    setup
}

fn promised(minutes: &[PaidCallMinute]) -> u64 {
    minutes.last().map_or(0, |minute| minute.receipt.cumulative_micro_usdc)
}

async fn assert_paid(net: &Network, session: OpenSession, promised: u64) {
    net.settled(session, promised).await;
    let totals = net.session(session).await.totals;
    assert_eq!((totals.settled_micro_usdc, totals.paid_micro_usdc), (promised, promised));
    net.audit_is_clean().await;
}

/// Tries until the caller is in: tokens are good once the session is hosted.
async fn join(url: &str, token: &str) -> Caller {
    eventually("a seat in the call", PATIENCE, async || Caller::join(url, token).await.ok()).await
}

/// Waits until media flow both ways.
async fn talking(a: &Caller, b: &Caller) {
    let flows = |caller: &Caller| caller.heard().0 > 10 && caller.heard().1 > 2;
    eventually("media both ways", PATIENCE, async || (flows(a) && flows(b)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_participants_are_paid_for_by_the_minute() {
    let net = Network::start(setup()).await;
    let session = net.open_session_for(CALL_SERVICES, CAP_MICRO_USDC).await;
    let host = net.host(session, &[], false).await.unwrap();
    // One token of the voucher signer's, one of the wallet's.
    let ann = join(&host.url, &token(&net.voucher_signer, "lobby", "ann")).await;
    let bob = join(&host.url, &token(net.app_authority(), "lobby", "bob")).await;
    talking(&ann, &bob).await;
    host.minutes(3, PATIENCE).await;
    host.finish();
    assert_eq!(host.ended(PATIENCE).await, Ok(EndReason::Finished));
    ann.left(PATIENCE).await;
    bob.left(PATIENCE).await;

    let paid = host.paid();
    for minute in &paid {
        assert!(minute.participants.len() <= 2);
        let price = Prices::DEFAULT.amount_micro_usdc(&minute.receipt.usage).unwrap();
        assert_eq!(minute.receipt.amount_micro_usdc, price);
    }
    let whole = &paid[1];
    assert_eq!(whole.participants.len(), 2, "{whole:?}");
    for usage in &whole.participants {
        assert!(["ann", "bob"].contains(&usage.identity.as_str()));
        let most = usage.audio_secs.max(usage.video_secs);
        assert!(most >= EVERY_SECS / 2, "both talk all the time: {usage:?}");
        assert!(usage.bytes_in > 0 && usage.bytes_out > 0, "{usage:?}");
    }
    assert!(promised(&paid) > 0);
    assert_paid(&net, session, promised(&paid)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_pay_is_not_served() {
    let net = Network::start(setup()).await;
    let session = net.open_session_for(CALL_SERVICES, CAP_MICRO_USDC).await;
    let miser = net.host(session, &[], true).await.unwrap();
    let url = miser.url.clone();
    let ann = join(&url, &token(&net.voucher_signer, "lobby", "ann")).await;
    let bob = join(&url, &token(&net.voucher_signer, "lobby", "bob")).await;
    talking(&ann, &bob).await;

    // The connection stays, no voucher comes.
    let refused = miser.ended(PATIENCE).await.unwrap_err();
    assert!(refused.contains("not today"), "{refused}");
    ann.left(PATIENCE).await;
    bob.left(PATIENCE).await;
    let heard = (ann.heard(), bob.heard());
    let again = Caller::join(&url, &token(&net.voucher_signer, "lobby", "ann")).await;
    assert!(again.is_err(), "tokens are no longer good");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(heard, (ann.heard(), bob.heard()), "nothing more is forwarded");
    drop(miser);

    // Who comes back is told what is owed, and served once it is paid.
    let mut paid = Vec::new();
    let host = eventually("a session that is open again", PATIENCE, async || {
        let host = net.host(session, &paid, false).await.ok()?;
        // Back before the end of the session that was not paid: paid now, and over.
        let is_over = host.ended(Duration::from_secs(5));
        let is_over = tokio::time::timeout(Duration::from_secs(4), is_over).await.is_ok();
        paid.extend(host.paid());
        (!is_over).then_some(host)
    })
    .await;
    assert!(promised(&paid) > 0, "what was owed is paid");
    let carol = join(&url, &token(&net.voucher_signer, "lobby", "carol")).await;
    carol.leave().await;
    assert_paid(&net, session, promised(&paid)).await;
    drop(host);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_worker_and_keeper_lose_no_signed_minute() {
    let mut net = Network::start(setup()).await;
    let session = net.open_session_for(CALL_SERVICES, CAP_MICRO_USDC).await;
    let host = net.host(session, &[], false).await.unwrap();
    let url = host.url.clone();
    let ann_token = token(&net.voucher_signer, "lobby", "ann");
    let bob_token = token(&net.voucher_signer, "lobby", "bob");
    let (ann, bob) = (join(&url, &ann_token).await, join(&url, &bob_token).await);
    talking(&ann, &bob).await;
    host.minutes(1, PATIENCE).await;

    net.keeper.kill_sfu();
    net.keeper.logs("SFU worker ended").await;
    let (ann, bob) = (join(&url, &ann_token).await, join(&url, &bob_token).await);
    talking(&ann, &bob).await;
    // The same connection goes on: what was counted before is charged, what comes after follows.
    let before = host.paid().len();
    host.minutes(before + 2, PATIENCE).await;
    assert!(!host.is_over());

    net.keeper.kill();
    let mut paid = host.paid();
    drop((host, ann, bob));
    net.keeper = Keeper::start(&net.keeper_config());
    net.keeper.healthy(&net.endpoint).await;
    let host = net.host(session, &paid, false).await.unwrap();
    let (ann, bob) = (join(&url, &ann_token).await, join(&url, &bob_token).await);
    talking(&ann, &bob).await;
    host.minutes(1, PATIENCE).await;
    host.finish();
    assert_eq!(host.ended(PATIENCE).await, Ok(EndReason::Finished));
    paid.extend(host.paid());
    // No gap and no minute twice: every receipt followed from the one before.
    let sequences = paid.iter().map(|minute| minute.receipt.sequence);
    assert!(sequences.eq(0..u32::try_from(paid.len()).unwrap()), "{paid:?}");
    assert_paid(&net, session, promised(&paid)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_and_empty_escrows_are_refused() {
    // Enough for half a minute of two participants with audio and video.
    let net = Network::start(Setup { deposit_micro_usdc: 2_000, ..setup() }).await;
    let session = net.open_session_for(CALL_SERVICES, CAP_MICRO_USDC).await;
    let speech = net.open_session(CAP_MICRO_USDC).await;
    let refused = net.host(speech, &[], false).await;
    assert!(refused.unwrap_err().to_string().contains("did not buy audio"));

    let host = net.host(session, &[], false).await.unwrap();
    let url = host.url.clone();
    let stranger = Keypair::new();
    let mut forged = token(&net.voucher_signer, "lobby", "ann");
    forged.replace_range(forged.len() - 4.., "AAAA");
    let now = heliograph_network_tests::unix_ms() / 1_000;
    let expired = token_until(&net.voucher_signer, "lobby", "ann", now - 90);
    let foreign = heliograph_call::token::Token::new("lobby", "ann")
        .session(speech.address.to_string())
        .sign_keypair(&net.voucher_signer.to_bytes())
        .unwrap();
    let http = url.replace("ws://", "http://");
    for (what, token) in [
        ("of a stranger", token(&stranger, "lobby", "ann")),
        ("forged", forged),
        ("expired", expired),
        ("of another session", foreign),
        ("none", String::new()),
    ] {
        let answer = reqwest::get(format!("{http}/rtc/validate?access_token={token}")).await;
        assert_eq!(answer.unwrap().status().as_u16(), 401, "token {what}");
        assert!(Call::join(&url, &token, JoinOptions::default()).await.is_err(), "token {what}");
    }
    // The same token, not expired yet, is good.
    let good = token_until(&net.voucher_signer, "lobby", "ann", now + 60);
    let answer = reqwest::get(format!("{http}/rtc/validate?access_token={good}")).await;
    assert_eq!(answer.unwrap().status().as_u16(), 200);

    let ann = join(&url, &token(&net.voucher_signer, "lobby", "ann")).await;
    let bob = join(&url, &token(&net.voucher_signer, "lobby", "bob")).await;
    talking(&ann, &bob).await;
    assert_eq!(host.ended(2 * PATIENCE).await, Ok(EndReason::EscrowExhausted));
    let paid = host.paid();
    assert!(promised(&paid) <= 2_000 && promised(&paid) > 0, "{}", promised(&paid));
    ann.left(PATIENCE).await;
    bob.left(PATIENCE).await;
    assert_paid(&net, session, promised(&paid)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn speech_in_a_call_becomes_captions_and_is_paid() {
    let net = Network::start(setup()).await;
    let bought = CALL_SERVICES.with(ServiceSet::of(Service::Transcription));
    let session = net.open_session_for(bought, CAP_MICRO_USDC).await;
    let english = Captions { language: Some("en".to_owned()) };
    let host = net.host_with(session, Some(english), None).await.unwrap();
    let url = host.url.clone();
    let not_her = Token::new("lobby", "bob").not_transcribed();
    let bob = not_her.sign_keypair(&net.voucher_signer.to_bytes()).unwrap();
    let bob = join(&url, &bob).await;
    let ann = token(&net.voucher_signer, "lobby", "ann");
    let ann = Caller::speaking(&url, &ann, jfk_packets()).await.unwrap();

    let words = |caller: &Caller| {
        let texts = caller.texts().into_iter().flat_map(|said| {
            assert_eq!(said.transcribed_participant_identity, "ann");
            said.segments.into_iter().filter(|segment| segment.r#final)
        });
        texts.map(|segment| segment.text.to_lowercase()).collect::<Vec<_>>().join(" ")
    };
    let hears = |caller: &Caller| {
        let said = words(caller);
        (said.contains("fellow americans") && said.contains("your country")).then_some(())
    };
    eventually("bob reads what ann says", 2 * PATIENCE, async || hears(&bob)).await;
    assert!(bob.knows_transcribed("ann") && !bob.knows_transcribed("bob"));
    assert!(hears(&ann).is_some(), "she reads it too");

    // A worker that dies costs time, and no words.
    net.keeper.kill_speech();
    net.keeper.logs("the tap waits").await;
    let before = words(&bob).len();
    eventually("captions go on", 2 * PATIENCE, async || {
        (words(&bob).len() > before + 50).then_some(())
    })
    .await;

    host.minutes(host.paid().len() + 1, PATIENCE).await;
    host.finish();
    assert_eq!(host.ended(PATIENCE).await, Ok(EndReason::Finished));
    let paid = host.paid();
    let transcribed: u32 =
        paid.iter().map(|minute| minute.receipt.usage.secs(Service::Transcription)).sum();
    let records: u32 = paid.iter().map(|minute| minute.receipt.records_count).sum();
    assert!(transcribed >= 10 && records >= 2, "{transcribed} s, {records} records");
    for minute in &paid {
        let of_bob = minute.participants.iter().find(|usage| usage.identity == "bob");
        assert!(of_bob.is_none_or(|usage| usage.transcribed_samples == 0), "{minute:?}");
    }
    assert!(host.not_transcribed().is_empty(), "{:?}", host.not_transcribed());
    assert_paid(&net, session, promised(&paid)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_end_before_the_call_does() {
    // Media of two cost about 4,000 a minute, their speech 10,000.
    let net = Network::start(Setup { deposit_micro_usdc: 5_000, ..setup() }).await;
    let bought = CALL_SERVICES.with(ServiceSet::of(Service::Transcription));
    let session = net.open_session_for(bought, CAP_MICRO_USDC).await;
    let host = net.host_with(session, Some(Captions::default()), None).await.unwrap();
    let url = host.url.clone();
    let ann = token(&net.voucher_signer, "lobby", "ann");
    let ann = eventually("a seat in the call", PATIENCE, async || {
        Caller::speaking(&url, &ann, jfk_packets()).await.ok()
    })
    .await;
    let bob = join(&url, &token(&net.voucher_signer, "lobby", "bob")).await;
    talking(&ann, &bob).await;

    let told = || host.not_transcribed().into_iter().find(|(_, why)| why.contains("what is left"));
    eventually("the end of captions", 2 * PATIENCE, async || told()).await;
    eventually("they are known to be over", PATIENCE, async || {
        (!bob.knows_transcribed("ann")).then_some(())
    })
    .await;
    let heard = bob.heard().0;
    assert!(!host.is_over(), "the call goes on");
    eventually("ann is still heard", PATIENCE, async || (bob.heard().0 > heard + 50).then_some(()))
        .await;
    assert_eq!(host.ended(2 * PATIENCE).await, Ok(EndReason::EscrowExhausted));
    let paid = host.paid();
    let transcribed: u32 =
        paid.iter().map(|minute| minute.receipt.usage.secs(Service::Transcription)).sum();
    assert!(transcribed > 0 && promised(&paid) <= 5_000, "{transcribed} s, {}", promised(&paid));
    assert_paid(&net, session, promised(&paid)).await;
}
