//! Programs that are there from the first slot, as `solana-test-validator --upgradeable-program`
//! has them.
//!
//! Deploying half a megabyte over RPC is several hundred transactions, minutes on a busy machine.
//! The accounts written here are the ones that the upgradeable loader would leave behind, upgrade
//! authority included, so a deployment afterwards finds its work done and an upgrade works.

use solana_pubkey::Pubkey;
use surfpool_core::solana_account::Account;
use surfpool_core::surfnet::svm::SurfnetSvm;

use crate::Error;

/// A program of the upgradeable loader.
#[derive(Clone, PartialEq, Eq)]
pub struct GenesisProgram {
    /// Its address.
    pub address: Pubkey,
    /// Who may upgrade it.
    pub upgrade_authority: Pubkey,
    /// Its bytecode.
    pub elf: Vec<u8>,
}

impl GenesisProgram {
    /// A program that `upgrade_authority` may upgrade.
    pub fn new(address: Pubkey, upgrade_authority: Pubkey, elf: &[u8]) -> Self {
        Self { address, upgrade_authority, elf: elf.to_vec() }
    }
}

impl std::fmt::Debug for GenesisProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GenesisProgram")
            .field("address", &self.address)
            .field("elf_bytes", &self.elf.len())
            .finish_non_exhaustive()
    }
}

const LOADER: Pubkey = Pubkey::from_str_const("BPFLoaderUpgradeab1e11111111111111111111111");

// The loader's states, Bincode: a u32 tag, then the fields.
const TAG_PROGRAM: u32 = 2;
const TAG_PROGRAM_DATA: u32 = 3;

/// Rent exemption of mainnet: (128 + bytes) · 3,480 lamports a byte-year · 2 years.
fn rent_lamports(len: usize) -> u64 {
    (128 + len as u64) * 6_960
}

fn owned_by_loader(data: Vec<u8>, executable: bool) -> Account {
    Account {
        lamports: rent_lamports(data.len()),
        data,
        owner: LOADER,
        executable,
        rent_epoch: u64::MAX,
    }
}

/// Writes the two accounts of a program.
pub(crate) fn add(svm: &mut SurfnetSvm, program: &GenesisProgram) -> Result<(), Error> {
    let address = program.address;
    let (data_address, _) = Pubkey::find_program_address(&[address.as_ref()], &LOADER);

    let mut data = TAG_PROGRAM_DATA.to_le_bytes().to_vec();
    data.extend(0u64.to_le_bytes()); // deployed in slot 0
    data.push(1); // an upgrade authority follows
    data.extend(program.upgrade_authority.to_bytes());
    data.extend(&program.elf);

    let mut pointer = TAG_PROGRAM.to_le_bytes().to_vec();
    pointer.extend(data_address.to_bytes());

    // The data first: the simulator loads a program when its pointer appears.
    for (address, account) in
        [(data_address, owned_by_loader(data, false)), (address, owned_by_loader(pointer, true))]
    {
        svm.set_account(&address, account)
            .map_err(|error| Error::Start(format!("program {address}: {error}")))?;
    }
    Ok(())
}
