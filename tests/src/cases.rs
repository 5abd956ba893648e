//! Cases: who reports what, and what follows.

use crate::keepers::KeeperParty;
use crate::outcome::Done;
use crate::parties::{NodeParty, SessionParty};
use crate::vouchers::signed_bytes;
use crate::world::{DOMAIN, World};
use heliograph_client::instruction::reputation::ProvedLeaf;
use heliograph_client::instruction::slashing::{self, Accusation};
use heliograph_client::pda;
use heliograph_protocol::domain::Message;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::observation::RootStatement;
use heliograph_protocol::price::Usage;
use heliograph_protocol::receipt::{Quality, Receipt};
use heliograph_protocol::sample::{self, Sample};
use heliograph_registry::state::Network;
use heliograph_settlement::state::{Challenge, Session};
use heliograph_slashing::state::{Case, Record};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

impl World {
    /// The slashing program's tokens of a mint, made if need be.
    pub fn pot(&mut self, mint: &Pubkey) -> Pubkey {
        self.create_tokens(&pda::restorer(&pda::SLASHING), mint)
    }

    /// An accusation of `subject` with the number its next case gets.
    pub fn accusation(&self, reporter: &Pubkey, subject: &Pubkey) -> Accusation {
        let record = pda::record(subject);
        let number = self.account(&record).map_or(0, |_| self.read::<Record>(&record).cases);
        Accusation { reporter: *reporter, subject: *subject, number }
    }

    /// The instruction that opens the case of a failed challenge.
    pub fn challenge_case_instruction(&self, reporter: &Pubkey, challenge: &Pubkey) -> Instruction {
        let state: Challenge = self.read(challenge);
        let number = self.accusation(reporter, &state.keeper).number;
        slashing::open_challenge_case(*reporter, number, (*challenge, &state))
    }

    /// Opens the case of a failed challenge; returns its address.
    pub fn open_challenge_case(&mut self, reporter: &Keypair, challenge: &Pubkey) -> Pubkey {
        let open = self.challenge_case_instruction(&reporter.pubkey(), challenge);
        let case = open.accounts[5].pubkey;
        self.act(open, reporter);
        case
    }

    /// A receipt of a session's minute, made now.
    pub fn receipt(
        &self,
        session: &SessionParty,
        sequence: u32,
        amount_micro_usdc: u64,
    ) -> Receipt {
        let now_ms = self.now() as u64 * 1_000;
        Receipt {
            channel: session.channel.to_bytes(),
            session: session.address.to_bytes(),
            sequence,
            minute_index: self.minute(),
            opened_at_unix_ms: now_ms,
            closed_at_unix_ms: now_ms,
            media_start_sample: 0,
            media_end_sample: 0,
            usage: Usage::default(),
            quality: Quality::default(),
            records_count: 0,
            records_root: [7; 32],
            amount_micro_usdc,
            cumulative_micro_usdc: amount_micro_usdc,
            previous_receipt_hash: [0; 32],
        }
    }

    /// Two receipts of a node for one minute of a session, over different amounts.
    pub fn receipts(&self, node: &NodeParty, session: &SessionParty) -> [Signed; 2] {
        [1, 2].map(|amount| sign(&self.receipt(session, 4, amount), &node.node_key))
    }

    /// The instructions that open a case of two receipts of a session.
    pub fn equivocation_instructions(
        &self,
        reporter: &Pubkey,
        session: &SessionParty,
        receipts: &[Signed; 2],
    ) -> [Instruction; 2] {
        let state: Session = self.read(&session.address);
        let accusation = self.accusation(reporter, &state.node);
        let [one, other] = receipts;
        slashing::open_equivocation_case(&accusation, (session.address, &state), [one, other])
    }

    /// Opens a case of two receipts; returns its address.
    pub fn open_equivocation_case(
        &mut self,
        reporter: &Keypair,
        session: &SessionParty,
        receipts: &[Signed; 2],
    ) -> Pubkey {
        let open = self.equivocation_instructions(&reporter.pubkey(), session, receipts);
        let case = open[1].accounts[5].pubkey;
        self.run(&open, &[reporter]);
        case
    }

    /// The instructions that open a case of an observer's statement.
    pub fn fraud_instructions(
        &self,
        reporter: &Pubkey,
        observer: &KeeperParty,
        epoch: u64,
        statement: &Signed,
    ) -> [Instruction; 2] {
        let accusation = self.accusation(reporter, &observer.address);
        slashing::open_fraud_case(&accusation, epoch, statement)
    }

    /// Has an observer convicted of another root than it posted for `epoch`; returns the case.
    pub fn convict_of_fraud(
        &mut self,
        reporter: &Keypair,
        observer: &KeeperParty,
        epoch: u64,
    ) -> Pubkey {
        let statement = statement(observer, epoch, [0xfa; 32], 1);
        let open = self.fraud_instructions(&reporter.pubkey(), observer, epoch, &statement);
        let case = open[1].accounts[5].pubkey;
        self.run(&open, &[reporter]);
        self.decide(&case);
        case
    }

    /// Brings samples on chain, in `uploader`'s exhibit; returns its address.
    pub fn bring(&mut self, uploader: &Keypair, samples: &[Sample]) -> Pubkey {
        for step in slashing::exhibit_of(uploader.pubkey(), samples) {
            self.run(&[step], &[uploader]);
        }
        pda::exhibit(&uploader.pubkey(), &sample::root(samples))
    }

    /// The instruction that opens a case of a leaf, by the samples in the reporter's exhibit.
    pub fn samples_case_instruction(&self, reporter: &Pubkey, leaf: &ProvedLeaf) -> Instruction {
        let accusation = self.accusation(reporter, &leaf.observer);
        slashing::open_samples_case(&accusation, leaf.clone())
    }

    /// Has an observer convicted of a leaf that these samples contradict; returns the case.
    pub fn convict_by_samples(
        &mut self,
        reporter: &Keypair,
        leaf: &ProvedLeaf,
        samples: &[Sample],
    ) -> Pubkey {
        self.bring(reporter, samples);
        let open = self.samples_case_instruction(&reporter.pubkey(), leaf);
        let case = open.accounts[5].pubkey;
        self.run(&[open], &[reporter]);
        self.decide(&case);
        case
    }

    /// The instruction that restores what is on record with a session.
    pub fn restore_claims_instruction(&self, case: &Pubkey, session: &SessionParty) -> Instruction {
        let (state, robbed): (Case, Session) = (self.read(case), self.read(&session.address));
        slashing::restore_claims((*case, &state), (session.address, &robbed))
    }

    /// The instruction that carries a case out.
    pub fn decide_instruction(&self, case: &Pubkey) -> Instruction {
        let network: Network = self.read(&pda::network());
        slashing::decide_case(&network, (*case, &self.read(case)))
    }

    /// Carries a case out, as nobody in particular.
    pub fn decide(&mut self, case: &Pubkey) -> Done {
        let mint = self.read::<Case>(case).mint;
        self.pot(&mint);
        let decide = self.decide_instruction(case);
        self.run(&[decide], &[])
    }

    /// The instruction that closes a decided case.
    pub fn close_case_instruction(&self, case: &Pubkey) -> Instruction {
        slashing::close_case((*case, &self.read(case)))
    }
}

/// Signs a message for the tests' network.
pub fn sign<M: Message>(message: &M, signer: &Keypair) -> Signed {
    signed_bytes(&message.signing_bytes(&DOMAIN), signer)
}

/// An observer's signed word for a root.
pub fn statement(observer: &KeeperParty, epoch: u64, root: [u8; 32], leaves_count: u32) -> Signed {
    let observer_address = observer.address.to_bytes();
    let message = RootStatement { observer: observer_address, epoch, root, leaves_count };
    sign(&message, &observer.keeper_key)
}
