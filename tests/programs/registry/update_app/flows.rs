use heliograph_registry::AppPolicy;
use heliograph_registry::events::AppUpdated;
use heliograph_registry::state::App;
use heliograph_tests::{World, key};
use solana_signer::Signer;

#[test]
fn policy_is_replaced() {
    let mut world = World::new();
    let app = world.app("app");
    let before: App = world.read(&app.address);
    let policy = AppPolicy {
        voucher_signer: key("new voucher signer").pubkey(),
        voucher_signer_expires_at: world.now() + 1,
        price_ceilings_micro_usdc: [4, 3, 2, 1],
        countries: vec![*b"DE", *b"FR"],
    };
    let done = world.update_app(&app, policy.clone());
    let after = App {
        voucher_signer: policy.voucher_signer,
        voucher_signer_expires_at: policy.voucher_signer_expires_at,
        price_ceilings_micro_usdc: policy.price_ceilings_micro_usdc,
        countries: policy.countries,
        ..before
    };
    world.holds(&app.address, &after);
    done.emitted(&AppUpdated {
        app: app.address,
        old_voucher_signer: app.voucher_signer.pubkey(),
        voucher_signer: policy.voucher_signer,
        voucher_signer_expires_at: policy.voucher_signer_expires_at,
    });
}
