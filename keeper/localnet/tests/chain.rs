//! What the rest of the network relies on when it runs on an embedded cluster.

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use heliograph_client::deploy::{Deployed, deploy};
use heliograph_client::rpc::{Filter, Transaction};
use heliograph_client::send::{Options, confirm, prepare, send, submit};
use heliograph_client::{RetryPolicy, Rpc};
use heliograph_localnet::{Config, Error, Localnet};
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;
use solana_signer::Signer;
use solana_system_interface::instruction::{create_account, transfer};
use spl_token_interface::instruction as token;
use support::{SOL, funded, program};

const DAY_SECS: i64 = 86_400;

#[tokio::test]
async fn transfer_is_confirmed_and_told_in_full() {
    let (localnet, rpc, payer) = funded(Config::default()).await;
    let to = Pubkey::new_unique();
    let instruction = transfer(&payer.pubkey(), &to, SOL);
    let signature = send(&rpc, &payer, &[], std::slice::from_ref(&instruction), Options::default())
        .await
        .unwrap();

    assert_eq!(rpc.balance_lamports(&to).await.unwrap(), SOL);
    let told = rpc.get_transaction(&signature).await.unwrap().unwrap();
    assert_eq!((told.signature, &told.err), (signature, &None));
    assert_eq!(told.account_keys[..2], [payer.pubkey(), to]);
    let transfer = told.instructions.last().unwrap();
    assert_eq!(transfer.program_id, system_program::ID);
    assert_eq!(transfer.accounts, [payer.pubkey(), to]);
    assert_eq!(transfer.data, instruction.data);
    assert!(told.compute_units_consumed.unwrap() > 0);
    let now = localnet.unix_secs().await.unwrap();
    assert!((now - told.block_time.unwrap()).abs() <= 5, "{now} {:?}", told.block_time);

    assert!(rpc.get_transaction(&Default::default()).await.unwrap().is_none());
    assert!(rpc.get_account(&Pubkey::new_unique()).await.unwrap().is_none());
}

#[tokio::test]
async fn history_is_listed_oldest_first_from_where_it_was_left() {
    let (_localnet, rpc, payer) = funded(Config { slot_ms: 50, ..Config::default() }).await;
    let to = Pubkey::new_unique();
    let mut sent = Vec::new();
    for amount in 1..=6 {
        let instruction = transfer(&payer.pubkey(), &to, SOL + amount);
        sent.push(send(&rpc, &payer, &[], &[instruction], Options::default()).await.unwrap());
    }
    let listed = async |until| -> Vec<_> {
        let listed = rpc.signatures_for_address(&to, until).await.unwrap();
        listed.into_iter().map(|info| info.signature).collect()
    };
    assert_eq!(listed(None).await, sent);
    assert_eq!(listed(Some(sent[3])).await, sent[4..]);
    assert_eq!(listed(Some(sent[5])).await, []);
    assert!(rpc.signatures_for_address(&Pubkey::new_unique(), None).await.unwrap().is_empty());
}

/// Whoever replays the history reads each transaction once and goes on from there, so nothing may
/// be listed before its block is closed: not without its time, nor in an order that changes yet.
#[tokio::test]
async fn history_lists_closed_blocks_only() {
    let (_localnet, rpc, payer) = funded(Config::default()).await;
    let to = Pubkey::new_unique();
    let (mut seen, mut sent) = (Vec::new(), Vec::new());
    for amount in 0..12 {
        let pay = transfer(&payer.pubkey(), &to, SOL + amount);
        let options = Options { compute_unit_limit: Some(1_000), ..Options::default() };
        let prepared = prepare(&rpc, &payer, &[], &[pay], options).await.unwrap();
        submit(&rpc, &prepared).await.unwrap();
        sent.push(prepared.signature);
        if amount == 11 {
            confirm(&rpc, &prepared).await.unwrap();
        }
        for info in rpc.signatures_for_address(&to, seen.last().copied()).await.unwrap() {
            let told = rpc.get_transaction(&info.signature).await.unwrap().unwrap();
            assert!(told.block_time.is_some(), "listed before its block was closed");
            seen.push(info.signature);
        }
    }
    assert_eq!(seen, sent);
}

#[tokio::test]
async fn calls_between_programs_and_token_balances_are_told() {
    let (_localnet, rpc, payer) = funded(Config::default()).await;
    let (mint, owner) = (Keypair::new(), Pubkey::new_unique());
    create_mint(&rpc, &payer, &mint).await;
    let (account, create) = create_token_account(&payer.pubkey(), &owner, &mint.pubkey());
    assert_eq!(rpc.token_balance(&account).await.unwrap(), None);

    let mint_to = token::mint_to(
        &spl_token_interface::ID,
        &mint.pubkey(),
        &account,
        &payer.pubkey(),
        &[],
        1_500_000,
    );
    let instructions = [create, mint_to.unwrap()];
    let signature = send(&rpc, &payer, &[], &instructions, Options::default()).await.unwrap();
    assert_eq!(rpc.token_balance(&account).await.unwrap(), Some(1_500_000));
    assert!(rpc.token_balance(&payer.pubkey()).await.is_err(), "not a token account");

    let told = rpc.get_transaction(&signature).await.unwrap().unwrap();
    let (create, mint_to) = match told.instructions.as_slice() {
        [.., create, mint_to] => (create, mint_to),
        other => panic!("{other:?}"),
    };
    let called: Vec<Pubkey> = create.inner.iter().map(|inner| inner.program_id).collect();
    assert!(called.contains(&spl_token_interface::ID), "{called:?}");
    assert!(called.contains(&system_program::ID), "{called:?}");
    assert!(create.inner.iter().all(|inner| inner.stack_height == 2), "{:?}", create.inner);
    // The last call a token account is made with: InitializeAccount3, with its owner.
    let last = create.inner.last().unwrap();
    assert_eq!(last.data, [&[18], owner.as_ref()].concat());
    assert_eq!(last.accounts, [account, mint.pubkey()]);
    assert!(mint_to.inner.is_empty());
    assert!(told.pre_token_balances.is_empty(), "{:?}", told.pre_token_balances);
    let [after] = told.post_token_balances.as_slice() else { panic!("{told:?}") };
    assert_eq!((after.account, after.mint, after.owner), (account, mint.pubkey(), Some(owner)));
    assert_eq!(after.amount, 1_500_000);

    let token_accounts = rpc
        .get_program_accounts(&spl_token_interface::ID, vec![Filter::DataSize(165)])
        .await
        .unwrap();
    assert_eq!(token_accounts.len(), 1);
    assert_eq!(token_accounts[0].0, account);
}

#[tokio::test]
async fn time_travels_forward_only_and_runs_on() {
    let (localnet, rpc, payer) = funded(Config { slot_ms: 100, ..Config::default() }).await;
    let start = localnet.unix_secs().await.unwrap();
    assert!((start - wall_unix_secs()).abs() <= 2);

    let target = start + 30 * DAY_SECS;
    localnet.time_travel(target).await.unwrap();
    let there = localnet.unix_secs().await.unwrap();
    assert!((target..=target + 2).contains(&there), "{}", there - target);

    let told = pay(&rpc, &payer).await;
    let block_time = told.block_time.unwrap();
    assert!((target..=target + 5).contains(&block_time), "{}", block_time - target);

    // It runs on at the pace of this machine's clock.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let later = localnet.unix_secs().await.unwrap();
    assert!((3..=5).contains(&(later - there)), "{}", later - there);

    for target in [start, later] {
        let error = localnet.time_travel(target).await.unwrap_err();
        assert!(matches!(error, Error::TimeBackwards { .. }), "{error}");
    }
    // A step shorter than two slots must not repeat a slot.
    let slot = rpc.slot().await.unwrap();
    localnet.time_travel(localnet.unix_secs().await.unwrap() + 1).await.unwrap();
    assert!(rpc.slot().await.unwrap() >= slot);
    pay(&rpc, &payer).await;
}

#[tokio::test]
async fn chain_keeps_up_with_the_clock_and_its_history() {
    let (localnet, rpc, payer) = funded(Config { slot_ms: 20, ..Config::default() }).await;
    let first = pay(&rpc, &payer).await;
    // More slots than a blockhash lives, or a real node keeps the status of a transaction for.
    while rpc.slot().await.unwrap() < first.slot + 400 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(rpc.get_transaction(&first.signature).await.unwrap(), Some(first.clone()));
    let listed = rpc.signatures_for_address(&payer.pubkey(), None).await.unwrap();
    assert!(listed.iter().any(|info| info.signature == first.signature));
    let lag = wall_unix_secs() - localnet.unix_secs().await.unwrap();
    assert!((-1..=1).contains(&lag), "{lag} s behind");
}

#[tokio::test]
async fn restart_with_a_database_continues_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        database: Some(folder.path().join("new").join("chain.sqlite")),
        slot_ms: 100,
        ..Config::default()
    };
    let (localnet, rpc, payer) = funded(config.clone()).await;
    let key = Keypair::new();
    let elf = program("still here", 0, 3_000);
    deploy(&rpc, &payer, &key, &payer, &elf, |_, _| {}).await.unwrap();
    let target = localnet.unix_secs().await.unwrap() + 10 * DAY_SECS;
    localnet.time_travel(target).await.unwrap();
    let old = pay(&rpc, &payer).await;
    let genesis = rpc.genesis_hash().await.unwrap();
    let balance = rpc.balance_lamports(&payer.pubkey()).await.unwrap();
    let slot = rpc.slot().await.unwrap();
    let (blockhash, height) = rpc.latest_blockhash().await.unwrap();
    localnet.shutdown();

    let localnet = Localnet::start(config).await.unwrap();
    let rpc = Rpc::new(localnet.rpc_url(), RetryPolicy::INTERACTIVE);
    assert!(rpc.slot().await.unwrap() > slot, "a slot repeats");
    let (new_blockhash, new_height) = rpc.latest_blockhash().await.unwrap();
    assert!(new_height > height && new_blockhash != blockhash, "a blockhash repeats");
    assert_eq!(rpc.genesis_hash().await.unwrap(), genesis);
    assert_eq!(rpc.balance_lamports(&payer.pubkey()).await.unwrap(), balance);
    assert_eq!(rpc.get_transaction(&old.signature).await.unwrap(), Some(old.clone()));
    let now = localnet.unix_secs().await.unwrap();
    assert!((target..=target + 60).contains(&now), "{}", now - target);

    let again = deploy(&rpc, &payer, &key, &payer, &elf, |_, _| {}).await.unwrap();
    assert_eq!(again, Deployed::Unchanged);
    let call = Instruction { program_id: key.pubkey(), accounts: Vec::new(), data: Vec::new() };
    let signature = send(&rpc, &payer, &[], &[call], Options::default()).await.unwrap();
    let told = rpc.get_transaction(&signature).await.unwrap().unwrap();
    assert!(told.log_messages.iter().any(|line| line == "Program log: still here"), "{told:?}");
    assert!(told.block_time.unwrap() >= old.block_time.unwrap(), "time went back");
    let listed = rpc.signatures_for_address(&payer.pubkey(), None).await.unwrap();
    assert_eq!(listed.last().unwrap().signature, signature, "the newest is last");
    rpc.airdrop(&payer.pubkey(), SOL).await.unwrap();
}

#[tokio::test]
async fn chains_without_a_database_are_told_apart() {
    let one = Localnet::start(Config::default()).await.unwrap();
    let two = Localnet::start(Config::default()).await.unwrap();
    let genesis = async |localnet: &Localnet| {
        Rpc::new(localnet.rpc_url(), RetryPolicy::INTERACTIVE).genesis_hash().await.unwrap()
    };
    assert_ne!(genesis(&one).await, genesis(&two).await);
}

async fn pay(rpc: &Rpc, payer: &Keypair) -> Transaction {
    let instruction = transfer(&payer.pubkey(), &Pubkey::new_unique(), SOL);
    let signature = send(rpc, payer, &[], &[instruction], Options::default()).await.unwrap();
    rpc.get_transaction(&signature).await.unwrap().expect("it is confirmed")
}

async fn create_mint(rpc: &Rpc, payer: &Keypair, mint: &Keypair) {
    const MINT_LEN: u64 = 82;
    let id = spl_token_interface::ID;
    let rent = rpc.rent_lamports(MINT_LEN as usize).await.unwrap();
    let instructions = [
        create_account(&payer.pubkey(), &mint.pubkey(), rent, MINT_LEN, &id),
        token::initialize_mint2(&id, &mint.pubkey(), &payer.pubkey(), None, 6).unwrap(),
    ];
    send(rpc, payer, &[mint], &instructions, Options::default()).await.unwrap();
}

/// The associated token account of `owner`, and the instruction that makes it.
fn create_token_account(payer: &Pubkey, owner: &Pubkey, mint: &Pubkey) -> (Pubkey, Instruction) {
    const ASSOCIATED_TOKEN: Pubkey =
        Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
    let token = spl_token_interface::ID;
    let seeds = [owner.as_ref(), token.as_ref(), mint.as_ref()];
    let (account, _) = Pubkey::find_program_address(&seeds, &ASSOCIATED_TOKEN);
    let accounts = vec![
        AccountMeta::new(*payer, true),
        AccountMeta::new(account, false),
        AccountMeta::new_readonly(*owner, false),
        AccountMeta::new_readonly(*mint, false),
        AccountMeta::new_readonly(system_program::ID, false),
        AccountMeta::new_readonly(token, false),
    ];
    (account, Instruction { program_id: ASSOCIATED_TOKEN, accounts, data: Vec::new() })
}

fn wall_unix_secs() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}
