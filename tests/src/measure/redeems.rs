//! How many vouchers one transaction can redeem.

use crate::scene::CAP;
use crate::vouchers::signed;
use crate::{Scene, SessionParty};
use solana_instruction::Instruction;

/// Redeems in one transaction, each with the precompile's check before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedeemCost {
    /// Vouchers redeemed, each of another session of one channel.
    pub vouchers: usize,
    /// Whether sessions and fixed accounts came from an address lookup table.
    pub lookup_table: bool,
    /// Compute units of the transaction.
    pub compute_units: u64,
    /// Bytes of the transaction on the wire; 1,232 is the most.
    pub transaction_bytes: usize,
}

/// No transaction has room for more.
const VOUCHERS_MAX: usize = 8;

/// One voucher, two, and so on, as long as they fit; without and with a lookup table.
///
/// # Panics
/// When a redeem that fits is refused.
pub fn measure_redeems() -> Vec<RedeemCost> {
    let mut scene = Scene::new();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let sessions: Vec<SessionParty> =
        (0..VOUCHERS_MAX).map(|_| scene.open_session(&app, &channel, CAP)).collect();
    let mut costs = Vec::new();
    for lookup_table in [false, true] {
        for vouchers in 1..=VOUCHERS_MAX {
            let mut scene = scene.branch();
            let instructions: Vec<Instruction> = sessions[..vouchers]
                .iter()
                .flat_map(|session| {
                    let voucher = signed(&session.voucher(5_000), &app.voucher_signer);
                    scene.redeem_instructions(session, &voucher)
                })
                .collect();
            let cost = match lookup_table {
                true => scene.cost_with_table(&instructions, &[]),
                false => scene.cost(&instructions, &[]),
            };
            let Some((compute_units, transaction_bytes)) = cost else { break };
            costs.push(RedeemCost { vouchers, lookup_table, compute_units, transaction_bytes });
        }
    }
    costs
}
