/** Minute batches: the leaves that a settler posts a root over, and that anyone can claim. */

import { getStructCodec, getU64Codec, type Address } from '@solana/kit';
import { addressCodec, hashCodec, type Hash } from '../message/message.js';
import { hashParts, merkleLeaf, merkleRoot } from './merkle.js';

/** One session in a batch: what it owes in all, by the voucher that says so. */
export type Leaf = Readonly<{
    /** The registry's app account. */
    app: Address;
    /** The registry's node account. */
    node: Address;
    /** Session account. */
    session: Address;
    /** What the session owes in all: its voucher's amount; micro-USDC. */
    cumulativeMicroUsdc: bigint;
    /** {@link evidenceOf} the voucher. */
    evidence: Hash;
}>;

const leafCodec = getStructCodec([
    ['app', addressCodec],
    ['node', addressCodec],
    ['session', addressCodec],
    ['cumulativeMicroUsdc', getU64Codec()],
    ['evidence', hashCodec],
]);

/** What a leaf says about the documents behind it: one voucher fits it and no other. */
export function evidenceOf(receiptHash: Hash, voucherHash: Hash): Promise<Hash> {
    return hashParts(receiptHash, voucherHash);
}

/** The leaf's hash in the batch's tree. */
export function leafHash(leaf: Leaf): Promise<Hash> {
    return merkleLeaf(leafCodec.encode(leaf));
}

/** The root over a batch's leaves, in their order: by app, node and session. */
export async function batchRoot(leaves: readonly Leaf[]): Promise<Hash> {
    return merkleRoot(await Promise.all(leaves.map(leafHash)));
}
