/** From a posted batch to the payments that its leaves say: anyone can claim them. */

import {
    AccountRole,
    isSolanaError,
    SOLANA_ERROR__TRANSACTION__EXCEEDS_SIZE_LIMIT,
    type Address,
    type Instruction,
    type Signature,
    type TransactionSigner,
} from '@solana/kit';
import { readBook } from '../book.js';
import {
    COMMITMENT,
    readChannel,
    readKeeper,
    readNetwork,
    readNode,
    type Client,
} from '../client.js';
import { settlement } from '../generated/programs.js';
import { findBook, findEscrow, findKeeper } from '../pda.js';
import { batchRangeProof, type Batch } from '../rules/batch.js';
import { send } from '../send.js';

/** Neighbouring leaves of a batch: `first` … `end − 1`. */
type Range = Readonly<{ channel: Address; first: number; end: number }>;

/**
 * The instruction that claims the leaves `first` … `end − 1` of a settler's batch, all of sessions on
 * `channel`.
 */
export async function getClaimInstruction(
    client: Client,
    input: {
        keeperKey: Address;
        minuteIndex: bigint;
        batch: Batch;
        channel: Address;
        first: number;
        end: number;
    },
): Promise<Instruction> {
    const { keeperKey, minuteIndex, batch, channel, first, end } = input;
    const { treasury } = await readNetwork(client);
    const { app, node } = await readChannel(client, channel);
    const keeper = await findKeeper('settler', keeperKey);
    const leaves = batch.leaves.slice(first, end);
    const claim = await settlement.getClaimInstructionAsync({
        keeper,
        book: await findBook(keeperKey),
        node,
        escrow: await findEscrow(app),
        channel,
        payout: (await readNode(client, node)).payout,
        settlerPayout: (await readKeeper(client, keeper)).payout,
        treasury,
        minuteIndex,
        firstIndex: first,
        leaves: leaves.map(({ cumulativeMicroUsdc, evidence }) => ({
            cumulativeMicroUsdc,
            evidence,
        })),
        proof: await batchRangeProof(batch, first, end),
    });
    const sessions = leaves.map(({ session }) => ({
        address: session,
        role: AccountRole.WRITABLE,
    }));
    return { ...claim, accounts: [...claim.accounts, ...sessions] };
}

/** The leaves that would pay something, as far as neighbours are of one channel. */
async function payingRanges(client: Client, batch: Batch): Promise<Range[]> {
    const addresses = batch.leaves.map(({ session }) => session);
    const accounts = await settlement.fetchAllMaybeSession(client.rpc, addresses, COMMITMENT);
    const ranges: Range[] = [];
    accounts.forEach((account, i) => {
        // A closed session owes nothing more.
        if (!account.exists) return;
        const { channel, totals } = account.data;
        if (batch.leaves[i]!.cumulativeMicroUsdc <= totals.settledMicroUsdc) return;
        const last = ranges.at(-1);
        if (last?.channel === channel && last.end === i) {
            ranges[ranges.length - 1] = { ...last, end: i + 1 };
        } else {
            ranges.push({ channel, first: i, end: i + 1 });
        }
    });
    return ranges;
}

/** Sends a range in one transaction, or in two halves where it does not fit. */
async function claimRange(
    client: Client,
    input: { payer: TransactionSigner; keeperKey: Address; minuteIndex: bigint; batch: Batch },
    range: Range,
): Promise<Signature[]> {
    try {
        const claim = await getClaimInstruction(client, { ...input, ...range });
        return [await send(client, input.payer, [claim])];
    } catch (error) {
        const { first, end } = range;
        const tooLarge = isSolanaError(error, SOLANA_ERROR__TRANSACTION__EXCEEDS_SIZE_LIMIT);
        if (!tooLarge || end - first === 1) throw error;
        const middle = Math.ceil((first + end) / 2);
        const left = await claimRange(client, input, { ...range, end: middle });
        const right = await claimRange(client, input, { ...range, first: middle });
        return [...left, ...right];
    }
}

/**
 * Claims every leaf of a batch that pays something: operators, the settler and the treasury are paid.
 * Anyone can send it; `payer` pays the fees. Leaves that others have claimed are left out.
 *
 * Refusals are `ProgramError`s of the settlement program, such as `ClaimTooEarly` during the
 * challenge window, `BookChallenged`, `BatchVoid`. Returns what the batch has paid in all.
 */
export async function claimBatch(
    client: Client,
    input: { payer: TransactionSigner; keeperKey: Address; minuteIndex: bigint; batch: Batch },
): Promise<{ signatures: Signature[]; claimedMicroUsdc: bigint }> {
    const signatures: Signature[] = [];
    for (const range of await payingRanges(client, input.batch)) {
        signatures.push(...(await claimRange(client, input, range)));
    }
    const { batches } = await readBook(client, input.keeperKey);
    const posted = batches.find(({ minuteIndex }) => minuteIndex === input.minuteIndex);
    return { signatures, claimedMicroUsdc: posted?.claimedMicroUsdc ?? 0n };
}
