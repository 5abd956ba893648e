use heliograph_client::instruction::settlement;
use heliograph_settlement::events::EscrowDeposited;
use heliograph_settlement::state::Escrow;
use heliograph_tests::Scene;
use heliograph_tests::parties::APP_WALLET;
use heliograph_tests::scene::DEPOSIT;
use heliograph_tests::world::USDC;
use solana_signer::Signer;

#[test]
fn deposit_moves_tokens_and_counts_them() {
    let mut scene = Scene::new();
    let escrow = scene.app.escrow();
    let before: Escrow = scene.read(&escrow);
    let deposit = scene.deposit_instruction(&scene.app, 5);
    let authority = scene.app.authority.insecure_clone();
    let done = scene.act(deposit, &authority);
    scene.holds(&escrow, &Escrow { deposited_micro_usdc: DEPOSIT + 5, ..before });
    assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT + 5);
    assert_eq!(scene.tokens(&scene.app.wallet), APP_WALLET - DEPOSIT - 5);
    done.emitted(&EscrowDeposited {
        escrow,
        amount_micro_usdc: 5,
        deposited_micro_usdc: DEPOSIT + 5,
    });
}

#[test]
fn stranger_may_pay_in() {
    let mut scene = Scene::new();
    let stranger = scene.wallet("stranger");
    let mint = scene.payment_mint;
    let source = scene.mint_to(&stranger.pubkey(), &mint, USDC);
    let deposit = settlement::deposit(stranger.pubkey(), scene.app.address, mint, source, USDC);
    scene.act(deposit, &stranger);
    assert_eq!(scene.read::<Escrow>(&scene.app.escrow()).deposited_micro_usdc, DEPOSIT + USDC);
    assert_eq!(scene.tokens(&source), 0);
}

#[test]
fn tokens_sent_past_the_deposit_count_for_nobody() {
    let mut scene = Scene::new();
    let (escrow, mint) = (scene.app.escrow(), scene.payment_mint);
    let before: Escrow = scene.read(&escrow);
    let authority = scene.app.authority.insecure_clone();
    let source = scene.app.wallet;
    let transfer = spl_token_interface::instruction::transfer_checked(
        &spl_token_interface::ID,
        &source,
        &mint,
        &scene.app.vault(),
        &authority.pubkey(),
        &[],
        USDC,
        6,
    );
    scene.act(transfer.expect("a valid transfer"), &authority);
    scene.holds(&escrow, &before);
    let all = settlement::request_withdrawal(authority.pubkey(), scene.app.address, DEPOSIT + 1);
    let why = heliograph_settlement::error::SettlementError::AmountAboveBalance;
    scene.refuse(&[all], &[&authority], why);
}
