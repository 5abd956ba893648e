//! Settlers bring a node's vouchers on chain: each minute once, to the unit, whatever breaks.

use heliograph_client::evidence::is_genuine;
use heliograph_client::stream::EndReason;
use heliograph_client::vouchers::{VOUCHERS_PATH, VouchersPage};
use heliograph_migrations::Params;
use heliograph_network_tests::{
    Gate, Heard, Network, OpenSession, Passage, Settler, Setup, demo_speech, eventually,
    jfk_speech, play,
};
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::voucher::Voucher;
use heliograph_settlement::state::Slot;
use std::time::Duration;
use tokio::net::TcpListener;

const CAP_MICRO_USDC: u64 = 100_000;

/// A network on which a batch can be claimed ten seconds after it was posted, with a node that
/// leaves its vouchers to settlers.
async fn network() -> Network {
    network_with(3_600).await
}

/// The same, with a node that does so for this long.
async fn network_with(redeem_after_secs: u64) -> Network {
    let params = Params {
        node_stake_min_tokens: 1_000,
        challenge_window_secs: 10,
        challenge_response_secs: 45,
        dispute_secs: 900,
        case_window_secs: 300,
        challenge_bond_micro_usdc: 1_000_000,
        ..Params::default()
    };
    let redeem_after_secs = Some(redeem_after_secs);
    Network::start(Setup { params, redeem_after_secs, ..Setup::default() }).await
}

async fn settler(net: &Network, name: &str) -> Settler {
    let gate = Gate::start(net.rpc_url()).await;
    Settler::start(net, name, gate, &[]).await
}

/// A node that shows the vouchers of `endpoint` with another amount, under the old signature.
async fn liar(endpoint: &str) -> String {
    let honest = format!("{endpoint}{VOUCHERS_PATH}?after=0");
    let forged = async move || {
        let bytes = reqwest::get(&honest).await.unwrap().bytes().await.unwrap();
        let mut page = VouchersPage::from_bytes(&bytes).unwrap();
        for minute in &mut page.minutes {
            // The amount lies before the receipt's hash, which is last.
            let amount = minute.voucher.bytes.len() - 32 - 8;
            minute.voucher.bytes[amount] ^= 1;
        }
        page.to_bytes()
    };
    let router = axum::Router::new().route(VOUCHERS_PATH, axum::routing::get(forged));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    endpoint
}

/// A node that takes connections and says nothing.
async fn silent() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            held.push(socket);
        }
    });
    endpoint
}

/// Eleven seconds in a session of their own, vouchered: what they cost.
async fn short_call(net: &Network) -> (OpenSession, u64) {
    let session = net.open_session(CAP_MICRO_USDC).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    play(&mut stream, &jfk_speech(), &mut heard, |_| false).await.unwrap();
    assert_eq!(heard.ended, Some(EndReason::Finished));
    (session, heard.promised_micro_usdc())
}

fn totals(posted: &[Slot]) -> u64 {
    posted.iter().map(|slot| slot.total_micro_usdc).sum()
}

/// Operator, settlers and treasury have been paid `settled` to the unit, each leaf divided by
/// itself; and the auditor agrees.
async fn assert_divided(net: &Network, settled: u64, settlers: &[(&Settler, u64)]) {
    let operator = settled * 3 / 4;
    assert_eq!(net.balance(&net.payout()).await, operator);
    let mut rest = settled - operator;
    for (settler, share) in settlers {
        assert_eq!(net.balance(&settler.payout).await, *share);
        rest -= share;
    }
    assert_eq!(net.balance(&net.network.treasury).await, rest);
    net.audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn minutes_of_a_call_are_posted_claimed_and_divided_to_the_unit() {
    let net = network().await;
    let settler = settler(&net, "settler").await;
    let speech = demo_speech();
    let session = net.open_session(CAP_MICRO_USDC).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    play(&mut stream, &speech, &mut heard, |heard| !heard.minutes.is_empty()).await.unwrap();
    let first = heard.promised_micro_usdc();
    assert_eq!(totals(&settler.posts(&net, 1).await), first);

    play(&mut stream, &speech, &mut heard, |_| false).await.unwrap();
    let promised = heard.promised_micro_usdc();
    // The second and third minute, in one batch or two.
    let mut posted = settler.posts(&net, 2).await;
    while totals(&posted) < promised {
        posted = settler.posts(&net, posted.len() + 1).await;
    }
    assert_eq!(totals(&posted), promised, "what was posted before is not posted again");

    // Anybody can check what was posted.
    let newest = posted.last().unwrap();
    let minute = newest.minute_index;
    let header = settler.serves(&format!("/v1/batches/{minute}")).await;
    assert_eq!(header["total_micro_usdc"], newest.total_micro_usdc);
    let leaves = settler.serves(&format!("/v1/batches/{minute}/leaves?from=0&count=1")).await;
    let leaf = &leaves["leaves"][0];
    assert_eq!(leaf["session"], session.address.to_string());
    assert_eq!(leaf["cumulative_micro_usdc"], promised);
    let proof = settler.serves(&format!("/v1/batches/{minute}/proof?from=0&count=1")).await;
    assert_eq!(proof["proof"].as_array().unwrap().len(), 0, "the only leaf is the root");
    let hash = leaf["voucher_hash"].as_str().unwrap();
    let bytes = settler.serves_bytes(&format!("/v1/vouchers/{hash}")).await;
    let voucher: Signed = borsh::from_slice(&bytes).unwrap();
    let says: Voucher = voucher.message(&net.network.domain()).unwrap();
    assert!(is_genuine(&voucher) && says.cumulative_micro_usdc == promised);

    net.settled(session, promised).await;
    let share = posted.iter().map(|slot| slot.total_micro_usdc / 20).sum();
    assert_divided(&net, promised, &[(&settler, share)]).await;
    assert_eq!(net.session(session).await.proven_micro_usdc, 0, "the node redeemed by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_settler_posts_each_minute_once_and_loses_no_leaf() {
    let net = network().await;
    let gate = Gate::start(net.rpc_url()).await;
    let mut settler = Settler::start(&net, "settler", gate, &[]).await;
    settler.keeper.logs("settle role started").await;

    // Killed when the batch is on its disk and nowhere else.
    settler.gate.set(Passage::ReadOnly);
    let (one, first) = short_call(&net).await;
    net.travel(60).await;
    settler.keeper.logs("batch written").await;
    settler.keeper.kill();
    assert_eq!(settler.posted(&net).await, []);
    settler.gate.set(Passage::Open);
    settler.restart();
    let posted = settler.posts(&net, 1).await;
    let written = format!("batch written minute_index={}", posted[0].minute_index);
    assert!(settler.keeper.log().contains(&written), "the minute that was written is posted");
    net.settled(one, first).await;

    // Killed when the batch is on chain, and nobody has told it.
    settler.gate.set(Passage::OneTransaction);
    let (two, second) = short_call(&net).await;
    net.travel(60).await;
    eventually("post", Duration::from_secs(60), async || {
        (settler.posted(&net).await.len() == 2).then_some(())
    })
    .await;
    assert_eq!(settler.gate.passage(), Passage::Shut);
    settler.keeper.kill();
    settler.gate.set(Passage::Open);
    settler.restart();
    net.travel(60).await;
    net.settled(two, second).await;

    let posted = settler.posted(&net).await;
    assert_eq!(posted.len(), 2, "nothing was posted twice");
    assert_eq!(settler.keeper.log().matches("batch written").count(), 2);
    assert_eq!(totals(&posted), first + second);
    let settled = first + second;
    let operator = first * 3 / 4 + second * 3 / 4;
    assert_eq!(net.balance(&net.payout()).await, operator);
    let share = first / 20 + second / 20;
    assert_eq!(net.balance(&settler.payout).await, share);
    assert_eq!(net.balance(&net.network.treasury).await, settled - operator - share);
    net.audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_settlers_at_once_pay_nobody_twice() {
    let net = network().await;
    let (one, two) = (settler(&net, "one").await, settler(&net, "two").await);
    let (session, promised) = short_call(&net).await;
    assert_eq!(totals(&one.posts(&net, 1).await), promised);
    assert_eq!(totals(&two.posts(&net, 1).await), promised);
    net.settled(session, promised).await;
    // The slower one finds that nothing is left, and does not try for ever.
    one.keeper.logs("batch done").await;
    two.keeper.logs("batch done").await;

    let mut claimed = Vec::new();
    for settler in [&one, &two] {
        claimed.push(settler.posted(&net).await.iter().map(|slot| slot.claimed_micro_usdc).sum());
    }
    assert_eq!(claimed.iter().sum::<u64>(), promised);
    let shares = [(&one, claimed[0] / 20), (&two, claimed[1] / 20)];
    assert_divided(&net, promised, &shares).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn challenge_is_answered_and_costs_the_challenger_its_bond() {
    let net = network().await;
    let settler = settler(&net, "settler").await;
    let (session, promised) = short_call(&net).await;
    let posted = settler.posts(&net, 1).await;
    let bond = net.network.params.challenge_bond_micro_usdc;
    settler.challenge(&net, posted[0].minute_index, 0).await;
    settler.keeper.logs("challenge answered").await;
    assert_eq!(settler.header(&net).await.open_challenges, 0);
    net.settled(session, promised).await;
    assert_eq!(net.session(session).await.proven_micro_usdc, promised);
    let share = promised / 20;
    assert_eq!(net.balance(&settler.payout).await, bond + share);
    assert_eq!(net.balance(&net.payout()).await, promised * 3 / 4);
    let treasury = promised - promised * 3 / 4 - share;
    assert_eq!(net.balance(&net.network.treasury).await, treasury);
    net.audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settler_whose_data_are_gone_fails_a_challenge_and_no_node_loses_by_it() {
    let net = network().await;
    let mut settler = settler(&net, "settler").await;
    let (session, promised) = short_call(&net).await;
    let posted = settler.posts(&net, 1).await;
    settler.keeper.kill();
    settler.forget();
    let challenge = settler.challenge(&net, posted[0].minute_index, 0).await;
    settler.restart();
    settler.keeper.logs("challenge not answered").await;
    net.travel(46).await;
    settler.fail(&net, challenge).await;
    assert!(settler.header(&net).await.void_until >= posted[0].posted_at);

    // The voucher is still good: collected and posted again, it is paid. A batch that was posted before
    // the verdict is void like the first.
    let void_until = settler.header(&net).await.void_until;
    let is_good = |posted: &[Slot]| posted.iter().any(|batch| batch.posted_at > void_until);
    let mut again = settler.posts(&net, 2).await;
    while !is_good(&again) {
        assert!(again.len() < 4, "{again:?}");
        again = settler.posts(&net, again.len() + 1).await;
    }
    net.settled(session, promised).await;
    let posted = settler.posted(&net).await;
    assert_eq!(posted[0].claimed_micro_usdc, 0, "a void batch pays nothing");
    assert_divided(&net, promised, &[(&settler, promised / 20)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lying_and_silent_nodes_cost_the_others_nothing() {
    let net = network().await;
    let (session, promised) = short_call(&net).await;
    let (liar, silent) = (liar(&net.endpoint).await, silent().await);
    let gate = Gate::start(net.rpc_url()).await;
    let settler = Settler::start(&net, "settler", gate, &[liar.clone(), silent.clone()]).await;
    let posted = settler.posts(&net, 1).await;
    assert_eq!((posted[0].count, posted[0].total_micro_usdc), (1, promised));
    for endpoint in [&liar, &silent] {
        settler.keeper.logs(&format!("node left alone endpoint=\"{endpoint}\"")).await;
    }
    assert!(settler.keeper.log().contains("the receipt is not the one that the voucher names"));
    net.settled(session, promised).await;
    assert_divided(&net, promised, &[(&settler, promised / 20)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_redeems_by_itself_what_no_settler_settles() {
    let net = network_with(20).await;
    let (session, promised) = short_call(&net).await;
    assert_eq!(net.session(session).await.totals.settled_micro_usdc, 0, "left to settlers");
    net.settled(session, promised).await;
    assert_eq!(net.session(session).await.proven_micro_usdc, promised);
    assert_divided(&net, promised, &[]).await;
}
