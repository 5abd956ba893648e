//! No payee can hold a verdict up, and no stranger gets its part.

use crate::slashing::trials::equivocation;
use anchor_lang::solana_program::program_pack::Pack;
use heliograph_client::pda;
use heliograph_slashing::state::Case;
use heliograph_tests::Zoo;
use heliograph_tests::key;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use spl_token_interface::state::{Account as TokenState, AccountState};

fn opened() -> (Zoo, Pubkey, [Pubkey; 2]) {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session, mint) = (zoo.stranger.insecure_clone(), zoo.session, zoo.stake_mint);
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    let victim = zoo.app.authority.pubkey();
    let payees = [reporter.pubkey(), victim].map(|owner| pda::token_account(&owner, &mint));
    (zoo, case, payees)
}

/// What is burned when the case is decided.
fn burned(zoo: &mut Zoo, case: &Pubkey) -> u64 {
    let mint = zoo.stake_mint;
    let before = zoo.supply(&mint);
    zoo.decide(case);
    before - zoo.supply(&mint)
}

fn change(zoo: &mut Zoo, address: &Pubkey, change: impl FnOnce(&mut TokenState)) {
    let mut account = zoo.account(address).expect("tokens");
    let mut state = TokenState::unpack(&account.data).expect("tokens");
    change(&mut state);
    TokenState::pack(state, &mut account.data).expect("the same size");
    zoo.set_account(address, account);
}

#[test]
fn payees_without_accounts_leave_their_parts_to_the_fire() {
    let (mut zoo, case, payees) = opened();
    for payee in payees {
        zoo.set_account(&payee, Default::default());
    }
    let penalty = zoo.read::<Case>(&case).penalty;
    assert_eq!(burned(&mut zoo, &case), penalty);
}

#[test]
fn frozen_account_holds_nothing_up() {
    let (mut zoo, case, [reward, damages]) = opened();
    change(&mut zoo, &damages, |state| state.state = AccountState::Frozen);
    let (penalty, before) = (zoo.read::<Case>(&case).penalty, zoo.tokens(&reward));
    assert_eq!(burned(&mut zoo, &case), penalty - penalty / 10);
    assert_eq!(zoo.tokens(&reward) - before, penalty / 10);
}

#[test]
fn account_that_was_given_away_gets_nothing() {
    let (mut zoo, case, [reward, _]) = opened();
    let thief = key("thief").pubkey();
    change(&mut zoo, &reward, |state| state.owner = thief);
    let (penalty, before) = (zoo.read::<Case>(&case).penalty, zoo.tokens(&reward));
    assert_eq!(burned(&mut zoo, &case), penalty - penalty * 4 / 10);
    assert_eq!(zoo.tokens(&reward), before);
}

#[test]
fn position_that_is_empty_is_judged_all_the_same() {
    let (zoo, receipts) = equivocation();
    let (reporter, session, node) = (zoo.stranger.insecure_clone(), zoo.session, zoo.node.clone());
    let mint = zoo.stake_mint;
    let mut emptied = zoo.world().clone();
    emptied.impersonate(&pda::slasher());
    emptied.slash(&node.address, &mint, u64::MAX);
    let case = emptied.open_equivocation_case(&reporter, &session, &receipts);
    emptied.decide(&case);
    let state: Case = emptied.read(&case);
    assert_eq!((state.penalty, state.held), (0, 0));
}
