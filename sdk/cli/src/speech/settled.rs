//! Waiting until vouchers are paid, and finding the transactions that paid them.

use anyhow::Result;
use heliograph_client::{Rpc, account, pda};
use heliograph_protocol::domain::{Domain, Message as _};
use heliograph_protocol::ed25519::single_signature;
use heliograph_protocol::voucher::Voucher;
use heliograph_settlement::state::Session;
use solana_pubkey::Pubkey;
use solana_sdk_ids::ed25519_program;
use solana_signature::Signature;
use std::time::{Duration, Instant};

/// How often the chain is asked.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// A voucher that was redeemed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// What it promised.
    pub voucher: Voucher,
    /// The transaction that paid it.
    pub transaction: Signature,
}

/// Waits until `session` has settled `cumulative_micro_usdc`; says what it has settled at the end.
pub async fn wait(
    rpc: &Rpc,
    session: &Pubkey,
    cumulative_micro_usdc: u64,
    limit: Duration,
) -> Result<u64> {
    let started = Instant::now();
    loop {
        let account: Session = account::get(rpc, session).await?;
        let settled = account.totals.settled_micro_usdc;
        if settled >= cumulative_micro_usdc || started.elapsed() >= limit {
            return Ok(settled);
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Every voucher of `session` that was redeemed, oldest first, read from the transactions.
pub async fn redeemed(rpc: &Rpc, session: &Pubkey, domain: &Domain) -> Result<Vec<Redeemed>> {
    let mut found = Vec::new();
    for info in rpc.signatures_for_address(session, None).await? {
        if info.err.is_some() {
            continue;
        }
        let Some(transaction) = rpc.get_transaction(&info.signature).await? else {
            continue;
        };
        // The program demands this order: the precompile's instruction, then its own.
        for pair in transaction.instructions.windows(2) {
            if pair[0].program_id != ed25519_program::ID || pair[1].program_id != pda::SETTLEMENT {
                continue;
            }
            let voucher = single_signature(&pair[0].data)
                .and_then(|verified| Voucher::from_signing_bytes(verified.message, domain).ok())
                .filter(|voucher| voucher.session == session.to_bytes());
            if let Some(voucher) = voucher {
                found.push(Redeemed { voucher, transaction: info.signature });
            }
        }
    }
    Ok(found)
}

/// The transaction that paid a minute: the first whose voucher includes it.
pub fn payment_of(redeemed: &[Redeemed], sequence: u32) -> Option<&Redeemed> {
    redeemed.iter().find(|redeemed| redeemed.voucher.sequence >= sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redeemed_at(sequence: u32) -> Redeemed {
        let voucher = Voucher {
            channel: [0; 32],
            session: [0; 32],
            sequence,
            cumulative_micro_usdc: 1,
            receipt_hash: [0; 32],
        };
        let transaction = Signature::from([sequence as u8; 64]);
        Redeemed { voucher, transaction }
    }

    #[test]
    fn minute_is_paid_by_its_own_voucher_or_the_first_later_one() {
        let redeemed = [redeemed_at(0), redeemed_at(3), redeemed_at(4)];
        let paid_by = |minute| payment_of(&redeemed, minute).map(|r| r.voucher.sequence);
        assert_eq!([0, 1, 3, 4, 5].map(paid_by), [Some(0), Some(3), Some(3), Some(4), None]);
    }
}
