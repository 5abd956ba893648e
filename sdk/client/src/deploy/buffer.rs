//! The account a program's bytes are gathered in before they become the program.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use solana_hash::Hash;
use solana_instruction::{AccountMeta, Instruction};
use solana_loader_v3_interface::instruction::{UpgradeableLoaderInstruction, write};
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_sdk_ids::bpf_loader_upgradeable;
use solana_sha256_hasher::hashv;
use solana_signer::Signer;
use solana_system_interface::instruction::create_account_with_seed;
use solana_transaction::versioned::VersionedTransaction;

use super::{Job, state_of};
use crate::Error;
use crate::send::{self, Options, Prepared, TRANSACTION_BYTES_MAX};

/// Transactions on the way at once: public endpoints ration requests, and a local cluster executes
/// one after the other anyway.
const CONCURRENT_WRITES: usize = 8;

/// How often the missing chunks are sent again before giving up. A round that gets nothing through
/// has lasted for [`SETTLE_PAUSES`].
const ROUNDS_MAX: usize = 30;

/// How long, after a round of writes, the buffer is looked at for more to arrive.
const SETTLE_PAUSES: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// A buffer account, found by what goes into it.
pub(super) struct Buffer {
    pub address: Pubkey,
    seed: String,
    elf_len: usize,
    chunk_len: usize,
}

impl Buffer {
    /// The buffer of this deployment, whether it exists or not.
    ///
    /// Its address derives from the payer and a seed that names authority, program and bytes: the
    /// same deployment finds its buffer again, any other gets another, and no key must be kept.
    pub fn of(job: &Job<'_>) -> Result<Self, Error> {
        let authority = job.authority.pubkey();
        let digest = hashv(&[authority.as_ref(), job.program_id.as_ref(), job.elf]);
        // A seed has at most 32 characters: 16 bytes of the digest, far from collisions.
        let seed: String =
            digest.to_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let payer = job.payer.pubkey();
        let address = Pubkey::create_with_seed(&payer, &seed, &bpf_loader_upgradeable::ID)
            .map_err(|error| Error::decode("buffer address", error))?;
        let chunk_len = chunk_len(&payer, &authority, &address)?;
        Ok(Self { address, seed, elf_len: job.elf.len(), chunk_len })
    }

    pub fn account_len(&self) -> usize {
        UpgradeableLoaderState::size_of_buffer(self.elf_len)
    }

    pub fn chunk_count(&self) -> usize {
        self.elf_len.div_ceil(self.chunk_len)
    }

    /// Creates the buffer unless it exists and writes what it lacks, until it holds every byte.
    pub async fn fill(&self, job: &Job<'_>, progress: impl Fn(usize, usize)) -> Result<(), Error> {
        let mut missing = match self.missing(job).await? {
            Some(missing) => missing,
            None => {
                self.create(job).await?;
                // Zeros need no writing: that is what a new account holds.
                self.differing(job.elf, &vec![0; self.elf_len])
            }
        };
        for _ in 0..ROUNDS_MAX {
            progress(self.done(&missing), self.elf_len);
            if missing.is_empty() {
                return Ok(());
            }
            self.write(job, &missing, &progress).await?;
            let before = missing.len();
            for pause in SETTLE_PAUSES {
                tokio::time::sleep(pause).await;
                missing = self.missing(job).await?.unwrap_or_default();
                if missing.is_empty() {
                    break;
                }
            }
            tracing::debug!(before, after = missing.len(), "program buffer round");
        }
        Err(Error::Deploy {
            program_id: job.program_id,
            reason: format!(
                "{} of {} chunks do not arrive in buffer {}; run it again to continue",
                missing.len(),
                self.chunk_count(),
                self.address
            ),
        })
    }

    async fn create(&self, job: &Job<'_>) -> Result<(), Error> {
        let payer = job.payer.pubkey();
        let lamports = job.rpc.rent_lamports(self.account_len()).await?;
        let instructions = [
            create_account_with_seed(
                &payer,
                &self.address,
                &payer,
                &self.seed,
                lamports,
                self.account_len() as u64,
                &bpf_loader_upgradeable::ID,
            ),
            Instruction::new_with_wincode(
                bpf_loader_upgradeable::ID,
                &UpgradeableLoaderInstruction::InitializeBuffer,
                vec![
                    AccountMeta::new(self.address, false),
                    AccountMeta::new_readonly(job.authority.pubkey(), false),
                ],
            ),
        ];
        send::send(job.rpc, job.payer, &[], &instructions, Options::default()).await?;
        Ok(())
    }

    /// Offsets of the chunks that are not in place, `None` when there is no buffer.
    async fn missing(&self, job: &Job<'_>) -> Result<Option<Vec<usize>>, Error> {
        let Some(account) = job.rpc.get_account(&self.address).await? else {
            return Ok(None);
        };
        let expected =
            UpgradeableLoaderState::Buffer { authority_address: Some(job.authority.pubkey()) };
        let ours = account.owner == bpf_loader_upgradeable::ID
            && account.data.len() == self.account_len()
            && state_of(&account) == Some(expected);
        if !ours {
            return job.refuse(format!("{} is not the buffer it should be", self.address));
        }
        let data = &account.data[UpgradeableLoaderState::size_of_buffer_metadata()..];
        Ok(Some(self.differing(job.elf, data)))
    }

    fn differing(&self, elf: &[u8], data: &[u8]) -> Vec<usize> {
        let chunks = elf.chunks(self.chunk_len).zip(data.chunks(self.chunk_len)).enumerate();
        chunks
            .filter(|(_, (wanted, found))| wanted != found)
            .map(|(index, _)| index * self.chunk_len)
            .collect()
    }

    /// Bytes in place when the chunks at these offsets are missing.
    fn done(&self, missing: &[usize]) -> usize {
        let lacking: usize =
            missing.iter().map(|offset| self.chunk_len.min(self.elf_len - offset)).sum();
        self.elf_len - lacking
    }

    /// Sends one write per offset, without waiting for any to be executed.
    async fn write(
        &self,
        job: &Job<'_>,
        offsets: &[usize],
        progress: &impl Fn(usize, usize),
    ) -> Result<(), Error> {
        let (blockhash, height) = job.rpc.latest_blockhash().await?;
        let mut transactions = Vec::with_capacity(offsets.len());
        for offset in offsets {
            transactions.push(self.signed_write(job, *offset, blockhash, height)?);
        }
        // The node would simulate every one of them; the buffer is read back instead.
        let sends: Vec<_> =
            transactions.iter().map(|prepared| send::submit_unchecked(job.rpc, prepared)).collect();
        let mut sent = stream::iter(sends).buffer_unordered(CONCURRENT_WRITES);
        let mut count = 0;
        while let Some(outcome) = sent.next().await {
            match outcome {
                Ok(()) => count += 1,
                // Blockhash expired meanwhile, or the node is overloaded: the next round's task.
                Err(error) if error.is_retryable() && !unreachable(&error) => {}
                Err(error) => return Err(error),
            }
            progress(self.done(&offsets[count..]), self.elf_len);
        }
        Ok(())
    }

    fn signed_write(
        &self,
        job: &Job<'_>,
        offset: usize,
        blockhash: Hash,
        last_valid_block_height: u64,
    ) -> Result<Prepared, Error> {
        let end = (offset + self.chunk_len).min(self.elf_len);
        let authority = job.authority.pubkey();
        let bytes = job.elf[offset..end].to_vec();
        // Within u32: no account holds 4 GiB.
        let instruction = write(&self.address, &authority, offset as u32, bytes);
        let payer = job.payer.pubkey();
        let message = Message::new_with_blockhash(&[instruction], Some(&payer), &blockhash);
        let mut keys: Vec<&(dyn Signer + Sync)> = vec![job.payer];
        if authority != payer {
            keys.push(job.authority);
        }
        let transaction = VersionedTransaction::try_new(VersionedMessage::Legacy(message), &keys)
            .map_err(|error| Error::Sign(error.to_string()))?;
        Prepared::new(transaction, last_valid_block_height)
    }
}

/// The retry policy has been exhausted already: another round would only exhaust it again.
fn unreachable(error: &Error) -> bool {
    matches!(error, Error::Unreachable { .. })
}

/// The bytes that fit one write: what an empty one leaves of a transaction, less the two bytes by
/// which its length prefixes grow.
fn chunk_len(payer: &Pubkey, authority: &Pubkey, buffer: &Pubkey) -> Result<usize, Error> {
    let empty = write(buffer, authority, 0, Vec::new());
    let message = Message::new(&[empty], Some(payer));
    let signatures = vec![Default::default(); usize::from(message.header.num_required_signatures)];
    let transaction =
        VersionedTransaction { signatures, message: VersionedMessage::Legacy(message) };
    let empty_len = send::to_wire(&transaction)?.len();
    Ok(TRANSACTION_BYTES_MAX - empty_len - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(elf_len: usize, chunk_len: usize) -> Buffer {
        Buffer { address: Pubkey::default(), seed: String::new(), elf_len, chunk_len }
    }

    #[test]
    fn only_chunks_that_differ_are_missing() {
        let buffer = buffer(10, 4);
        let elf = [1, 1, 1, 1, 0, 0, 0, 0, 2, 2];
        assert_eq!(buffer.chunk_count(), 3);
        assert_eq!(buffer.differing(&elf, &[0; 10]), vec![0, 8]);
        assert_eq!(buffer.done(&[0, 8]), 4);
        assert_eq!(buffer.differing(&elf, &elf), Vec::<usize>::new());
        assert_eq!(buffer.done(&[]), 10);
    }

    #[test]
    fn chunks_fill_a_transaction_to_the_byte() {
        let keys: Vec<Pubkey> = (1..4).map(|n| Pubkey::new_from_array([n; 32])).collect();
        for (payer, authority) in [(keys[0], keys[0]), (keys[0], keys[1])] {
            let len = chunk_len(&payer, &authority, &keys[2]).unwrap();
            let fits = |len: usize| {
                let instruction = write(&keys[2], &authority, u32::MAX, vec![7; len]);
                let message = Message::new(&[instruction], Some(&payer));
                let count = usize::from(message.header.num_required_signatures);
                let message = VersionedMessage::Legacy(message);
                let signatures = vec![Default::default(); count];
                send::to_wire(&VersionedTransaction { signatures, message }).is_ok()
            };
            assert!(fits(len) && !fits(len + 2), "{len}");
        }
    }
}
