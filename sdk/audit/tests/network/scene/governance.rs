//! The parts of the history that are about stake and rule: keepers come and go, stake is delegated,
//! the network is governed.

use super::{Cast, NOTICE_SECS, SOL, TOKEN};
use heliograph_client::instruction::{registry, staking, token};
use heliograph_client::{account, pda};
use heliograph_registry::state::pause::{ALL, BATCHES};
use heliograph_registry::state::{KeeperRole, KeeperStatus, Network, NetworkParams};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

const USDC: u64 = 1_000_000;
/// A power of two: rewards divide without a rest, so that the vault owes all it holds.
const DELEGATED: u64 = 1 << 31;

/// A wallet with something of both mints.
pub(super) async fn wallet(cast: &Cast) -> Keypair {
    let (wallet, minter) = (Keypair::new(), cast.deployer.pubkey());
    cast.rpc.airdrop(&wallet.pubkey(), 10 * SOL).await.unwrap();
    for mint in [cast.network.payment_mint, cast.network.stake_mint] {
        let create = token::create_token_account(&minter, &wallet.pubkey(), &mint);
        let fill = token::mint_to(&mint, &wallet.pubkey(), &minter, 2_000 * TOKEN).unwrap();
        cast.send(&cast.deployer, &[create, fill]).await;
    }
    wallet
}

/// An observer and a settler begin, fall below the minimum and leave.
pub async fn keepers_come_and_go(cast: &Cast) {
    let wallet = wallet(cast).await;
    let owner = wallet.pubkey();
    let (payment, stake) = (cast.network.payment_mint, cast.network.stake_mint);
    let payout = pda::token_account(&owner, &payment);
    let roles =
        [(KeeperRole::Observer, stake, 10 * TOKEN), (KeeperRole::Settler, payment, 1_000 * USDC)];
    for (role, mint, amount) in roles {
        let key = Keypair::new();
        let keeper = pda::keeper(role, &key.pubkey());
        let url = "https://keeper.example.com".to_owned();
        let register = registry::register_keeper(owner, key.pubkey(), payout, role, url);
        cast.send_with(&wallet, &[&key], &[register]).await;
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
            cast.send(&wallet, &[step]).await;
        }
        cast.wait(NOTICE_SECS + 1).await;
        cast.send(&wallet, &[staking::withdraw(owner, keeper, mint, source)]).await;
    }
}

/// One delegator comes, earns and leaves; another stays with rewards it has not claimed.
pub async fn stake_is_delegated(cast: &Cast) {
    let (leaving, staying) = (wallet(cast).await, wallet(cast).await);
    let (payment, stake) = (cast.network.payment_mint, cast.network.stake_mint);
    let node = cast.node();
    let tokens = |wallet: &Keypair, mint| pda::token_account(&wallet.pubkey(), &mint);
    for wallet in [&leaving, &staying] {
        let (delegator, source) = (wallet.pubkey(), tokens(wallet, stake));
        let steps = [
            staking::open_delegation(delegator, node),
            staking::delegate(delegator, node, stake, source, DELEGATED),
        ];
        for step in steps {
            cast.send(wallet, &[step]).await;
        }
    }
    let (funder, source) = (staying.pubkey(), tokens(&staying, payment));
    let vault = token::create_token_account(&funder, &pda::position(&node), &payment);
    let reward = staking::add_rewards(funder, node, payment, source, 8 * USDC);
    cast.send(&staying, &[vault, reward]).await;
    let delegator = leaving.pubkey();
    cast.send(&leaving, &[staking::undelegate(delegator, node, DELEGATED)]).await;
    let claim = staking::claim_rewards(delegator, node, payment, tokens(&leaving, payment));
    cast.send(&leaving, &[claim]).await;
    cast.wait(NOTICE_SECS + 1).await;
    let steps = [
        staking::withdraw_delegation(delegator, node, stake, tokens(&leaving, stake)),
        staking::close_delegation(delegator, node),
    ];
    for step in steps {
        cast.send(&leaving, &[step]).await;
    }
}

/// Pauses, a handover and back, a proposal that is cancelled and one that comes true.
pub async fn network_is_governed(cast: &Cast) {
    let (authority, treasury) = (cast.deployer.pubkey(), cast.network.treasury);
    let (guardian, successor) = (Keypair::new(), Keypair::new());
    let params = NetworkParams { epoch_secs: 612, ..cast.network.params };
    let rejected = NetworkParams { operator_bps: 0, ..params };
    let steps = [
        registry::set_guardian(authority, guardian.pubkey()),
        registry::propose_params(authority, treasury, rejected),
        registry::cancel_params(authority, authority),
    ];
    for step in steps {
        cast.send(&cast.deployer, &[step]).await;
    }
    // Long enough that the two proposals cannot have been in one slot, either of them first.
    cast.wait(60).await;
    let steps = [
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
