/**
 * The rules of money that an app needs before it signs, and anyone who checks what was paid.
 *
 * `sdk/protocol` is where they are decided; its known answers hold these to the same results.
 */

import type { PerService } from './service.js';

/** The most a 64-bit amount can be. */
export const U64_MAX = 2n ** 64n - 1n;

const SECS_PER_MINUTE = 60n;
const BPS = 10_000n;

/** Default price list, micro-USDC a minute: 1,000 for audio, video, data; 5,000 for transcription. */
export const DEFAULT_PRICES_MICRO_USDC: PerService<bigint> = [1_000n, 1_000n, 1_000n, 5_000n];

/**
 * What seconds cost: for each kind `⌊seconds · price / 60⌋`, added up; micro-USDC. `undefined` when
 * the sum does not fit 64 bits.
 */
export function amountMicroUsdc(
    pricesMicroUsdc: PerService<bigint>,
    secs: PerService<number>,
): bigint | undefined {
    const sum = pricesMicroUsdc.reduce(
        (sum, price, kind) => sum + (price * BigInt(secs[kind]!)) / SECS_PER_MINUTE,
        0n,
    );
    return sum <= U64_MAX ? sum : undefined;
}

/** Who gets how much of a payment; micro-USDC. The parts add up to the payment. */
export type Split = Readonly<{
    operatorMicroUsdc: bigint;
    settlerMicroUsdc: bigint;
    treasuryMicroUsdc: bigint;
}>;

/**
 * Divides a payment that raises a session's paid total from `before` to `after` micro-USDC.
 *
 * The operator's part is `⌊total · operatorBps / 10⁴⌋` over the whole total, so that many small
 * payments give what one gives. The settler's part is rounded down on the payment; the treasury gets
 * the rest. `undefined` for shares above 10⁴ together, or totals that fall.
 */
export function splitPayment(
    shares: Readonly<{ operatorBps: number; settlerBps: number }>,
    before: bigint,
    after: bigint,
    options: Readonly<{ bySettler: boolean }>,
): Split | undefined {
    const operatorBps = BigInt(shares.operatorBps);
    const settlerBps = BigInt(shares.settlerBps);
    if (operatorBps + settlerBps > BPS || after < before) return undefined;
    const paid = after - before;
    const operatorMicroUsdc = (after * operatorBps) / BPS - (before * operatorBps) / BPS;
    const rest = paid - operatorMicroUsdc;
    const share = options.bySettler ? (paid * settlerBps) / BPS : 0n;
    const settlerMicroUsdc = share < rest ? share : rest;
    return { operatorMicroUsdc, settlerMicroUsdc, treasuryMicroUsdc: rest - settlerMicroUsdc };
}

/**
 * What a redeem of a voucher would do: the amount it settles and what of that comes out of the
 * channel's bond, or the error it meets.
 */
export type Settlement =
    | Readonly<{ settlesMicroUsdc: bigint; fromBondMicroUsdc: bigint }>
    | Readonly<{ error: 'VoucherStale' | 'VoucherOverCap' | 'EscrowEmpty' }>;

/**
 * What a voucher settles of a session, all in micro-USDC; an escrow that falls short settles what it
 * holds, and after it the bond of the session's channel.
 */
export function settlementOf(
    session: Readonly<{ settledMicroUsdc: bigint; capMicroUsdc: bigint }>,
    escrowAvailableMicroUsdc: bigint,
    voucherCumulativeMicroUsdc: bigint,
    channelBondMicroUsdc = 0n,
): Settlement {
    if (voucherCumulativeMicroUsdc <= session.settledMicroUsdc) return { error: 'VoucherStale' };
    if (voucherCumulativeMicroUsdc > session.capMicroUsdc) return { error: 'VoucherOverCap' };
    const available = escrowAvailableMicroUsdc + channelBondMicroUsdc;
    if (available === 0n) return { error: 'EscrowEmpty' };
    const owed = voucherCumulativeMicroUsdc - session.settledMicroUsdc;
    const settlesMicroUsdc = owed < available ? owed : available;
    const short = settlesMicroUsdc - escrowAvailableMicroUsdc;
    return { settlesMicroUsdc, fromBondMicroUsdc: short > 0n ? short : 0n };
}
