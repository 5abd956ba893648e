use heliograph_client::instruction::settlement::answer_challenge;
use heliograph_protocol::evidence::Signed;
use heliograph_registry::state::Keeper;
use heliograph_settlement::error::SettlementError;
use heliograph_settlement::state::Challenge;
use heliograph_tests::batches::Batch;
use heliograph_tests::vouchers::signed;
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{KeeperParty, SessionParty, Zoo, key};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::rc::Rc;

/// A zoo with a batch of two leaves, the first under challenge.
fn challenged() -> (Zoo, Rc<KeeperParty>, Batch, Pubkey) {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaves = [zoo.session, zoo.second_session].map(|session| {
        zoo.leaf(&session, &signed(&session.voucher(USDC), &zoo.app.voucher_signer))
    });
    let batch = zoo.post_leaves(&settler, leaves.into());
    let challenge = zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    (zoo, settler, batch, challenge)
}

/// The session of leaf `index`.
fn session_of(zoo: &Zoo, batch: &Batch, index: usize) -> SessionParty {
    let of = |session: &SessionParty| batch.index(session) == index;
    [zoo.session, zoo.second_session].into_iter().find(of).expect("one of the two")
}

/// An answer with any voucher and proof.
fn answer(
    zoo: &Zoo,
    challenge: &Pubkey,
    session: &SessionParty,
    voucher: &Signed,
    proof: Vec<[u8; 32]>,
) -> [Instruction; 2] {
    let account: Challenge = zoo.read(challenge);
    let keeper: Keeper = zoo.read(&account.keeper);
    answer_challenge((*challenge, &account), &keeper, session.address, voucher, proof)
}

#[test]
pub fn voucher_that_is_not_behind_the_leaf_rejects() {
    let (mut zoo, _, batch, challenge) = challenged();
    let session = session_of(&zoo, &batch, 0);
    let app = zoo.app.clone();
    // More or less than the leaf says, or another receipt's: none of them is its evidence.
    let other_receipt =
        heliograph_protocol::voucher::Voucher { receipt_hash: [9; 32], ..session.voucher(USDC) };
    for voucher in [session.voucher(USDC + 1), session.voucher(USDC - 1), other_receipt] {
        let voucher = signed(&voucher, &app.voucher_signer);
        let instructions = answer(&zoo, &challenge, &session, &voucher, batch.proof(0));
        zoo.refuse(&instructions, &[], SettlementError::ProofInvalid);
    }
}

#[test]
fn leaf_at_another_index_rejects() {
    let (mut zoo, _, batch, challenge) = challenged();
    let session = session_of(&zoo, &batch, 1);
    let voucher = batch.vouchers[1].clone().expect("a voucher");
    for proof in [batch.proof(1), batch.proof(0), Vec::new()] {
        let instructions = answer(&zoo, &challenge, &session, &voucher, proof);
        zoo.refuse(&instructions, &[], SettlementError::ProofInvalid);
    }
}

#[test]
fn voucher_nobody_signed_for_the_session_rejects() {
    let (mut zoo, settler, batch, challenge) = challenged();
    let session = session_of(&zoo, &batch, 0);
    // The settler's own signature is none of the app's.
    for thief in [&settler.keeper_key, &settler.owner, &key("thief")] {
        let voucher = signed(&session.voucher(USDC), thief);
        let instructions = answer(&zoo, &challenge, &session, &voucher, batch.proof(0));
        zoo.refuse(&instructions, &[], SettlementError::OtherVoucherSigner);
    }
    let [_, alone] = zoo.answer_instructions(&settler, &batch, 0);
    zoo.refuse(&[alone], &[], SettlementError::NoSignatureInstruction);
}

#[test]
pub fn failed_challenge_rejects() {
    let (mut zoo, settler, batch, challenge) = challenged();
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let fail = zoo.fail_instruction(&challenge);
    let answer = zoo.answer_instructions(&settler, &batch, 0);
    zoo.run(&[fail], &[]);
    zoo.refuse(&answer, &[], SettlementError::ChallengeHasFailed);
}

#[test]
fn book_of_another_settler_rejects() {
    let (mut zoo, settler, batch, _) = challenged();
    let mut answer = zoo.answer_instructions(&settler, &batch, 0);
    answer[1].accounts[1].pubkey = zoo.other_settler.book();
    zoo.refuse(&answer, &[], SettlementError::OtherBook);
}

#[test]
fn bond_for_somebody_else_rejects() {
    let (mut zoo, settler, batch, _) = challenged();
    let answer = zoo.answer_instructions(&settler, &batch, 0);
    for (place, address, why) in [
        (3, zoo.other_settler.address, SettlementError::OtherRentPayer),
        (5, zoo.other_settler.address, SettlementError::OtherKeeper),
        (6, zoo.other_settler.payout, SettlementError::OtherPayee),
    ] {
        let mut answer = answer.clone();
        answer[1].accounts[place].pubkey = address;
        zoo.refuse(&answer, &[], why);
    }
}

#[test]
fn every_substitute_rejects() {
    let (mut zoo, settler, batch, challenge) = challenged();
    zoo.more.push(("challenge".into(), challenge));
    zoo.more.push(("bond".into(), heliograph_client::pda::challenge_bond(&challenge)));
    let answer = zoo.answer_instructions(&settler, &batch, 0);
    let names = [
        "network",
        "book",
        "challenge",
        "challenger",
        "bond",
        "keeper",
        "settler_payout",
        "session",
        "token_program",
        "instructions",
        "event_authority",
        "program",
    ];
    zoo.sweep(&answer, &[], &names, &[]);
}
