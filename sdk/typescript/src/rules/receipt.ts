/** Whether a receipt follows from its session and the receipt before: checked before a voucher is signed. */

import type { Address } from '@solana/kit';
import type { Session } from '../generated/settlement/index.js';
import type { Hash } from '../message/message.js';
import type { Receipt } from '../message/receipt.js';
import { amountMicroUsdc, U64_MAX } from './money.js';
import { SERVICES, servicesIn, type PerService, type Service } from './service.js';

const SECS_PER_MINUTE = 60;
const MS_PER_MINUTE = 60_000n;
const U32_MAX = 2 ** 32 - 1;

/** Samples a second of the audio that is transcribed. */
export const TRANSCRIPTION_RATE_HZ = 16_000;

/** The part of a session that binds its receipts. */
export type Terms = Readonly<{
    channel: Address;
    session: Address;
    /** Kinds bought. */
    services: readonly Service[];
    /** Micro-USDC a minute, fixed when the session was opened. */
    pricesMicroUsdc: PerService<bigint>;
    /** The most the session may cost. */
    capMicroUsdc: bigint;
}>;

/** A session's last known receipt. */
export type Tip = Readonly<{
    sequence: number;
    cumulativeMicroUsdc: bigint;
    mediaEndSample: bigint;
    hash: Hash;
}>;

/** Why a receipt does not follow from the terms and the receipt before. */
export type ReceiptFault =
    | 'otherSession'
    | 'sequence'
    | 'brokenChain'
    | 'serviceNotBought'
    | 'minuteTooLong'
    | 'media'
    | 'times'
    | 'amount'
    | 'cumulative'
    | 'overCap'
    | 'overflow';

/** A receipt that no voucher must be signed for. */
export class ReceiptError extends Error {
    override readonly name = 'ReceiptError';

    constructor(
        /** What is wrong, for programs. */
        readonly fault: ReceiptFault,
        message: string,
    ) {
        super(message);
    }
}

/** The terms of the session account at `address`. */
export function termsOf(address: Address, session: Session): Terms {
    return {
        channel: session.channel,
        session: address,
        services: servicesIn(session.services),
        pricesMicroUsdc: session.pricesMicroUsdc as unknown as PerService<bigint>,
        capMicroUsdc: session.capMicroUsdc,
    };
}

/** `receipt` as the one that the next follows; `hash` is that of its canonical bytes. */
export function tipOf(receipt: Receipt, hash: Hash): Tip {
    const { sequence, cumulativeMicroUsdc, mediaEndSample } = receipt;
    return { sequence, cumulativeMicroUsdc, mediaEndSample, hash };
}

const BEFORE_FIRST: Tip = {
    sequence: -1,
    cumulativeMicroUsdc: 0n,
    mediaEndSample: 0n,
    hash: new Uint8Array(32),
};

/**
 * Checks everything about a receipt that needs neither its signature nor the AI records; `previous`
 * is absent for a session's first. Throws a {@link ReceiptError}.
 */
export function checkReceipt(receipt: Receipt, terms: Terms, previous: Tip = BEFORE_FIRST): void {
    if (receipt.channel !== terms.channel || receipt.session !== terms.session) {
        throw new ReceiptError('otherSession', 'receipt of another session');
    }
    const expected = previous.sequence + 1;
    if (expected > U32_MAX) throw new ReceiptError('overflow', 'no receipt follows the last one');
    if (receipt.sequence !== expected) {
        const text = `receipt ${receipt.sequence} where receipt ${expected} should follow`;
        throw new ReceiptError('sequence', text);
    }
    if (!isSameHash(receipt.previousReceiptHash, previous.hash)) {
        throw new ReceiptError('brokenChain', 'receipt does not name the one before it');
    }
    checkUsage(receipt, terms, previous);
    const { openedAtUnixMs, closedAtUnixMs, minuteIndex } = receipt;
    if (closedAtUnixMs < openedAtUnixMs || minuteIndex !== closedAtUnixMs / MS_PER_MINUTE) {
        throw new ReceiptError('times', 'receipt times contradict each other');
    }
    checkAmounts(receipt, terms, previous);
}

function isSameHash(left: Hash, right: Hash): boolean {
    return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

function checkUsage({ usage, ...receipt }: Receipt, terms: Terms, previous: Tip): void {
    const extra = SERVICES.find(
        (service, i) => usage.secs[i]! > 0 && !terms.services.includes(service),
    );
    if (extra !== undefined) {
        const text = `receipt charges ${extra}, which the session did not buy`;
        throw new ReceiptError('serviceNotBought', text);
    }
    const transcribedSecs = usage.secs[SERVICES.indexOf('transcription')]!;
    if (transcribedSecs > SECS_PER_MINUTE) {
        throw new ReceiptError(
            'minuteTooLong',
            `receipt charges ${transcribedSecs} s in one minute`,
        );
    }
    const samples = receipt.mediaEndSample - receipt.mediaStartSample;
    const rate = BigInt(TRANSCRIPTION_RATE_HZ);
    // A second that has started counts as a whole one.
    const covered = (samples + rate - 1n) / rate;
    if (
        receipt.mediaStartSample !== previous.mediaEndSample ||
        samples < 0n ||
        covered !== BigInt(transcribedSecs)
    ) {
        throw new ReceiptError('media', 'receipt charges other audio than it covers');
    }
}

function checkAmounts(receipt: Receipt, terms: Terms, previous: Tip): void {
    const amount = amountMicroUsdc(terms.pricesMicroUsdc, receipt.usage.secs);
    if (amount === undefined) throw new ReceiptError('overflow', 'receipt amount overflows');
    if (receipt.amountMicroUsdc !== amount) {
        const text = `receipt asks ${receipt.amountMicroUsdc} micro-USDC where the usage costs ${amount}`;
        throw new ReceiptError('amount', text);
    }
    const cumulative = previous.cumulativeMicroUsdc + amount;
    if (cumulative > U64_MAX) throw new ReceiptError('overflow', 'receipt amount overflows');
    if (receipt.cumulativeMicroUsdc !== cumulative) {
        const found = receipt.cumulativeMicroUsdc;
        const text = `receipt adds up to ${found} micro-USDC, expected ${cumulative}`;
        throw new ReceiptError('cumulative', text);
    }
    if (cumulative > terms.capMicroUsdc) {
        throw new ReceiptError('overCap', "receipt exceeds the session's cap");
    }
}
