/** Vouchers: an app's signed promise to pay for a session up to an amount. */

import { getStructCodec, getU32Codec, getU64Codec, type Address } from '@solana/kit';
import { MessageKind } from './domain.js';
import { addressCodec, hashCodec, type Hash, type MessageType } from './message.js';

/**
 * The newest voucher of a session replaces all earlier ones. The session's voucher signer signs its
 * canonical bytes.
 */
export type Voucher = Readonly<{
    /** Channel account: names app, node and incarnation. */
    channel: Address;
    /** Session account. */
    session: Address;
    /** Ordinal of the receipt this voucher answers, from 0. */
    sequence: number;
    /** What the session owes in all, from its first minute on; micro-USDC. */
    cumulativeMicroUsdc: bigint;
    /** Hash of that receipt's canonical bytes. */
    receiptHash: Hash;
}>;

/** The canonical layout of {@link Voucher}. */
export const voucherType: MessageType<Voucher> = {
    kind: MessageKind.Voucher,
    codec: getStructCodec([
        ['channel', addressCodec],
        ['session', addressCodec],
        ['sequence', getU32Codec()],
        ['cumulativeMicroUsdc', getU64Codec()],
        ['receiptHash', hashCodec],
    ]) as MessageType<Voucher>['codec'],
};
