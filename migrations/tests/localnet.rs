//! The migrations on an embedded cluster, with the real bytecode.

use heliograph_client::{RetryPolicy, Rpc, account};
use heliograph_localnet::{Config, Localnet};
use heliograph_migrations::{Change, Domain, Error, Params, Plan, Programs, Tokens, run};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::path::Path;

const SOL: u64 = 1_000_000_000;

fn programs() -> Programs {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/deploy");
    Programs::load(&folder, None).expect("build the programs first: scripts/sbf/build.sh")
}

fn plan<'a>(deployer: &'a Keypair, programs: &'a Programs) -> Plan<'a> {
    Plan {
        deployer,
        programs,
        tokens: Tokens::Create { stake_decimals: 9 },
        guardian: None,
        domain: Domain::Fixed([7; 32]),
        params: Params::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn second_run_changes_nothing_and_contradictions_are_named() {
    let localnet = Localnet::start(Config::default()).await.unwrap();
    let rpc = Rpc::new(localnet.rpc_url(), RetryPolicy::INTERACTIVE);
    let deployer = Keypair::new();
    rpc.airdrop(&deployer.pubkey(), 100 * SOL).await.unwrap();
    let programs = programs();

    let first = run(&rpc, &plan(&deployer, &programs), |_| {}).await.unwrap();
    let changes = first.applied.iter().flat_map(|a| &a.items).map(|item| item.change);
    assert_eq!(changes.collect::<Vec<_>>(), [Change::Created; 8]);
    let network = account::network(&rpc).await.unwrap();
    assert_eq!(network.authority, deployer.pubkey());
    assert_eq!(network.domain_id, [7; 32]);
    assert_eq!(network.params.node_stake_min, 1_000 * SOL);
    assert_eq!(rpc.token_balance(&network.treasury).await.unwrap(), Some(0));

    let spent = rpc.balance_lamports(&deployer.pubkey()).await.unwrap();
    let second = run(&rpc, &plan(&deployer, &programs), |_| {}).await.unwrap();
    assert!(second.is_unchanged());
    assert_eq!(second.network, first.network);
    assert_eq!(rpc.balance_lamports(&deployer.pubkey()).await.unwrap(), spent);

    // The same network from the side of somebody who names its mints.
    let given = Tokens::Given {
        payment_mint: network.payment_mint,
        stake_mint: network.stake_mint,
        treasury_owner: deployer.pubkey(),
    };
    let third = Plan { tokens: given, ..plan(&deployer, &programs) };
    assert!(run(&rpc, &third, |_| {}).await.unwrap().is_unchanged());

    let other_domain = Plan { domain: Domain::GenesisHash, ..plan(&deployer, &programs) };
    let error = run(&rpc, &other_domain, |_| {}).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { what: "the network", .. }), "{error}");
    assert!(error.to_string().contains("domain id"), "{error}");

    let params = Params { operator_bps: 8_000, ..Params::default() };
    let error = run(&rpc, &Plan { params, ..plan(&deployer, &programs) }, |_| {}).await;
    assert!(matches!(error, Err(Error::Conflict { what: "the network", .. })), "{error:?}");

    let tokens = Tokens::Create { stake_decimals: 6 };
    let error = run(&rpc, &Plan { tokens, ..plan(&deployer, &programs) }, |_| {}).await;
    assert!(matches!(error, Err(Error::Conflict { what: "stake mint", .. })), "{error:?}");

    // A mint of 9 decimals cannot be what apps pay in.
    let swapped = Tokens::Given {
        payment_mint: network.stake_mint,
        stake_mint: network.payment_mint,
        treasury_owner: deployer.pubkey(),
    };
    let error = run(&rpc, &Plan { tokens: swapped, ..plan(&deployer, &programs) }, |_| {}).await;
    assert!(matches!(error, Err(Error::Token { role: "payment mint", .. })), "{error:?}");

    // Somebody else's key upgrades nothing: the bytes are there, so only new ones would need it.
    let stranger = Keypair::new();
    rpc.airdrop(&stranger.pubkey(), 100 * SOL).await.unwrap();
    let error = run(&rpc, &plan(&stranger, &programs), |_| {}).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { what: "the network", .. }), "{error}");
}
