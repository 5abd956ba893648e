use anchor_lang::error::ErrorCode;
use heliograph_client::pda;
use heliograph_registry::state::KeeperRole;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::batches::SLOTS;
use heliograph_tests::reason::in_settlement;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
pub fn key_of_another_settler_rejects() {
    let mut world = World::new();
    let settler = world.keeper("settler", KeeperRole::Settler);
    let thief = world.keeper("thief", KeeperRole::Settler);
    let mut instructions = world.book_instructions(&thief, SLOTS);
    instructions[2].accounts[2].pubkey = settler.address;
    let signers = [&thief.owner, &thief.keeper_key];
    world.refuse(&instructions, &signers, SettlementError::NotKeeperKey);
}

#[test]
pub fn observer_rejects() {
    let mut world = World::new();
    let observer = world.keeper("observer", KeeperRole::Observer);
    let instructions = world.book_instructions(&observer, SLOTS);
    let signers = [&observer.owner, &observer.keeper_key];
    world.refuse(&instructions, &signers, SettlementError::NotASettler);
}

#[test]
pub fn account_at_another_address_rejects() {
    // A second book would be a second exposure against one bond.
    let mut world = World::new();
    let settler = world.keeper("settler", KeeperRole::Settler);
    let [_, _, mut open] = world.book_instructions(&settler, SLOTS);
    let other = heliograph_tests::key("another book");
    let lamports = 1_000_000_000;
    let create = solana_system_interface::instruction::create_account(
        &settler.owner.pubkey(),
        &other.pubkey(),
        lamports,
        heliograph_client::instruction::settlement::book_len(SLOTS) as u64,
        &pda::SETTLEMENT,
    );
    open.accounts[3].pubkey = other.pubkey();
    let signers = [&settler.owner, &settler.keeper_key, &other];
    world.refuse(&[create, open], &signers, SettlementError::OtherBook);
}

#[test]
pub fn too_few_slots_reject() {
    let mut world = World::new();
    let settler = world.keeper("settler", KeeperRole::Settler);
    let signers = [&settler.owner, &settler.keeper_key];
    for slots in [0, 1, SLOTS - 1] {
        let instructions = world.book_instructions(&settler, slots);
        world.refuse(&instructions, &signers, SettlementError::BookTooSmall);
    }
}

#[test]
fn book_opened_twice_rejects() {
    let mut world = World::new();
    let settler = world.settler("settler", 0);
    let [_, _, open] = world.book_instructions(&settler, SLOTS);
    let signers = [&settler.owner, &settler.keeper_key];
    world.refuse(&[open], &signers, in_settlement(ErrorCode::ConstraintZero));
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let third = zoo.keeper("third settler", KeeperRole::Settler);
    // The account is made before: in one transaction its signatures would count for both.
    let [rent, allocate, open] = zoo.book_instructions(&third, SLOTS);
    zoo.run(&[rent, allocate], &[&third.owner, &third.keeper_key]);
    let names = ["keeper_key", "rent_payer", "keeper", "book", "event_authority", "program"];
    // Whoever signs may be named for the rent.
    let meant = [
        ("rent_payer", "stranger 0"),
        ("rent_payer", "stranger 1"),
        ("rent_payer", "stranger 2"),
        ("rent_payer", "stranger 3"),
        ("rent_payer", "other app's authority"),
        ("rent_payer", "other node's operator"),
        ("rent_payer", "other settler's owner"),
    ];
    zoo.sweep(&[open], &[&third.owner, &third.keeper_key], &names, &meant);
}
