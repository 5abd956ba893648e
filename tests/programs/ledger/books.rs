//! Sending an operation and holding it against the model's verdict.

use super::Play;
use super::model::Verdict;
use heliograph_tests::key;
use solana_instruction::Instruction;
use solana_keypair::Keypair;

impl Play {
    /// Sends `instructions` and asserts that they come to `verdict`; says whether they succeeded.
    pub fn comes_to(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
        verdict: Verdict,
    ) -> bool {
        match (self.world.attempt(instructions, signers), verdict) {
            (Ok(_), Ok(())) => true,
            (Err(refused), Err(reason)) => {
                assert!(refused.is(&reason), "refused, but not for {reason:?}: {refused}");
                false
            }
            (Ok(_), Err(reason)) => panic!("succeeded, should be refused: {reason:?}"),
            (Err(refused), Ok(())) => panic!("refused, should succeed: {refused}"),
        }
    }

    /// The voucher signer an app has after `rotations`.
    pub fn voucher_signer(app: usize, rotations: u32) -> Keypair {
        match rotations {
            0 => key(&format!("app {app} voucher signer")),
            _ => key(&format!("app {app} voucher signer {rotations}")),
        }
    }

    /// An amount: often small, sometimes nothing, sometimes far too much.
    pub fn amount(&mut self, usual_max: u64) -> u64 {
        match self.random.below(24) {
            0 => 0,
            1 => u64::MAX - self.random.below(3),
            2 => usual_max.saturating_mul(1_000),
            3..=8 => 1 + self.random.below(9),
            _ => 1 + self.random.below(usual_max.max(1)),
        }
    }
}
