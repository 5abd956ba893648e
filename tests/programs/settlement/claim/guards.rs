use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::settlement::claim_args;
use heliograph_settlement::ClaimArgs;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::batches::Batch;
use heliograph_tests::parties::SESSION_SECS;
use heliograph_tests::reason::in_settlement;
use heliograph_tests::scene::CAP;
use heliograph_tests::vouchers::signed;
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{KeeperParty, NodeParty, Zoo};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::rc::Rc;
use std::slice::from_ref;

const WINDOW_SECS: u32 = PARAMS.challenge_window_secs + 1;

/// A zoo whose settler has posted both sessions of the scene's channel and the other app's.
fn posted() -> (Zoo, Rc<KeeperParty>, Batch) {
    let mut zoo = Zoo::new();
    let settler = zoo.settler.clone();
    let leaves = [
        (zoo.session, &zoo.app),
        (zoo.second_session, &zoo.app),
        (zoo.other_session, &zoo.other_app),
    ]
    .map(|(session, app)| zoo.leaf(&session, &signed(&session.voucher(USDC), &app.voucher_signer)));
    let batch = zoo.post_leaves(&settler, leaves.into());
    (zoo, settler, batch)
}

fn claimable() -> (Zoo, Rc<KeeperParty>, Batch) {
    let (mut zoo, settler, batch) = posted();
    zoo.pass(WINDOW_SECS);
    (zoo, settler, batch)
}

/// The claim of the scene's session.
fn claim(zoo: &Zoo, settler: &KeeperParty, batch: &Batch) -> Instruction {
    let index = batch.index(&zoo.session);
    zoo.claim_instruction(settler, batch, index..index + 1)
}

/// The same with other arguments.
fn with_args(mut claim: Instruction, args: ClaimArgs) -> Instruction {
    use anchor_lang::InstructionData;
    claim.data = heliograph_settlement::instruction::Claim { args }.data();
    claim
}

#[test]
pub fn window_not_over_rejects() {
    let (mut zoo, settler, batch) = posted();
    let claim = claim(&zoo, &settler, &batch);
    for secs in [0, PARAMS.challenge_window_secs] {
        zoo.pass(secs);
        zoo.refuse(from_ref(&claim), &[], SettlementError::ClaimTooEarly);
    }
    zoo.pass(1);
    zoo.run(&[claim], &[]);
}

#[test]
pub fn challenge_of_any_batch_of_the_book_rejects() {
    let (mut zoo, settler, batch) = claimable();
    let stranger = zoo.stranger.insecure_clone();
    let leaf = zoo.leaf(&zoo.cross_session, &{
        signed(&zoo.cross_session.voucher(USDC), &zoo.app.voucher_signer)
    });
    let other = zoo.post_leaves(&settler, vec![leaf]);
    let claim = claim(&zoo, &settler, &batch);
    zoo.challenge(&stranger, &settler, other.minute_index, 0);
    zoo.refuse(from_ref(&claim), &[], SettlementError::BookChallenged);
    let answer = zoo.answer_instructions(&settler, &other, 0);
    zoo.run(&answer, &[]);
    zoo.run(&[claim], &[]);
}

#[test]
pub fn void_batch_rejects() {
    let (mut zoo, settler, batch) = posted();
    let stranger = zoo.stranger.insecure_clone();
    let challenge = zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let claim = claim(&zoo, &settler, &batch);
    zoo.refuse(from_ref(&claim), &[], SettlementError::BookChallenged);
    let fail = zoo.fail_instruction(&challenge);
    zoo.run(&[fail], &[]);
    zoo.refuse(&[claim], &[], SettlementError::BatchVoid);
}

#[test]
pub fn minute_without_a_batch_rejects() {
    let (mut zoo, settler, mut batch) = claimable();
    for minutes in [1, 60] {
        batch.minute_index += minutes;
        let claim = claim(&zoo, &settler, &batch);
        zoo.refuse(&[claim], &[], SettlementError::BatchUnknown);
    }
}

#[test]
pub fn another_settlers_batch_rejects() {
    // A thief names its own account and payout beside the book of somebody else.
    let (mut zoo, settler, batch) = claimable();
    let thief = zoo.other_settler.clone();
    let mut claim = claim(&zoo, &settler, &batch);
    claim.accounts[1].pubkey = thief.address;
    claim.accounts[8].pubkey = thief.payout;
    zoo.refuse(&[claim], &[], SettlementError::OtherKeeper);
}

#[test]
pub fn other_channel_rejects() {
    let (mut zoo, settler, batch) = claimable();
    let claim = claim(&zoo, &settler, &batch);
    for channel in [zoo.cross_session.channel, zoo.other_session.channel] {
        let mut claim = claim.clone();
        claim.accounts[6].pubkey = channel;
        zoo.refuse(&[claim], &[], SettlementError::OtherChannel);
    }
    // Another incarnation, of the same app and node.
    let (app, node) = (zoo.app.clone(), zoo.node.clone());
    let channel = zoo.open_channel(&app, &node);
    let mut claim = claim;
    claim.accounts[6].pubkey = channel;
    zoo.refuse(&[claim], &[], SettlementError::OtherSession);
}

#[test]
fn escrow_of_another_app_rejects() {
    let (mut zoo, settler, batch) = claimable();
    let mut claim = claim(&zoo, &settler, &batch);
    claim.accounts[4].pubkey = zoo.other_app.escrow();
    zoo.refuse(from_ref(&claim), &[], in_settlement(ErrorCode::ConstraintSeeds));
    claim.accounts[5].pubkey = zoo.other_app.vault();
    zoo.refuse(&[claim], &[], SettlementError::OtherChannel);
}

#[test]
pub fn altered_leaf_or_proof_rejects() {
    let (mut zoo, settler, batch) = claimable();
    let good = claim(&zoo, &settler, &batch);
    let index = batch.index(&zoo.session);
    let args = batch.claim_args(index..index + 1);
    let altered = |change: &dyn Fn(&mut ClaimArgs)| {
        let mut args = args.clone();
        change(&mut args);
        with_args(good.clone(), args)
    };
    for change in [
        &|args: &mut ClaimArgs| args.leaves[0].cumulative_micro_usdc += 1,
        &|args: &mut ClaimArgs| args.leaves[0].cumulative_micro_usdc = CAP,
        &|args: &mut ClaimArgs| args.leaves[0].evidence[31] ^= 1,
        &|args: &mut ClaimArgs| args.proof[0][0] ^= 1,
        &|args: &mut ClaimArgs| args.proof.push([0; 32]),
        &|args: &mut ClaimArgs| assert!(args.proof.pop().is_some()),
        &|args: &mut ClaimArgs| args.proof.clear(),
        &|args: &mut ClaimArgs| args.first_index += 1,
        &|args: &mut ClaimArgs| args.first_index = u32::MAX,
    ] as [&dyn Fn(&mut ClaimArgs); 9]
    {
        zoo.refuse(&[altered(change)], &[], SettlementError::ProofInvalid);
    }
    zoo.run(&[good], &[]);
}

#[test]
fn leaf_of_another_session_rejects() {
    let (mut zoo, settler, batch) = claimable();
    let mut claim = claim(&zoo, &settler, &batch);
    claim.accounts[13].pubkey = zoo.second_session.address;
    zoo.refuse(from_ref(&claim), &[], SettlementError::ProofInvalid);
    for session in [zoo.other_session, zoo.cross_session] {
        claim.accounts[13].pubkey = session.address;
        zoo.refuse(from_ref(&claim), &[], SettlementError::OtherSession);
    }
}

#[test]
pub fn leaves_without_their_sessions_reject() {
    let (mut zoo, settler, batch) = claimable();
    let index = batch.index(&zoo.session).min(batch.index(&zoo.second_session));
    let both = zoo.claim_instruction(&settler, &batch, index..index + 2);
    let mut missing = both.clone();
    missing.accounts.pop();
    zoo.refuse(&[missing], &[], SettlementError::LeavesNotSessions);
    let mut doubled = both.clone();
    doubled.accounts.push(doubled.accounts[13].clone());
    zoo.refuse(&[doubled], &[], SettlementError::LeavesNotSessions);
    let mut swapped = both.clone();
    swapped.accounts.swap(13, 14);
    zoo.refuse(&[swapped], &[], SettlementError::ProofInvalid);
    let mut none = with_args(
        both.clone(),
        ClaimArgs {
            leaves: Vec::new(),
            ..claim_args(batch.minute_index, &batch.leaves, 0..3).expect("leaves")
        },
    );
    none.accounts.truncate(13);
    zoo.refuse(&[none], &[], SettlementError::LeavesNotSessions);
    zoo.run(&[both], &[]);
}

#[test]
pub fn leaf_over_the_cap_rejects() {
    // Whoever writes the leaves: the session's cap binds them.
    let mut zoo = Zoo::new();
    let settler = zoo.settler.clone();
    let leaf = zoo.forged_leaf(&zoo.session, CAP + 1);
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    zoo.pass(WINDOW_SECS);
    let claim = claim(&zoo, &settler, &batch);
    zoo.refuse(&[claim], &[], SettlementError::LeafOverCap);
}

#[test]
pub fn grace_over_rejects() {
    let (mut zoo, settler, batch) = claimable();
    let claim = claim(&zoo, &settler, &batch);
    let last = heliograph_tests::vm::BEGINNING + SESSION_SECS + i64::from(PARAMS.redeem_grace_secs);
    zoo.set_now(last + 1);
    zoo.refuse(from_ref(&claim), &[], SettlementError::ClaimTooLate);
    zoo.set_now(last);
    zoo.run(&[claim], &[]);
}

#[test]
fn closed_session_rejects() {
    let (mut zoo, settler, batch) = claimable();
    let (app, session) = (zoo.app.clone(), zoo.session);
    let claim = claim(&zoo, &settler, &batch);
    zoo.pass(SESSION_SECS + 2 * i64::from(PARAMS.dispute_secs));
    zoo.close_session(&app, &session);
    let why = in_settlement(ErrorCode::AccountOwnedByWrongProgram);
    zoo.refuse(&[claim], &[], why);
}

#[test]
pub fn payee_that_is_not_the_registered_one_rejects() {
    let (mut zoo, settler, batch) = claimable();
    let claim = claim(&zoo, &settler, &batch);
    let thief = zoo.other_node.payout;
    for place in [7, 8, 9] {
        for payee in [thief, zoo.app.wallet, zoo.app.vault()] {
            let mut claim = claim.clone();
            claim.accounts[place].pubkey = payee;
            zoo.refuse(&[claim], &[], SettlementError::OtherPayee);
        }
    }
}

#[test]
fn vault_as_registered_payout_rejects() {
    // Paid from itself to itself, the escrow would count what it still holds as spent.
    let (mut zoo, settler, batch) = claimable();
    let vault = zoo.app.vault();
    let moved = NodeParty {
        operator: zoo.node.operator.insecure_clone(),
        node_key: zoo.node.node_key.insecure_clone(),
        payout: vault,
        ..*zoo.node
    };
    zoo.update(&moved, heliograph_tests::parties::profile());
    let claim = claim(&zoo, &settler, &batch);
    assert_eq!(claim.accounts[7].pubkey, vault);
    zoo.refuse(&[claim], &[], SettlementError::OtherPayee);
}

#[test]
fn registry_account_of_another_kind_rejects() {
    let (mut zoo, settler, batch) = claimable();
    let good = claim(&zoo, &settler, &batch);
    let mismatch = in_settlement(ErrorCode::AccountDiscriminatorMismatch);
    let others: [(usize, Pubkey); 3] =
        [(0, zoo.node.address), (1, zoo.node.address), (3, settler.address)];
    for (place, address) in others {
        let mut claim = good.clone();
        claim.accounts[place].pubkey = address;
        zoo.refuse(&[claim], &[], mismatch.clone());
    }
}

#[test]
fn every_substitute_rejects() {
    let (zoo, settler, batch) = claimable();
    let claim = claim(&zoo, &settler, &batch);
    let names = [
        "network",
        "keeper",
        "book",
        "node",
        "escrow",
        "vault",
        "channel",
        "payout",
        "settler_payout",
        "treasury",
        "token_program",
        "event_authority",
        "program",
        "session",
    ];
    let cut = SettlementError::LeavesNotSessions.into();
    zoo.sweep_cut(&[claim], &[], &names, &[], Some(cut));
}
