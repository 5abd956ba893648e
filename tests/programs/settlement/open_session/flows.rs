use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_settlement::OpenSessionArgs;
use heliograph_settlement::events::SessionOpened;
use heliograph_settlement::state::{CLAIMS_MAX, Channel, Claim, Session, Totals};
use heliograph_tests::World;
use heliograph_tests::parties::profile;
use heliograph_tests::scene::{CAP, DEPOSIT};
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::{ANSWER_SECS, PARAMS};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn session_copies_what_was_agreed() {
    let mut world = World::new();
    let (node, app) = (world.node("node"), world.funded_app("app", DEPOSIT));
    let channel = world.open_channel(&app, &node);
    let services = ServiceSet::of(Service::Audio).with(ServiceSet::of(Service::Transcription));
    let expires_at = BEGINNING + i64::from(PARAMS.session_secs_max);
    for ordinal in 0u64..3 {
        let before: Channel = world.read(&channel);
        let args = OpenSessionArgs {
            services: services.0,
            price_ceilings_micro_usdc: [u64::MAX, 0, 0, u64::MAX],
            cap_micro_usdc: CAP,
            expires_at,
        };
        let (session, open) = world.session_instruction(&app, &channel, args);
        let done = world.act(open, &app.authority);
        let seeds: [&[u8]; 3] = [b"session", channel.as_ref(), &ordinal.to_le_bytes()];
        let expected = Session {
            version: 1,
            bump: Pubkey::find_program_address(&seeds, &heliograph_settlement::ID).1,
            services: services.0,
            spare: 0,
            operator_bps: PARAMS.operator_bps,
            settler_bps: PARAMS.settler_bps,
            channel,
            app: app.address,
            node: node.address,
            ordinal,
            prices_micro_usdc: profile().prices_micro_usdc,
            cap_micro_usdc: CAP,
            voucher_signer: app.voucher_signer.pubkey(),
            opened_at: BEGINNING,
            expires_at,
            redeemable_until: expires_at + i64::from(PARAMS.redeem_grace_secs),
            closable_at: expires_at + i64::from(PARAMS.redeem_grace_secs + ANSWER_SECS),
            totals: Totals::default(),
            proven_micro_usdc: 0,
            claims: [Claim::default(); CLAIMS_MAX],
            last_receipt_hash: [0; 32],
            last_sequence: 0,
            spare_after_sequence: [0; 4],
            rent_payer: app.authority.pubkey(),
            reserved: [0; 48],
        };
        world.holds(&session.address, &expected);
        let after = Channel {
            next_ordinal: ordinal + 1,
            sessions_open: before.sessions_open + 1,
            bond_until: expected.redeemable_until,
            ..before
        };
        world.holds(&channel, &after);
        done.emitted(&SessionOpened {
            session: session.address,
            channel,
            ordinal,
            services: services.0,
            prices_micro_usdc: profile().prices_micro_usdc,
            cap_micro_usdc: CAP,
            voucher_signer: app.voucher_signer.pubkey(),
            opened_at: BEGINNING,
            expires_at,
        });
    }
}

#[test]
fn later_changes_leave_the_session_as_it_was() {
    let mut world = World::new();
    let (node, app) = (world.node("node"), world.funded_app("app", DEPOSIT));
    let channel = world.open_channel(&app, &node);
    let session = world.open_session(&app, &channel, CAP);
    let before: Session = world.read(&session.address);
    let mut dearer = profile();
    dearer.prices_micro_usdc = [9_999; 4];
    world.update(&node, dearer);
    let policy = world.policy(&heliograph_tests::key("new voucher signer"));
    world.update_app(&app, policy);
    world.holds(&session.address, &before);
}

#[test]
fn private_node_serves_its_own_app() {
    let mut world = World::new();
    let (node, app) = (world.node("node"), world.funded_app("app", DEPOSIT));
    let mut private = profile();
    private.private_app = app.address;
    world.update(&node, private);
    let channel = world.open_channel(&app, &node);
    world.open_session(&app, &channel, CAP);
}

#[test]
fn named_country_is_allowed() {
    let mut world = World::new();
    let (node, app) = (world.node("node"), world.funded_app("app", DEPOSIT));
    let mut policy = world.policy(&app.voucher_signer);
    policy.countries = vec![*b"DE", *b"CH"];
    world.update_app(&app, policy);
    let channel = world.open_channel(&app, &node);
    world.open_session(&app, &channel, CAP);
}

#[test]
fn cap_above_the_escrow_is_the_apps_to_choose() {
    // A cap bounds a session and reserves nothing; what backs vouchers is the escrow.
    let mut world = World::new();
    let (node, app) = (world.node("node"), world.funded_app("app", 1));
    let channel = world.open_channel(&app, &node);
    world.open_session(&app, &channel, u64::MAX);
}
