//! Every way a transaction or a request can end, against a real cluster.

mod support;

use std::time::{Duration, Instant};

use heliograph_client::deploy::deploy;
use heliograph_client::send::{self, Options, Outcome, Prepared};
use heliograph_client::{Error, RetryPolicy, Rpc};
use heliograph_localnet::Config;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction::transfer;
use support::{SOL, funded, program};

const FAST: Config = Config {
    bind: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
    rpc_port: 0,
    ws_port: 0,
    slot_ms: 25,
    database: None,
    programs: Vec::new(),
};

#[tokio::test]
async fn failing_program_is_named_with_its_code_and_words() {
    let (_localnet, rpc, payer) = funded(Config::default()).await;
    let key = Keypair::new();
    let words = "AnchorError caused by account: escrow. Error Code: EscrowTooLow. \
                 Error Number: 6004. Error Message: The escrow cannot pay this.";
    let elf = program(words, 6004, 0);
    deploy(&rpc, &payer, &key, &payer, &elf, |_, _| {}).await.unwrap();
    let call = Instruction { program_id: key.pubkey(), accounts: Vec::new(), data: Vec::new() };

    // Found by simulation, so that nothing is paid; with a limit of one's own by the preflight;
    // and, past both, by the executed transaction.
    let calls = [call];
    let measured = send::prepare(&rpc, &payer, &[], &calls, Options::default()).await;
    let explicit = Options { compute_unit_limit: Some(10_000), ..Options::default() };
    let prepared = send::prepare(&rpc, &payer, &[], &calls, explicit).await.unwrap();
    let preflight = send::submit(&rpc, &prepared).await;
    force(&rpc, &prepared).await;
    let executed = send::confirm(&rpc, &prepared).await;

    for (when, error) in [
        ("simulation", measured.unwrap_err()),
        ("preflight", preflight.unwrap_err()),
        ("execution", executed.unwrap_err()),
    ] {
        let Error::Program { program_id, code, name, message, logs } = &error else {
            panic!("{when}: {error:?}");
        };
        assert_eq!((*program_id, *code), (key.pubkey(), 6004), "{when}");
        assert_eq!(name.as_deref(), Some("EscrowTooLow"), "{when}");
        assert_eq!(message.as_deref(), Some("The escrow cannot pay this"), "{when}");
        assert!(!logs.is_empty(), "{when}");
        assert!(!error.is_retryable());
    }
    let height = prepared.last_valid_block_height;
    let outcome = send::status(&rpc, &prepared.signature, height).await.unwrap();
    assert!(matches!(outcome, Outcome::Failed { code: Some(6004), .. }), "{outcome:?}");
}

#[tokio::test]
async fn stored_transaction_is_executed_once_however_often_it_is_submitted() {
    let (_localnet, rpc, payer) = funded(Config::default()).await;
    let to = Pubkey::new_unique();
    let pay = transfer(&payer.pubkey(), &to, SOL);
    let options = Options { compute_unit_price_micro_lamports: 1_000, ..Options::default() };
    let prepared = send::prepare(&rpc, &payer, &[], &[pay], options).await.unwrap();
    let height = prepared.last_valid_block_height;
    let signature = prepared.signature;
    assert_eq!(send::status(&rpc, &signature, height).await.unwrap(), Outcome::Pending);

    // What a keeper does when it finds it in its database after a crash.
    let stored = prepared.to_base64();
    let found = Prepared::from_base64(&stored).unwrap();
    assert_eq!(found, prepared);
    send::submit(&rpc, &found).await.unwrap();
    send::submit(&rpc, &found).await.unwrap();
    let slot = send::confirm(&rpc, &found).await.unwrap();
    send::submit(&rpc, &found).await.unwrap();
    let outcome = send::status(&rpc, &signature, height).await.unwrap();
    assert_eq!(outcome, Outcome::Confirmed { slot });
    assert_eq!(rpc.balance_lamports(&to).await.unwrap(), SOL);

    assert!(Prepared::from_base64(&stored[..stored.len() / 2]).is_err());
    assert!(Prepared::from_base64("").is_err());
}

#[tokio::test]
async fn transaction_that_was_never_sent_expires() {
    let (_localnet, rpc, payer) = funded(FAST).await;
    let to = Pubkey::new_unique();
    let pay = transfer(&payer.pubkey(), &to, SOL);
    let prepared = send::prepare(&rpc, &payer, &[], &[pay], Options::default()).await.unwrap();
    let height = prepared.last_valid_block_height;
    let started = Instant::now();
    while send::status(&rpc, &prepared.signature, height).await.unwrap() != Outcome::Expired {
        assert!(started.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // The promise of `Expired`: the same bytes no longer get through.
    assert!(send::submit(&rpc, &prepared).await.is_err());
    force(&rpc, &prepared).await;
    let error = send::confirm(&rpc, &prepared).await.unwrap_err();
    assert!(matches!(error, Error::Expired { .. }) && error.is_retryable(), "{error}");
    assert_eq!(rpc.balance_lamports(&to).await.unwrap(), 0);
}

#[tokio::test]
async fn transactions_that_cannot_be_are_refused_here() {
    let (_localnet, rpc, payer) = funded(Config::default()).await;
    let stranger = Keypair::new();
    let theirs = transfer(&stranger.pubkey(), &payer.pubkey(), SOL);
    let error = send::send(&rpc, &payer, &[], &[theirs], Options::default()).await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");

    let options = Options { compute_unit_limit: Some(1_000), ..Options::default() };
    let ours = transfer(&payer.pubkey(), &stranger.pubkey(), SOL);
    let error = send::prepare(&rpc, &payer, &[&stranger], &[ours], options).await.unwrap_err();
    assert!(matches!(error, Error::Sign(_)), "{error}");

    let large =
        Instruction { program_id: stranger.pubkey(), accounts: vec![], data: vec![0; 2_000] };
    // Also where it would be simulated first.
    for options in [options, Options::default()] {
        let large = [large.clone()];
        let error = send::prepare(&rpc, &payer, &[], &large, options).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { size_bytes: 2_000.., .. }), "{error}");
    }

    // More than there is: not a program's own code, and said in words.
    let all = transfer(&payer.pubkey(), &stranger.pubkey(), 1_000 * SOL);
    let error = send::send(&rpc, &payer, &[], &[all], Options::default()).await.unwrap_err();
    assert!(
        error.to_string().contains("insufficient lamports")
            || matches!(error, Error::Program { code: 1, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn stopped_cluster_is_given_up_in_time_and_awaited_forever() {
    let (localnet, rpc, payer) = funded(FAST).await;
    let url = localnet.rpc_url().to_owned();
    let config = Config { rpc_port: url.rsplit(':').next().unwrap().parse().unwrap(), ..FAST };
    let hasty = rpc.with_policy(RetryPolicy::within(Duration::from_secs(2)));
    let patient = rpc.with_policy(RetryPolicy::FOREVER);
    localnet.shutdown();

    let started = Instant::now();
    let error = hasty.balance_lamports(&payer.pubkey()).await.unwrap_err();
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_millis(2_500), "{elapsed:?}");
    assert!(error.is_retryable(), "{error}");
    assert!(matches!(error, Error::Unreachable { attempts: 2.., .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&url) && text.contains("refused"), "{text}");

    let key = payer.pubkey();
    let waiting = tokio::spawn(async move { patient.balance_lamports(&key).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!waiting.is_finished());
    let _localnet = heliograph_localnet::Localnet::start(config).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), 0, "a fresh chain, but it answers");
}

/// Gets a transaction executed that a preflight would refuse. Surfpool reports the failure of such
/// a one like a success, as real nodes do.
async fn force(rpc: &Rpc, prepared: &Prepared) {
    let _ = send::submit_unchecked(rpc, prepared).await;
}
