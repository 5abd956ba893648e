/** Transactions from instructions to a known outcome. */

import {
    appendTransactionMessageInstructions,
    assertIsTransactionWithBlockhashLifetime,
    assertIsTransactionWithinSizeLimit,
    createTransactionMessage,
    getBase64EncodedWireTransaction,
    getSignatureFromTransaction,
    pipe,
    setTransactionMessageFeePayerSigner,
    setTransactionMessageLifetimeUsingBlockhash,
    signTransactionMessageWithSigners,
    type Instruction,
    type Signature,
    type TransactionSigner,
} from '@solana/kit';
import { COMMITMENT, type Client } from './client.js';
import { fromExecution, fromSending, TransactionExpiredError } from './errors.js';

/** How often the outcome is asked for. */
const POLL_MS = 200;

/** A leader may drop a transaction without a word, so it is offered again this often. */
const RESEND_MS = 2_000;

/**
 * Signs `instructions` as one transaction, sends it and waits until the cluster has confirmed it.
 *
 * Signers are those that the instructions were built with; `payer` pays the fee. A program's refusal
 * is a `ProgramError`, any other failure a `TransactionFailedError`; `TransactionExpiredError` means
 * that nothing happened and nothing will.
 */
export async function send(
    client: Client,
    payer: TransactionSigner,
    instructions: readonly Instruction[],
): Promise<Signature> {
    const { value: blockhash } = await client.rpc.getLatestBlockhash(COMMITMENT).send();
    const transaction = await pipe(
        createTransactionMessage({ version: 0 }),
        (message) => setTransactionMessageFeePayerSigner(payer, message),
        (message) => setTransactionMessageLifetimeUsingBlockhash(blockhash, message),
        (message) => appendTransactionMessageInstructions(instructions, message),
        (message) => signTransactionMessageWithSigners(message),
    );
    assertIsTransactionWithinSizeLimit(transaction);
    assertIsTransactionWithBlockhashLifetime(transaction);
    const signature = getSignatureFromTransaction(transaction);
    const wire = getBase64EncodedWireTransaction(transaction);
    const offer = (skipPreflight: boolean) =>
        client.rpc
            .sendTransaction(wire, {
                encoding: 'base64',
                preflightCommitment: COMMITMENT.commitment,
                skipPreflight,
            })
            .send();
    await offer(false).catch((error: unknown) => {
        throw fromSending(error);
    });
    let offered = Date.now();
    while (!(await isConfirmed(client, signature, blockhash.lastValidBlockHeight))) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        if (Date.now() - offered >= RESEND_MS) {
            // Executed meanwhile, expired, or not reachable: the next status tells.
            await offer(true).catch(() => undefined);
            offered = Date.now();
        }
    }
    return signature;
}

/** Whether a transaction is executed and confirmed; throws if it failed or can no longer be executed. */
async function isConfirmed(
    client: Client,
    signature: Signature,
    lastValidBlockHeight: bigint,
): Promise<boolean> {
    // The height is read first: were it read last, a block between the two answers could hold the
    // transaction that the first answer does not know.
    const height = await client.rpc.getBlockHeight(COMMITMENT).send();
    const { value } = await client.rpc.getSignatureStatuses([signature]).send();
    const status = value[0];
    if (!status) {
        if (height > lastValidBlockHeight) throw new TransactionExpiredError(signature);
        return false;
    }
    if (status.err !== null) {
        const logs = await readTransactionLogs(client, signature);
        throw fromExecution(status.err, { logs, signature });
    }
    return status.confirmationStatus !== 'processed';
}

async function readTransactionLogs(
    client: Client,
    signature: Signature,
): Promise<readonly string[]> {
    const config = { ...COMMITMENT, encoding: 'json', maxSupportedTransactionVersion: 0 } as const;
    const transaction = await client.rpc.getTransaction(signature, config).send();
    return transaction?.meta?.logMessages ?? [];
}
