//! The part of the history in which a settler posts minutes: leaves are claimed, challenged and
//! answered for; at last it posts a false one, and then a true one that it does not answer for: it is
//! tried, and its book is closed.

use super::{Cast, RESPONSE_SECS, WINDOW_SECS, trials};
use crate::node::Serving;
use heliograph_client::instruction::{registry, settlement, staking, token};
use heliograph_client::{account, pda};
use heliograph_protocol::batch::{self, Leaf, evidence};
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::voucher::Voucher;
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus, Node};
use heliograph_settlement::state::{BOOK_SLOTS_MIN, Challenge, Channel, PostBatchArgs, Session};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;

const SOL: u64 = 1_000_000_000;
const USDC: u64 = 1_000_000;

struct Settler<'a> {
    cast: &'a Cast,
    owner: Keypair,
    key: Keypair,
    address: Pubkey,
    session: Pubkey,
}

/// What the settler did to one session. Returns the claim that came too late to pay anything.
pub async fn minutes_are_settled(
    cast: &Cast,
    mut serving: Serving<'_>,
    session: Pubkey,
) -> Signature {
    let settler = Settler::begin(cast, session).await;
    let first = serving.minute(60).await;
    let one = settler.post(settler.leaf(&first).await).await;
    let second = serving.minute(60).await;
    let two = settler.post(settler.leaf(&second).await).await;
    // Challenged within the window and answered; then both are claimed, the later one first.
    settler.challenge(two.0).await;
    settler.answer(two.0, &second).await;
    cast.wait(WINDOW_SECS + 1).await;
    settler.claim(two.0, &two.1).await;
    let late = settler.claim(one.0, &one.1).await;
    // A minute whose voucher is shown after it was paid.
    let third = serving.minute(60).await;
    let three = settler.post(settler.leaf(&third).await).await;
    cast.wait(WINDOW_SECS + 1).await;
    settler.claim(three.0, &three.1).await;
    cast.send(&cast.operator, &settlement::prove_voucher(session, &third)).await;
    // A leaf that nobody stands behind.
    let forged = Leaf { evidence: [7; 32], ..settler.leaf(&third).await };
    let four = settler.post(forged).await;
    settler.challenge(four.0).await;
    cast.wait(RESPONSE_SECS + 1).await;
    settler.fail(four.0).await;
    settler.forget(four.0).await;
    // A true one, paid and challenged; the settler is away.
    let fourth = serving.minute(60).await;
    let five = settler.post(settler.leaf(&fourth).await).await;
    cast.wait(WINDOW_SECS + 1).await;
    settler.claim(five.0, &five.1).await;
    settler.challenge(five.0).await;
    cast.wait(RESPONSE_SECS + 1).await;
    let challenge = settler.fail(five.0).await;
    trials::settler_is_tried(cast, challenge, session).await;
    settler.forget(five.0).await;
    settler.end().await;
    late
}

impl<'a> Settler<'a> {
    async fn begin(cast: &'a Cast, session: Pubkey) -> Self {
        let (owner, key) = (Keypair::new(), Keypair::new());
        cast.rpc.airdrop(&owner.pubkey(), 10 * SOL).await.unwrap();
        let (mint, minter) = (cast.network.payment_mint, cast.deployer.pubkey());
        let fund = [
            token::create_token_account(&minter, &owner.pubkey(), &mint),
            token::mint_to(&mint, &owner.pubkey(), &minter, 1_000 * USDC).unwrap(),
            token::mint_to(&mint, &cast.authority.pubkey(), &minter, 20 * USDC).unwrap(),
        ];
        cast.send(&cast.deployer, &fund).await;
        let address = pda::keeper(KeeperRole::Settler, &key.pubkey());
        let settler = Self { cast, owner, key, address, session };
        let (wallet, owner) = (cast.payment(&settler.owner), settler.owner.pubkey());
        let role = KeeperRole::Settler;
        let url = "https://settler.example".to_owned();
        let register = registry::register_keeper(owner, settler.key.pubkey(), wallet, role, url);
        settler.send_signed(&[register]).await;
        for step in [
            staking::open_position(owner, address, mint),
            staking::deposit(owner, address, mint, wallet, 1_000 * USDC),
            registry::set_keeper_status(owner, address, KeeperStatus::Active),
        ] {
            settler.send(&[step]).await;
        }
        let open = |slots| settlement::open_book(owner, settler.key.pubkey(), address, slots, SOL);
        settler.send_signed(&open(BOOK_SLOTS_MIN)).await;
        settler
    }

    async fn send(&self, instructions: &[Instruction]) {
        self.cast.send(&self.owner, instructions).await;
    }

    /// The same with the keeper key's signature.
    async fn send_signed(&self, instructions: &[Instruction]) {
        self.cast.send_with(&self.owner, &[&self.key], instructions).await;
    }

    fn book(&self) -> Pubkey {
        pda::book(&self.key.pubkey())
    }

    async fn leaf(&self, voucher: &Signed) -> Leaf {
        let read: Voucher = voucher.message(&self.cast.network.domain()).unwrap();
        let session: Session = account::get(&self.cast.rpc, &self.session).await.unwrap();
        Leaf {
            app: session.app.to_bytes(),
            node: session.node.to_bytes(),
            session: self.session.to_bytes(),
            cumulative_micro_usdc: read.cumulative_micro_usdc,
            evidence: evidence(&read.receipt_hash, &voucher.hash()),
        }
    }

    /// Posts a batch of one leaf for the minute that has begun.
    async fn post(&self, leaf: Leaf) -> (u64, Leaf) {
        self.cast.wait(61).await;
        let minute_index = self.cast.localnet.unix_secs().await.unwrap() as u64 / 60;
        let args = PostBatchArgs {
            minute_index,
            root: batch::root(&[leaf]),
            count: 1,
            total_micro_usdc: leaf.cumulative_micro_usdc,
        };
        let post = settlement::post_batch(self.key.pubkey(), self.address, args);
        self.send_signed(&[post]).await;
        (minute_index, leaf)
    }

    async fn claim(&self, minute_index: u64, leaf: &Leaf) -> Signature {
        let rpc = &self.cast.rpc;
        let session: Session = account::get(rpc, &self.session).await.unwrap();
        let channel: Channel = account::get(rpc, &session.channel).await.unwrap();
        let keeper: Keeper = account::get(rpc, &self.address).await.unwrap();
        let node: Node = account::get(rpc, &session.node).await.unwrap();
        let claim = settlement::claim(
            &self.cast.network,
            (self.address, &keeper),
            &node,
            (session.channel, &channel),
            &[self.session],
            settlement::claim_args(minute_index, &[*leaf], 0..1).unwrap(),
        );
        self.cast.send(&self.cast.operator, &[claim]).await
    }

    async fn challenge(&self, minute_index: u64) {
        let challenger = &self.cast.authority;
        let source = self.cast.payment(challenger);
        let (network, book) = (&self.cast.network, self.book());
        let key = challenger.pubkey();
        let open = settlement::open_challenge(key, network, book, minute_index, 0, source);
        self.cast.send(challenger, &[open]).await;
    }

    async fn challenge_account(&self, minute_index: u64) -> (Pubkey, Challenge) {
        let address = pda::challenge(&self.book(), minute_index, 0);
        (address, account::get(&self.cast.rpc, &address).await.unwrap())
    }

    async fn answer(&self, minute_index: u64, voucher: &Signed) {
        let (address, challenge) = self.challenge_account(minute_index).await;
        let keeper: Keeper = account::get(&self.cast.rpc, &self.address).await.unwrap();
        let parts = (address, &challenge);
        let answer =
            settlement::answer_challenge(parts, &keeper, self.session, voucher, Vec::new());
        self.cast.send(&self.cast.operator, &answer).await;
    }

    /// The challenge fails.
    async fn fail(&self, minute_index: u64) -> Pubkey {
        let (address, challenge) = self.challenge_account(minute_index).await;
        let fail = settlement::fail_challenge((address, &challenge));
        self.cast.send(&self.cast.operator, &[fail]).await;
        address
    }

    /// When nothing of a minute can be disputed any more it is cleared away.
    async fn forget(&self, minute_index: u64) {
        let (address, challenge) = self.challenge_account(minute_index).await;
        self.cast.wait(challenge.liability_secs as u32 + 1).await;
        let release = settlement::release(self.book());
        let close = settlement::close_challenge((address, &challenge));
        self.cast.send(&self.cast.operator, &[release, close]).await;
    }

    async fn end(&self) {
        let owner = self.owner.pubkey();
        self.send(&[settlement::close_book(owner, self.address, self.book(), owner)]).await;
    }
}
