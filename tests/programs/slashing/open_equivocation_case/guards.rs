use crate::slashing::opening_names;
use crate::slashing::trials::equivocation;
use anchor_lang::AccountSerialize as _;
use heliograph_client::instruction::slashing::{Accusation, open_equivocation_case};
use heliograph_client::pda;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::receipt::Receipt;
use heliograph_registry::InitializeNetworkArgs;
use heliograph_settlement::state::Session;
use heliograph_slashing::error::SlashingError;
use heliograph_slashing::state::Record;
use heliograph_tests::cases::sign;
use heliograph_tests::reason::too_few_lamports;
use heliograph_tests::vouchers::{ed25519_of_many, signed_bytes};
use heliograph_tests::world::{DOMAIN, PARAMS};
use heliograph_tests::{Reason, World, Zoo, key};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::slice::from_ref;

fn refused(zoo: &mut Zoo, receipts: &[Signed; 2], why: impl Into<Reason>) {
    let reporter = zoo.stranger.insecure_clone();
    let open = zoo.equivocation_instructions(&reporter.pubkey(), &zoo.session, receipts);
    zoo.refuse(&open, &[&reporter], why);
}

#[test]
pub fn receipts_that_agree_reject() {
    let (mut zoo, [one, _]) = equivocation();
    refused(&mut zoo, &[one.clone(), one], SlashingError::ReceiptsAgree);
}

#[test]
pub fn receipts_of_two_minutes_reject() {
    let (mut zoo, [one, _]) = equivocation();
    let node = zoo.node.clone();
    let next = sign(&zoo.receipt(&zoo.session, 5, 2), &node.node_key);
    refused(&mut zoo, &[one.clone(), next], SlashingError::OtherMinute);
    let elsewhere = sign(&zoo.receipt(&zoo.second_session, 4, 2), &node.node_key);
    refused(&mut zoo, &[one, elsewhere], SlashingError::OtherMinute);
}

#[test]
pub fn receipts_of_another_session_reject() {
    let (mut zoo, _) = equivocation();
    let receipts = zoo.receipts(&zoo.node, &zoo.second_session);
    refused(&mut zoo, &receipts, SlashingError::OtherSession);
}

#[test]
pub fn signature_of_another_key_rejects() {
    let (mut zoo, [one, other]) = equivocation();
    let forged = |signed: &Signed, by: &solana_keypair::Keypair| signed_bytes(&signed.bytes, by);
    let thief = key("thief");
    refused(&mut zoo, &[forged(&one, &thief), forged(&other, &thief)], SlashingError::OtherSigner);
    // One of two keys: the second signature must not ride on the first one's key.
    let reporter = zoo.stranger.insecure_clone();
    let mut open = zoo.equivocation_instructions(
        &reporter.pubkey(),
        &zoo.session,
        &[one.clone(), other.clone()],
    );
    for pair in [[one.clone(), forged(&other, &thief)], [forged(&one, &thief), other.clone()]] {
        open[0] = ed25519_of_many(&pair);
        zoo.refuse(&open, &[&reporter], SlashingError::OtherSigner);
    }
}

#[test]
pub fn messages_that_are_no_receipts_reject() {
    let (mut zoo, [one, _]) = equivocation();
    let node = zoo.node.clone();
    let voucher = sign(&zoo.session.voucher(5), &node.node_key);
    let cut = signed_bytes(&one.bytes[..one.bytes.len() - 1], &node.node_key);
    let mut other_network = one.bytes.clone();
    other_network[12] ^= 1;
    assert_ne!(other_network[12..44], DOMAIN.0);
    let other_network = signed_bytes(&other_network, &node.node_key);
    for forged in [voucher, cut, other_network] {
        refused(&mut zoo, &[one.clone(), forged.clone()], SlashingError::NotAReceipt);
        refused(&mut zoo, &[forged, one.clone()], SlashingError::NotAReceipt);
    }
}

#[test]
pub fn evidence_nobody_verified_rejects() {
    let (mut zoo, receipts) = equivocation();
    let reporter = zoo.stranger.insecure_clone();
    let [_, open] = zoo.equivocation_instructions(&reporter.pubkey(), &zoo.session, &receipts);
    zoo.refuse(from_ref(&open), &[&reporter], SlashingError::NoSignatureInstruction);
    let transfer = solana_system_interface::instruction::transfer(
        &reporter.pubkey(),
        &Pubkey::new_unique(),
        0,
    );
    zoo.refuse(&[transfer, open], &[&reporter], SlashingError::NoSignatureInstruction);
}

#[test]
pub fn other_numbers_of_signatures_reject() {
    let (mut zoo, [one, other]) = equivocation();
    let reporter = zoo.stranger.insecure_clone();
    let pair = [one.clone(), other.clone()];
    let [_, open] = zoo.equivocation_instructions(&reporter.pubkey(), &zoo.session, &pair);
    for many in [vec![one.clone()], vec![one.clone(), other.clone(), one.clone()]] {
        let instructions = [ed25519_of_many(&many), open.clone()];
        zoo.refuse(&instructions, &[&reporter], SlashingError::SignatureInstructionInvalid);
    }
    // Laid out as others do it, with the key twice, two are two.
    zoo.run(&[ed25519_of_many(&pair), open], &[&reporter]);
}

#[test]
pub fn second_case_of_the_kind_rejects() {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session) = (zoo.stranger.insecure_clone(), zoo.session);
    zoo.open_equivocation_case(&reporter, &session, &receipts);
    zoo.pass(60);
    let more = zoo.receipts(&zoo.node, &zoo.session);
    refused(&mut zoo, &more, SlashingError::CaseUnderWay);
}

/// What was done until a verdict is punished by it, once.
#[test]
pub fn deed_of_before_the_verdict_rejects() {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session, node) = (zoo.stranger.insecure_clone(), zoo.session, zoo.node.clone());
    let late = zoo.receipts(&zoo.node, &zoo.second_session);
    zoo.pass(60);
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    zoo.decide(&case);
    // The same once more, and others of that time.
    refused(&mut zoo, &receipts, SlashingError::AlreadyPunished);
    let second = zoo.second_session;
    let open = zoo.equivocation_instructions(&reporter.pubkey(), &second, &late);
    zoo.refuse(&open, &[&reporter], SlashingError::AlreadyPunished);
    // Whatever receipts of these sessions say about their time, now or later.
    let minute = zoo.minute();
    for minute_index in [0, minute, minute + 1, u64::MAX / 2, u64::MAX] {
        let dated = [1, 2].map(|amount| {
            let receipt = Receipt { minute_index, ..zoo.receipt(&session, 4, amount) };
            sign(&receipt, &node.node_key)
        });
        refused(&mut zoo, &dated, SlashingError::AlreadyPunished);
        zoo.pass(60);
    }
    // What is opened after the verdict is a new beginning.
}

#[test]
pub fn keeper_rejects() {
    let (mut zoo, receipts) = equivocation();
    let reporter = zoo.stranger.insecure_clone();
    let session: Session = zoo.read(&zoo.session.address);
    let accusation =
        Accusation { reporter: reporter.pubkey(), subject: zoo.observer.address, number: 0 };
    let [one, other] = &receipts;
    let as_session = (zoo.session.address, &Session { node: zoo.observer.address, ..session });
    let open = open_equivocation_case(&accusation, as_session, [one, other]);
    zoo.refuse(&open, &[&reporter], SlashingError::OtherSession);
    // A session of the accused there can be none; put one in place to see the next check.
    let address = zoo.session.address;
    let mut account = zoo.account(&address).expect("a session");
    let at = account.data.windows(32).position(|w| w == zoo.node.address.as_ref()).expect("node");
    account.data[at..at + 32].copy_from_slice(zoo.observer.address.as_ref());
    zoo.set_account(&address, account);
    zoo.refuse(&open, &[&reporter], SlashingError::NotANode);
}

#[test]
pub fn network_of_another_slashing_program_rejects() {
    let mut world = World::bare();
    let args = InitializeNetworkArgs { slashing_program: pda::STAKING, ..world.network_args() };
    world.initialize(args);
    let node = world.node("node");
    let app = world.funded_app("app", 10);
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, 10);
    let receipts = world.receipts(&node, &session);
    let reporter = world.wallet("reporter");
    let open = world.equivocation_instructions(&reporter.pubkey(), &session, &receipts);
    world.refuse(&open, &[&reporter], SlashingError::OtherSlashingProgram);
}

#[test]
pub fn another_app_rejects() {
    let (mut zoo, receipts) = equivocation();
    let reporter = zoo.stranger.insecure_clone();
    let mut open = zoo.equivocation_instructions(&reporter.pubkey(), &zoo.session, &receipts);
    open[1].accounts[11].pubkey = zoo.other_app.address;
    zoo.refuse(&open, &[&reporter], SlashingError::OtherApp);
}

#[test]
fn reporter_without_the_bond_rejects() {
    let (mut zoo, receipts) = equivocation();
    let poor = key("poor");
    let rents = zoo.svm().minimum_balance_for_rent_exemption(3_000);
    zoo.svm().airdrop(&poor.pubkey(), rents + PARAMS.case_bond_lamports / 2).expect("airdrop");
    let open = zoo.equivocation_instructions(&poor.pubkey(), &zoo.session, &receipts);
    zoo.refuse(&open, &[&poor], too_few_lamports());
}

#[test]
fn record_at_its_last_number_rejects() {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session) = (zoo.stranger.insecure_clone(), zoo.session);
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    zoo.decide(&case);
    overflow(&mut zoo, u32::MAX);
    let more = zoo.receipts(&zoo.node, &zoo.session);
    refused(&mut zoo, &more, SlashingError::Overflow);
    let record: Record = zoo.read(&pda::record(&zoo.node.address));
    assert_eq!(record.cases, u32::MAX);
}

/// Puts another number of cases into the node's record, and none that punished anything.
pub fn overflow(zoo: &mut Zoo, cases: u32) {
    let address = pda::record(&zoo.node.address);
    let mut record: Record = zoo.read(&address);
    record.cases = cases;
    record.kinds = Default::default();
    let mut account = zoo.account(&address).expect("a record");
    account.data.clear();
    record.try_serialize(&mut account.data).expect("a record");
    zoo.set_account(&address, account);
}

#[test]
pub fn overflow_rejects() {
    record_at_its_last_number_rejects();
}

#[test]
fn every_substitute_rejects() {
    let (zoo, receipts) = equivocation();
    let reporter = zoo.stranger.insecure_clone();
    let open = zoo.equivocation_instructions(&reporter.pubkey(), &zoo.session, &receipts);
    let names = opening_names(&["session", "app", "instructions"]);
    // Anybody may report, whoever pays.
    let meant = [
        ("reporter", "stranger 1"),
        ("reporter", "stranger 2"),
        ("reporter", "stranger 3"),
        ("reporter", "other app's authority"),
        ("reporter", "other node's operator"),
        ("reporter", "other settler's owner"),
    ];
    zoo.sweep(&open, &[&reporter], &names, &meant);
}
