/** From a failed transaction and its logs to the error a person or a program can act on. */

import {
    getSolanaErrorFromTransactionError,
    isSolanaError,
    SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM,
    SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
    type Address,
    type Signature,
    type TransactionError,
} from '@solana/kit';
import { PROGRAM_ADDRESSES } from './generated/addresses.js';
import { PROGRAM_ERRORS } from './generated/errors.js';

/** A program of the network. */
export type ProgramName = keyof typeof PROGRAM_ADDRESSES;

type ErrorTable = typeof PROGRAM_ERRORS;
type Entry<P extends ProgramName> = ErrorTable[P][keyof ErrorTable[P]];

/** Names of the errors of program `P`, such as `'VoucherStale'`. */
export type ProgramErrorName<P extends ProgramName = ProgramName> = P extends ProgramName
    ? Entry<P> extends { name: infer N extends string }
        ? N
        : never
    : never;

/** What a failed transaction leaves behind. */
export type FailureContext = Readonly<{
    /** The cluster's log lines; empty where it kept none. */
    logs: readonly string[];
    /** The transaction, if it was executed; absent if it failed in the simulation before. */
    signature?: Signature | undefined;
}>;

/** A program refused a transaction: a named error of the network's, or of another program. */
export class ProgramError extends Error {
    override readonly name = 'ProgramError';

    constructor(
        /** The program that failed: the innermost one. */
        readonly programAddress: Address,
        /** Its name, if it is one of the network's. */
        readonly program: ProgramName | undefined,
        /** Its error code. */
        readonly code: number,
        /** The error's name: of the program, or of Anchor (`'AccountNotInitialized'`). */
        readonly errorName: string | undefined,
        message: string,
        /** Logs and signature. */
        readonly context: FailureContext,
    ) {
        super(message);
    }
}

/** A transaction failed for a reason that is no program's: a missing signature, no lamports. */
export class TransactionFailedError extends Error {
    override readonly name = 'TransactionFailedError';

    constructor(
        cause: Error,
        /** Logs and signature. */
        readonly context: FailureContext,
    ) {
        super(cause.message, { cause });
    }
}

/**
 * The cluster did not execute a transaction while its blockhash lived. It never will: the same
 * instructions can be sent again.
 */
export class TransactionExpiredError extends Error {
    override readonly name = 'TransactionExpiredError';

    constructor(
        /** The transaction. */
        readonly signature: Signature,
    ) {
        super(`transaction ${signature} expired before it was executed`);
    }
}

/** An account that a flow needs is not there. */
export class MissingAccountError extends Error {
    override readonly name = 'MissingAccountError';

    constructor(
        /** What was looked for, such as `'session'`. */
        readonly what: string,
        /** Where. */
        readonly address: Address,
    ) {
        super(`there is no ${what} at ${address}`);
    }
}

/** Whether `error` is one of program `program`, and the one called `errorName` if given. */
export function isProgramError<P extends ProgramName, N extends ProgramErrorName<P>>(
    error: unknown,
    program: P,
    errorName?: N,
): error is ProgramError & { program: P; errorName: N } {
    return (
        error instanceof ProgramError &&
        error.program === program &&
        (errorName === undefined || error.errorName === errorName)
    );
}

/** The error of a transaction that was executed and failed. */
export function fromExecution(error: TransactionError, context: FailureContext): Error {
    return toError(getSolanaErrorFromTransactionError(error), context);
}

/** The error of a transaction that could not be sent; failures of the simulation become typed ones. */
export function fromSending(error: unknown): unknown {
    if (
        !isSolanaError(
            error,
            SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
        ) ||
        !(error.cause instanceof Error)
    ) {
        return error;
    }
    return toError(error.cause, { logs: error.context.logs ?? [] });
}

function toError(cause: Error, context: FailureContext): Error {
    if (isSolanaError(cause, SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM)) {
        const code = Number(cause.context.code);
        const spoken = readLogs(context.logs, code);
        if (spoken.programAddress !== undefined) {
            return programError(spoken.programAddress, code, spoken, context);
        }
    }
    return new TransactionFailedError(cause, context);
}

function programError(
    programAddress: Address,
    code: number,
    spoken: Spoken,
    context: FailureContext,
): ProgramError {
    const program = nameOf(programAddress);
    const entry = program && (PROGRAM_ERRORS[program] as Record<number, Known>)[code];
    const name = entry?.name ?? spoken.name;
    const who = program ?? programAddress;
    const text = entry?.message ?? spoken.message ?? 'no message';
    const message = `${who}: ${name ?? 'error'} (${code}): ${text}`;
    return new ProgramError(programAddress, program, code, name, message, context);
}

type Known = Readonly<{ name: string; message: string }>;

function nameOf(programAddress: Address): ProgramName | undefined {
    const names = Object.keys(PROGRAM_ADDRESSES) as ProgramName[];
    return names.find((name) => PROGRAM_ADDRESSES[name] === programAddress);
}

type Spoken = { programAddress?: Address; name?: string; message?: string };

const ANCHOR =
    /^Program log: AnchorError .*?Error Code: (\w+)\. Error Number: (\d+)\. Error Message: (.*?)\.?$/;
const FAILED = /^Program (\w+) failed: custom program error: 0x([0-9a-f]+)$/;

/**
 * Finds the innermost program that failed with `code`, and Anchor's words about it. The runtime logs
 * a failure once per level on the way out, innermost first.
 */
function readLogs(logs: readonly string[], code: number): Spoken {
    const spoken: Spoken = {};
    for (const line of logs) {
        const [, name, number, message] = ANCHOR.exec(line) ?? [];
        if (Number(number) === code) Object.assign(spoken, { name, message });
        const [, program, failure] = FAILED.exec(line) ?? [];
        if (spoken.programAddress === undefined && failure && parseInt(failure, 16) === code) {
            spoken.programAddress = program as Address;
        }
    }
    return spoken;
}
