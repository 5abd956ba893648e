//! What is known about a program before it is sent, and whether the cluster runs it after.

use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_sdk_ids::feature;

use crate::{Error, Rpc, send};

/// Offset of `e_machine` in an ELF header, and its value for programs.
const MACHINE_AT: usize = 18;
const MACHINE_BPF: u16 = 247;

/// Offset of `e_flags`, where a program states its sBPF version.
const FLAGS_AT: usize = 48;

/// The length of an ELF header.
const HEADER_LEN: usize = 64;

/// Allows programs of sBPF v3 to be deployed and to run (SIMD-0178, 0179, 0189, 0377).
const ENABLE_SBPF_V3: Pubkey =
    Pubkey::from_str_const("5cC3foj77CWun58pC51ebHFUWavHWKarWyR5UUik7dnC");

/// Ends the deployment of programs older than v3 (SIMD-0500).
const DISABLE_OLDER_SBPF: Pubkey =
    Pubkey::from_str_const("B8JJXCy5amZyWG9r7EnUYLwzXSXTxG7GZ1qZ1qggo83g");

/// Fails when these bytes are no program, or none that this cluster takes.
///
/// The loader would say so too, after hundreds of paid transactions; and a cluster that had v3
/// switched off was seen to take a v3 program and then do nothing when it is called.
pub(super) async fn check(rpc: &Rpc, program_id: &Pubkey, elf: &[u8]) -> Result<(), Error> {
    let refuse = |reason: String| Err(Error::Deploy { program_id: *program_id, reason });
    let Some(version) = sbpf_version(elf) else {
        return refuse("its file is not an ELF for BPF".into());
    };
    let features = rpc.get_accounts(&[ENABLE_SBPF_V3, DISABLE_OLDER_SBPF]).await?;
    let active: Vec<bool> = features
        .iter()
        // A feature account is one byte that says whether, and a slot that says since when.
        .map(|account| {
            account.as_ref().is_some_and(|a| a.owner == feature::ID && a.data.first() == Some(&1))
        })
        .collect();
    match (version, active.as_slice()) {
        (0..=2, [_, true]) => refuse(format!("the cluster no longer takes sBPF v{version}")),
        (3, [false, _]) => refuse("the cluster does not run sBPF v3 yet".into()),
        (4.., _) => refuse(format!("sBPF v{version} is newer than this client")),
        _ => Ok(()),
    }
}

/// Fails unless a call of the program reaches its code.
pub(super) async fn check_executed(
    rpc: &Rpc,
    payer: &Pubkey,
    program_id: &Pubkey,
) -> Result<(), Error> {
    // No program does anything with an empty call; it is about the attempt. A failure counts as
    // execution as long as the runtime says what it cost.
    let call = Instruction { program_id: *program_id, accounts: Vec::new(), data: Vec::new() };
    let logs = match send::simulate(rpc, payer, &[call]).await {
        Ok(simulation) => simulation.log_messages,
        Err(Error::Program { logs, .. } | Error::Transaction { logs, .. }) => logs,
        Err(error) => return Err(error),
    };
    let consumed = format!("Program {program_id} consumed ");
    if logs.iter().any(|line| line.starts_with(&consumed)) {
        return Ok(());
    }
    Err(Error::Deploy {
        program_id: *program_id,
        reason: format!("it is deployed, but a call does not execute it: {}", logs.join("; ")),
    })
}

/// The sBPF version of a program file, `None` when it is not one.
fn sbpf_version(elf: &[u8]) -> Option<u32> {
    let machine = u16::from_le_bytes(elf.get(MACHINE_AT..MACHINE_AT + 2)?.try_into().ok()?);
    let flags = u32::from_le_bytes(elf.get(FLAGS_AT..FLAGS_AT + 4)?.try_into().ok()?);
    let is_program =
        elf.len() >= HEADER_LEN && elf.starts_with(b"\x7fELF\x02\x01") && machine == MACHINE_BPF;
    is_program.then_some(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_from_programs_only() {
        let mut elf = vec![0; HEADER_LEN];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        elf[MACHINE_AT] = 247;
        elf[FLAGS_AT] = 3;
        assert_eq!(sbpf_version(&elf), Some(3));
        assert_eq!(sbpf_version(&elf[..HEADER_LEN - 1]), None);
        let mut x86 = elf.clone();
        x86[MACHINE_AT] = 62;
        assert_eq!(sbpf_version(&x86), None);
        assert_eq!(sbpf_version(b"#!/bin/sh"), None);
    }
}
