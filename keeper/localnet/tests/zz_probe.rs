mod support;
use std::time::{Duration, Instant};
use heliograph_client::deploy::deploy;
use heliograph_client::send::{self, Options};
use heliograph_client::{RetryPolicy, Rpc};
use heliograph_localnet::{Config, Localnet};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_pubkey::Pubkey;
use solana_system_interface::instruction::transfer;
use support::*;

#[tokio::test(flavor = "multi_thread")]
async fn probe() {
    for _ in 0..3 {
        let t = Instant::now();
        let l = Localnet::start(Config::default()).await.unwrap();
        let a = t.elapsed();
        let t = Instant::now();
        l.shutdown();
        println!("start {a:?} stop {:?}", t.elapsed());
    }
    let (l, rpc, payer) = funded(Config::default()).await;
    let s0 = rpc.slot().await.unwrap();
    let t = Instant::now();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let s1 = rpc.slot().await.unwrap();
    println!("slots in {:?}: {} expected {}", t.elapsed(), s1 - s0, t.elapsed().as_millis() / 400);
    for len in [100_000, 400_000] {
        let key = Keypair::new();
        let elf = program("x", 0, len);
        let t = Instant::now();
        deploy(&rpc, &payer, &key, &payer, &elf, |_, _| {}).await.unwrap();
        println!("deploy {} B: {:?}", elf.len(), t.elapsed());
        let t = Instant::now();
        deploy(&rpc, &payer, &key, &payer, &elf, |_, _| {}).await.unwrap();
        println!("unchanged: {:?}", t.elapsed());
    }
    let to = Pubkey::new_unique();
    let t = Instant::now();
    for _ in 0..10 {
        send::send(&rpc, &payer, &[], &[transfer(&payer.pubkey(), &to, SOL)], Options::default()).await.unwrap();
    }
    println!("10 sends {:?}", t.elapsed());
    // many in one slot, order within
    let (mut ps, mut sigs) = (vec![], vec![]);
    for i in 0..8 {
        let o = Options { compute_unit_limit: Some(1000), ..Default::default() };
        ps.push(send::prepare(&rpc, &payer, &[], &[transfer(&payer.pubkey(), &to, SOL / 100 + i)], o).await.unwrap());
    }
    for p in &ps { send::submit(&rpc, p).await.unwrap(); sigs.push(p.signature); }
    send::confirm(&rpc, ps.last().unwrap()).await.unwrap();
    let h = rpc.signatures_for_address(&to, None).await.unwrap();
    let tail: Vec<_> = h[h.len() - 8..].iter().map(|i| (i.signature == sigs[0], i.slot)).collect();
    println!("same-slot order kept: {} {:?}", h[h.len() - 8..].iter().map(|i| i.signature).eq(sigs.iter().copied()), tail);
    // failing tx in history
    let key = Keypair::new();
    deploy(&rpc, &payer, &key, &payer, &program("boo", 5, 0), |_, _| {}).await.unwrap();
    let call = Instruction { program_id: key.pubkey(), accounts: vec![], data: vec![] };
    let o = Options { compute_unit_limit: Some(10_000), ..Default::default() };
    let p = send::prepare(&rpc, &payer, &[], &[call], o).await.unwrap();
    send::submit_unchecked(&rpc, &p).await.unwrap();
    let e = send::confirm(&rpc, &p).await.unwrap_err();
    println!("{e}");
    let h = rpc.signatures_for_address(&key.pubkey(), None).await.unwrap();
    println!("failing listed: {:?}", h.iter().map(|i| &i.err).collect::<Vec<_>>());
    println!("tx: {:?}", rpc.get_transaction(&p.signature).await.unwrap());
    let url = l.rpc_url().to_owned();
    for body in [
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"getSignaturesForAddress","params":["{to}",{{"limit":3}}]}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"getSignaturesForAddress","params":["{to}",{{"limit":3,"before":"{}"}}]}}"#, sigs[5]),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"getSignaturesForAddress","params":["{to}",{{"limit":3,"until":"{}"}}]}}"#, sigs[5]),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"getTransaction","params":["{}",{{"encoding":"json","maxSupportedTransactionVersion":0}}]}}"#, sigs[5]),
        r#"{"jsonrpc":"2.0","id":1,"method":"getVersion"}"#.to_string(),
        r#"{"jsonrpc":"2.0","id":1,"method":"getGenesisHash"}"#.to_string(),
        r#"{"jsonrpc":"2.0","id":1,"method":"getEpochInfo"}"#.to_string(),
        r#"{"jsonrpc":"2.0","id":1,"method":"getFirstAvailableBlock"}"#.to_string(),
    ] {
        let out = tokio::process::Command::new("curl").args(["-s", "-H", "content-type: application/json", "-d", &body, &url]).output().await.unwrap();
        println!("{}\n  -> {}", body, String::from_utf8_lossy(&out.stdout));
    }
    println!("sigs {sigs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gc() {
    if std::env::var_os("SURFPOOL_GARBAGE_COLLECTION_INTERVAL_SLOTS").is_none() { return; }
    let folder = tempfile::tempdir().unwrap();
    let c = Config { slot_ms: 50, database: Some(folder.path().join("c.sqlite")), ..Config::default() };
    let t = Instant::now();
    let (l, rpc, payer) = funded(c).await;
    println!("db start+airdrop {:?}", t.elapsed());
    let key = Keypair::new();
    let t = Instant::now();
    deploy(&rpc, &payer, &key, &payer, &program("x", 0, 30_000), |_, _| {}).await.unwrap();
    println!("db deploy 30k {:?}", t.elapsed());
    for i in 0..6 {
        let s = rpc.slot().await.unwrap();
        while rpc.slot().await.unwrap() < s + 45 { tokio::time::sleep(Duration::from_millis(50)).await; }
        let call = Instruction { program_id: key.pubkey(), accounts: vec![], data: vec![] };
        let r = send::send(&rpc, &payer, &[], &[call], Options::default()).await;
        let a = rpc.airdrop(&Pubkey::new_unique(), SOL).await;
        println!("{i} call {:?} airdrop {:?} bal {:?}", r.map(|_| ()), a.map(|_| ()), rpc.balance_lamports(&payer.pubkey()).await);
    }
    drop(l);
    let _ = RetryPolicy::FOREVER; let _: Option<Rpc> = None;
}
