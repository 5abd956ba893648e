//! Apps that sign for more than they hold: what each node gets, in whatever order they come, and
//! what neither a colluding node nor a stolen settler can take from another's bond.

use anchor_lang::solana_program::program_pack::Pack;
use heliograph_settlement::error::SettlementError;
use heliograph_settlement::events::VoucherRedeemed;
use heliograph_settlement::state::{Channel, Escrow, Session};
use heliograph_tests::batches::Batch;
use heliograph_tests::vouchers::signed;
use heliograph_tests::world::{PARAMS, SETTLER_BOND_MIN, USDC};
use heliograph_tests::{AppParty, NodeParty, SessionParty, World};
use solana_pubkey::Pubkey;
use spl_token_interface::state::{Account as TokenAccount, AccountState};

/// Three nodes of one app, with a channel, a bond and a session each.
struct Drill {
    world: World,
    app: AppParty,
    nodes: Vec<NodeParty>,
    sessions: Vec<SessionParty>,
}

const NODES: usize = 3;
/// Of each session: a cap reserves nothing.
const CAP: u64 = 10 * USDC;
/// Behind each channel.
const BOND: u64 = 2 * USDC;
/// What the escrow holds for everybody.
const FREE: u64 = USDC;

impl Drill {
    fn new() -> Self {
        let mut world = World::new();
        let app = world.funded_app("app", FREE + NODES as u64 * BOND);
        let nodes: Vec<_> = (0..NODES).map(|n| world.node(&format!("node {n}"))).collect();
        let channels: Vec<_> = nodes.iter().map(|node| world.open_channel(&app, node)).collect();
        for channel in &channels {
            world.post_bond(&app, channel, BOND);
        }
        let sessions =
            channels.iter().map(|channel| world.open_session(&app, channel, CAP)).collect();
        Self { world, app, nodes, sessions }
    }

    /// Redeems `amount` at a node; returns what it settled.
    fn redeem(&mut self, n: usize, amount: u64) -> u64 {
        let before = self.settled(n);
        self.world.redeem(&self.app, &self.sessions[n], amount);
        self.settled(n) - before
    }

    fn settled(&self, n: usize) -> u64 {
        self.world.read::<Session>(&self.sessions[n].address).totals.settled_micro_usdc
    }

    fn bond(&self, n: usize) -> u64 {
        self.world.read::<Channel>(&self.sessions[n].channel).bond_micro_usdc
    }

    fn escrow(&self) -> Escrow {
        self.world.read(&self.app.escrow())
    }

    /// What the vault holds is what nobody was paid, and bonds are part of it.
    fn check(&self) {
        let escrow = self.escrow();
        let bonds: u64 = (0..NODES).map(|n| self.bond(n)).sum();
        assert_eq!(escrow.bonded_micro_usdc, bonds);
        let available = escrow.available_micro_usdc().expect("an amount");
        assert_eq!(self.world.tokens(&self.app.vault()), available + bonds);
        let settled: u64 = (0..NODES).map(|n| self.settled(n)).sum();
        assert_eq!(escrow.totals.settled_micro_usdc, settled);
    }
}

/// Freezes a token account, or thaws it, as its mint's authority could.
fn set_state(world: &mut World, tokens: &Pubkey, state: AccountState) {
    let mut account = world.account(tokens).expect("a token account");
    let unpacked = TokenAccount { state, ..world.token_account(tokens) };
    TokenAccount::pack(unpacked, &mut account.data).expect("room for itself");
    world.set_account(tokens, account);
}

/// Every order in which three can come.
const ORDERS: [[usize; NODES]; 6] =
    [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[test]
fn node_that_is_owed_no_more_than_its_bond_is_paid_in_full_in_every_order() {
    for order in ORDERS {
        let mut drill = Drill::new();
        // The app signs for ten at one node, and up to the bond at the others: 14 of the 7 it has.
        let owed = [10 * USDC, BOND, BOND];
        for n in order {
            let settled = drill.redeem(n, owed[n]);
            assert!(n == 0 || settled == owed[n], "{order:?}: node {n} is paid what it is owed");
            drill.check();
        }
        // What they do not take of the free part, the greedy one does; never another's bond.
        let greedy = drill.settled(0);
        let last_is_greedy = order[2] == 0;
        assert_eq!(greedy, if order[0] == 0 { FREE + BOND } else { BOND }, "{order:?}");
        assert_eq!(drill.bond(0), 0);
        assert!(!last_is_greedy || greedy == BOND, "{order:?}");
    }
}

#[test]
fn escrow_pays_first_and_the_bond_what_it_cannot() {
    let mut drill = Drill::new();
    let session = drill.sessions[1];
    let done = drill.world.redeem(&drill.app, &session, FREE + 250_000);
    let voucher = session.voucher(FREE + 250_000);
    done.emitted(&VoucherRedeemed {
        session: session.address,
        channel: session.channel,
        escrow: drill.app.escrow(),
        sequence: voucher.sequence,
        receipt_hash: voucher.receipt_hash,
        voucher_micro_usdc: 1_250_000,
        amount_micro_usdc: 1_250_000,
        operator_micro_usdc: 937_500,
        treasury_micro_usdc: 312_500,
        session_paid_micro_usdc: 1_250_000,
        channel_paid_micro_usdc: 1_250_000,
        escrow_paid_micro_usdc: 1_250_000,
        from_bond_micro_usdc: 250_000,
        channel_bond_micro_usdc: BOND - 250_000,
        escrow_bonded_micro_usdc: 3 * BOND - 250_000,
    });
    assert_eq!(drill.world.tokens(&drill.nodes[1].payout), 937_500);
    drill.check();
}

#[test]
fn voucher_beyond_escrow_and_bond_takes_both_and_stays_good_for_the_rest() {
    let mut drill = Drill::new();
    assert_eq!(drill.redeem(0, 5 * USDC), FREE + BOND);
    let (app, session) = (&drill.app, drill.sessions[0]);
    let empty = drill.world.try_redeem(app, &session, 5 * USDC).expect_err("nothing is left");
    assert!(empty.is(&SettlementError::EscrowEmpty.into()), "{empty}");
    // A bond posted anew, or a deposit, pays the rest: here some of each.
    drill.world.deposit(&drill.app, 1_500_000);
    let channel = drill.sessions[0].channel;
    drill.world.post_bond(&drill.app, &channel, USDC);
    assert_eq!(drill.redeem(0, 5 * USDC), 1_500_000);
    assert_eq!(drill.bond(0), 0);
    drill.check();
}

#[test]
fn sessions_of_a_channel_share_its_bond() {
    let mut drill = Drill::new();
    let channel = drill.sessions[0].channel;
    let second = drill.world.open_session(&drill.app, &channel, CAP);
    drill.redeem(1, FREE);
    assert_eq!(drill.redeem(0, 1_500_000), 1_500_000);
    drill.world.redeem(&drill.app, &second, 1_500_000);
    let settled = drill.world.read::<Session>(&second.address).totals.settled_micro_usdc;
    assert_eq!((settled, drill.bond(0)), (500_000, 0));
}

#[test]
fn two_redeems_in_one_transaction_draw_each_unit_once() {
    let mut drill = Drill::new();
    drill.redeem(1, FREE);
    let session = drill.sessions[0];
    let bring = |amount: u64| {
        let voucher = signed(&session.voucher(amount), &drill.app.voucher_signer);
        drill.world.redeem_instructions(&session, &voucher)
    };
    let both = [bring(USDC), bring(10 * USDC)].concat();
    let done = drill.world.run(&both, &[]);
    assert_eq!(done.events.len(), 2);
    assert_eq!((drill.settled(0), drill.bond(0)), (BOND, 0));
    drill.check();
}

/// A withdrawal that is due takes what is free; what is owed up to the bond is still paid.
#[test]
fn withdrawal_takes_no_bond_along() {
    let mut drill = Drill::new();
    drill.world.request_withdrawal(&drill.app, FREE);
    drill.world.pass(PARAMS.withdrawal_notice_secs);
    // It gave notice, and signs on.
    let withdraw = drill.world.withdraw_instruction(&drill.app);
    drill.world.act(withdraw, &drill.app.authority);
    for n in 0..NODES {
        assert_eq!(drill.redeem(n, BOND), BOND);
    }
    assert_eq!(drill.world.tokens(&drill.app.vault()), 0);
}

/// A leaf is a settler's word: it can empty what is free, and no bond.
#[test]
fn stolen_settler_takes_nothing_of_a_bond() {
    let mut drill = Drill::new();
    let settler = drill.world.settler("stolen", 2 * SETTLER_BOND_MIN);
    drill.world.pass(60);
    let leaves: Vec<_> =
        drill.sessions[..1].iter().map(|session| drill.world.forged_leaf(session, CAP)).collect();
    let batch = Batch { total_micro_usdc: CAP, ..Batch::new(drill.world.minute(), leaves) };
    drill.world.post(&settler, &batch);
    drill.world.pass(PARAMS.challenge_window_secs + 1);
    drill.world.claim(&settler, &batch, 0..1);
    assert_eq!((drill.settled(0), drill.bond(0)), (FREE, BOND));
    for n in 1..NODES {
        assert_eq!(drill.redeem(n, BOND), BOND);
    }
    drill.check();
    // With nothing free a leaf pays nothing and fails nobody's transaction.
    drill.world.claim(&settler, &batch, 0..1);
    assert_eq!((drill.settled(0), drill.bond(0)), (FREE, BOND));
}

/// Frozen money of one node holds nobody else up: each is paid from what is its own.
#[test]
fn payout_that_cannot_receive_holds_only_its_own_node_up() {
    let mut drill = Drill::new();
    let payout = drill.nodes[0].payout;
    set_state(&mut drill.world, &payout, AccountState::Frozen);
    let stuck = drill.world.try_redeem(&drill.app, &drill.sessions[0], BOND);
    assert!(stuck.is_err(), "a frozen account receives nothing");
    for n in 1..NODES {
        assert_eq!(drill.redeem(n, BOND), BOND);
    }
    set_state(&mut drill.world, &payout, AccountState::Initialized);
    assert_eq!(drill.redeem(0, BOND), BOND);
    drill.check();
}
