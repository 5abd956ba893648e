use heliograph_client::instruction::slashing::{close_exhibit, open_exhibit, write_exhibit};
use heliograph_client::pda;
use heliograph_protocol::sample::{SAMPLE_LEN, SAMPLES_MAX};
use heliograph_slashing::error::SlashingError;
use heliograph_tests::reason::already_in_use;
use heliograph_tests::{World, Zoo};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

const ROOT: [u8; 32] = [3; 32];

/// A zoo in which the stranger has an exhibit of three samples.
fn ready() -> (Zoo, Keypair) {
    let mut zoo = Zoo::new();
    let uploader = zoo.stranger.insecure_clone();
    zoo.run(&[open_exhibit(uploader.pubkey(), ROOT, 3)], &[&uploader]);
    let address = pda::exhibit(&uploader.pubkey(), &ROOT);
    zoo.more.push(("exhibit".into(), address));
    (zoo, uploader)
}

#[test]
pub fn more_samples_than_a_leaf_may_have_reject() {
    let mut world = World::new();
    let uploader = world.wallet("uploader");
    for count in [SAMPLES_MAX as u16 + 1, u16::MAX] {
        let open = open_exhibit(uploader.pubkey(), ROOT, count);
        world.refuse(&[open], &[&uploader], SlashingError::ExhibitTooLarge);
    }
}

#[test]
fn second_exhibit_of_a_root_rejects() {
    let (mut zoo, uploader) = ready();
    let again = open_exhibit(uploader.pubkey(), ROOT, 3);
    zoo.refuse(&[again], &[&uploader], already_in_use());
    // Another's is another.
    let other = zoo.wallet("other uploader");
    zoo.run(&[open_exhibit(other.pubkey(), ROOT, 3)], &[&other]);
}

#[test]
pub fn bytes_outside_reject() {
    let (mut zoo, uploader) = ready();
    let end = 3 * SAMPLE_LEN as u32;
    for (offset, len) in [(end, 1), (end - 1, 2), (0, end + 1), (end + 1, 0), (u32::MAX, 1)] {
        let write = write_exhibit(uploader.pubkey(), &ROOT, offset, vec![1; len as usize]);
        zoo.refuse(&[write], &[&uploader], SlashingError::OutsideExhibit);
    }
}

/// The instructions on an exhibit, with their names.
fn uses(uploader: &Keypair) -> [(Instruction, &'static [&'static str]); 2] {
    let names = &["uploader", "exhibit", "event_authority", "program"];
    let key = uploader.pubkey();
    [(write_exhibit(key, &ROOT, 5, vec![1; 7]), names), (close_exhibit(key, &ROOT), names)]
}

#[test]
pub fn stranger_rejects() {
    let (mut zoo, uploader) = ready();
    let thief = zoo.wallet("thief");
    for (mut instruction, _) in uses(&uploader) {
        instruction.accounts[0].pubkey = thief.pubkey();
        zoo.refuse(&[instruction], &[&thief], SlashingError::OtherUploader);
    }
}

#[test]
fn every_substitute_rejects() {
    let (mut zoo, uploader) = ready();
    let other = zoo.wallet("other uploader");
    zoo.run(&[open_exhibit(other.pubkey(), ROOT, 3)], &[&other]);
    zoo.more.push(("another's exhibit".into(), pda::exhibit(&other.pubkey(), &ROOT)));
    for (instruction, names) in uses(&uploader) {
        zoo.sweep(&[instruction], &[&uploader], names, &[]);
    }
    let open = open_exhibit(uploader.pubkey(), [4; 32], 2);
    let names = ["uploader", "exhibit", "system program", "event_authority", "program"];
    zoo.sweep(&[open], &[&uploader], &names, &[]);
}
