//! Challenges, and what follows a failed one.

use super::{build, ed25519};
use crate::pda::{self, SETTLEMENT};
use heliograph_protocol::evidence::Signed;
use heliograph_registry::state::{Keeper, Network};
use heliograph_settlement::state::{Challenge, Session};
use heliograph_settlement::{accounts, instruction as data};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_sdk_ids::{system_program, sysvar};

/// Challenges leaf `index` of a batch; the bond comes from `source`, which the challenger owns.
pub fn open_challenge(
    challenger: Pubkey,
    network: &Network,
    book: Pubkey,
    minute_index: u64,
    index: u32,
    source: Pubkey,
) -> Instruction {
    let challenge = pda::challenge(&book, minute_index, index);
    let accounts = accounts::OpenChallenge {
        challenger,
        network: pda::network(),
        book,
        challenge,
        payment_mint: network.payment_mint,
        bond: pda::challenge_bond(&challenge),
        source,
        token_program: spl_token_interface::ID,
        system_program: system_program::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::OpenChallenge { minute_index, index })
}

/// The two instructions that answer a challenge, in the order they must have. `keeper` is the
/// settler's account, `session` the challenged leaf's, `proof` leads from the leaf to the root.
pub fn answer_challenge(
    (address, challenge): (Pubkey, &Challenge),
    keeper: &Keeper,
    session: Pubkey,
    voucher: &Signed,
    proof: Vec<[u8; 32]>,
) -> [Instruction; 2] {
    let accounts = accounts::AnswerChallenge {
        network: pda::network(),
        book: challenge.book,
        challenge: address,
        challenger: challenge.challenger,
        bond: pda::challenge_bond(&address),
        keeper: challenge.keeper,
        settler_payout: keeper.payout,
        session,
        token_program: spl_token_interface::ID,
        instructions: sysvar::instructions::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    [ed25519(voucher), build(SETTLEMENT, accounts, data::AnswerChallenge { proof })]
}

/// Says that a challenge was not answered in time.
pub fn fail_challenge((address, challenge): (Pubkey, &Challenge)) -> Instruction {
    let accounts = accounts::FailChallenge {
        book: challenge.book,
        challenge: address,
        challenger: challenge.challenger,
        bond: pda::challenge_bond(&address),
        refund: challenge.refund,
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::FailChallenge {})
}

/// Closes a failed challenge that no case can need any more.
pub fn close_challenge((address, challenge): (Pubkey, &Challenge)) -> Instruction {
    let accounts = accounts::CloseChallenge {
        challenge: address,
        challenger: challenge.challenger,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::CloseChallenge {})
}

/// Pays an app back what a settler took from one of its sessions. Only the slashing program can
/// sign for the restorer, who owns `source`.
pub fn restore(
    network: &Network,
    (address, session): (Pubkey, &Session),
    source: Pubkey,
    settler: Pubkey,
    amount_micro_usdc: u64,
) -> Instruction {
    let escrow = pda::escrow(&session.app);
    let accounts = accounts::Restore {
        restorer: pda::restorer(&network.slashing_program),
        network: pda::network(),
        session: address,
        escrow,
        vault: pda::escrow_vault(&escrow),
        payment_mint: network.payment_mint,
        source,
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&SETTLEMENT),
        program: SETTLEMENT,
    };
    build(SETTLEMENT, accounts, data::Restore { settler, amount_micro_usdc })
}
