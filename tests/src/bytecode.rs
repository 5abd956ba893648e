//! The compiled programs, loaded once and cloned for every test.

use heliograph_client::pda;
use litesvm::LiteSVM;
use solana_instruction::Instruction;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Programs of the network, by name and address.
pub const PROGRAMS: [(&str, Pubkey); 5] = [
    ("registry", pda::REGISTRY),
    ("staking", pda::STAKING),
    ("settlement", pda::SETTLEMENT),
    ("reputation", pda::REPUTATION),
    ("slashing", pda::SLASHING),
];

/// Bytes of a compiled program.
///
/// # Panics
/// When it has not been compiled.
pub fn read(name: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join(format!("target/deploy/heliograph_{name}.so"));
    match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => panic!("no bytecode of {name} ({error}): run scripts/sbf/build.sh"),
    }
}

/// A VM with the programs, deployed by the upgradeable loader and owned by `authority`.
pub fn load(authority: &Pubkey) -> LiteSVM {
    static LOADED: OnceLock<Mutex<LiteSVM>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| {
        // No history: a test may send the same transaction twice to see what happens.
        let mut svm = LiteSVM::new().with_transaction_history(0).with_log_bytes_limit(None);
        for (name, address) in PROGRAMS {
            if let Err(error) = svm.add_program(address, &read(name)) {
                panic!("{name} is not a program: {error}; run scripts/sbf/build.sh {name}");
            }
            assert!(is_alive(&mut svm, address), "{name} does nothing: run scripts/sbf/build.sh");
        }
        Mutex::new(svm)
    });
    let mut svm = loaded.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (_, address) in PROGRAMS {
        set_upgrade_authority(&mut svm, &address, Some(*authority));
    }
    svm
}

/// Writes the upgrade authority into a program's data account, in the loader's own format: LiteSVM
/// deploys programs without one.
pub fn set_upgrade_authority(svm: &mut LiteSVM, program: &Pubkey, authority: Option<Pubkey>) {
    let address = pda::program_data(program);
    let header_len = UpgradeableLoaderState::size_of_programdata_metadata();
    let mut account = svm.get_account(&address).expect("the loader made the data account");
    let state =
        UpgradeableLoaderState::ProgramData { slot: 0, upgrade_authority_address: authority };
    account.data[..header_len].fill(0);
    wincode::serialize_into(&mut account.data[..header_len], &state)
        .expect("the header has room for an authority");
    svm.set_account(address, account).expect("the data account keeps its format");
}

/// Whether the program runs at all: one without an entry point would accept every instruction.
fn is_alive(svm: &mut LiteSVM, program_id: Pubkey) -> bool {
    let payer = crate::key("prober");
    svm.airdrop(&payer.pubkey(), 1_000_000_000).expect("airdrop");
    let unknown = Instruction { program_id, accounts: Vec::new(), data: vec![0; 8] };
    let blockhash = svm.latest_blockhash();
    let message = Message::new_with_blockhash(&[unknown], Some(&payer.pubkey()), &blockhash);
    svm.send_transaction(Transaction::new(&[&payer], message, blockhash)).is_err()
}
