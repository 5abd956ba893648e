//! Instructions of the settlement program: escrows, channels, sessions and vouchers here, books
//! and challenges below.

mod book;
mod challenge;

pub use book::*;
pub use challenge::*;

use super::build;
use crate::pda::{self, SETTLEMENT};
use heliograph_protocol::evidence::Signed;
use heliograph_registry::state::{Network, Node};
use heliograph_settlement::state::Session;
use heliograph_settlement::{OpenSessionArgs, accounts, instruction as data};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_sdk_ids::{system_program, sysvar};

/// Opens an app's escrow.
pub fn open_escrow(authority: Pubkey, app: Pubkey, payment_mint: Pubkey) -> Instruction {
    let escrow = pda::escrow(&app);
    let accounts = accounts::OpenEscrow {
        authority,
        network: pda::network(),
        app,
        escrow,
        payment_mint,
        vault: pda::escrow_vault(&escrow),
        token_program: spl_token_interface::ID,
        system_program: system_program::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::OpenEscrow {})
}

/// Adds to an app's escrow from `source`, which `depositor` owns.
pub fn deposit(
    depositor: Pubkey,
    app: Pubkey,
    payment_mint: Pubkey,
    source: Pubkey,
    amount_micro_usdc: u64,
) -> Instruction {
    let escrow = pda::escrow(&app);
    let accounts = accounts::Deposit {
        depositor,
        escrow,
        vault: pda::escrow_vault(&escrow),
        payment_mint,
        source,
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::Deposit { amount_micro_usdc })
}

/// Gives notice of a withdrawal.
pub fn request_withdrawal(authority: Pubkey, app: Pubkey, amount_micro_usdc: u64) -> Instruction {
    let accounts = accounts::RequestWithdrawal {
        authority,
        network: pda::network(),
        app,
        escrow: pda::escrow(&app),
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::RequestWithdrawal { amount_micro_usdc })
}

/// Takes the notice back.
pub fn cancel_withdrawal(authority: Pubkey, app: Pubkey) -> Instruction {
    let accounts = accounts::CancelWithdrawal {
        authority,
        app,
        escrow: pda::escrow(&app),
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::CancelWithdrawal {})
}

/// Carries a withdrawal out to `destination`.
pub fn withdraw(
    authority: Pubkey,
    app: Pubkey,
    payment_mint: Pubkey,
    destination: Pubkey,
) -> Instruction {
    let escrow = pda::escrow(&app);
    let accounts = accounts::Withdraw {
        authority,
        app,
        escrow,
        vault: pda::escrow_vault(&escrow),
        payment_mint,
        destination,
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::Withdraw {})
}

/// Opens a channel; `incarnation` is the escrow's next one.
pub fn open_channel(authority: Pubkey, app: Pubkey, node: Pubkey, incarnation: u64) -> Instruction {
    let accounts = accounts::OpenChannel {
        authority,
        network: pda::network(),
        app,
        node,
        escrow: pda::escrow(&app),
        channel: pda::channel(&app, &node, incarnation),
        system_program: system_program::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::OpenChannel {})
}

/// Closes a channel without sessions.
pub fn close_channel(authority: Pubkey, app: Pubkey, channel: Pubkey) -> Instruction {
    let accounts = accounts::CloseChannel {
        authority,
        app,
        channel,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::CloseChannel {})
}

/// Puts part of an app's deposit behind a channel.
pub fn post_bond(
    authority: Pubkey,
    app: Pubkey,
    channel: Pubkey,
    amount_micro_usdc: u64,
) -> Instruction {
    let accounts = accounts::PostBond {
        authority,
        app,
        escrow: pda::escrow(&app),
        channel,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::PostBond { amount_micro_usdc })
}

/// Makes a channel's bond available to the whole escrow again.
pub fn release_bond(authority: Pubkey, app: Pubkey, channel: Pubkey) -> Instruction {
    let accounts = accounts::ReleaseBond {
        authority,
        app,
        escrow: pda::escrow(&app),
        channel,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::ReleaseBond {})
}

/// Opens a session on `channel`; `ordinal` is the channel's next one.
pub fn open_session(
    authority: Pubkey,
    app: Pubkey,
    node: Pubkey,
    channel: Pubkey,
    ordinal: u64,
    args: OpenSessionArgs,
) -> Instruction {
    let accounts = accounts::OpenSession {
        authority,
        network: pda::network(),
        app,
        node,
        channel,
        session: pda::session(&channel, ordinal),
        system_program: system_program::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::OpenSession { args })
}

/// Ends a session now.
pub fn end_session(authority: Pubkey, app: Pubkey, session: Pubkey) -> Instruction {
    let accounts = accounts::EndSession {
        authority,
        network: pda::network(),
        app,
        session,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::EndSession {})
}

/// Closes a session whose vouchers can no longer be redeemed.
pub fn close_session(session: Pubkey, channel: Pubkey, rent_payer: Pubkey) -> Instruction {
    let accounts = accounts::CloseSession {
        rent_payer,
        channel,
        session,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::CloseSession {})
}

/// The two instructions that pay a voucher, in the order they must have: the precompile's check of
/// the signature, then the redeem.
pub fn redeem_voucher(
    network: &Network,
    node: &Node,
    session_address: Pubkey,
    session: &Session,
    voucher: &Signed,
) -> [Instruction; 2] {
    let escrow = pda::escrow(&session.app);
    let accounts = accounts::RedeemVoucher {
        network: pda::network(),
        node: session.node,
        escrow,
        vault: pda::escrow_vault(&escrow),
        channel: session.channel,
        session: session_address,
        payout: node.payout,
        treasury: network.treasury,
        payment_mint: network.payment_mint,
        token_program: spl_token_interface::ID,
        instructions: sysvar::instructions::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    [ed25519(voucher), build(SETTLEMENT, accounts, data::RedeemVoucher {})]
}

/// The two instructions that show a voucher without paying it, in the order they must have.
pub fn prove_voucher(session: Pubkey, voucher: &Signed) -> [Instruction; 2] {
    let accounts = accounts::ProveVoucher {
        network: pda::network(),
        session,
        instructions: sysvar::instructions::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    [ed25519(voucher), build(SETTLEMENT, accounts, data::ProveVoucher {})]
}

/// The precompile's check of one signed message.
pub fn ed25519(signed: &Signed) -> Instruction {
    solana_ed25519_program::new_ed25519_instruction_with_signature(
        &signed.bytes,
        &signed.signature,
        &signed.public_key,
    )
}
