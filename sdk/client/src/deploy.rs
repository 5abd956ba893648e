//! Putting a program on chain over plain RPC, with the upgradeable loader.
//!
//! A deployment is hundreds of small transactions into a buffer account and one that makes the
//! buffer the program. Everything on the way is found again by its content, so that a deployment
//! that broke off, at whatever point, is continued by running it again.

mod buffer;
mod elf;

use std::time::{Duration, Instant};

use solana_account::Account;
use solana_loader_v3_interface::get_program_data_address;
use solana_loader_v3_interface::instruction::{
    MINIMUM_EXTEND_PROGRAM_BYTES, deploy_with_max_program_len, extend_program, upgrade,
};
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_pubkey::Pubkey;
use solana_sdk_ids::bpf_loader_upgradeable;
use solana_signer::Signer;

use crate::send::{self, Options};
use crate::{Error, Rpc};
use buffer::Buffer;

/// An account holds at most this much, the network's limit.
const ACCOUNT_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Lamports per signature.
const FEE_LAMPORTS: u64 = 5_000;

/// A deployed program can be called from the next slot on; a busy local cluster takes its time.
const CALLABLE_LIMIT: Duration = Duration::from_secs(30);

/// What [`deploy`] had to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployed {
    /// These bytes were there already. Nothing was sent.
    Unchanged,
    /// The program is new.
    Deployed,
    /// The program had other bytes before.
    Upgraded,
}

/// Makes `elf` the program at `program`'s address, and returns once it can be called.
///
/// * `payer` pays rent and fees; it must be a key that signs the same bytes the same way.
/// * `program` signs for a new program; for an upgrade its address is all that is used.
/// * `authority` must be the upgrade authority of a program that exists, and becomes that of one
///   that does not.
/// * `progress` is told the bytes in place and the bytes in total, first and last included.
///
/// A new program gets room for a quarter more than its bytes ([`room`]). An upgrade beyond that
/// extends it first, one transaction and a slot more.
///
/// A broken-off deployment leaves a buffer with the rent of the program's size in it. Running the
/// same deployment again (same payer, authority, program and bytes) continues it; with other bytes
/// the old buffer stays until somebody closes it with the authority's key.
pub async fn deploy(
    rpc: &Rpc,
    payer: &(dyn Signer + Sync),
    program: &(dyn Signer + Sync),
    authority: &(dyn Signer + Sync),
    elf: &[u8],
    progress: impl Fn(usize, usize),
) -> Result<Deployed, Error> {
    let job = Job { rpc, payer, program_id: program.pubkey(), authority, elf };
    let existing = job.existing().await?;
    if existing.as_ref().is_some_and(|program| program.runs(elf)) {
        progress(elf.len(), elf.len());
        return Ok(Deployed::Unchanged);
    }
    elf::check(rpc, &job.program_id, elf).await?;
    job.check_authority(existing.as_ref())?;
    let buffer = Buffer::of(&job)?;
    job.check_funds(existing.as_ref(), &buffer).await?;

    if let Some(missing) = existing.as_ref().and_then(|program| program.missing_room(elf)) {
        job.extend(missing).await?;
    }
    buffer.fill(&job, progress).await?;
    let done = match existing {
        None => {
            job.create(program, &buffer).await?;
            Deployed::Deployed
        }
        Some(_) => {
            job.upgrade(&buffer).await?;
            Deployed::Upgraded
        }
    };
    job.verify().await?;
    Ok(done)
}

/// The bytes a program of `elf_len` bytes gets room for: a quarter more, and no less than the loader
/// extends by.
///
/// Room costs rent from the first day (7 lamports a byte), an extension one transaction on the day
/// it is needed: so enough for the patches of a release, not for every program ever to come.
pub fn room(elf_len: usize) -> usize {
    let spare = (elf_len / 4).max(MINIMUM_EXTEND_PROGRAM_BYTES as usize);
    let max = ACCOUNT_BYTES_MAX - UpgradeableLoaderState::size_of_programdata_metadata();
    elf_len.saturating_add(spare).min(max.max(elf_len))
}

/// One deployment.
struct Job<'a> {
    rpc: &'a Rpc,
    payer: &'a (dyn Signer + Sync),
    program_id: Pubkey,
    authority: &'a (dyn Signer + Sync),
    elf: &'a [u8],
}

/// A program that is on chain.
struct Existing {
    authority: Option<Pubkey>,
    /// Where it was deployed or extended last; it takes no upgrade in the same slot.
    slot: u64,
    /// The program's bytes and the zeros after them.
    data: Vec<u8>,
}

impl Existing {
    fn runs(&self, elf: &[u8]) -> bool {
        self.data
            .split_at_checked(elf.len())
            .is_some_and(|(bytes, rest)| bytes == elf && rest.iter().all(|byte| *byte == 0))
    }

    /// The bytes to extend the program by, `None` when `elf` fits.
    fn missing_room(&self, elf: &[u8]) -> Option<u32> {
        if elf.len() <= self.data.len() {
            return None;
        }
        let missing = room(elf.len()) - self.data.len();
        Some(u32::try_from(missing).unwrap_or(u32::MAX).max(MINIMUM_EXTEND_PROGRAM_BYTES))
    }
}

impl Job<'_> {
    fn refuse<T>(&self, reason: impl Into<String>) -> Result<T, Error> {
        Err(Error::Deploy { program_id: self.program_id, reason: reason.into() })
    }

    async fn existing(&self) -> Result<Option<Existing>, Error> {
        let data_address = get_program_data_address(&self.program_id);
        let accounts = self.rpc.get_accounts(&[self.program_id, data_address]).await?;
        let [program, data] = accounts.as_slice() else {
            return Err(Error::decode("accounts", "not two"));
        };
        let Some(program) = program else {
            return Ok(None);
        };
        if program.owner != bpf_loader_upgradeable::ID {
            return self.refuse(format!("its address belongs to {}", program.owner));
        }
        let Some(UpgradeableLoaderState::Program { programdata_address }) = state_of(program)
        else {
            return self.refuse("its address holds something that is not a program");
        };
        let state = data.as_ref().map(|data| (state_of(data), &data.data));
        let Some((
            Some(UpgradeableLoaderState::ProgramData { slot, upgrade_authority_address }),
            bytes,
        )) = state
        else {
            return self.refuse(format!("it was closed: {programdata_address} is empty"));
        };
        let metadata = UpgradeableLoaderState::size_of_programdata_metadata();
        Ok(Some(Existing {
            authority: upgrade_authority_address,
            slot,
            data: bytes.get(metadata..).unwrap_or_default().to_vec(),
        }))
    }

    fn check_authority(&self, existing: Option<&Existing>) -> Result<(), Error> {
        match existing.map(|program| program.authority) {
            None => Ok(()),
            Some(Some(authority)) if authority == self.authority.pubkey() => Ok(()),
            Some(Some(authority)) => {
                let given = self.authority.pubkey();
                self.refuse(format!("its upgrade authority is {authority}, not {given}"))
            }
            Some(None) => self.refuse("it is final: it has no upgrade authority"),
        }
    }

    /// Fails before anything is spent rather than at the last transaction.
    async fn check_funds(&self, existing: Option<&Existing>, buffer: &Buffer) -> Result<(), Error> {
        let metadata = UpgradeableLoaderState::size_of_programdata_metadata();
        let buffer_rent = self.rpc.rent_lamports(buffer.account_len()).await?;
        let in_buffer = self.rpc.balance_lamports(&buffer.address).await?;
        let mut needed = match existing {
            // The buffer's rent comes back just before the program's is due.
            None => {
                let program = UpgradeableLoaderState::size_of_program();
                let room = self.rpc.rent_lamports(metadata + room(self.elf.len())).await?;
                room.max(buffer_rent) + self.rpc.rent_lamports(program).await?
            }
            Some(program) => {
                let len = metadata + program.data.len();
                let missing = program.missing_room(self.elf).unwrap_or(0) as usize;
                let extension = self.rpc.rent_lamports(len + missing).await?;
                buffer_rent + extension - self.rpc.rent_lamports(len).await?
            }
        };
        needed = needed.saturating_sub(in_buffer);
        // Two signatures a chunk, and some for the transactions around them.
        needed += FEE_LAMPORTS * 2 * (buffer.chunk_count() as u64 + 8);
        let available_lamports = self.rpc.balance_lamports(&self.payer.pubkey()).await?;
        if available_lamports < needed {
            return Err(Error::InsufficientFunds {
                payer: self.payer.pubkey(),
                needed_lamports: needed,
                available_lamports,
            });
        }
        Ok(())
    }

    async fn extend(&self, additional_bytes: u32) -> Result<(), Error> {
        let payer = self.payer.pubkey();
        let instruction = extend_program(&self.program_id, Some(&payer), additional_bytes);
        send::send(self.rpc, self.payer, &[], &[instruction], Options::default()).await?;
        Ok(())
    }

    async fn create(&self, program: &(dyn Signer + Sync), buffer: &Buffer) -> Result<(), Error> {
        let rent = self.rpc.rent_lamports(UpgradeableLoaderState::size_of_program()).await?;
        let instructions = deploy_with_max_program_len(
            &self.payer.pubkey(),
            &self.program_id,
            &buffer.address,
            &self.authority.pubkey(),
            rent,
            room(self.elf.len()),
            // Close the buffer: its rent has already gone to the program.
            true,
        )
        .map_err(|error| Error::decode("deploy instruction", error))?;
        let signers: &[&(dyn Signer + Sync)] = &[program, self.authority];
        send::send(self.rpc, self.payer, signers, &instructions, Options::default()).await?;
        Ok(())
    }

    async fn upgrade(&self, buffer: &Buffer) -> Result<(), Error> {
        // An extension counts as a change too, and a program changes once a slot.
        if let Some(program) = self.existing().await? {
            self.wait_past(program.slot).await?;
        }
        let payer = self.payer.pubkey();
        let authority = self.authority.pubkey();
        let instruction = upgrade(&self.program_id, &buffer.address, &authority, &payer, true);
        send::send(self.rpc, self.payer, &[self.authority], &[instruction], Options::default())
            .await?;
        Ok(())
    }

    /// The bytes are there, and the cluster executes them.
    async fn verify(&self) -> Result<(), Error> {
        let Some(program) = self.existing().await?.filter(|program| program.runs(self.elf)) else {
            return self.refuse("the chain holds other bytes than were deployed");
        };
        self.wait_past(program.slot).await?;
        elf::check_executed(self.rpc, &self.payer.pubkey(), &self.program_id).await
    }

    async fn wait_past(&self, slot: u64) -> Result<(), Error> {
        let started = Instant::now();
        while self.rpc.slot().await? <= slot {
            if started.elapsed() >= CALLABLE_LIMIT {
                return self.refuse(format!("the cluster does not get past slot {slot}"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

/// The loader's header of an account, followed by bytes that are none of its business.
fn state_of(account: &Account) -> Option<UpgradeableLoaderState> {
    let metadata = UpgradeableLoaderState::size_of_programdata_metadata().min(account.data.len());
    wincode::deserialize(&account.data[..metadata]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn existing(data: Vec<u8>) -> Existing {
        Existing { authority: None, slot: 0, data }
    }

    #[test]
    fn padding_is_ignored_and_nothing_else() {
        assert!(existing(vec![1, 2, 0, 0]).runs(&[1, 2]));
        assert!(existing(vec![1, 2]).runs(&[1, 2]));
        assert!(!existing(vec![1, 2, 0, 3]).runs(&[1, 2]));
        assert!(!existing(vec![1, 3]).runs(&[1, 2]));
        assert!(!existing(vec![1]).runs(&[1, 2]));
    }

    #[test]
    fn room_is_a_quarter_more_within_the_networks_limits() {
        assert_eq!(room(400_000), 500_000);
        assert_eq!(room(1_000), 1_000 + 10_240);
        assert_eq!(room(ACCOUNT_BYTES_MAX - 50), ACCOUNT_BYTES_MAX - 45);
    }

    #[test]
    fn larger_bytes_ask_for_what_the_loader_grants() {
        assert_eq!(existing(vec![0; 1_000]).missing_room(&[1; 1_000]), None);
        assert_eq!(existing(vec![0; 1_000]).missing_room(&[1; 1_001]), Some(10_241));
        // From a room that was generous to a program just above it.
        assert_eq!(existing(vec![0; 100_000]).missing_room(&[1; 100_001]), Some(25_001));
    }
}
