//! What the tests share: a cluster with a funded payer, and programs assembled on the spot.

// Each test binary uses its own part.
#![allow(dead_code)]

use heliograph_client::{RetryPolicy, Rpc};
use heliograph_localnet::{Config, Localnet};
use solana_keypair::Keypair;
use solana_signer::Signer;

pub const SOL: u64 = 1_000_000_000;

/// A cluster, its RPC, and an account with 100 SOL.
pub async fn funded(config: Config) -> (Localnet, Rpc, Keypair) {
    let localnet = Localnet::start(config).await.unwrap();
    let rpc = Rpc::new(localnet.rpc_url(), RetryPolicy::INTERACTIVE);
    let payer = Keypair::new();
    rpc.airdrop(&payer.pubkey(), 100 * SOL).await.unwrap();
    (localnet, rpc, payer)
}

/// An sBPF v3 program that logs `log`, then returns `code` (0 is success, anything else the
/// program's own error), with `filler_len` bytes of incompressible data in it.
///
/// It is assembled here so that tests have programs of any size and behaviour without a compiler,
/// and run on the cluster's real virtual machine.
pub fn program(log: &str, code: u32, filler_len: usize) -> Vec<u8> {
    const HEADER_LEN: usize = 64;
    const SEGMENT_LEN: usize = 56;
    const CODE_ADDRESS: u64 = 1 << 32;
    const MACHINE_BPF: u16 = 247;
    const TYPE_SHARED_OBJECT: u16 = 3;
    const SBPF_VERSION: u32 = 3;
    const READ: u32 = 4;
    const EXECUTE: u32 = 1;

    let mut data = log.as_bytes().to_vec();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(code);
    data.extend((0..filler_len).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    }));
    data.resize(data.len().next_multiple_of(8), 0);

    // opcode, registers, offset, immediate
    let instruction = |opcode: u8, register: u8, immediate: u32| {
        let mut bytes = [opcode, register, 0, 0, 0, 0, 0, 0];
        bytes[4..].copy_from_slice(&immediate.to_le_bytes());
        bytes
    };
    const MOVE: u8 = 0xb7;
    const CALL: u8 = 0x85;
    const EXIT: u8 = 0x95;
    // murmur3 of `sol_log_`, by which v3 names the syscall.
    const SOL_LOG: u32 = 0x2075_59bd;
    let code = [
        instruction(MOVE, 1, 0), // read-only data starts at address 0
        instruction(MOVE, 2, log.len() as u32),
        instruction(CALL, 0, SOL_LOG),
        instruction(MOVE, 0, code),
        instruction(EXIT, 0, 0),
    ]
    .concat();

    let mut elf = Vec::new();
    elf.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    elf.extend(TYPE_SHARED_OBJECT.to_le_bytes());
    elf.extend(MACHINE_BPF.to_le_bytes());
    elf.extend(1_u32.to_le_bytes());
    elf.extend(CODE_ADDRESS.to_le_bytes()); // entry
    elf.extend((HEADER_LEN as u64).to_le_bytes()); // segments
    elf.extend(0_u64.to_le_bytes()); // no sections
    elf.extend(SBPF_VERSION.to_le_bytes());
    for half in [HEADER_LEN, SEGMENT_LEN, 2, HEADER_LEN, 0, 0] {
        elf.extend((half as u16).to_le_bytes());
    }
    let data_offset = HEADER_LEN + 2 * SEGMENT_LEN;
    for (flags, offset, address, len) in [
        (READ, data_offset, 0, data.len()),
        (EXECUTE, data_offset + data.len(), CODE_ADDRESS, code.len()),
    ] {
        elf.extend(1_u32.to_le_bytes()); // to be loaded
        elf.extend(flags.to_le_bytes());
        for word in [offset as u64, address, address, len as u64, len as u64, 8] {
            elf.extend(word.to_le_bytes());
        }
    }
    elf.extend(data);
    elf.extend(code);
    elf
}
