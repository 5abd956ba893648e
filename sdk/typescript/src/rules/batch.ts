/** Minute batches: the leaves that a settler posts a root over, and that anyone can claim. */

import { getStructCodec, getU64Codec, type Address, type ReadonlyUint8Array } from '@solana/kit';
import { addressCodec, decodeMessage, hashCodec, hashOf, type Hash } from '../message/message.js';
import type { Signed } from '../message/signed.js';
import { voucherType } from '../message/voucher.js';
import { hashParts, merkleLeaf, merkleRangeProof, merkleRoot } from './merkle.js';

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

/** The leaf that a voucher stands behind; `app` and `node` are those of its session. */
export async function leafOf(
    domain: ReadonlyUint8Array,
    parties: Readonly<{ app: Address; node: Address }>,
    voucher: Signed,
): Promise<Leaf> {
    const message = decodeMessage(voucherType, domain, voucher.bytes);
    return {
        app: parties.app,
        node: parties.node,
        session: message.session,
        cumulativeMicroUsdc: message.cumulativeMicroUsdc,
        evidence: await evidenceOf(message.receiptHash, await hashOf(voucher.bytes)),
    };
}

/** What a settler posts for a minute, and what claims of it need. */
export type Batch = Readonly<{
    /** In the order in which they are hashed: by app, node and session. */
    leaves: readonly Leaf[];
    /** Root over them. */
    root: Hash;
}>;

/** What leaves are sorted by: the bytes of app, node and session. */
function keyOf({ app, node, session }: Leaf): Uint8Array {
    return Uint8Array.from([app, node, session].flatMap((key) => [...addressCodec.encode(key)]));
}

function compare(left: Uint8Array, right: Uint8Array): number {
    const differing = left.findIndex((byte, i) => byte !== right[i]);
    return differing < 0 ? 0 : left[differing]! - right[differing]!;
}

/** Sorts leaves into a batch. Throws a `RangeError` for none, and for a session that occurs twice. */
export async function buildBatch(leaves: readonly Leaf[]): Promise<Batch> {
    if (leaves.length === 0) throw new RangeError('a batch has at least one leaf');
    const keyed = leaves.map((leaf) => ({ leaf, key: keyOf(leaf) }));
    keyed.sort((left, right) => compare(left.key, right.key));
    keyed.forEach(({ leaf, key }, i) => {
        if (i > 0 && compare(keyed[i - 1]!.key, key) === 0) {
            throw new RangeError(`session ${leaf.session} has two leaves`);
        }
    });
    const sorted = keyed.map(({ leaf }) => leaf);
    return { leaves: sorted, root: await batchRoot(sorted) };
}

/** The proof that the leaves `first` … `end − 1` are in a batch. */
export async function batchRangeProof(batch: Batch, first: number, end: number): Promise<Hash[]> {
    return merkleRangeProof(await Promise.all(batch.leaves.map(leafHash)), first, end);
}
