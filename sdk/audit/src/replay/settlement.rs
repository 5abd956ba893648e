//! The settlement program's instructions: escrows and channels here, the rest below.
//! Accounts come in the order of the program's accounts structs.

mod batch;
mod bond;
mod challenge;
mod session;
mod voucher;

use super::step::{Step, Stop};
use crate::history::Move;
use heliograph_client::pda;
use heliograph_registry::state::{App, Network, Node, pause};
use heliograph_settlement::events::{
    ChannelClosed, ChannelOpened, EscrowDeposited, EscrowOpened, EscrowWithdrawn,
    WithdrawalCancelled, WithdrawalRequested,
};
use heliograph_settlement::state::{Channel, Escrow, Totals};
use heliograph_settlement::{instruction as ix, seeds};
use solana_pubkey::Pubkey;

pub(super) fn apply(step: &mut Step<'_>) -> Result<(), Stop> {
    if let Some(ix::RedeemVoucher {}) = step.args() {
        voucher::redeem(step)
    } else if let Some(ix::ProveVoucher {}) = step.args() {
        voucher::prove(step)
    } else if let Some(ix::PostBatch { args }) = step.args() {
        batch::post(step, &args)
    } else if let Some(ix::Claim { args }) = step.args() {
        batch::claim(step, &args)
    } else if let Some(ix::Release {}) = step.args() {
        batch::release(step)
    } else if let Some(ix::OpenBook {}) = step.args() {
        batch::open_book(step)
    } else if let Some(ix::CloseBook {}) = step.args() {
        batch::close_book(step)
    } else if let Some(ix::OpenChallenge { minute_index, index }) = step.args() {
        challenge::open(step, minute_index, index)
    } else if let Some(ix::AnswerChallenge { proof }) = step.args() {
        challenge::answer(step, &proof)
    } else if let Some(ix::FailChallenge {}) = step.args() {
        challenge::fail(step)
    } else if let Some(ix::CloseChallenge {}) = step.args() {
        challenge::close(step)
    } else if let Some(ix::Restore { settler, amount_micro_usdc }) = step.args() {
        challenge::restore(step, settler, amount_micro_usdc)
    } else if let Some(ix::PostBond { amount_micro_usdc }) = step.args() {
        bond::post(step, amount_micro_usdc)
    } else if let Some(ix::ReleaseBond {}) = step.args() {
        bond::release(step)
    } else if let Some(ix::OpenSession { args }) = step.args() {
        session::open(step, args)
    } else if let Some(ix::EndSession {}) = step.args() {
        session::end(step)
    } else if let Some(ix::CloseSession {}) = step.args() {
        session::close(step)
    } else if let Some(ix::OpenEscrow {}) = step.args() {
        open_escrow(step)
    } else if let Some(ix::Deposit { amount_micro_usdc }) = step.args() {
        deposit(step, amount_micro_usdc)
    } else if let Some(ix::RequestWithdrawal { amount_micro_usdc }) = step.args() {
        request_withdrawal(step, amount_micro_usdc)
    } else if let Some(ix::CancelWithdrawal {}) = step.args() {
        cancel_withdrawal(step)
    } else if let Some(ix::Withdraw {}) = step.args() {
        withdraw(step)
    } else if let Some(ix::OpenChannel {}) = step.args() {
        open_channel(step)
    } else if let Some(ix::CloseChannel {}) = step.args() {
        close_channel(step)
    } else {
        Err(step.unknown())
    }
}

/// The app, with its authority checked.
fn own_app(step: &mut Step<'_>, authority: Pubkey, app: &Pubkey) -> Result<App, Stop> {
    let account: App = step.get(app)?;
    step.address("authority", authority, account.authority);
    Ok(account)
}

fn open_escrow(step: &mut Step<'_>) -> Result<(), Stop> {
    let [authority, network, app, address, payment_mint, vault] = step.accounts()?;
    step.address("network", network, pda::network());
    let terms: Network = step.get(&network)?;
    step.address("payment mint", payment_mint, terms.payment_mint);
    own_app(step, authority, &app)?;
    let (expected, bump) =
        Pubkey::find_program_address(&[seeds::ESCROW, app.as_ref()], &pda::SETTLEMENT);
    step.address("escrow", address, expected);
    let (expected, vault_bump) =
        Pubkey::find_program_address(&[seeds::VAULT, address.as_ref()], &pda::SETTLEMENT);
    step.address("vault", vault, expected);
    step.vacant(&address);
    step.world.create(
        address,
        &Escrow {
            version: Escrow::VERSION,
            bump,
            vault_bump,
            app,
            deposited_micro_usdc: 0,
            withdrawn_micro_usdc: 0,
            totals: Totals::default(),
            pending_withdrawal_micro_usdc: 0,
            withdrawal_available_at: 0,
            next_incarnation: 0,
            opened_at: step.now,
            bonded_micro_usdc: 0,
            reserved: [0; 120],
        },
    );
    step.event(EscrowOpened { escrow: address, app });
    Ok(())
}

fn deposit(step: &mut Step<'_>, amount_micro_usdc: u64) -> Result<(), Stop> {
    let [_depositor, address, vault, _payment_mint, source] = step.accounts()?;
    let mut escrow: Escrow = step.get(&address)?;
    step.address("vault", vault, pda::escrow_vault(&address));
    step.allowed(escrow.deposit(amount_micro_usdc))?;
    step.world.put(address, &escrow);
    step.moves.push(Move::transfer(source, vault, amount_micro_usdc));
    step.event(EscrowDeposited {
        escrow: address,
        amount_micro_usdc,
        deposited_micro_usdc: escrow.deposited_micro_usdc,
    });
    Ok(())
}

fn request_withdrawal(step: &mut Step<'_>, amount_micro_usdc: u64) -> Result<(), Stop> {
    let [authority, network, app, address] = step.accounts()?;
    step.address("network", network, pda::network());
    let notice_secs = step.get::<Network>(&network)?.params.withdrawal_notice_secs;
    own_app(step, authority, &app)?;
    let mut escrow: Escrow = step.get(&address)?;
    step.address("app", app, escrow.app);
    let available_at = step.now.saturating_add(notice_secs.into());
    step.allowed(escrow.request_withdrawal(amount_micro_usdc, available_at))?;
    step.world.put(address, &escrow);
    step.event(WithdrawalRequested { escrow: address, amount_micro_usdc, available_at });
    Ok(())
}

fn cancel_withdrawal(step: &mut Step<'_>) -> Result<(), Stop> {
    let [authority, app, address] = step.accounts()?;
    own_app(step, authority, &app)?;
    let mut escrow: Escrow = step.get(&address)?;
    step.address("app", app, escrow.app);
    let amount_micro_usdc = step.allowed(escrow.clear_withdrawal())?;
    step.world.put(address, &escrow);
    step.event(WithdrawalCancelled { escrow: address, amount_micro_usdc });
    Ok(())
}

fn withdraw(step: &mut Step<'_>) -> Result<(), Stop> {
    let [authority, app, address, vault, _payment_mint, destination] = step.accounts()?;
    own_app(step, authority, &app)?;
    let mut escrow: Escrow = step.get(&address)?;
    step.address("app", app, escrow.app);
    step.address("vault", vault, pda::escrow_vault(&address));
    let (requested_micro_usdc, amount_micro_usdc) =
        step.allowed(escrow.take_withdrawal(step.now))?;
    step.world.put(address, &escrow);
    step.pays(vault, destination, amount_micro_usdc);
    step.event(EscrowWithdrawn {
        escrow: address,
        requested_micro_usdc,
        amount_micro_usdc,
        withdrawn_micro_usdc: escrow.withdrawn_micro_usdc,
    });
    Ok(())
}

fn open_channel(step: &mut Step<'_>) -> Result<(), Stop> {
    let [authority, network, app, node, escrow_address, address] = step.accounts()?;
    step.address("network", network, pda::network());
    let paused = step.get::<Network>(&network)?.is_paused(pause::SESSIONS);
    step.rule(!paused, "a channel is opened while sessions are paused");
    own_app(step, authority, &app)?;
    step.get::<Node>(&node)?;
    let mut escrow: Escrow = step.get(&escrow_address)?;
    step.address("app", app, escrow.app);
    let incarnation = escrow.next_incarnation;
    let ordinal = incarnation.to_le_bytes();
    let seeds = [seeds::CHANNEL, app.as_ref(), node.as_ref(), &ordinal];
    let (expected, bump) = Pubkey::find_program_address(&seeds, &pda::SETTLEMENT);
    step.address("channel", address, expected);
    step.vacant(&address);
    escrow.next_incarnation += 1;
    step.world.put(escrow_address, &escrow);
    step.world.create(
        address,
        &Channel {
            version: Channel::VERSION,
            bump,
            spare: [0; 2],
            sessions_open: 0,
            app,
            node,
            incarnation,
            totals: Totals::default(),
            next_ordinal: 0,
            opened_at: step.now,
            bond_micro_usdc: 0,
            bond_until: 0,
            reserved: [0; 48],
        },
    );
    step.event(ChannelOpened { channel: address, app, node, incarnation });
    Ok(())
}

fn close_channel(step: &mut Step<'_>) -> Result<(), Stop> {
    let [authority, app, address] = step.accounts()?;
    own_app(step, authority, &app)?;
    let channel: Channel = step.get(&address)?;
    step.address("app", app, channel.app);
    step.rule(channel.sessions_open == 0, "a channel with sessions is closed");
    step.rule(channel.bond_micro_usdc == 0, "a channel with a bond is closed");
    step.world.close(address);
    step.event(ChannelClosed {
        channel: address,
        settled_micro_usdc: channel.totals.settled_micro_usdc,
        paid_micro_usdc: channel.totals.paid_micro_usdc,
    });
    Ok(())
}
