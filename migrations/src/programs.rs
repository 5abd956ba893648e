//! Bytecode of the programs and the keys of their addresses.

use crate::Error;
use heliograph_client::pda::{REGISTRY, REPUTATION, SETTLEMENT, SLASHING, STAKING};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::path::Path;

/// File name without its end, address in the code, and the key for throw-away clusters.
const PROGRAMS: [(&str, Pubkey, &str); 5] = [
    ("heliograph_registry", REGISTRY, include_str!("../localnet-keys/heliograph_registry.json")),
    ("heliograph_staking", STAKING, include_str!("../localnet-keys/heliograph_staking.json")),
    (
        "heliograph_settlement",
        SETTLEMENT,
        include_str!("../localnet-keys/heliograph_settlement.json"),
    ),
    (
        "heliograph_reputation",
        REPUTATION,
        include_str!("../localnet-keys/heliograph_reputation.json"),
    ),
    ("heliograph_slashing", SLASHING, include_str!("../localnet-keys/heliograph_slashing.json")),
];

/// One program.
pub struct Program {
    /// Name of its file, without the end.
    pub name: &'static str,
    /// Key of its address.
    pub key: Keypair,
    /// Its bytecode.
    pub elf: Vec<u8>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name)
            .field("address", &self.key.pubkey())
            .field("elf_bytes", &self.elf.len())
            .finish()
    }
}

/// The programs of the network, in the order they are deployed.
#[derive(Debug)]
pub struct Programs(pub Vec<Program>);

impl Programs {
    /// Reads `NAME.so` from `folder` for each program, and its key from `keys/NAME.json`.
    ///
    /// Without `keys` the public keys of throw-away clusters are used: everybody has them, so they
    /// are of no use where money is. A key must be the one the code is compiled for.
    pub fn load(folder: &Path, keys: Option<&Path>) -> Result<Self, Error> {
        let programs = PROGRAMS.iter().map(|&(name, address, localnet_key)| {
            let key = match keys {
                Some(keys) => read_key(&keys.join(name).with_extension("json"))?,
                None => parse_key(localnet_key, Path::new(name))?,
            };
            if key.pubkey() != address {
                let found = key.pubkey();
                return Err(Error::ProgramKey { program: name, expected: address, found });
            }
            let path = folder.join(name).with_extension("so");
            let elf = std::fs::read(&path).map_err(|error| file_error(&path, error))?;
            Ok(Program { name, key, elf })
        });
        programs.collect::<Result<_, _>>().map(Self)
    }
}

fn read_key(path: &Path) -> Result<Keypair, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| file_error(path, error))?;
    parse_key(&text, path)
}

fn parse_key(text: &str, path: &Path) -> Result<Keypair, Error> {
    solana_keypair::read_keypair(&mut text.as_bytes()).map_err(|error| file_error(path, error))
}

fn file_error(path: &Path, reason: impl ToString) -> Error {
    Error::File { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with_bytecode() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, ..) in PROGRAMS {
            std::fs::write(folder.path().join(format!("{name}.so")), name).unwrap();
        }
        folder
    }

    #[test]
    fn embedded_keys_are_those_of_the_code() {
        let folder = folder_with_bytecode();
        let programs = Programs::load(folder.path(), None).unwrap();
        let addresses: Vec<Pubkey> = programs.0.iter().map(|p| p.key.pubkey()).collect();
        assert_eq!(addresses, [REGISTRY, STAKING, SETTLEMENT, REPUTATION, SLASHING]);
        assert_eq!(programs.0[1].elf, b"heliograph_staking");
    }

    #[test]
    fn missing_bytecode_is_named() {
        let folder = folder_with_bytecode();
        std::fs::remove_file(folder.path().join("heliograph_staking.so")).unwrap();
        let error = Programs::load(folder.path(), None).unwrap_err();
        assert!(error.to_string().contains("heliograph_staking.so"), "{error}");
    }

    #[test]
    fn key_of_another_address_is_refused() {
        let folder = folder_with_bytecode();
        for (name, ..) in PROGRAMS {
            let path = folder.path().join(format!("{name}.json"));
            solana_keypair::write_keypair_file(&Keypair::new(), path).unwrap();
        }
        let error = Programs::load(folder.path(), Some(folder.path())).unwrap_err();
        assert!(matches!(error, Error::ProgramKey { expected: REGISTRY, .. }), "{error}");
    }
}
