/**
 * Addresses of every account of the network, derived as the programs derive them.
 *
 * The generated clients have some of these too; those with counters in their seeds only here.
 */

import {
    createAddressWithSeed,
    getAddressEncoder,
    getProgramDerivedAddress,
    getU32Encoder,
    getU64Encoder,
    type Address,
    type ReadonlyUint8Array,
} from '@solana/kit';
import { findAssociatedTokenPda, TOKEN_PROGRAM_ADDRESS } from '@solana-program/token';
import { PROGRAM_ADDRESSES } from './generated/addresses.js';

const { registry, settlement, staking } = PROGRAM_ADDRESSES;

/** The seed of a book's address: no program can make an account of that size by itself. */
export const BOOK_SEED = 'book';

const key = getAddressEncoder();
const u32 = getU32Encoder();
const u64 = getU64Encoder();

async function find(
    programAddress: Address,
    seeds: (string | ReadonlyUint8Array)[],
): Promise<Address> {
    const [address] = await getProgramDerivedAddress({ programAddress, seeds });
    return address;
}

/** The network's parameters. */
export function findNetwork(): Promise<Address> {
    return find(registry, ['network']);
}

/** The registry account of a node key. */
export function findNode(nodeKey: Address): Promise<Address> {
    return find(registry, ['node', key.encode(nodeKey)]);
}

/** What a keeper does. */
export type KeeperRole = 'observer' | 'settler';

const ROLES: readonly KeeperRole[] = ['observer', 'settler'];

/** The registry account of a keeper key in a role. */
export function findKeeper(role: KeeperRole, keeperKey: Address): Promise<Address> {
    return find(registry, ['keeper', Uint8Array.of(ROLES.indexOf(role)), key.encode(keeperKey)]);
}

/** An authority's app number `id` (0 … 2³² − 1). */
export function findApp(authority: Address, id = 0): Promise<Address> {
    return find(registry, ['app', key.encode(authority), u32.encode(id)]);
}

/** The stake behind a registry account, such as a node. */
export function findPosition(subject: Address): Promise<Address> {
    return find(staking, ['position', key.encode(subject)]);
}

/** A position's tokens. */
export function findStakeVault(position: Address): Promise<Address> {
    return find(staking, ['vault', key.encode(position)]);
}

/** An app's escrow. */
export function findEscrow(app: Address): Promise<Address> {
    return find(settlement, ['escrow', key.encode(app)]);
}

/** An escrow's tokens. */
export function findEscrowVault(escrow: Address): Promise<Address> {
    return find(settlement, ['vault', key.encode(escrow)]);
}

/** A channel between an app and a node (both registry accounts). */
export function findChannel(app: Address, node: Address, incarnation: bigint): Promise<Address> {
    const seeds = ['channel', key.encode(app), key.encode(node), u64.encode(incarnation)];
    return find(settlement, seeds);
}

/** A channel's session. */
export function findSession(channel: Address, ordinal: bigint): Promise<Address> {
    return find(settlement, ['session', key.encode(channel), u64.encode(ordinal)]);
}

/** The book of a settler, by its keeper key. */
export function findBook(keeperKey: Address): Promise<Address> {
    const seed = BOOK_SEED;
    return createAddressWithSeed({ baseAddress: keeperKey, seed, programAddress: settlement });
}

/** The standard token account of `owner` for `mint`. */
export async function findTokenAccount(owner: Address, mint: Address): Promise<Address> {
    const tokenProgram = TOKEN_PROGRAM_ADDRESS;
    const [address] = await findAssociatedTokenPda({ owner, mint, tokenProgram });
    return address;
}
