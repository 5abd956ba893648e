/** A settler at work: its book, and a batch for each minute. */

import type { Address, Signature, TransactionSigner } from '@solana/kit';
import { getAllocateWithSeedInstruction, getTransferSolInstruction } from '@solana-program/system';
import { bookBytes, readBook } from '../book.js';
import { readNetwork, type Client } from '../client.js';
import { PROGRAM_ADDRESSES } from '../generated/addresses.js';
import { settlement } from '../generated/programs.js';
import { BOOK_SEED, findBook, findKeeper } from '../pda.js';
import type { Batch } from '../rules/batch.js';
import { send } from '../send.js';

const SECS_PER_MINUTE = 60;
/** Minutes after its end in which a minute can be posted, and the minute itself. */
const MINUTES_LATE = 61;

/**
 * Makes a settler's book. A slot is in use until its batch cannot be disputed any more; there are as
 * many as a settler needs that posts every minute, unless `slots` is given (at least 60). `payer`
 * pays the rent and gets it back when the book is closed.
 */
export async function openBook(
    client: Client,
    input: { payer: TransactionSigner; keeperKey: TransactionSigner; slots?: number },
): Promise<{ signature: Signature; book: Address; rentLamports: bigint }> {
    const { payer, keeperKey } = input;
    const { params } = await readNetwork(client);
    const disputedSecs = 2 * params.disputeSecs + params.challengeResponseSecs;
    const slots = input.slots ?? Math.ceil(disputedSecs / SECS_PER_MINUTE) + MINUTES_LATE;
    const [book, keeper] = [
        await findBook(keeperKey.address),
        await findKeeper('settler', keeperKey.address),
    ];
    const space = BigInt(bookBytes(slots));
    const rentLamports = await client.rpc.getMinimumBalanceForRentExemption(space).send();
    const signature = await send(client, payer, [
        // Not as one instruction: that refuses an address to which somebody has sent lamports.
        getTransferSolInstruction({ source: payer, destination: book, amount: rentLamports }),
        getAllocateWithSeedInstruction({
            newAccount: book,
            baseAccount: keeperKey,
            base: keeperKey.address,
            seed: BOOK_SEED,
            space,
            programAddress: PROGRAM_ADDRESSES.settlement,
        }),
        settlement.getOpenBookInstruction({ keeperKey, rentPayer: payer, keeper, book }),
    ]);
    return { signature, book, rentLamports };
}

/**
 * Posts a batch for a minute (Unix seconds / 60): later than the last one posted, at most an hour old.
 * `totalMicroUsdc` is the most its leaves may be paid in all; the settler's bond answers for it.
 */
export async function postBatch(
    client: Client,
    input: {
        payer: TransactionSigner;
        keeperKey: TransactionSigner;
        minuteIndex: bigint;
        batch: Batch;
        totalMicroUsdc: bigint;
    },
): Promise<Signature> {
    const { payer, keeperKey, minuteIndex, batch, totalMicroUsdc } = input;
    const instruction = settlement.getPostBatchInstruction({
        keeperKey,
        keeper: await findKeeper('settler', keeperKey.address),
        book: await findBook(keeperKey.address),
        minuteIndex,
        root: batch.root,
        count: batch.leaves.length,
        totalMicroUsdc,
    });
    return send(client, payer, [instruction]);
}

/** Closes a book in which nothing can be disputed any more; its rent goes to who paid it. */
export async function closeBook(
    client: Client,
    input: { owner: TransactionSigner; keeperKey: Address },
): Promise<Signature> {
    const { owner, keeperKey } = input;
    const { address, header } = await readBook(client, keeperKey);
    const { keeper, rentPayer } = header;
    const accounts = { owner, keeper, book: address, rentPayer };
    return send(client, owner, [settlement.getCloseBookInstruction(accounts)]);
}
