/** A settler's book: an account with a ring of batches behind its header. */

import {
    fetchEncodedAccount,
    getI64Codec,
    getStructCodec,
    getU32Codec,
    getU64Codec,
    getU8Codec,
    type Address,
} from '@solana/kit';
import { COMMITMENT, type Client } from './client.js';
import { MissingAccountError } from './errors.js';
import { PROGRAM_ADDRESSES } from './generated/addresses.js';
import { settlement } from './generated/programs.js';
import { exactBytes, hashCodec, type Hash } from './message/message.js';
import { findBook } from './pda.js';

/** A batch as its settler's book has it. Times in Unix seconds. */
export type PostedBatch = Readonly<{
    minuteIndex: bigint;
    root: Hash;
    /** The most it may pay, and what it has paid. */
    totalMicroUsdc: bigint;
    claimedMicroUsdc: bigint;
    postedAt: bigint;
    /** The batch posted next; 0 = none yet. */
    nextMinute: bigint;
    /** Leaves under the root. */
    count: number;
    /** After its posting: nothing can be claimed before this, and nothing challenged after … */
    challengeWindowSecs: number;
    disputeSecs: number;
    /** … and the settler has this long to answer. */
    challengeResponseSecs: number;
    openChallenges: number;
    /** 0 never used, 1 posted, 2 void: a challenge of it has failed. */
    status: number;
    /** 1 once the bond no longer stands behind it. */
    released: number;
}>;

const slotCodec = getStructCodec([
    ['minuteIndex', getU64Codec()],
    ['root', hashCodec],
    ['totalMicroUsdc', getU64Codec()],
    ['claimedMicroUsdc', getU64Codec()],
    ['postedAt', getI64Codec()],
    ['nextMinute', getU64Codec()],
    ['count', getU32Codec()],
    ['challengeWindowSecs', getU32Codec()],
    ['disputeSecs', getU32Codec()],
    ['challengeResponseSecs', getU32Codec()],
    ['openChallenges', getU32Codec()],
    ['status', getU8Codec()],
    ['released', getU8Codec()],
    ['spare', exactBytes(2)],
]);

/** Bytes of a book's account with this many slots. */
export function bookBytes(slots: number): number {
    return settlement.getBookSize() + slots * slotCodec.fixedSize;
}

/** A book, and the batches in it by minute, oldest first. */
export type Book = Readonly<{
    address: Address;
    header: settlement.Book;
    batches: readonly PostedBatch[];
}>;

/** The book of the settler with this keeper key. */
export async function readBook(client: Client, keeperKey: Address): Promise<Book> {
    const address = await findBook(keeperKey);
    const account = await fetchEncodedAccount(client.rpc, address, COMMITMENT);
    if (!account.exists || account.programAddress !== PROGRAM_ADDRESSES.settlement) {
        throw new MissingAccountError('book', address);
    }
    const header = settlement.getBookDecoder().decode(account.data);
    const batches = Array.from({ length: header.slots }, (_, i) =>
        slotCodec.decode(account.data, bookBytes(i)),
    );
    const posted = batches.filter(({ status }) => status !== 0);
    posted.sort((left, right) => (left.minuteIndex < right.minuteIndex ? -1 : 1));
    return { address, header, batches: posted };
}
