//! Speech is paid for by the minute, whatever breaks meanwhile.

use heliograph_client::stream::EndReason;
use heliograph_network_tests::{Heard, Keeper, Network, Setup, demo_speech, play};

const CAP_MICRO_USDC: u64 = 100_000;

/// What `samples` of audio cost at 5,000 a minute, as the rule says, a minute at a time.
fn cost(samples: usize) -> u64 {
    let (whole, rest) = (samples / 960_000, samples % 960_000);
    whole as u64 * 5_000 + (rest as u64).div_ceil(16_000) * 5_000 / 60
}

/// Continuous receipts, everything promised, settled and divided; a clean audit.
async fn assert_paid(net: &Network, session: heliograph_network_tests::OpenSession, heard: &Heard) {
    let promised = heard.promised_micro_usdc();
    net.settled(session, promised).await;
    let totals = net.session(session).await.totals;
    assert_eq!((totals.settled_micro_usdc, totals.paid_micro_usdc), (promised, promised));
    assert_eq!(net.balance(&net.payout()).await, promised * 3 / 4);
    assert_eq!(net.balance(&net.network.treasury).await, promised - promised * 3 / 4);
    net.audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn speech_is_transcribed_and_paid_by_the_minute() {
    let net = Network::start(Setup::default()).await;
    let speech = demo_speech();
    let session = net.open_session(CAP_MICRO_USDC).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    play(&mut stream, &speech, &mut heard, |_| false).await.unwrap();

    assert_eq!(heard.ended, Some(EndReason::Finished));
    assert_eq!(heard.minutes.len(), speech.len().div_ceil(960_000));
    assert_eq!(heard.promised_micro_usdc(), cost(speech.len()));
    assert!(heard.text().split_whitespace().count() > 200, "{}", heard.text());
    assert_paid(&net, session, &heard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_worker_loses_no_signed_minute() {
    let net = Network::start(Setup::default()).await;
    let speech = demo_speech();
    let session = net.open_session(CAP_MICRO_USDC).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    play(&mut stream, &speech, &mut heard, |heard| !heard.minutes.is_empty()).await.unwrap();
    net.keeper.kill_worker();
    // The same connection goes on: the node feeds the next worker what the first left undone.
    play(&mut stream, &speech, &mut heard, |_| false).await.unwrap();

    assert!(net.keeper.log().contains("worker died"));
    assert_eq!(heard.ended, Some(EndReason::Finished));
    assert_eq!(heard.promised_micro_usdc(), cost(speech.len()));
    assert_paid(&net, session, &heard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_keeper_loses_no_signed_minute() {
    let mut net = Network::start(Setup::default()).await;
    let speech = demo_speech();
    let session = net.open_session(CAP_MICRO_USDC).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    play(&mut stream, &speech, &mut heard, |heard| !heard.minutes.is_empty()).await.unwrap();
    drop(stream);
    net.keeper.kill();
    net.keeper = Keeper::start(&net.keeper_config());
    net.keeper.healthy(&net.endpoint).await;

    let mut stream = net.stream(session, heard.tip()).await.unwrap();
    assert!(stream.sent_until() >= 960_000, "the paid minute is asked for again");
    play(&mut stream, &speech, &mut heard, |_| false).await.unwrap();
    assert_eq!(heard.ended, Some(EndReason::Finished));
    let last = &heard.minutes.last().unwrap().receipt;
    assert_eq!(last.media_end_sample, speech.len() as u64);
    assert_paid(&net, session, &heard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_rpc_delays_settlement_and_nothing_else() {
    let net = Network::start(Setup::default()).await;
    let speech = demo_speech();
    let session = net.open_session(CAP_MICRO_USDC).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    play(&mut stream, &speech, &mut heard, |heard| !heard.minutes.is_empty()).await.unwrap();
    net.proxy.cut();
    play(&mut stream, &speech, &mut heard, |_| false).await.unwrap();
    assert_eq!(heard.ended, Some(EndReason::Finished));
    let settled = net.session(session).await.totals.settled_micro_usdc;
    assert!(settled < heard.promised_micro_usdc(), "settled through a cut connection");
    net.proxy.mend();
    assert_paid(&net, session, &heard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_escrow_ends_the_stream_at_the_last_second_it_pays() {
    // A minute and a half.
    let net = Network::start(Setup { deposit_micro_usdc: 7_500, ..Setup::default() }).await;
    let speech = demo_speech();
    let session = net.open_session(CAP_MICRO_USDC).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    play(&mut stream, &speech, &mut heard, |_| false).await.unwrap();

    assert_eq!(heard.ended, Some(EndReason::EscrowExhausted));
    assert_eq!(heard.promised_micro_usdc(), 7_500);
    assert_eq!(heard.minutes.last().unwrap().receipt.media_end_sample, 90 * 16_000);
    assert_paid(&net, session, &heard).await;

    // After a deposit the same session goes on where it stopped.
    net.deposit(100_000).await;
    let mut stream = net.stream(session, heard.tip()).await.unwrap();
    assert_eq!(stream.sent_until(), 90 * 16_000);
    play(&mut stream, &speech, &mut heard, |_| false).await.unwrap();
    assert_eq!(heard.ended, Some(EndReason::Finished));
    net.settled(session, heard.promised_micro_usdc()).await;
    net.audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_cap_is_never_exceeded() {
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(2_000).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    play(&mut stream, &demo_speech(), &mut heard, |_| false).await.unwrap();
    assert_eq!(heard.ended, Some(EndReason::CapReached));
    assert_eq!(heard.promised_micro_usdc(), 2_000);
    assert_paid(&net, session, &heard).await;
}
