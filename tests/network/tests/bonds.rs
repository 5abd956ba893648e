//! A node on a network that asks for bonds: it serves what its channel's bond covers, and is paid
//! that whatever the app does with the rest of its money.

use heliograph_client::account;
use heliograph_client::stream::EndReason;
use heliograph_migrations::Params;
use heliograph_network_tests::{Heard, Network, Setup, demo_speech, play};
use heliograph_settlement::state::Channel;

/// A minute and a half.
const BOND: u64 = 7_500;
const CAP_MICRO_USDC: u64 = 100_000;

async fn network(deposit_micro_usdc: u64) -> Network {
    let params = Params { channel_bond_min_micro_usdc: BOND, ..Params::default() };
    Network::start(Setup { params, deposit_micro_usdc, ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bond_is_served_to_its_last_second_and_paid_in_full() {
    let net = network(1).await;
    net.move_escrow_away().await;
    let session = net.open_session(CAP_MICRO_USDC).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    play(&mut stream, &demo_speech(), &mut heard, |_| false).await.unwrap();
    assert_eq!(heard.ended, Some(EndReason::EscrowExhausted));
    assert_eq!(heard.promised_micro_usdc(), BOND);
    net.settled(session, BOND).await;
    let channel: Channel =
        account::get(&net.rpc, &net.session(session).await.channel).await.unwrap();
    assert_eq!(channel.bond_micro_usdc, 0);
    net.audit_is_clean().await;
}

/// While the node serves, the app takes all that the node does not hold a bond over.
#[tokio::test(flavor = "multi_thread")]
async fn app_that_takes_its_escrow_elsewhere_leaves_nothing_unpaid() {
    let net = network(1_000_000).await;
    let session = net.open_session(CAP_MICRO_USDC).await;
    let mut heard = Heard::default();
    let mut stream = net.stream(session, None).await.unwrap();
    net.move_escrow_away().await;
    play(&mut stream, &demo_speech(), &mut heard, |_| false).await.unwrap();
    assert_eq!(heard.ended, Some(EndReason::EscrowExhausted));
    assert_eq!(heard.promised_micro_usdc(), BOND, "not a second that the bond does not cover");
    net.settled(session, BOND).await;
    net.audit_is_clean().await;
}
