//! Transactions that look their accounts up in a table, and what they cost.

use crate::vm::Vm;
use solana_account::Account;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0};
use solana_pubkey::Pubkey;
use solana_sdk_ids::address_lookup_table;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

/// Bytes a transaction can have on the wire.
pub const PACKET_BYTES: usize = 1_232;

/// The bytes of a lookup table that is in force, as the program of that name keeps them: state 1
/// (a table), never deactivated, extended in slot 0, no authority, padding; then the addresses.
fn table_bytes(addresses: &[Pubkey]) -> Vec<u8> {
    let mut data = vec![0; 56];
    data[0] = 1;
    data[4..12].copy_from_slice(&u64::MAX.to_le_bytes());
    data.extend(addresses.iter().flat_map(|address| address.to_bytes()));
    data
}

impl Vm {
    /// Compute units and bytes of a transaction; `None` if it does not fit into a packet.
    ///
    /// # Panics
    /// When it fits and is refused.
    pub fn cost(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Option<(u64, usize)> {
        let transaction = self.transaction(instructions, signers);
        let bytes = transaction.message.serialize().len() + 1 + 64 * transaction.signatures.len();
        if bytes > PACKET_BYTES {
            return None;
        }
        let done = self.run(instructions, signers);
        Some((done.compute_units, done.bytes))
    }

    /// The same with every account that need not stand in the message in a lookup table.
    ///
    /// # Panics
    /// When it fits and is refused.
    pub fn cost_with_table(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Option<(u64, usize)> {
        let mut addresses: Vec<Pubkey> = instructions
            .iter()
            .flat_map(|instruction| &instruction.accounts)
            .filter(|meta| !meta.is_signer)
            .map(|meta| meta.pubkey)
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        let table = crate::key("lookup table").pubkey();
        let data = table_bytes(&addresses);
        let lamports = self.svm().minimum_balance_for_rent_exemption(data.len());
        let account = Account {
            lamports,
            data,
            owner: address_lookup_table::ID,
            executable: false,
            rent_epoch: u64::MAX,
        };
        self.set_account(&table, account);
        self.svm().warp_to_slot(10);
        let payer = self.payer();
        let blockhash = self.svm().latest_blockhash();
        let tables = [AddressLookupTableAccount { key: table, addresses }];
        let message = v0::Message::try_compile(&payer.pubkey(), instructions, &tables, blockhash)
            .expect("accounts fit into a message");
        let keys: Vec<&Keypair> = std::iter::once(&payer).chain(signers.iter().copied()).collect();
        let message = VersionedMessage::V0(message);
        let bytes = message.serialize().len() + 1 + 64 * keys.len();
        if bytes > PACKET_BYTES {
            return None;
        }
        let transaction = VersionedTransaction::try_new(message, &keys).expect("all keys are here");
        match self.svm().send_transaction(transaction) {
            Ok(meta) => Some((meta.compute_units_consumed, bytes)),
            Err(failed) => panic!("refused: {:?}\n{}", failed.err, failed.meta.logs.join("\n")),
        }
    }
}
