//! A VM that sends transactions and tells what came of them.

use crate::outcome::{Done, Refused};
use crate::reason::{self, Reason};
use crate::{bytecode, key};
use litesvm::LiteSVM;
use solana_account::Account;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

/// Unix time at which every test begins.
pub const BEGINNING: i64 = 1_800_000_000;
/// Lamports of every wallet.
pub const WALLET_LAMPORTS: u64 = 100_000_000_000;

/// LiteSVM with a fee payer of its own, so that fees do not blur the balances tests look at.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "a VM is never printed")]
pub struct Vm {
    svm: LiteSVM,
    payer: [u8; 32],
    /// Addresses without a key that sign nevertheless.
    impersonated: Vec<Pubkey>,
}

impl Vm {
    /// A VM with the programs; `authority` may upgrade them.
    pub fn new(authority: &Pubkey) -> Self {
        let mut vm = Self {
            svm: bytecode::load(authority),
            payer: *key("fee payer").secret_bytes(),
            impersonated: Vec::new(),
        };
        vm.set_now(BEGINNING);
        vm.fund(&vm.payer().pubkey());
        vm
    }

    pub(crate) fn payer(&self) -> Keypair {
        Keypair::new_from_array(self.payer)
    }

    /// From now on `address` signs whatever asks for its signature, although it has no key.
    ///
    /// Only a program signs for its PDA. Where a test is about what happens *after* that program
    /// has decided, and not about the program, it can stand in for it: the VM stops verifying
    /// signatures and takes the transaction's word for who has signed. Everything above the
    /// signature, the programs' own checks of who it is, runs as ever.
    pub fn impersonate(&mut self, address: &Pubkey) {
        self.svm = self.svm.clone().with_sigverify(false);
        self.impersonated.push(*address);
    }

    /// The VM beneath, for what tests seldom need.
    pub fn svm(&mut self) -> &mut LiteSVM {
        &mut self.svm
    }

    /// Gives `address` lamports to spend.
    pub fn fund(&mut self, address: &Pubkey) {
        self.svm.airdrop(address, WALLET_LAMPORTS).expect("airdrop");
    }

    /// Unix time of the clock sysvar.
    pub fn now(&self) -> i64 {
        self.svm.get_sysvar::<Clock>().unix_timestamp
    }

    /// Sets the clock sysvar.
    pub fn set_now(&mut self, unix_timestamp: i64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.unix_timestamp = unix_timestamp;
        self.svm.set_sysvar(&clock);
    }

    /// Lets `secs` pass.
    pub fn pass(&mut self, secs: impl Into<i64>) {
        self.set_now(self.now() + secs.into());
    }

    /// The account at `address`, if it has lamports.
    pub fn account(&self, address: &Pubkey) -> Option<Account> {
        self.svm.get_account(address).filter(|account| account.lamports > 0)
    }

    /// Puts an account in place, whatever was there.
    pub fn set_account(&mut self, address: &Pubkey, account: Account) {
        self.svm.set_account(*address, account).expect("account of a valid format");
    }

    /// The transaction of `instructions`, signed by those of `signers` it asks for.
    ///
    /// # Panics
    /// When the instructions ask for the signature of somebody else: that is a mistake in the test,
    /// not a refusal.
    pub fn transaction(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Transaction {
        let payer = self.payer();
        let blockhash = self.svm.latest_blockhash();
        let message = Message::new_with_blockhash(instructions, Some(&payer.pubkey()), &blockhash);
        let mut asked: Vec<&Keypair> = Vec::new();
        for address in message.signer_keys() {
            if self.impersonated.contains(address) {
                continue;
            }
            let signer = signers.iter().copied().chain([&payer]).find(|k| k.pubkey() == *address);
            asked.push(signer.unwrap_or_else(|| panic!("the test has no key of {address}")));
        }
        let mut transaction = Transaction::new_unsigned(message);
        transaction.partial_sign(&asked, blockhash);
        transaction
    }

    /// Sends a transaction and tells what came of it.
    pub fn attempt(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Done, Refused> {
        let transaction = self.transaction(instructions, signers);
        let message = transaction.message.clone();
        let bytes = message.serialize().len() + 1 + 64 * transaction.signatures.len();
        match self.svm.send_transaction(transaction) {
            Ok(meta) => Ok(Done::new(&message, meta, bytes)),
            Err(failed) => Err(Refused::new(&message, failed)),
        }
    }

    /// Sends a transaction that must succeed.
    pub fn run(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Done {
        self.attempt(instructions, signers)
            .unwrap_or_else(|refused| panic!("refused, should succeed: {refused}"))
    }

    /// Sends a transaction that must be refused for `reason`, by the program of `reason`.
    pub fn refuse(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
        reason: impl Into<Reason>,
    ) {
        let reason = reason.into();
        match self.attempt(instructions, signers) {
            Ok(_) => panic!("succeeded, should be refused: {reason:?}"),
            Err(refused) => {
                assert!(refused.is(&reason), "refused, but not for {reason:?}: {refused}");
                reason::remember(&reason);
            }
        }
    }
}
