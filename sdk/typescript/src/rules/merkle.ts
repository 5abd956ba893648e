/**
 * Merkle trees as in RFC 6962, section 2.1, with SHA-256.
 *
 * A leaf is hashed behind `0x00` and an inner node behind `0x01`, so neither passes for the other; the
 * left subtree holds the largest power of two below the count.
 */

import type { ReadonlyUint8Array } from '@solana/kit';
import { hashOf, type Hash } from '../message/message.js';

/** SHA-256 of the concatenation of `parts`. */
export function hashParts(...parts: readonly ReadonlyUint8Array[]): Promise<Hash> {
    const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let offset = 0;
    for (const part of parts) {
        bytes.set(part, offset);
        offset += part.length;
    }
    return hashOf(bytes);
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Hash of a leaf's bytes. */
export function merkleLeaf(bytes: ReadonlyUint8Array): Promise<Hash> {
    return hashParts(LEAF, bytes);
}

/** The level above; an odd last node is carried up unchanged. */
function parents(level: readonly Hash[]): Promise<Hash[]> {
    const pairs = Array.from({ length: Math.ceil(level.length / 2) }, async (_, i) => {
        const [left, right] = [level[2 * i]!, level[2 * i + 1]];
        return right === undefined ? left : hashParts(NODE, left, right);
    });
    return Promise.all(pairs);
}

/** Root over leaf hashes; SHA-256 of nothing for an empty list. */
export async function merkleRoot(leaves: readonly Hash[]): Promise<Hash> {
    if (leaves.length === 0) return hashParts();
    let level = leaves;
    while (level.length > 1) level = await parents(level);
    return level[0]!;
}

/**
 * The hashes that lead from the leaves `first` … `end − 1` to the root: level by level from the leaves
 * up, the one on the left before the one on the right. Throws a `RangeError` if the range is empty or
 * leaves the list.
 */
export async function merkleRangeProof(
    leaves: readonly Hash[],
    first: number,
    end: number,
): Promise<Hash[]> {
    if (!Number.isInteger(first) || first < 0 || first >= end || end > leaves.length) {
        throw new RangeError(`no leaves ${first} to ${end} among ${leaves.length}`);
    }
    const path: Hash[] = [];
    let level = leaves;
    while (level.length > 1) {
        if (first % 2 === 1) path.push(level[first - 1]!);
        if (end % 2 === 1 && end < level.length) path.push(level[end]!);
        level = await parents(level);
        first = Math.floor(first / 2);
        end = Math.ceil(end / 2);
    }
    return path;
}
