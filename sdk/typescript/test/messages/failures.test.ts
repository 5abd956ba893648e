/** From what a cluster says about a failed transaction to the error that callers get. */

import {
    isProgramError,
    PROGRAM_ADDRESSES,
    ProgramError,
    send,
    TransactionExpiredError,
    TransactionFailedError,
    type Client,
} from '@heliograph/sdk';
import { generateKeyPairSigner, type Instruction } from '@solana/kit';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

const { registry, staking, settlement } = PROGRAM_ADDRESSES;
const BLOCKHASH = '4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM';

/** A cluster that answers what it is told to. */
function clusterThat(says: {
    err?: unknown;
    status?: object | null;
    logs?: string[];
    height?: bigint;
}) {
    const status =
        says.status === undefined
            ? { err: says.err, confirmationStatus: 'confirmed' }
            : says.status;
    let offered = 0;
    const answers: Record<string, () => unknown> = {
        getLatestBlockhash: () => ({ value: { blockhash: BLOCKHASH, lastValidBlockHeight: 10n } }),
        sendTransaction: () => void (offered += 1),
        getBlockHeight: () => says.height ?? 1n,
        getSignatureStatuses: () => ({ value: [status] }),
        getTransaction: () => says.logs && { meta: { logMessages: says.logs } },
    };
    const rpc = new Proxy(
        {},
        {
            get: (_, method: string) => () => ({ send: async () => answers[method]!() }),
        },
    );
    return { client: { rpc } as unknown as Client, offered: () => offered };
}

const payer = await generateKeyPairSigner();
const INSTRUCTION: Instruction = { programAddress: settlement, data: new Uint8Array() };
const sendTo = (client: Client) => send(client, payer, [INSTRUCTION]);
const custom = (code: number) => ({ InstructionError: [0, { Custom: code }] });
const failed = (program: string, code: number) =>
    `Program ${program} failed: custom program error: 0x${code.toString(16)}`;

describe('failed transactions', () => {
    it('name the innermost program, its error and its words', async () => {
        const { client } = clusterThat({
            err: custom(6100),
            logs: [
                `Program ${staking} invoke [1]`,
                `Program ${registry} invoke [2]`,
                failed(registry, 6100),
                failed(staking, 6100),
            ],
        });
        await assert.rejects(sendTo(client), (error) => {
            assert.ok(isProgramError(error, 'registry', 'ServicesInvalid'));
            assert.ok(!isProgramError(error, 'staking'));
            assert.ok(!isProgramError(error, 'registry', 'CountryInvalid'));
            assert.equal(
                error.message,
                'registry: ServicesInvalid (6100): Name at least one service, and only services that exist',
            );
            assert.equal(error.context.logs.length, 4);
            assert.ok(error.context.signature);
            return true;
        });
    });

    it('of Anchor and of other programs keep their names', async () => {
        const line =
            'Program log: AnchorError caused by account: escrow. Error Code: AccountNotInitialized. Error Number: 3012. Error Message: The program expected this account to be already initialized.';
        const logs = [line, failed(settlement, 3012)];
        await assert.rejects(sendTo(clusterThat({ err: custom(3012), logs }).client), (error) => {
            assert.ok(error instanceof ProgramError);
            assert.deepEqual(
                [error.program, error.code, error.errorName],
                ['settlement', 3012, 'AccountNotInitialized'],
            );
            assert.ok(error.message.endsWith('to be already initialized'), error.message);
            return true;
        });
        const token = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
        const foreign = clusterThat({ err: custom(1), logs: [failed(token, 1)] });
        await assert.rejects(sendTo(foreign.client), (error) => {
            assert.ok(error instanceof ProgramError);
            assert.deepEqual(
                [error.program, error.programAddress, error.code],
                [undefined, token, 1],
            );
            return true;
        });
    });

    it('without a program’s words keep the cluster’s reason', async () => {
        for (const says of [
            { err: { InstructionError: [0, 'MissingAccount'] }, logs: ['a'] },
            { err: custom(6100), logs: [] },
            { err: 'AccountNotFound' },
        ]) {
            await assert.rejects(sendTo(clusterThat(says).client), (error) => {
                assert.ok(error instanceof TransactionFailedError, String(error));
                assert.ok(error.cause instanceof Error);
                return true;
            });
        }
    });
});

describe('unanswered transactions', () => {
    it('are expired once their blockhash is', async () => {
        const { client, offered } = clusterThat({ status: null, height: 11n });
        await assert.rejects(sendTo(client), TransactionExpiredError);
        assert.equal(offered(), 1);
    });

    it('are offered again until they are confirmed', async () => {
        const status = { err: null, confirmationStatus: 'processed' };
        const { client, offered } = clusterThat({ status });
        setTimeout(() => (status.confirmationStatus = 'confirmed'), 2_500);
        assert.ok(await sendTo(client));
        assert.equal(offered(), 2);
    });
});

describe('transactions', () => {
    it('too large for the wire are refused before they are sent', async () => {
        const { client, offered } = clusterThat({ err: null });
        const large = { ...INSTRUCTION, data: new Uint8Array(1_300) };
        await assert.rejects(send(client, payer, [large]));
        assert.equal(offered(), 0);
    });
});
