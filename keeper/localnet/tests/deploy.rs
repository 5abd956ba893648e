//! Programs get on the cluster over plain RPC, and run.

mod support;

use std::cell::Cell;
use std::time::Instant;

use heliograph_client::deploy::{Deployed, deploy};
use heliograph_client::send::{Options, send};
use heliograph_client::{Error, Rpc};
use heliograph_localnet::{Config, GenesisProgram};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use support::{SOL, funded, program};

#[tokio::test]
async fn program_is_deployed_left_alone_upgraded_and_extended() {
    let (_localnet, rpc, payer) = funded(Config::default()).await;
    let (key, authority) = (Keypair::new(), Keypair::new());
    let put = async |elf: &[u8]| deploy(&rpc, &payer, &key, &authority, elf, |_, _| {}).await;
    let program_id = key.pubkey();

    let first = program("first", 0, 5_000);
    assert_eq!(put(&first).await.unwrap(), Deployed::Deployed);
    assert_eq!(call(&rpc, &payer, &program_id).await.unwrap(), "first");

    let before = rpc.balance_lamports(&payer.pubkey()).await.unwrap();
    assert_eq!(put(&first).await.unwrap(), Deployed::Unchanged);
    assert_eq!(rpc.balance_lamports(&payer.pubkey()).await.unwrap(), before, "nothing is sent");

    // Smaller: the first one's tail must be gone.
    let second = program("second", 7, 10);
    assert_eq!(put(&second).await.unwrap(), Deployed::Upgraded);
    let error = call(&rpc, &payer, &program_id).await.unwrap_err();
    assert!(matches!(&error, Error::Program { program_id: id, code: 7, .. } if *id == program_id));
    assert_eq!(put(&second).await.unwrap(), Deployed::Unchanged);

    // Larger than the room the first one got.
    let third = program("third", 0, 60_000);
    assert_eq!(put(&third).await.unwrap(), Deployed::Upgraded);
    assert_eq!(call(&rpc, &payer, &program_id).await.unwrap(), "third");
    assert_eq!(put(&third).await.unwrap(), Deployed::Unchanged);
}

#[tokio::test]
async fn broken_off_deployment_continues_where_it_was() {
    let (_localnet, rpc, payer) = funded(Config::default()).await;
    let key = Keypair::new();
    let elf = program("whole", 0, 40_000);

    // Ends at the first report of at least a third, with writes still on their way.
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let stop = Cell::new(Some(stop));
    let report = |done: usize, total: usize| {
        if done * 3 >= total
            && let Some(stop) = stop.take()
        {
            let _ = stop.send(());
        }
    };
    tokio::select! {
        biased;
        _ = stopped => {}
        outcome = deploy(&rpc, &payer, &key, &payer, &elf, report) => {
            panic!("it should have been cut off: {outcome:?}");
        }
    }
    assert!(rpc.get_account(&key.pubkey()).await.unwrap().is_none(), "not deployed yet");

    let first_report = Cell::new(None);
    let report = |done: usize, total: usize| {
        if first_report.get().is_none() {
            first_report.set(Some((done, total)));
        }
    };
    let outcome = deploy(&rpc, &payer, &key, &payer, &elf, report).await.unwrap();
    assert_eq!(outcome, Deployed::Deployed);
    let (done, total) = first_report.get().unwrap();
    assert_eq!(total, elf.len());
    assert!(done * 4 >= total, "{done} of {total} bytes were there: a new buffer was begun");
    assert_eq!(call(&rpc, &payer, &key.pubkey()).await.unwrap(), "whole");
}

#[tokio::test]
async fn deployments_that_cannot_succeed_cost_nothing() {
    let (_localnet, rpc, payer) = funded(Config::default()).await;
    let (key, other) = (Keypair::new(), Keypair::new());
    let elf = program("mine", 0, 100);
    deploy(&rpc, &payer, &key, &payer, &elf, |_, _| {}).await.unwrap();
    let before = rpc.balance_lamports(&payer.pubkey()).await.unwrap();

    let theirs = program("theirs", 0, 100);
    let error = deploy(&rpc, &payer, &key, &other, &theirs, |_, _| {}).await.unwrap_err();
    assert!(matches!(error, Error::Deploy { .. }), "{error}");
    assert!(error.to_string().contains(&payer.pubkey().to_string()), "who may: {error}");

    let error = deploy(&rpc, &payer, &other, &payer, b"#!/bin/sh", |_, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("not an ELF"), "{error}");

    let mut future = elf.clone();
    future[48] = 9;
    let error = deploy(&rpc, &payer, &other, &payer, &future, |_, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("sBPF v9"), "{error}");

    assert_eq!(rpc.balance_lamports(&payer.pubkey()).await.unwrap(), before);

    rpc.airdrop(&other.pubkey(), SOL / 100).await.unwrap();
    let large = program("large", 0, 50_000);
    let error = deploy(&rpc, &other, &Keypair::new(), &other, &large, |_, _| {}).await.unwrap_err();
    assert!(
        matches!(error, Error::InsufficientFunds { needed_lamports, available_lamports, .. }
            if needed_lamports > available_lamports && available_lamports == SOL / 100),
        "{error}"
    );
}

#[tokio::test]
async fn program_of_the_first_slot_is_like_a_deployed_one() {
    let (key, authority) = (Keypair::new(), Keypair::new());
    let elf = program("from the start", 0, 2_000);
    let genesis = GenesisProgram::new(key.pubkey(), authority.pubkey(), &elf);
    let (_localnet, rpc, payer) =
        funded(Config { programs: vec![genesis], ..Config::default() }).await;
    assert_eq!(call(&rpc, &payer, &key.pubkey()).await.unwrap(), "from the start");

    let put = async |elf: &[u8]| deploy(&rpc, &payer, &key, &authority, elf, |_, _| {}).await;
    assert_eq!(put(&elf).await.unwrap(), Deployed::Unchanged);
    assert_eq!(put(&program("larger", 0, 9_000)).await.unwrap(), Deployed::Upgraded);
    assert_eq!(call(&rpc, &payer, &key.pubkey()).await.unwrap(), "larger");
}

/// The size of our programs. Prints how long it takes.
#[tokio::test]
async fn program_of_300_kb_is_deployed_whole() {
    let (_localnet, rpc, payer) = funded(Config::default()).await;
    let key = Keypair::new();
    let elf = program("large", 0, 300_000);
    let started = Instant::now();
    deploy(&rpc, &payer, &key, &payer, &elf, |_, _| {}).await.unwrap();
    println!("deployed {} bytes in {:?}", elf.len(), started.elapsed());
    assert_eq!(call(&rpc, &payer, &key.pubkey()).await.unwrap(), "large");
}

/// Calls a program and returns what it logged.
async fn call(rpc: &Rpc, payer: &Keypair, program_id: &Pubkey) -> Result<String, Error> {
    let instruction =
        Instruction { program_id: *program_id, accounts: Vec::new(), data: Vec::new() };
    let signature = send(rpc, payer, &[], &[instruction], Options::default()).await?;
    let transaction = rpc.get_transaction(&signature).await?.expect("it is confirmed");
    let said = transaction.log_messages.iter().find_map(|line| line.strip_prefix("Program log: "));
    Ok(said.expect("the program logs something").to_owned())
}
