use heliograph_settlement::events::ChannelOpened;
use heliograph_settlement::state::{Channel, Escrow, Totals};
use heliograph_tests::World;
use heliograph_tests::scene::DEPOSIT;
use heliograph_tests::vm::BEGINNING;
use solana_pubkey::Pubkey;

#[test]
fn channel_opens_with_the_next_incarnation() {
    let mut world = World::new();
    let (node, app) = (world.node("node"), world.funded_app("app", DEPOSIT));
    for incarnation in 0u64..3 {
        let before: Escrow = world.read(&app.escrow());
        let (channel, open) = world.channel_instruction(&app, &node);
        let done = world.act(open, &app.authority);
        let number = incarnation.to_le_bytes();
        let seeds: [&[u8]; 4] = [b"channel", app.address.as_ref(), node.address.as_ref(), &number];
        let expected = Channel {
            version: 1,
            spare: [0; 2],
            bump: Pubkey::find_program_address(&seeds, &heliograph_settlement::ID).1,
            app: app.address,
            node: node.address,
            incarnation,
            totals: Totals::default(),
            next_ordinal: 0,
            sessions_open: 0,
            opened_at: BEGINNING,
            bond_micro_usdc: 0,
            bond_until: 0,
            reserved: [0; 48],
        };
        world.holds(&channel, &expected);
        world.holds(&app.escrow(), &Escrow { next_incarnation: incarnation + 1, ..before });
        done.emitted(&ChannelOpened { channel, app: app.address, node: node.address, incarnation });
    }
}

#[test]
fn node_of_any_status_gets_a_channel() {
    // A channel binds nobody; what a node must be is checked when a session is opened.
    let mut world = World::new();
    let (node, app) = (world.registered("node"), world.funded_app("app", DEPOSIT));
    world.open_channel(&app, &node);
}
