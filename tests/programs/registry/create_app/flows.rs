use heliograph_client::instruction::registry::create_app;
use heliograph_client::pda;
use heliograph_registry::AppPolicy;
use heliograph_registry::events::AppCreated;
use heliograph_registry::state::App;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::{AppParty, World};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// What a fresh app holds.
fn fresh(party: &AppParty, id: u32, policy: AppPolicy) -> App {
    let authority = party.authority.pubkey();
    let seeds: [&[u8]; 3] = [b"app", authority.as_ref(), &id.to_le_bytes()];
    App {
        version: 1,
        bump: Pubkey::find_program_address(&seeds, &heliograph_registry::ID).1,
        authority,
        id,
        voucher_signer: policy.voucher_signer,
        voucher_signer_expires_at: policy.voucher_signer_expires_at,
        price_ceilings_micro_usdc: policy.price_ceilings_micro_usdc,
        created_at: BEGINNING,
        countries: policy.countries,
        reserved: [0; 128],
    }
}

#[test]
fn apps_of_one_authority_are_told_apart_by_number() {
    let mut world = World::new();
    let app = world.authority_of_app("app");
    let authority = app.authority.pubkey();
    for id in [0, 1, u32::MAX] {
        let policy = world.policy(&app.voucher_signer);
        let done = world.act(create_app(authority, id, policy.clone()), &app.authority);
        let address = pda::app(&authority, id);
        world.holds(&address, &fresh(&app, id, policy.clone()));
        done.emitted(&AppCreated {
            app: address,
            authority,
            id,
            voucher_signer: policy.voucher_signer,
            voucher_signer_expires_at: policy.voucher_signer_expires_at,
        });
    }
}

#[test]
fn longest_list_of_countries_fits_the_account() {
    let mut world = World::new();
    let app = world.authority_of_app("app");
    let mut policy = world.policy(&app.voucher_signer);
    policy.countries = (0..32u8).map(|i| [b'A' + i / 26, b'A' + i % 26]).collect();
    policy.price_ceilings_micro_usdc = [u64::MAX; 4];
    policy.voucher_signer_expires_at = i64::MAX;
    let create = create_app(app.authority.pubkey(), 0, policy.clone());
    world.act(create, &app.authority);
    world.holds(&app.address, &fresh(&app, 0, policy));
}
