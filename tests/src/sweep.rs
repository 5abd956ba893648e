//! Every account of an instruction replaced by every other account there is.
//!
//! Named tests say *why* a certain account is refused. The sweep says that nothing was forgotten:
//! whatever stands in a place where it does not belong, the transaction fails, but for the
//! substitutes a test lists as meant.

use crate::reason::{Reason, in_program};
use crate::vm::Vm;
use anchor_lang::error::ErrorCode;
use solana_instruction::Instruction;
use solana_instruction::error::InstructionError;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

/// An instruction in its transaction, and what there is to put in its accounts' places.
#[derive(Clone, Debug)]
pub struct Sweep<'a> {
    /// The transaction; it must succeed as it is.
    pub instructions: &'a [Instruction],
    /// Which of the instructions is swept.
    pub target: usize,
    /// Who signs.
    pub signers: &'a [&'a Keypair],
    /// Names of its accounts, in order: as in the program's accounts struct.
    pub names: &'a [&'a str],
    /// The accounts to put in.
    pub zoo: &'a [(String, Pubkey)],
    /// Strangers' wallets: put in, and signing where a signature is asked for.
    pub strangers: &'a [&'a Keypair],
    /// Substitutes that are meant to work: place and animal.
    pub meant: &'a [(&'a str, &'a str)],
    /// Why it is refused without its last account, if not for want of an account.
    pub cut: Option<Reason>,
}

impl Sweep<'_> {
    /// Runs the sweep; returns how many transactions were tried.
    ///
    /// # Panics
    /// When a substitute that is not meant works, a meant one does not, or one fails otherwise than
    /// by a program's refusal.
    pub fn run(&self, vm: &Vm) -> usize {
        let target = &self.instructions[self.target];
        assert_eq!(target.accounts.len(), self.names.len(), "a name for every account");
        vm.clone().run(self.instructions, self.signers);
        let mut tried = 1;
        for place in 0..target.accounts.len() {
            tried += self.substitutes(vm, place);
            tried += self.weakened(vm, place);
        }
        self.truncated(vm);
        tried + 1
    }

    fn substitutes(&self, vm: &Vm, place: usize) -> usize {
        let meta = &self.instructions[self.target].accounts[place];
        let name = self.names[place];
        let strangers = self
            .strangers
            .iter()
            .enumerate()
            .map(|(i, key)| (format!("stranger {i}"), key.pubkey()));
        let mut tried = 0;
        for (animal, address) in self.zoo.iter().cloned().chain(strangers) {
            if address == meta.pubkey {
                continue;
            }
            let mut instructions = self.instructions.to_vec();
            let changed = &mut instructions[self.target].accounts[place];
            changed.pubkey = address;
            let mut signers = self.signers.to_vec();
            if changed.is_signer {
                match self.strangers.iter().find(|key| key.pubkey() == address) {
                    Some(stranger) => signers.push(stranger),
                    None => changed.is_signer = false,
                }
            }
            let outcome = vm.clone().attempt(&instructions, &signers);
            let meant = self.meant.contains(&(name, animal.as_str()));
            match outcome {
                Ok(_) => assert!(meant, "{name}: {animal} in its place works"),
                Err(refused) => {
                    assert!(!meant, "{name}: {animal} is meant to work in its place: {refused}");
                    assert!(
                        is_refusal(&refused.error),
                        "{name}: {animal} in its place fails, but is not refused: {refused}"
                    );
                }
            }
            tried += 1;
        }
        tried
    }

    /// Without its signature or its right to be written, no account is accepted.
    fn weakened(&self, vm: &Vm, place: usize) -> usize {
        let target = &self.instructions[self.target];
        let (meta, name) = (&target.accounts[place], self.names[place]);
        let mut tried = 0;
        if meta.is_signer {
            let mut instructions = self.instructions.to_vec();
            instructions[self.target].accounts[place].is_signer = false;
            let reason = in_program(target.program_id, ErrorCode::AccountNotSigner);
            match vm.clone().attempt(&instructions, self.signers) {
                Ok(_) => panic!("{name}: works without its signature"),
                Err(refused) => assert!(refused.is(&reason), "{name} unsigned: {refused}"),
            }
            tried += 1;
        }
        if meta.is_writable {
            let mut instructions = self.instructions.to_vec();
            instructions[self.target].accounts[place].is_writable = false;
            match vm.clone().attempt(&instructions, self.signers) {
                Ok(_) => panic!("{name}: works read-only"),
                Err(refused) => {
                    assert!(is_refusal(&refused.error), "{name} read-only: {refused}");
                }
            }
            tried += 1;
        }
        tried
    }

    /// With its last account left out, the instruction is refused.
    fn truncated(&self, vm: &Vm) {
        let mut instructions = self.instructions.to_vec();
        let target = &mut instructions[self.target];
        target.accounts.pop();
        let too_few = in_program(target.program_id, ErrorCode::AccountNotEnoughKeys);
        let reason = self.cut.clone().unwrap_or(too_few);
        match vm.clone().attempt(&instructions, self.signers) {
            Ok(_) => panic!("works without its last account"),
            Err(refused) => assert!(refused.is(&reason), "without its last account: {refused}"),
        }
    }
}

/// Whether a program or the runtime said no, as against a crash or an exhausted budget.
fn is_refusal(error: &TransactionError) -> bool {
    match error {
        TransactionError::InstructionError(_, why) => !matches!(
            why,
            InstructionError::ProgramFailedToComplete
                | InstructionError::ComputationalBudgetExceeded
                | InstructionError::ProgramEnvironmentSetupFailure
        ),
        _ => false,
    }
}
