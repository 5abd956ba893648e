//! Signing vouchers, bringing them, and forging what carries them.

use crate::outcome::{Done, Refused};
use crate::parties::{AppParty, SessionParty};
use crate::world::{DOMAIN, World};
use heliograph_client::evidence::sign;
use heliograph_client::instruction::settlement;
use heliograph_client::pda;
use heliograph_protocol::domain::Message;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::voucher::Voucher;
use heliograph_registry::state::{Network, Node};
use heliograph_settlement::state::Session;
use solana_ed25519_program::{DATA_START, Ed25519SignatureOffsets, offsets_to_ed25519_instruction};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

/// "In this instruction", in the precompile's offsets.
pub const HERE: u16 = u16::MAX;

impl SessionParty {
    /// A voucher of this session up to `cumulative_micro_usdc`; its receipt is named by the amount.
    pub fn voucher(&self, cumulative_micro_usdc: u64) -> Voucher {
        Voucher {
            channel: self.channel.to_bytes(),
            session: self.address.to_bytes(),
            sequence: (cumulative_micro_usdc % 1_000) as u32,
            cumulative_micro_usdc,
            receipt_hash: heliograph_protocol::hash::sha256(
                &[&cumulative_micro_usdc.to_le_bytes()],
            ),
        }
    }
}

/// Signs a voucher for the tests' network.
pub fn signed(voucher: &Voucher, signer: &Keypair) -> Signed {
    sign(voucher, &DOMAIN, signer).expect("keys in memory sign")
}

/// Signs any bytes.
pub fn signed_bytes(bytes: &[u8], signer: &Keypair) -> Signed {
    Signed {
        bytes: bytes.to_vec(),
        public_key: signer.pubkey().to_bytes(),
        signature: signer.sign_message(bytes).into(),
    }
}

/// The canonical bytes of a voucher on the tests' network.
pub fn canonical(voucher: &Voucher) -> Vec<u8> {
    voucher.signing_bytes(&DOMAIN)
}

impl World {
    /// The precompile's instruction and the redeem, for a session that exists.
    pub fn redeem_instructions(
        &self,
        session: &SessionParty,
        voucher: &Signed,
    ) -> [Instruction; 2] {
        let network: Network = self.read(&pda::network());
        let state: Session = self.read(&session.address);
        let node: Node = self.read(&state.node);
        settlement::redeem_voucher(&network, &node, session.address, &state, voucher)
    }

    /// Signs a voucher with the app's signer and brings it, as nobody in particular.
    pub fn redeem(&mut self, app: &AppParty, session: &SessionParty, cumulative: u64) -> Done {
        self.try_redeem(app, session, cumulative)
            .unwrap_or_else(|refused| panic!("refused, should pay: {refused}"))
    }

    /// Signs a voucher with the app's signer and tries to redeem it.
    pub fn try_redeem(
        &mut self,
        app: &AppParty,
        session: &SessionParty,
        cumulative: u64,
    ) -> Result<Done, Refused> {
        let voucher = signed(&session.voucher(cumulative), &app.voucher_signer);
        let instructions = self.redeem_instructions(session, &voucher);
        self.attempt(&instructions, &[])
    }
}

/// A precompile instruction over several signed messages, each in it.
pub fn ed25519_of_many(many: &[Signed]) -> Instruction {
    let header_len = 2 + 14 * many.len();
    let mut tail = Vec::new();
    let offsets: Vec<Ed25519SignatureOffsets> = many
        .iter()
        .map(|signed| {
            let start = u16::try_from(header_len + tail.len()).expect("a short instruction");
            tail.extend_from_slice(&signed.public_key);
            tail.extend_from_slice(&signed.signature);
            tail.extend_from_slice(&signed.bytes);
            Ed25519SignatureOffsets {
                signature_offset: start + 32,
                signature_instruction_index: HERE,
                public_key_offset: start,
                public_key_instruction_index: HERE,
                message_data_offset: start + 96,
                message_data_size: u16::try_from(signed.bytes.len()).expect("a short message"),
                message_instruction_index: HERE,
            }
        })
        .collect();
    let mut instruction = offsets_to_ed25519_instruction(&offsets);
    instruction.data.extend_from_slice(&tail);
    instruction
}

/// Which part of a precompile instruction lies in another one.
#[derive(Clone, Copy, Debug)]
pub enum Elsewhere {
    /// The signature.
    Signature,
    /// The public key.
    PublicKey,
    /// The message.
    Message,
}

/// A precompile instruction that verifies one part out of instruction `index`, which must be laid
/// out as [`settlement::ed25519`] lays it out, while `shown` lies in its own data.
pub fn ed25519_pointing_at(index: u16, part: Elsewhere, shown: &Signed) -> Instruction {
    let mut instruction = settlement::ed25519(shown);
    // The instruction indices are the second, fourth and seventh field after the count.
    let field = match part {
        Elsewhere::Signature => 1,
        Elsewhere::PublicKey => 3,
        Elsewhere::Message => 6,
    };
    let at = 2 + 2 * field;
    instruction.data[at..at + 2].copy_from_slice(&index.to_le_bytes());
    debug_assert!(instruction.data.len() > DATA_START, "one signature with its data");
    instruction
}
