//! The parts of the history in which somebody is tried: a settler that did not answer, a node that
//! signed one minute twice and is said to have been down, an observer that said one thing and posted
//! another.

use super::{Cast, DISPUTE_SECS, SOL, governance};
use heliograph_client::evidence::sign;
use heliograph_client::instruction::reputation::ProvedLeaf;
use heliograph_client::instruction::slashing::{self, Accusation};
use heliograph_client::instruction::token;
use heliograph_client::send::{Prepared, confirm, submit};
use heliograph_client::{account, pda};
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::observation::RootStatement;
use heliograph_protocol::sample::Sample;
use heliograph_settlement::state::{Challenge, Session};
use heliograph_slashing::state::{Case, CaseStatus};
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0};
use solana_pubkey::Pubkey;
use solana_sdk_ids::{address_lookup_table, system_program};
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

/// As the network was set up.
const CASE_WINDOW_SECS: u32 = DISPUTE_SECS / 3;

async fn read(cast: &Cast, case: Pubkey) -> Case {
    account::get(&cast.rpc, &case).await.unwrap()
}

/// The slashing program's account of a mint.
async fn make_pot(cast: &Cast, mint: &Pubkey) {
    let restorer = pda::restorer(&pda::SLASHING);
    let create = token::create_token_account(&cast.deployer.pubkey(), &restorer, mint);
    cast.send(&cast.deployer, &[create]).await;
}

/// A verdict of guilty.
async fn decide(cast: &Cast, address: Pubkey) {
    let case = read(cast, address).await;
    make_pot(cast, &case.mint).await;
    let network = account::network(&cast.rpc).await.unwrap();
    let decide = slashing::decide_case(&network, (address, &case));
    cast.send(&cast.operator, &[decide]).await;
    assert_eq!(read(cast, address).await.status, CaseStatus::Guilty);
}

async fn close(cast: &Cast, address: Pubkey) {
    let case = read(cast, address).await;
    cast.send(&cast.operator, &[slashing::close_case((address, &case))]).await;
}

/// The failed challenge is reported, the session gets back what was paid, the settler is convicted.
pub async fn settler_is_tried(cast: &Cast, challenge: Pubkey, session: Pubkey) {
    let state: Challenge = account::get(&cast.rpc, &challenge).await.unwrap();
    let open = slashing::open_challenge_case(cast.operator.pubkey(), 0, (challenge, &state));
    cast.send(&cast.operator, &[open]).await;
    let address = pda::case(&state.keeper, 0);
    make_pot(cast, &cast.network.payment_mint).await;
    cast.wait(CASE_WINDOW_SECS + 1).await;
    let case = read(cast, address).await;
    let robbed: Session = account::get(&cast.rpc, &session).await.unwrap();
    let restore = slashing::restore_claims((address, &case), (session, &robbed));
    cast.send(&cast.operator, &[restore]).await;
    cast.wait(CASE_WINDOW_SECS + 1).await;
    decide(cast, address).await;
    assert_eq!(read(cast, address).await.restored_micro_usdc, 9_001);
    close(cast, address).await;
}

/// Two receipts for one minute; owner and delegators lose alike, the app and the reporter gain.
pub async fn node_is_tried(cast: &Cast, session: Pubkey, receipts: &[Signed; 2]) {
    let reporter = governance::wallet(cast).await;
    let victim = cast.authority.pubkey();
    let create = token::create_token_account(&victim, &victim, &cast.network.stake_mint);
    cast.send(&cast.authority, &[create]).await;
    let state: Session = account::get(&cast.rpc, &session).await.unwrap();
    let accusation = Accusation { reporter: reporter.pubkey(), subject: state.node, number: 0 };
    let [one, other] = receipts;
    let open = slashing::open_equivocation_case(&accusation, (session, &state), [one, other]);
    send_with_table(cast, &reporter, &open).await;
    let address = pda::case(&state.node, 0);
    decide(cast, address).await;
    close(cast, address).await;
}

/// The node is charged with an epoch in which it was down. One of those who saw it is convicted of
/// fraud, so that too few are left and the case is dismissed.
pub async fn downtime_is_refuted(cast: &Cast, (keeper, key): (Pubkey, &Keypair), epoch: u64) {
    let (reporter, node) = (cast.authority.pubkey(), cast.node());
    let accusation = Accusation { reporter, subject: node, number: 1 };
    cast.send(&cast.authority, &[slashing::open_downtime_case(&accusation)]).await;
    observer_is_tried(cast, keeper, key, epoch).await;
    let address = pda::case(&node, 1);
    let case = read(cast, address).await;
    let refute = slashing::refute_epoch((address, &case), epoch, &[pda::case(&keeper, 0)]);
    cast.send(&cast.operator, &[refute]).await;
    assert_eq!(read(cast, address).await.status, CaseStatus::Dismissed);
    close(cast, address).await;
}

/// Another root signed than posted. The case stays: others may need it.
async fn observer_is_tried(cast: &Cast, keeper: Pubkey, key: &Keypair, epoch: u64) {
    let observer = keeper.to_bytes();
    let statement = RootStatement { observer, epoch, root: [9; 32], leaves_count: 2 };
    let signed = sign(&statement, &cast.network.domain(), key).unwrap();
    // Has no account of what was staked: its part is burned with the rest.
    let reporter = Keypair::new();
    cast.rpc.airdrop(&reporter.pubkey(), SOL).await.unwrap();
    let accusation = Accusation { reporter: reporter.pubkey(), subject: keeper, number: 0 };
    let open = slashing::open_fraud_case(&accusation, epoch, &signed);
    cast.send(&reporter, &open).await;
    decide(cast, pda::case(&keeper, 0)).await;
}

/// A leaf is held against its own samples. A part of the exhibit is written twice, and all of it
/// closed; the case stays. The second writing changes nothing; returns its transaction.
pub async fn observer_is_tried_by_samples(
    cast: &Cast,
    leaf: ProvedLeaf,
    samples: &[Sample],
) -> Signature {
    let reporter = &cast.authority;
    let (uploader, root) = (reporter.pubkey(), leaf.samples_root);
    for step in slashing::exhibit_of(uploader, samples) {
        cast.send(reporter, &[step]).await;
    }
    let first = samples[0].to_bytes().to_vec();
    let again = slashing::write_exhibit(uploader, &root, 0, first);
    let again = cast.send(reporter, &[again]).await;
    let subject = leaf.observer;
    let accusation = Accusation { reporter: uploader, subject, number: 0 };
    cast.send(reporter, &[slashing::open_samples_case(&accusation, leaf)]).await;
    cast.send(reporter, &[slashing::close_exhibit(uploader, &root)]).await;
    // Another stays open, for the auditor to compare.
    let unused = slashing::exhibit_of(uploader, &samples[..3]);
    cast.send(reporter, &unused).await;
    decide(cast, pda::case(&subject, 0)).await;
    again
}

/// Sends what is too large for a transaction that names all its accounts.
async fn send_with_table(cast: &Cast, payer: &Keypair, instructions: &[Instruction]) {
    let table = make_table(cast, payer, instructions).await;
    let (blockhash, last_valid_block_height) = cast.rpc.latest_blockhash().await.unwrap();
    let message = v0::Message::try_compile(&payer.pubkey(), instructions, &[table], blockhash);
    let message = VersionedMessage::V0(message.unwrap());
    let transaction = VersionedTransaction::try_new(message, &[payer]).unwrap();
    let signature = transaction.signatures[0];
    let prepared = Prepared { transaction, signature, last_valid_block_height };
    submit(&cast.rpc, &prepared).await.unwrap();
    confirm(&cast.rpc, &prepared).await.unwrap();
}

/// A lookup table of every account that need not sign.
async fn make_table(
    cast: &Cast,
    payer: &Keypair,
    instructions: &[Instruction],
) -> AddressLookupTableAccount {
    let metas = instructions.iter().flat_map(|instruction| &instruction.accounts);
    let mut addresses: Vec<Pubkey> =
        metas.filter(|meta| !meta.is_signer).map(|meta| meta.pubkey).collect();
    addresses.sort_unstable();
    addresses.dedup();

    let owner = payer.pubkey();
    let slot = cast.rpc.slot().await.unwrap() - 1;
    let seeds = [owner.as_ref(), &slot.to_le_bytes()];
    let (key, bump) = Pubkey::find_program_address(&seeds, &address_lookup_table::ID);
    let accounts = vec![
        AccountMeta::new(key, false),
        AccountMeta::new_readonly(owner, true),
        AccountMeta::new(owner, true),
        AccountMeta::new_readonly(system_program::ID, false),
    ];
    // The program's numbers of making a table and of extending one.
    let mut create = 0u32.to_le_bytes().to_vec();
    create.extend_from_slice(&slot.to_le_bytes());
    create.push(bump);
    let mut extend = 2u32.to_le_bytes().to_vec();
    extend.extend_from_slice(&(addresses.len() as u64).to_le_bytes());
    extend.extend(addresses.iter().flat_map(|address| address.to_bytes()));
    let steps = [create, extend].map(|data| Instruction {
        program_id: address_lookup_table::ID,
        accounts: accounts.clone(),
        data,
    });
    cast.send(payer, &steps).await;
    // A table can be used from the slot after the one it was extended in.
    let extended = cast.rpc.slot().await.unwrap();
    while cast.rpc.slot().await.unwrap() <= extended {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    AddressLookupTableAccount { key, addresses }
}
