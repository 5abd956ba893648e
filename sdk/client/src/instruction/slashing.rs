//! Instructions of the slashing program.

mod exhibit;

pub use exhibit::{close_exhibit, exhibit_of, open_exhibit, write_exhibit};

use super::build;
use super::reputation::ProvedLeaf;
use crate::pda::{self, REGISTRY, SETTLEMENT, SLASHING, STAKING};
use heliograph_protocol::evidence::Signed;
use heliograph_registry::state::Network;
use heliograph_settlement::state::{Challenge, Session};
use heliograph_slashing::state::Case;
use heliograph_slashing::{accounts, instruction as data};
use solana_ed25519_program::{Ed25519SignatureOffsets, offsets_to_ed25519_instruction};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_sdk_ids::{system_program, sysvar};

/// Who reports whom, and the number the case gets: as many as are in the accused's record.
#[derive(Clone, Copy, Debug)]
pub struct Accusation {
    /// Pays bond and rent, and signs.
    pub reporter: Pubkey,
    /// The registry account of the accused.
    pub subject: Pubkey,
    /// Cases opened against it before.
    pub number: u32,
}

fn slasher() -> accounts::Slasher {
    accounts::Slasher {
        slasher: pda::slasher(),
        staking_event_authority: pda::event_authority(&STAKING),
        staking_program: STAKING,
    }
}

fn registry() -> accounts::Registry {
    accounts::Registry {
        stake_recorder: pda::stake_recorder(),
        registry_event_authority: pda::event_authority(&REGISTRY),
        registry_program: REGISTRY,
    }
}

fn pot(mint: Pubkey) -> accounts::Pot {
    accounts::Pot {
        restorer: pda::restorer(&SLASHING),
        mint,
        pot: pda::pot(&mint),
        token_program: spl_token_interface::ID,
    }
}

fn opening(accusation: &Accusation) -> accounts::Opening {
    accounts::Opening {
        reporter: accusation.reporter,
        network: pda::network(),
        subject: accusation.subject,
        position: pda::position(&accusation.subject),
        record: pda::record(&accusation.subject),
        case: pda::case(&accusation.subject, accusation.number),
        slasher: slasher(),
        system_program: system_program::ID,
    }
}

fn tried(address: Pubkey, case: &Case) -> accounts::Tried {
    accounts::Tried {
        network: pda::network(),
        case: address,
        record: pda::record(&case.subject),
        position: pda::position(&case.subject),
    }
}

/// The precompile's instruction over two messages of one key, which it holds once: two receipts
/// would not fit into a transaction otherwise. Both must be signed by the same key.
pub fn ed25519_of_two(one: &Signed, other: &Signed) -> Instruction {
    const HEADER_LEN: u16 = 2 + 2 * 14;
    const HERE: u16 = u16::MAX;
    let mut tail = one.public_key.to_vec();
    let offsets = [one, other].map(|signed| {
        let start = HEADER_LEN + tail.len() as u16;
        tail.extend_from_slice(&signed.signature);
        tail.extend_from_slice(&signed.bytes);
        Ed25519SignatureOffsets {
            signature_offset: start,
            signature_instruction_index: HERE,
            public_key_offset: HEADER_LEN,
            public_key_instruction_index: HERE,
            message_data_offset: start + 64,
            message_data_size: signed.bytes.len() as u16,
            message_instruction_index: HERE,
        }
    });
    let mut instruction = offsets_to_ed25519_instruction(&offsets);
    instruction.data.extend_from_slice(&tail);
    instruction
}

/// The two instructions that open a case of equivocation, in the order they must have. They fit
/// into a transaction with a lookup table only.
pub fn open_equivocation_case(
    accusation: &Accusation,
    (session, state): (Pubkey, &Session),
    receipts: [&Signed; 2],
) -> [Instruction; 2] {
    let accounts = accounts::OpenEquivocationCase {
        opening: opening(accusation),
        session,
        app: state.app,
        instructions: sysvar::instructions::ID,
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    let [one, other] = receipts;
    [ed25519_of_two(one, other), build(SLASHING, accounts, data::OpenEquivocationCase {})]
}

/// Opens a case of a challenge that failed, against the settler it was about.
pub fn open_challenge_case(
    reporter: Pubkey,
    number: u32,
    (address, challenge): (Pubkey, &Challenge),
) -> Instruction {
    let accusation = Accusation { reporter, subject: challenge.keeper, number };
    let accounts = accounts::OpenChallengeCase {
        opening: opening(&accusation),
        challenge: address,
        jailer: pda::jailer(),
        registry_event_authority: pda::event_authority(&REGISTRY),
        registry_program: REGISTRY,
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    build(SLASHING, accounts, data::OpenChallengeCase {})
}

/// Opens a case of bad epochs.
pub fn open_downtime_case(accusation: &Accusation) -> Instruction {
    let accounts = accounts::OpenDowntimeCase {
        opening: opening(accusation),
        score: pda::score(&accusation.subject),
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    build(SLASHING, accounts, data::OpenDowntimeCase {})
}

/// The two instructions that open a case of an observer's fraud, in the order they must have.
pub fn open_fraud_case(
    accusation: &Accusation,
    epoch: u64,
    statement: &Signed,
) -> [Instruction; 2] {
    let accounts = accounts::OpenFraudCase {
        opening: opening(accusation),
        observation: pda::observation(&accusation.subject, epoch),
        instructions: sysvar::instructions::ID,
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    let open = build(SLASHING, accounts, data::OpenFraudCase {});
    [super::settlement::ed25519(statement), open]
}

/// Opens a case of a leaf that the samples in the reporter's exhibit contradict.
pub fn open_samples_case(accusation: &Accusation, leaf: ProvedLeaf) -> Instruction {
    let ProvedLeaf { epoch, node, samples_root, .. } = leaf;
    let accounts = accounts::OpenSamplesCase {
        opening: opening(accusation),
        observation: pda::observation(&accusation.subject, epoch),
        epoch: pda::epoch(epoch),
        exhibit: pda::exhibit(&accusation.reporter, &samples_root),
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    build(SLASHING, accounts, data::OpenSamplesCase { node, leaf: leaf.args() })
}

/// Strikes `epoch` off a charge of downtime, by these cases of fraud.
pub fn refute_epoch(
    (address, case): (Pubkey, &Case),
    epoch: u64,
    frauds: &[Pubkey],
) -> Instruction {
    let accounts = accounts::RefuteEpoch {
        tried: tried(address, case),
        slasher: slasher(),
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    let mut instruction = build(SLASHING, accounts, data::RefuteEpoch { epoch });
    let mut frauds = frauds.to_vec();
    frauds.sort_unstable();
    instruction.accounts.extend(frauds.iter().map(|case| AccountMeta::new_readonly(*case, false)));
    instruction
}

/// Restores what the accused settler has on record with a session. The slashing program's token
/// account of the mint must exist.
pub fn restore_claims(
    (address, case): (Pubkey, &Case),
    (session, state): (Pubkey, &Session),
) -> Instruction {
    let position = pda::position(&case.subject);
    let escrow = pda::escrow(&state.app);
    let accounts = accounts::RestoreClaims {
        network: pda::network(),
        case: address,
        subject: case.subject,
        position,
        stake_vault: pda::stake_vault(&position),
        pot: pot(case.mint),
        session,
        escrow,
        escrow_vault: pda::escrow_vault(&escrow),
        slasher: slasher(),
        registry: registry(),
        settlement_event_authority: pda::event_authority(&SETTLEMENT),
        settlement_program: SETTLEMENT,
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    build(SLASHING, accounts, data::RestoreClaims {})
}

/// Carries out a case. The slashing program's token account of the mint must exist; those who are to
/// be paid need their standard ones, or get nothing.
pub fn decide_case(network: &Network, (address, case): (Pubkey, &Case)) -> Instruction {
    let position = pda::position(&case.subject);
    let accounts = accounts::DecideCase {
        tried: tried(address, case),
        subject: case.subject,
        stake_vault: pda::stake_vault(&position),
        pot: pot(case.mint),
        reward: pda::token_account(&case.rewarded, &case.mint),
        damages: pda::token_account(&case.victim, &case.mint),
        treasury: network.treasury,
        slasher: slasher(),
        registry: registry(),
        jailer: pda::jailer(),
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    build(SLASHING, accounts, data::DecideCase {})
}

/// Closes a decided case.
pub fn close_case((address, case): (Pubkey, &Case)) -> Instruction {
    let accounts = accounts::CloseCase {
        case: address,
        reporter: case.reporter,
        owner: case.owner,
        event_authority: pda::event_authority(&SLASHING),
        program: SLASHING,
    };
    build(SLASHING, accounts, data::CloseCase {})
}
