//! What a claim of many leaves costs, from batches of many sizes, with and without a lookup table.

use crate::batches::Batch;
use crate::scene::CAP;
use crate::vouchers::signed;
use crate::world::PARAMS;
use crate::{Scene, SessionParty};
use heliograph_protocol::batch::Leaf;
use heliograph_protocol::hash::sha256;

/// One claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimCost {
    /// Leaves in the batch.
    pub batch_leaves: usize,
    /// Leaves claimed in one transaction.
    pub leaves: usize,
    /// Whether sessions and fixed accounts came from an address lookup table.
    pub lookup_table: bool,
    /// Compute units of the transaction.
    pub compute_units: u64,
    /// Bytes of the transaction on the wire; 1,232 is the most.
    pub transaction_bytes: usize,
}

/// Claims `counts` leaves each out of batches of `batch_leaves`, one claim from the same state each;
/// those that do not fit into a transaction are left out.
///
/// # Panics
/// When a claim that fits is refused.
pub fn measure_claims(batch_leaves: usize, counts: &[usize]) -> Vec<ClaimCost> {
    let most = counts.iter().copied().max().unwrap_or(0);
    assert!(most <= batch_leaves, "no more leaves are claimed than there are");
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let sessions: Vec<SessionParty> =
        (0..most).map(|_| scene.open_session(&app, &channel, CAP)).collect();
    let mut leaves: Vec<_> = sessions
        .iter()
        .map(|session| scene.leaf(session, &signed(&session.voucher(5_000), &app.voucher_signer)))
        .collect();
    let template = scene.forged_leaf(&scene.session, 5_000).0;
    for i in 0..(batch_leaves - most) as u64 {
        let app = sha256(&[&i.to_le_bytes()]);
        leaves.push((Leaf { app, ..template }, None));
    }
    scene.pass(60);
    let batch =
        Batch { total_micro_usdc: 5_000 * most as u64, ..Batch::new(scene.minute(), leaves) };
    scene.post(&settler, &batch);
    scene.pass(PARAMS.challenge_window_secs + 1);
    let first = (0..batch.leaves.len())
        .find(|&i| batch.leaves[i].app == app.address.to_bytes())
        .unwrap_or_default();

    let mut costs = Vec::new();
    for &leaves in counts {
        let claim = scene.claim_instruction(&settler, &batch, first..first + leaves);
        for lookup_table in [false, true] {
            let mut scene = scene.branch();
            let cost = match lookup_table {
                true => scene.cost_with_table(std::slice::from_ref(&claim), &[]),
                false => scene.cost(std::slice::from_ref(&claim), &[]),
            };
            if let Some((compute_units, transaction_bytes)) = cost {
                costs.push(ClaimCost {
                    batch_leaves,
                    leaves,
                    lookup_table,
                    compute_units,
                    transaction_bytes,
                });
            }
        }
    }
    costs
}
