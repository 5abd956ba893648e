use anchor_lang::{Discriminator, Space};
use heliograph_client::instruction::slashing::{close_exhibit, open_exhibit, write_exhibit};
use heliograph_client::pda;
use heliograph_protocol::sample::{SAMPLE_LEN, SAMPLES_MAX, root, to_bytes};
use heliograph_slashing::events::{ExhibitClosed, ExhibitOpened, ExhibitWritten};
use heliograph_slashing::state::Exhibit;
use heliograph_tests::World;
use heliograph_tests::observers::probes;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn samples_are_written_in_any_order_and_more_than_once() {
    let mut world = World::new();
    let uploader = world.wallet("uploader");
    let (key, samples) = (uploader.pubkey(), probes(50));
    let (samples_root, bytes) = (root(&samples), to_bytes(&samples));
    let address = pda::exhibit(&key, &samples_root);

    let done = world.run(&[open_exhibit(key, samples_root, 50)], &[&uploader]);

    done.emitted(&ExhibitOpened {
        exhibit: address,
        uploader: key,
        samples_root,
        samples_count: 50,
    });
    let empty: Exhibit = world.read(&address);
    let seeds = [b"exhibit", key.as_ref(), &samples_root[..]];
    let bump = Pubkey::find_program_address(&seeds, &pda::SLASHING).1;
    assert_eq!((empty.version, empty.bump), (Exhibit::VERSION, bump));
    assert_eq!((empty.uploader, empty.samples_root), (key, samples_root));
    assert_eq!(empty.samples, vec![0; 50 * SAMPLE_LEN]);

    let write = |offset: usize, bytes: &[u8]| {
        write_exhibit(key, &samples_root, offset as u32, bytes.to_vec())
    };
    for place in [900..1_800, 0..900, 900..1_000] {
        let piece = &bytes[place.clone()];
        let done = world.run(&[write(place.start, piece)], &[&uploader]);
        let (offset, bytes_count) = (place.start as u32, piece.len() as u32);
        done.emitted(&ExhibitWritten { exhibit: address, offset, bytes_count });
    }
    // Nothing at the end is nothing outside.
    world.run(&[write(1_800, &[])], &[&uploader]);
    assert_eq!(world.read::<Exhibit>(&address).samples, bytes);
    world.run(&[write(7, &[9])], &[&uploader]);
    assert_eq!(world.read::<Exhibit>(&address).samples[6..9], [bytes[6], 9, bytes[8]]);

    let (rent, before) = (world.lamports(&address), world.lamports(&key));
    let done = world.run(&[close_exhibit(key, &samples_root)], &[&uploader]);
    done.emitted(&ExhibitClosed { exhibit: address, uploader: key });
    world.is_gone(&address);
    assert_eq!(world.lamports(&key) - before, rent);
    // And it may be opened anew.
    world.run(&[open_exhibit(key, samples_root, 1)], &[&uploader]);
}

#[test]
fn exhibit_is_as_large_as_its_samples() {
    let mut world = World::new();
    let uploader = world.wallet("uploader");
    for (n, count) in [(0, 0), (1, 1), (2, 60), (3, SAMPLES_MAX)] {
        let samples_root = [n; 32];
        let open = open_exhibit(uploader.pubkey(), samples_root, count as u16);
        world.run(&[open], &[&uploader]);
        let address = pda::exhibit(&uploader.pubkey(), &samples_root);
        let account = world.account(&address).expect("made");
        let missing = (SAMPLES_MAX - count) * SAMPLE_LEN;
        let largest = Exhibit::DISCRIMINATOR.len() + Exhibit::INIT_SPACE;
        assert_eq!(account.data.len(), largest - missing);
        assert_eq!(world.read::<Exhibit>(&address).samples.len(), count * SAMPLE_LEN);
    }
}
