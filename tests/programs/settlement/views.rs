//! The views that a claim lays over sessions and channels, and the places it reads payees from,
//! against the accounts as the framework writes them.

use anchor_lang::{AccountSerialize, Discriminator};
use heliograph_client::pda;
use heliograph_protocol::claim::Claims;
use heliograph_registry::state::{Keeper, Network, Node};
use heliograph_settlement::state::{
    CLAIMS_MAX, Channel, ChannelView, Claim, Session, SessionView, Totals, to_rules,
};
use heliograph_settlement::{KEEPER_PAYOUT_AT, NETWORK_TREASURY_AT, NODE_PAYOUT_AT};
use heliograph_tests::Zoo;
use solana_pubkey::Pubkey;

fn written<T: AccountSerialize + Discriminator>(account: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    account.try_serialize(&mut bytes).expect("accounts serialise into a Vec");
    bytes.split_off(T::DISCRIMINATOR.len())
}

fn key(byte: u8) -> Pubkey {
    Pubkey::from([byte; 32])
}

/// The session has the claims as accounts hold them, the view as the rules know them.
trait IntoClaims<T> {
    fn into_claims(self) -> T;
}

impl IntoClaims<[Claim; CLAIMS_MAX]> for [Claim; CLAIMS_MAX] {
    fn into_claims(self) -> Self {
        self
    }
}

impl IntoClaims<Claims> for [Claim; CLAIMS_MAX] {
    fn into_claims(self) -> Claims {
        to_rules(&self)
    }
}

fn claim(byte: u8) -> Claim {
    Claim {
        settler: key(byte),
        recent_micro_usdc: u64::from(byte) + 1,
        earlier_micro_usdc: u64::from(byte) + 2,
        since: i64::from(byte) + 3,
        period_secs: i64::from(byte) + 4,
    }
}

#[test]
fn session_view_is_the_session_field_by_field() {
    macro_rules! both {
        ($($field:ident: $value:expr,)*) => {
            (Session { $($field: $value,)* }, SessionView { $($field: $value,)* })
        };
    }
    // No two fields alike, no byte of a number zero where it could hide a shift.
    let (session, view) = both! {
        version: 0x11,
        bump: 0x12,
        services: 0x13,
        spare: 0x14,
        operator_bps: 0x2122,
        settler_bps: 0x2324,
        channel: key(0x31),
        app: key(0x32),
        node: key(0x33),
        ordinal: 0x4142_4344_4546_4748,
        prices_micro_usdc: [0x51, 0x5200, 0x0053_0000, 0x5400_0000],
        cap_micro_usdc: 0x6162_6364_6566_6768,
        voucher_signer: key(0x71),
        opened_at: 0x7172_7374_7576_7778,
        expires_at: 0x0182_8384_8586_8788,
        redeemable_until: -1,
        closable_at: 0x0192_9394_9596_9798,
        totals: Totals { settled_micro_usdc: 0xa1, paid_micro_usdc: 0xa2 },
        proven_micro_usdc: 0xa3a4,
        claims: [claim(0xb1), claim(0xb9)].into_claims(),
        last_receipt_hash: [0xc1; 32],
        last_sequence: 0xd1d2_d3d4,
        spare_after_sequence: [0xd5, 0xd6, 0xd7, 0xd8],
        rent_payer: key(0xe1),
        reserved: [0xf1; 48],
    };
    assert_eq!(written(&session), view.to_bytes());
}

#[test]
fn channel_view_is_the_channel_field_by_field() {
    macro_rules! both {
        ($($field:ident: $value:expr,)*) => {
            (Channel { $($field: $value,)* }, ChannelView { $($field: $value,)* })
        };
    }
    let (channel, view) = both! {
        version: 0x11,
        bump: 0x12,
        spare: [0x13, 0x14],
        sessions_open: 0x2122_2324,
        app: key(0x32),
        node: key(0x33),
        incarnation: 0x4142_4344_4546_4748,
        totals: Totals { settled_micro_usdc: 0xa1, paid_micro_usdc: 0xa2 },
        next_ordinal: 0x5152_5354_5556_5758,
        opened_at: -7,
        bond_micro_usdc: 0x6162_6364_6566_6768,
        bond_until: -9,
        reserved: [0xf1; 48],
    };
    assert_eq!(written(&channel), view.to_bytes());
}

#[test]
fn payees_stand_where_a_claim_reads_them() {
    let zoo = Zoo::new();
    let at = |address: &Pubkey, at: usize| {
        let data = zoo.account(address).expect("an account").data;
        Pubkey::try_from(&data[at..at + 32]).expect("32 bytes")
    };
    let (node, settler, network) = (zoo.node.address, zoo.settler.address, pda::network());
    assert_eq!(at(&node, NODE_PAYOUT_AT), zoo.read::<Node>(&node).payout);
    assert_eq!(at(&settler, KEEPER_PAYOUT_AT), zoo.read::<Keeper>(&settler).payout);
    assert_eq!(at(&network, NETWORK_TREASURY_AT), zoo.read::<Network>(&network).treasury);
    assert_eq!(at(&node, NODE_PAYOUT_AT), zoo.node.payout);
    assert_eq!(at(&settler, KEEPER_PAYOUT_AT), zoo.settler.payout);
    assert_eq!(at(&network, NETWORK_TREASURY_AT), zoo.treasury);
}
