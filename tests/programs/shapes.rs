//! Sizes and discriminators: what clients and archived history rely on.

use anchor_lang::{Discriminator, Space};
use heliograph_client::pda;
use heliograph_protocol::hash::sha256;
use heliograph_registry::state::{App, Keeper, Network, Node, ParamsChange};
use heliograph_settlement::state::{Book, Challenge, Channel, Escrow, Ring, Session, Slot};
use heliograph_slashing::state::{Case, Exhibit, Record};
use heliograph_staking::state::{Delegation, Position};
use heliograph_tests::{Scene, events};
use std::collections::BTreeSet;

/// Bytes of a book before its ring, and of each batch in it.
const BOOK_LEN: usize = 224;
const SLOT_LEN: usize = 96;

/// First bytes of SHA-256 of `namespace:name`, as the framework derives discriminators.
fn derived(namespace: &str, name: &str) -> Vec<u8> {
    sha256(&[namespace.as_bytes(), b":", name.as_bytes()])[..8].to_vec()
}

/// Name, size with discriminator, discriminator.
fn shape<T: Discriminator + Space>(name: &'static str) -> (&'static str, usize, &'static [u8]) {
    (name, T::DISCRIMINATOR.len() + T::INIT_SPACE, T::DISCRIMINATOR)
}

#[test]
fn account_sizes_and_discriminators_are_the_published_ones() {
    let shapes = [
        (shape::<ParamsChange>("ParamsChange"), 281, [37, 178, 23, 244, 101, 116, 182, 118]),
        (shape::<Keeper>("Keeper"), 400, [127, 221, 194, 46, 120, 73, 144, 77]),
        (shape::<Network>("Network"), 749, [51, 5, 209, 183, 60, 99, 156, 251]),
        (shape::<Node>("Node"), 507, [208, 53, 1, 3, 49, 122, 180, 49]),
        (shape::<App>("App"), 322, [67, 135, 84, 79, 153, 49, 239, 169]),
        (shape::<Position>("Position"), 420, [170, 188, 143, 228, 122, 64, 247, 208]),
        (shape::<Case>("Case"), 1_304, [24, 222, 147, 26, 60, 162, 154, 176]),
        (shape::<Exhibit>("Exhibit"), 9_294, [26, 181, 251, 240, 208, 218, 12, 188]),
        (shape::<Record>("Record"), 302, [254, 233, 117, 252, 76, 166, 146, 139]),
        (shape::<Delegation>("Delegation"), 234, [237, 90, 140, 159, 124, 255, 243, 80]),
        (shape::<Escrow>("Escrow"), 235, [31, 213, 123, 187, 186, 22, 218, 155]),
        (shape::<Challenge>("Challenge"), 264, [119, 250, 161, 121, 119, 81, 22, 208]),
        (shape::<Channel>("Channel"), 184, [49, 159, 99, 106, 220, 87, 219, 88]),
        (shape::<Session>("Session"), 496, [243, 81, 72, 115, 214, 188, 72, 144]),
    ];
    for ((name, size, discriminator), published_size, published) in shapes {
        assert_eq!(size, published_size, "size of {name}");
        assert_eq!(discriminator, derived("account", name), "discriminator of {name}");
        assert_eq!(discriminator, published, "published discriminator of {name}");
    }
}

#[test]
fn book_has_its_published_layout() {
    assert_eq!(Book::DISCRIMINATOR, derived("account", "Book"));
    assert_eq!((size_of::<Book>(), size_of::<Slot>()), (BOOK_LEN, SLOT_LEN));
    assert_eq!(Ring::len_of(3), 8 + BOOK_LEN + 3 * SLOT_LEN);
    for extra in [0, 1, SLOT_LEN - 1] {
        assert_eq!(Ring::slots_in(Ring::len_of(3) + extra), 3);
    }
    assert_eq!(Ring::slots_in(0), 0);
}

#[test]
fn accounts_on_chain_have_their_size() {
    let scene = Scene::new();
    for (address, size) in [
        (pda::network(), 749),
        (scene.node.address, 507),
        (scene.app.address, 322),
        (scene.node.position(), 420),
        (scene.app.escrow(), 235),
        (scene.session.channel, 184),
        (scene.session.address, 496),
    ] {
        assert_eq!(scene.account(&address).expect("made by the scene").data.len(), size);
    }
}

#[test]
fn instruction_discriminators_come_from_their_names() {
    macro_rules! instructions {
        ($($program:ident: $($name:ident = $text:literal),*;)*) => {{
            let mut all = Vec::new();
            $($(
                let discriminator = $program::instruction::$name::DISCRIMINATOR;
                assert_eq!(discriminator, derived("global", $text), "{}", $text);
                all.push((stringify!($program), discriminator));
            )*)*
            all
        }};
    }
    use heliograph_registry as registry;
    use heliograph_settlement as settlement;
    use heliograph_slashing as slashing;
    use heliograph_staking as staking;
    let all = instructions! {
        registry: InitializeNetwork = "initialize_network", RegisterNode = "register_node",
            ProposeParams = "propose_params", CancelParams = "cancel_params",
            ApplyParams = "apply_params", ProposeAuthority = "propose_authority",
            AcceptAuthority = "accept_authority", SetGuardian = "set_guardian",
            Pause = "pause", Unpause = "unpause", RegisterKeeper = "register_keeper",
            UpdateKeeper = "update_keeper", SetKeeperStatus = "set_keeper_status",
            Jail = "jail", Unjail = "unjail", UpdateNode = "update_node", SetNodeStatus = "set_node_status",
            RecordStake = "record_stake", CreateApp = "create_app", UpdateApp = "update_app";
        staking: OpenPosition = "open_position", Deposit = "deposit", Unbond = "unbond",
            Withdraw = "withdraw", Slash = "slash", OpenDelegation = "open_delegation",
            Delegate = "delegate", Undelegate = "undelegate",
            WithdrawDelegation = "withdraw_delegation", AddRewards = "add_rewards",
            ClaimRewards = "claim_rewards", CloseDelegation = "close_delegation",
            Hold = "hold", ReleaseHold = "release_hold";
        slashing: OpenEquivocationCase = "open_equivocation_case",
            OpenChallengeCase = "open_challenge_case", OpenDowntimeCase = "open_downtime_case",
            OpenFraudCase = "open_fraud_case", RefuteEpoch = "refute_epoch",
            RestoreClaims = "restore_claims", DecideCase = "decide_case",
            CloseCase = "close_case", OpenSamplesCase = "open_samples_case",
            OpenExhibit = "open_exhibit", WriteExhibit = "write_exhibit",
            CloseExhibit = "close_exhibit";
        settlement: OpenEscrow = "open_escrow", Deposit = "deposit",
            RequestWithdrawal = "request_withdrawal", CancelWithdrawal = "cancel_withdrawal",
            Withdraw = "withdraw", OpenChannel = "open_channel", CloseChannel = "close_channel",
            OpenSession = "open_session", EndSession = "end_session",
            CloseSession = "close_session", PostBond = "post_bond",
            ReleaseBond = "release_bond", RedeemVoucher = "redeem_voucher",
            ProveVoucher = "prove_voucher", OpenBook = "open_book", CloseBook = "close_book",
            PostBatch = "post_batch", Release = "release", Claim = "claim",
            OpenChallenge = "open_challenge", AnswerChallenge = "answer_challenge",
            FailChallenge = "fail_challenge", CloseChallenge = "close_challenge",
            Restore = "restore";
    };
    assert_eq!(all.len(), 70);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 70);
}

#[test]
fn event_discriminators_come_from_their_names() {
    let all = events::all();
    for (name, _, discriminator) in &all {
        assert_eq!(*discriminator, derived("event", name), "{name}");
    }
    let distinct: BTreeSet<_> = all.iter().map(|event| &event.2).collect();
    assert_eq!(distinct.len(), all.len(), "an event is known by its discriminator alone");
}

#[test]
fn programs_live_where_they_say() {
    use std::str::FromStr;
    for (address, published) in [
        (pda::REGISTRY, "reM4qLw9PfJ2F5i51rgcjdtRwLEQWoWtxMJsLVPADJK"),
        (pda::STAKING, "stFtHY698dAqZ76JBwKY5oucnoPMLMJA6hxoCXzLHdw"),
        (pda::SETTLEMENT, "SE7av8oURLjNFTzWF3KbNaR3vmRZya2eMAtjxoYnTee"),
        (pda::REPUTATION, "repC7VfGpQ6Sz5XJtzhiU5QAVM9QeStZPfCBwamXu2v"),
        (pda::SLASHING, "SLbSEiRbyHXRUMz2QaMuWUbuSDAw5zEkcFz9un1nBA5"),
    ] {
        assert_eq!(address, solana_pubkey::Pubkey::from_str(published).expect("an address"));
    }
}
