//! Sizes and discriminators of this program's accounts and instructions.

use anchor_lang::{Discriminator, Space};
use heliograph_client::pda;
use heliograph_protocol::hash::sha256;
use heliograph_reputation::instruction as ix;
use heliograph_reputation::state::{Epoch, Observation, Score, Standing, Tally};
use heliograph_tests::observers::{GOOD, Panel};

fn derived(namespace: &str, name: &str) -> Vec<u8> {
    sha256(&[namespace.as_bytes(), b":", name.as_bytes()])[..8].to_vec()
}

fn shape<T: Discriminator + Space>(name: &'static str) -> (&'static str, usize, &'static [u8]) {
    (name, T::DISCRIMINATOR.len() + T::INIT_SPACE, T::DISCRIMINATOR)
}

#[test]
fn accounts_have_the_published_shapes() {
    for ((name, size, discriminator), published) in [
        (shape::<Epoch>("Epoch"), 735),
        (shape::<Observation>("Observation"), 158),
        (shape::<Tally>("Tally"), 1_079),
        (shape::<Score>("Score"), 1_274),
        (shape::<Standing>("Standing"), 162),
    ] {
        assert_eq!(size, published, "size of {name}");
        assert_eq!(discriminator, derived("account", name), "discriminator of {name}");
    }
}

#[test]
fn accounts_on_chain_have_their_size() {
    let mut panel = Panel::new(3);
    panel.run_epoch(&[GOOD; 3]);
    for (address, size) in [
        (panel.epoch_account(), 735),
        (panel.observation(0), 158),
        (panel.tally(), 1_079),
        (pda::score(&panel.node.address), 1_274),
        (panel.standing(0), 162),
    ] {
        assert_eq!(panel.account(&address).expect("made by the panel").data.len(), size);
    }
}

#[test]
fn instruction_discriminators_come_from_their_names() {
    for (name, discriminator) in [
        ("post_root", ix::PostRoot::DISCRIMINATOR),
        ("submit_leaf", ix::SubmitLeaf::DISCRIMINATOR),
        ("score_node", ix::ScoreNode::DISCRIMINATOR),
        ("close_tally", ix::CloseTally::DISCRIMINATOR),
        ("close_observation", ix::CloseObservation::DISCRIMINATOR),
        ("close_epoch", ix::CloseEpoch::DISCRIMINATOR),
    ] {
        assert_eq!(discriminator, derived("global", name), "{name}");
    }
}
