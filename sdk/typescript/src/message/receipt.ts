/** Receipts: a node's signed statement of one served minute of a session. */

import { getArrayCodec, getStructCodec, getU32Codec, getU64Codec, type Address } from '@solana/kit';
import { SERVICES, type PerService } from '../rules/service.js';
import { MessageKind } from './domain.js';
import { addressCodec, hashCodec, type Hash, type MessageType } from './message.js';

/** What a node served in one minute of a session. */
export type Usage = Readonly<{
    /**
     * Participant-seconds of audio, video and data, then seconds of audio transcribed, in the order of
     * {@link SERVICES}. A second that has started counts as a whole one.
     */
    secs: PerService<number>;
    /** Media bytes received from the app and its participants. */
    bytesIn: bigint;
    /** Media bytes sent to them. */
    bytesOut: bigint;
}>;

/** What the minute was like, as the node saw it. */
export type Quality = Readonly<{
    /** 95th percentile of round-trip time to the participants, in ms; 0 if not measured. */
    rttP95Ms: number;
    /** 95th percentile of interarrival jitter (RFC 3550), in ms; 0 if not measured. */
    jitterP95Ms: number;
    /** Packets lost, in parts per million of those sent. */
    lossPpm: number;
    /** 95th percentile of the time from a speech segment's end to its final text, in ms. */
    transcriptLatencyP95Ms: number;
}>;

/**
 * One served minute. The node signs its canonical bytes.
 *
 * A session's receipts form a chain: `sequence` counts from 0 without gaps and
 * `previousReceiptHash` names the one before. `checkReceipt` checks that.
 */
export type Receipt = Readonly<{
    /** Channel account the session belongs to. */
    channel: Address;
    /** Session account. */
    session: Address;
    /** Ordinal of this minute in the session, from 0. */
    sequence: number;
    /** Wall-clock minute in which the receipt was made: Unix seconds / 60. */
    minuteIndex: bigint;
    /** Unix time in ms when the node began to serve this minute. */
    openedAtUnixMs: bigint;
    /** Unix time in ms when the node made the receipt. */
    closedAtUnixMs: bigint;
    /** First sample of the session's audio that was transcribed, at 16,000 a second. */
    mediaStartSample: bigint;
    /** The sample after the last one. */
    mediaEndSample: bigint;
    /** What was served. */
    usage: Usage;
    /** How it was served. */
    quality: Quality;
    /** Number of AI records of the minute. */
    recordsCount: number;
    /** Merkle root over them. */
    recordsRoot: Hash;
    /** Price of this minute; micro-USDC. */
    amountMicroUsdc: bigint;
    /** Sum of the session's amounts up to and including this one; micro-USDC. */
    cumulativeMicroUsdc: bigint;
    /** Hash of the session's previous receipt, zeros for the first. */
    previousReceiptHash: Hash;
}>;

/** The canonical layout of {@link Receipt}. */
export const receiptType: MessageType<Receipt> = {
    kind: MessageKind.Receipt,
    codec: getStructCodec([
        ['channel', addressCodec],
        ['session', addressCodec],
        ['sequence', getU32Codec()],
        ['minuteIndex', getU64Codec()],
        ['openedAtUnixMs', getU64Codec()],
        ['closedAtUnixMs', getU64Codec()],
        ['mediaStartSample', getU64Codec()],
        ['mediaEndSample', getU64Codec()],
        [
            'usage',
            getStructCodec([
                ['secs', getArrayCodec(getU32Codec(), { size: SERVICES.length })],
                ['bytesIn', getU64Codec()],
                ['bytesOut', getU64Codec()],
            ]),
        ],
        [
            'quality',
            getStructCodec([
                ['rttP95Ms', getU32Codec()],
                ['jitterP95Ms', getU32Codec()],
                ['lossPpm', getU32Codec()],
                ['transcriptLatencyP95Ms', getU32Codec()],
            ]),
        ],
        ['recordsCount', getU32Codec()],
        ['recordsRoot', hashCodec],
        ['amountMicroUsdc', getU64Codec()],
        ['cumulativeMicroUsdc', getU64Codec()],
        ['previousReceiptHash', hashCodec],
    ]) as unknown as MessageType<Receipt>['codec'],
};
