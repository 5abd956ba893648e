//! Samples on chain: they are written in pieces, because a leaf's do not fit into a transaction.

use crate::instruction::build;
use crate::pda::{self, SLASHING};
use heliograph_protocol::sample::{self, SAMPLE_LEN, Sample};
use heliograph_slashing::{accounts, instruction as data};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;

/// Bytes of samples that one transaction brings, besides one signature and the accounts of a
/// `write_exhibit`.
const PIECE_LEN: usize = 24 * SAMPLE_LEN;

/// Makes room for a leaf's samples; `uploader` pays the rent and signs.
pub fn open_exhibit(uploader: Pubkey, samples_root: [u8; 32], samples_count: u16) -> Instruction {
    let accounts = accounts::OpenExhibit {
        uploader,
        exhibit: pda::exhibit(&uploader, &samples_root),
        system_program: system_program::ID,
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    build(SLASHING, accounts, data::OpenExhibit { samples_root, samples_count })
}

/// Writes bytes of samples at an offset; the uploader signs.
pub fn write_exhibit(
    uploader: Pubkey,
    samples_root: &[u8; 32],
    offset: u32,
    bytes: Vec<u8>,
) -> Instruction {
    let accounts = accounts::WriteExhibit {
        uploader,
        exhibit: pda::exhibit(&uploader, samples_root),
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    build(SLASHING, accounts, data::WriteExhibit { offset, bytes })
}

/// Closes an exhibit; the rent goes back to its uploader, who signs.
pub fn close_exhibit(uploader: Pubkey, samples_root: &[u8; 32]) -> Instruction {
    let accounts = accounts::CloseExhibit {
        uploader,
        exhibit: pda::exhibit(&uploader, samples_root),
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    build(SLASHING, accounts, data::CloseExhibit {})
}

/// All that brings samples on chain, one instruction a transaction: the exhibit, then its pieces,
/// which may come in any order.
pub fn exhibit_of(uploader: Pubkey, samples: &[Sample]) -> Vec<Instruction> {
    let samples_root = sample::root(samples);
    // More samples than 16 bits count are refused as too many all the same.
    let count = u16::try_from(samples.len()).unwrap_or(u16::MAX);
    let bytes = sample::to_bytes(samples);
    let mut instructions = vec![open_exhibit(uploader, samples_root, count)];
    let pieces = bytes.chunks(PIECE_LEN).zip((0..).step_by(PIECE_LEN));
    instructions.extend(pieces.map(|(piece, offset): (&[u8], u32)| {
        write_exhibit(uploader, &samples_root, offset, piece.to_vec())
    }));
    instructions
}
