//! The parts of the history in which nobody is paid: keepers come and go, the network is governed.

use super::{Cast, NOTICE_SECS, TOKEN};
use heliograph_client::instruction::{registry, staking, token};
use heliograph_client::{account, pda};
use heliograph_registry::state::pause::{ALL, BATCHES};
use heliograph_registry::state::{KeeperRole, KeeperStatus, Network, NetworkParams};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

const USDC: u64 = 1_000_000;

/// An observer and a settler of the node's operator begin, fall below the minimum and leave.
pub async fn keepers_come_and_go(cast: &Cast) {
    let (owner, minter) = (cast.operator.pubkey(), cast.deployer.pubkey());
    let (payment, stake) = (cast.network.payment_mint, cast.network.stake_mint);
    let funds = token::mint_to(&payment, &owner, &minter, 2_000 * USDC).unwrap();
    cast.send(&cast.deployer, &[funds]).await;
    let payout = cast.payment(&cast.operator);
    let roles =
        [(KeeperRole::Observer, stake, 10 * TOKEN), (KeeperRole::Settler, payment, 1_000 * USDC)];
    for (role, mint, amount) in roles {
        let key = Keypair::new();
        let keeper = pda::keeper(role, &key.pubkey());
        let url = "https://keeper.example.com".to_owned();
        let register = registry::register_keeper(owner, key.pubkey(), payout, role, url);
        cast.send_with(&cast.operator, &[&key], &[register]).await;
        let source = pda::token_account(&owner, &mint);
        let steps = [
            staking::open_position(owner, keeper, mint),
            staking::deposit(owner, keeper, mint, source, amount),
            registry::set_keeper_status(owner, keeper, KeeperStatus::Active),
            // Shorter than before: what is left of the longer text stays behind it.
            registry::update_keeper(owner, keeper, payout, "https://k.example".to_owned()),
            staking::unbond(owner, keeper, 1),
            registry::set_keeper_status(owner, keeper, KeeperStatus::Exited),
        ];
        for step in steps {
            cast.send(&cast.operator, &[step]).await;
        }
        cast.wait(NOTICE_SECS + 1).await;
        let withdraw = staking::withdraw(owner, keeper, mint, source);
        cast.send(&cast.operator, &[withdraw]).await;
    }
}

/// Pauses, a handover and back, a proposal that is cancelled and one that comes true.
pub async fn network_is_governed(cast: &Cast) {
    let (authority, treasury) = (cast.deployer.pubkey(), cast.network.treasury);
    let (guardian, successor) = (Keypair::new(), Keypair::new());
    let params = NetworkParams { epoch_secs: 1_234, ..cast.network.params };
    let rejected = NetworkParams { operator_bps: 0, ..params };
    let steps = [
        registry::set_guardian(authority, guardian.pubkey()),
        registry::propose_params(authority, treasury, rejected),
        registry::cancel_params(authority, authority),
        registry::propose_params(authority, treasury, params),
        registry::pause(authority, BATCHES),
        registry::propose_authority(authority, successor.pubkey()),
    ];
    for step in steps {
        cast.send(&cast.deployer, &[step]).await;
    }
    let pause = registry::pause(guardian.pubkey(), ALL);
    cast.send_with(&cast.deployer, &[&guardian], &[pause]).await;
    let succeed = [
        registry::accept_authority(successor.pubkey()),
        registry::unpause(successor.pubkey(), ALL),
        registry::set_guardian(successor.pubkey(), Pubkey::default()),
        registry::propose_authority(successor.pubkey(), authority),
    ];
    cast.send_with(&cast.deployer, &[&successor], &succeed).await;
    cast.send(&cast.deployer, &[registry::accept_authority(authority)]).await;
    cast.wait(NOTICE_SECS + 1).await;
    // Nobody in particular.
    let apply = registry::apply_params(treasury, authority);
    cast.send(&cast.operator, &[apply]).await;
    let network: Network = account::network(&cast.rpc).await.unwrap();
    assert_eq!((network.params, network.authority, network.paused), (params, authority, 0));
}
