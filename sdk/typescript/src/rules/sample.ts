/**
 * Samples: an observer's probes of one node in one epoch, and the figures they add up to.
 *
 * A leaf of an observer commits to its samples; whoever has them computes whether it is true. The rule
 * is `sdk/protocol`'s; its known answers hold this to the same results.
 */

import { getStructCodec, getU32Codec } from '@solana/kit';
import type { Hash } from '../message/message.js';
import { merkleLeaf, merkleRoot } from './merkle.js';

/** In a sample's and a leaf's bytes: what was not measured. */
export const NOT_MEASURED = 0xffff_ffff;

/** Most samples under one leaf. */
export const SAMPLES_MAX = 256;

const PPM = 1_000_000n;
const U32 = getU32Codec();

/** One probe. What was not tried is zero, what was not measured {@link NOT_MEASURED}. */
export type Sample = Readonly<{
    /** Seconds from the beginning of the epoch to that of the probe. */
    atSecs: number;
    /** From the first packet of the connection to its first media packet, in µs. */
    setupUs: number;
    /** Median round trip of the echoed media packets, in µs. */
    rttUs: number;
    /** Their interarrival jitter (RFC 3550), in µs. */
    jitterUs: number;
    /** Media packets sent to be echoed, and those of them that did not come back. */
    packetsSent: number;
    packetsLost: number;
    /** Words spoken to be transcribed, and how many of the text were wrong. */
    wordsSpoken: number;
    wordsWrong: number;
    /** From the end of speech to its final text, in µs; not measured where no text came. */
    latencyUs: number;
}>;

const sampleCodec = getStructCodec([
    ['atSecs', U32],
    ['setupUs', U32],
    ['rttUs', U32],
    ['jitterUs', U32],
    ['packetsSent', U32],
    ['packetsLost', U32],
    ['wordsSpoken', U32],
    ['wordsWrong', U32],
    ['latencyUs', U32],
]);

/** What a leaf says; each but the first two may be {@link NOT_MEASURED}. */
export type SampleFigures = Readonly<{
    samples: number;
    availabilityPpm: number;
    rttP95Us: number;
    jitterP95Us: number;
    lossPpm: number;
    setupP95Us: number;
    werPpm: number;
}>;

/** Why samples give no figures. */
export type MalformedSamples =
    'Empty' | 'TooMany' | 'AfterTheEpoch' | 'OutOfOrder' | 'MoreLostThanSent';

/** A sample's 36 bytes. */
export function sampleBytes(sample: Sample): Uint8Array {
    return Uint8Array.from(sampleCodec.encode(sample));
}

/** Root over samples, in the order given. */
export async function samplesRoot(samples: readonly Sample[]): Promise<Hash> {
    return merkleRoot(await Promise.all(samples.map((sample) => merkleLeaf(sampleBytes(sample)))));
}

/** Whether something was sent and all of it came to something: echoes, and text. */
export function isGoodSample(sample: Sample): boolean {
    const echoed = sample.packetsSent === 0 || sample.packetsLost < sample.packetsSent;
    const transcribed = sample.wordsSpoken === 0 || sample.latencyUs !== NOT_MEASURED;
    return (sample.packetsSent > 0 || sample.wordsSpoken > 0) && echoed && transcribed;
}

/**
 * The figures of samples of an epoch of `epochSecs`, in the order in which they were taken, or why there
 * are none: availability over all, percentiles by nearest rank and ratios over the good ones, rounded
 * down.
 */
export function figuresOf(
    samples: readonly Sample[],
    epochSecs: number,
): SampleFigures | MalformedSamples {
    let before = -1;
    for (const [index, { atSecs, packetsSent, packetsLost }] of samples.entries()) {
        if (index === SAMPLES_MAX) return 'TooMany';
        if (atSecs >= epochSecs) return 'AfterTheEpoch';
        if (atSecs <= before) return 'OutOfOrder';
        if (packetsLost > packetsSent) return 'MoreLostThanSent';
        before = atSecs;
    }
    if (samples.length === 0) return 'Empty';
    const good = samples.filter(isGoodSample);
    const p95 = (of: (sample: Sample) => number): number => {
        const values = good.map(of).filter((value) => value !== NOT_MEASURED);
        values.sort((left, right) => left - right);
        return values[Math.ceil((values.length * 95) / 100) - 1] ?? NOT_MEASURED;
    };
    const sum = (of: (sample: Sample) => number): bigint =>
        good.reduce((sum, sample) => sum + BigInt(of(sample)), 0n);
    const ppm = (part: bigint, whole: bigint): number => {
        if (whole === 0n) return NOT_MEASURED;
        return Math.min(Number((part * PPM) / whole), NOT_MEASURED - 1);
    };
    return {
        samples: samples.length,
        availabilityPpm: ppm(BigInt(good.length), BigInt(samples.length)),
        rttP95Us: p95((sample) => sample.rttUs),
        jitterP95Us: p95((sample) => sample.jitterUs),
        lossPpm: ppm(
            sum((sample) => sample.packetsLost),
            sum((sample) => sample.packetsSent),
        ),
        setupP95Us: p95((sample) => sample.setupUs),
        werPpm: ppm(
            sum((sample) => sample.wordsWrong),
            sum((sample) => sample.wordsSpoken),
        ),
    };
}
