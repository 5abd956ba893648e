//! Settlers' books, the batches they post, and what is claimed from them or brought against them.

use crate::keepers::KeeperParty;
use crate::outcome::{Done, Refused};
use crate::parties::SessionParty;
use crate::world::World;
use heliograph_client::account::decode_book;
use heliograph_client::instruction::settlement;
use heliograph_client::pda;
use heliograph_protocol::batch::{self, Leaf, evidence, is_sorted};
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::merkle;
use heliograph_protocol::voucher::Voucher;
use heliograph_registry::state::{Keeper, KeeperRole, Network, Node};
use heliograph_settlement::ClaimArgs;
use heliograph_settlement::state::{
    BOOK_SLOTS_MIN, Book, Challenge, Channel, PostBatchArgs, Session, Slot,
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::ops::Range;

/// Slots of the tests' books: the fewest there can be.
pub const SLOTS: usize = BOOK_SLOTS_MIN;

/// A batch as its settler has it: leaves, and the vouchers behind them.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its minute.
    pub minute_index: u64,
    /// In the batch's order.
    pub leaves: Vec<Leaf>,
    /// The voucher of each leaf, in the same order; of a forged leaf, the one that is missing.
    pub vouchers: Vec<Option<Signed>>,
    /// What the settler says it may pay.
    pub total_micro_usdc: u64,
}

impl Batch {
    /// A batch of these leaves in their order, which may pay all of what they say.
    ///
    /// # Panics
    /// When a session occurs twice.
    pub fn new(minute_index: u64, mut items: Vec<(Leaf, Option<Signed>)>) -> Self {
        items.sort_by(|a, b| a.0.key().cmp(&b.0.key()));
        let total_micro_usdc = items.iter().map(|item| item.0.cumulative_micro_usdc).sum();
        let (leaves, vouchers): (Vec<_>, _) = items.into_iter().unzip();
        assert!(is_sorted(&leaves), "a session occurs twice");
        Self { minute_index, leaves, vouchers, total_micro_usdc }
    }

    /// What is posted.
    pub fn args(&self) -> PostBatchArgs {
        PostBatchArgs {
            minute_index: self.minute_index,
            root: batch::root(&self.leaves),
            count: self.leaves.len() as u32,
            total_micro_usdc: self.total_micro_usdc,
        }
    }

    /// Position of a session's leaf.
    ///
    /// # Panics
    /// When it has none.
    pub fn index(&self, session: &SessionParty) -> usize {
        let address = session.address.to_bytes();
        self.leaves.iter().position(|leaf| leaf.session == address).expect("a leaf of the session")
    }

    /// The path of leaf `index`.
    pub fn proof(&self, index: usize) -> Vec<Hash> {
        let hashes: Vec<Hash> = self.leaves.iter().map(Leaf::hash).collect();
        merkle::proof(&hashes, index).expect("such a leaf")
    }

    /// The arguments that claim `range`.
    pub fn claim_args(&self, range: Range<usize>) -> ClaimArgs {
        settlement::claim_args(self.minute_index, &self.leaves, range).expect("such leaves")
    }
}

impl World {
    /// A settler with `bond` micro-USDC, active, with an empty book of [`SLOTS`].
    pub fn settler(&mut self, label: &str, bond: u64) -> KeeperParty {
        let settler = self.keeper(label, KeeperRole::Settler);
        if bond > settler.stake_min() {
            self.bond(&settler, bond - settler.stake_min());
        }
        self.open_book(&settler, SLOTS);
        settler
    }

    /// The instructions of [`World::open_book`].
    pub fn book_instructions(&mut self, settler: &KeeperParty, slots: usize) -> [Instruction; 3] {
        let lamports = self.svm().minimum_balance_for_rent_exemption(settlement::book_len(slots));
        let (owner, key) = (settler.owner.pubkey(), settler.keeper_key.pubkey());
        settlement::open_book(owner, key, settler.address, slots, lamports)
    }

    /// Opens a settler's book; its owner pays.
    pub fn open_book(&mut self, settler: &KeeperParty, slots: usize) -> Done {
        let instructions = self.book_instructions(settler, slots);
        self.run(&instructions, &[&settler.owner, &settler.keeper_key])
    }

    /// The instruction that closes a settler's book.
    pub fn close_book_instruction(&self, settler: &KeeperParty) -> Instruction {
        let owner = settler.owner.pubkey();
        settlement::close_book(owner, settler.address, settler.book(), owner)
    }

    /// A settler's book and ring.
    ///
    /// # Panics
    /// When it has none.
    pub fn book(&self, settler: &KeeperParty) -> (Book, Vec<Slot>) {
        let account = self.account(&settler.book()).expect("a book");
        decode_book(&account.owner, &account.data).expect("a book")
    }

    /// The slot of a minute.
    pub fn slot(&self, settler: &KeeperParty, minute_index: u64) -> Slot {
        let (_, slots) = self.book(settler);
        slots[(minute_index % slots.len() as u64) as usize]
    }

    /// The minute the clock is in.
    pub fn minute(&self) -> u64 {
        self.now() as u64 / 60
    }

    /// The leaf that an honest settler makes of a voucher.
    pub fn leaf(&self, session: &SessionParty, voucher: &Signed) -> (Leaf, Option<Signed>) {
        let read: Voucher = voucher.message(&crate::world::DOMAIN).expect("a voucher");
        let leaf = Leaf {
            evidence: evidence(&read.receipt_hash, &voucher.hash()),
            ..self.forged_leaf(session, read.cumulative_micro_usdc).0
        };
        (leaf, Some(voucher.clone()))
    }

    /// A leaf that no voucher stands behind.
    pub fn forged_leaf(&self, session: &SessionParty, cumulative: u64) -> (Leaf, Option<Signed>) {
        let state: Session = self.read(&session.address);
        let leaf = Leaf {
            app: state.app.to_bytes(),
            node: state.node.to_bytes(),
            session: session.address.to_bytes(),
            cumulative_micro_usdc: cumulative,
            evidence: evidence(&[0xbe; 32], &[0xef; 32]),
        };
        (leaf, None)
    }

    /// The instruction of [`World::post`].
    pub fn post_instruction(&self, settler: &KeeperParty, batch: &Batch) -> Instruction {
        settlement::post_batch(settler.keeper_key.pubkey(), settler.address, batch.args())
    }

    /// Posts a batch.
    pub fn post(&mut self, settler: &KeeperParty, batch: &Batch) -> Done {
        let post = self.post_instruction(settler, batch);
        self.act(post, &settler.keeper_key)
    }

    /// Tries to post a batch.
    pub fn try_post(&mut self, settler: &KeeperParty, batch: &Batch) -> Result<Done, Refused> {
        let post = self.post_instruction(settler, batch);
        self.try_act(post, &settler.keeper_key)
    }

    /// Lets a minute pass and posts a batch of these leaves for the minute that has begun.
    pub fn post_leaves(
        &mut self,
        settler: &KeeperParty,
        items: Vec<(Leaf, Option<Signed>)>,
    ) -> Batch {
        self.pass(60);
        let batch = Batch::new(self.minute(), items);
        self.post(settler, &batch);
        batch
    }

    /// The instruction that claims `range` of a batch; all of it must be of one channel.
    pub fn claim_instruction(
        &self,
        settler: &KeeperParty,
        batch: &Batch,
        range: Range<usize>,
    ) -> Instruction {
        let sessions: Vec<Pubkey> =
            batch.leaves[range.clone()].iter().map(|leaf| leaf.session.into()).collect();
        let network: Network = self.read(&pda::network());
        let keeper: Keeper = self.read(&settler.address);
        let channel_address = self.read::<Session>(&sessions[0]).channel;
        let channel: Channel = self.read(&channel_address);
        let node: Node = self.read(&channel.node);
        settlement::claim(
            &network,
            (settler.address, &keeper),
            &node,
            (channel_address, &channel),
            &sessions,
            batch.claim_args(range),
        )
    }

    /// Claims `range` of a batch, as nobody in particular.
    pub fn claim(&mut self, settler: &KeeperParty, batch: &Batch, range: Range<usize>) -> Done {
        let claim = self.claim_instruction(settler, batch, range);
        self.run(&[claim], &[])
    }

    /// The instruction that challenges a leaf, with the bond from the challenger's standard account.
    pub fn challenge_instruction(
        &self,
        challenger: &Pubkey,
        settler: &KeeperParty,
        minute_index: u64,
        index: usize,
    ) -> Instruction {
        let network: Network = self.read(&pda::network());
        let source = pda::token_account(challenger, &network.payment_mint);
        let book = settler.book();
        settlement::open_challenge(*challenger, &network, book, minute_index, index as u32, source)
    }

    /// Challenges a leaf.
    pub fn challenge(
        &mut self,
        challenger: &Keypair,
        settler: &KeeperParty,
        minute_index: u64,
        index: usize,
    ) -> Pubkey {
        let open = self.challenge_instruction(&challenger.pubkey(), settler, minute_index, index);
        self.act(open, challenger);
        pda::challenge(&settler.book(), minute_index, index as u32)
    }

    /// The instructions that answer a challenge of leaf `index` with the voucher behind it.
    ///
    /// # Panics
    /// When there is none.
    pub fn answer_instructions(
        &self,
        settler: &KeeperParty,
        batch: &Batch,
        index: usize,
    ) -> [Instruction; 2] {
        let address = pda::challenge(&settler.book(), batch.minute_index, index as u32);
        let challenge: Challenge = self.read(&address);
        let keeper: Keeper = self.read(&settler.address);
        let session = batch.leaves[index].session.into();
        let voucher = batch.vouchers[index].as_ref().expect("a voucher behind the leaf");
        let proof = batch.proof(index);
        settlement::answer_challenge((address, &challenge), &keeper, session, voucher, proof)
    }

    /// The instruction that says that a challenge was not answered.
    pub fn fail_instruction(&self, challenge: &Pubkey) -> Instruction {
        settlement::fail_challenge((*challenge, &self.read(challenge)))
    }

    /// The instruction that closes a failed challenge.
    pub fn close_challenge_instruction(&self, challenge: &Pubkey) -> Instruction {
        settlement::close_challenge((*challenge, &self.read(challenge)))
    }

    /// The instructions that show a voucher without paying it.
    pub fn prove_instructions(&self, session: &SessionParty, voucher: &Signed) -> [Instruction; 2] {
        settlement::prove_voucher(session.address, voucher)
    }

    /// Restores what `settler` took from a session, as the slashing program would; its tokens lie
    /// in the restorer's standard account.
    pub fn restore_instruction(
        &self,
        session: &SessionParty,
        settler: &KeeperParty,
        amount: u64,
    ) -> Instruction {
        let network: Network = self.read(&pda::network());
        let state: Session = self.read(&session.address);
        let restorer = pda::restorer(&network.slashing_program);
        let source = pda::token_account(&restorer, &network.payment_mint);
        settlement::restore(&network, (session.address, &state), source, settler.address, amount)
    }
}

impl KeeperParty {
    /// The settler's book.
    pub fn book(&self) -> Pubkey {
        pda::book(&self.keeper_key.pubkey())
    }
}
