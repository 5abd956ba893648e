/** The known answers that every implementation is held to: sdk/protocol/vectors. */

import {
    amountMicroUsdc,
    batchRoot,
    buildBatch,
    checkReceipt,
    decodeMessage,
    decodeSigned,
    encodeMessage,
    encodeSigned,
    evidenceOf,
    figuresOf,
    hashOf,
    leafHash,
    merkleLeaf,
    merkleRangeProof,
    merkleRoot,
    NOT_MEASURED,
    openSigned,
    receiptType,
    sampleBytes,
    samplesRoot,
    settlementOf,
    signMessage,
    splitPayment,
    streamOpenType,
    voucherType,
    type Leaf,
    type MessageType,
    type PerService,
    type Receipt,
    type Sample,
    type StreamOpen,
    type Terms,
    type Tip,
    type Voucher,
} from '@heliograph/sdk';
import {
    createKeyPairSignerFromPrivateKeyBytes,
    getAddressDecoder,
    getAddressEncoder,
    type Address,
    type ReadonlyUint8Array,
} from '@solana/kit';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

type Vector = {
    name: string;
    kind: string;
    kind_number: number;
    domain: string;
    secret_seed: string;
    public_key: string;
    fields: Record<string, any>;
    signing_bytes: string;
    hash: string;
    signature: string;
};

const FILE = new URL('../../../../protocol/vectors/messages.json', import.meta.url);
const document = JSON.parse(readFileSync(FILE, 'utf8'));
const vectors: Vector[] = document.messages;

const raw = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (bytes: ReadonlyUint8Array) => Buffer.from(bytes).toString('hex');
const address = (text: string): Address => getAddressDecoder().decode(raw(text));

/** How fields that are bytes in the file are read; numbers in strings are 64 bits. */
const ADDRESSES = ['channel', 'session', 'node_key'];
const BYTES = ['records_root', 'previous_receipt_hash', 'receipt_hash', 'nonce', 'hash'];

function fields(from: Record<string, any>): any {
    const camel = (name: string) => name.replace(/_([a-z0-9])/g, (_, c) => c.toUpperCase());
    const value = (name: string, value: any) => {
        if (ADDRESSES.includes(name)) return address(value);
        if (BYTES.includes(name)) return raw(value);
        if (Array.isArray(value)) return value;
        if (typeof value === 'object') return fields(value);
        return typeof value === 'string' ? BigInt(value) : value;
    };
    return Object.fromEntries(
        Object.entries(from).map(([name, found]) => [camel(name), value(name, found)]),
    );
}

const TYPES: Record<string, MessageType<any>> = {
    receipt: receiptType,
    voucher: voucherType,
    stream_open: streamOpenType,
};

describe('known answers', () => {
    it('cover every kind of message', () => {
        assert.equal(document.version, 1);
        assert.deepEqual(new Set(vectors.map((v) => v.kind)), new Set(Object.keys(TYPES)));
    });

    for (const vector of vectors) {
        it(`${vector.kind}, ${vector.name}: bytes, hash, key, signature`, async () => {
            const type = TYPES[vector.kind]!;
            const domain = raw(vector.domain);
            const message: Receipt | Voucher | StreamOpen = fields(vector.fields);
            assert.equal(type.kind, vector.kind_number);
            const bytes = encodeMessage(type, domain, message);
            assert.equal(hex(bytes), vector.signing_bytes);
            assert.equal(hex(await hashOf(bytes)), vector.hash);
            assert.deepEqual(decodeMessage(type, domain, bytes), message);

            const seed = raw(vector.secret_seed);
            const signer = await createKeyPairSignerFromPrivateKeyBytes(seed);
            assert.equal(hex(getAddressEncoder().encode(signer.address)), vector.public_key);
            const signed = await signMessage(signer, type, domain, message);
            assert.equal(hex(signed.signature), vector.signature);
            assert.deepEqual(await openSigned(type, domain, signer.address, signed), message);
        });
    }

    it('archived vouchers are read and written byte for byte', async () => {
        const archived = document.archive.filter((object: any) => object.records === null);
        assert.ok(archived.length > 0);
        for (const { message, object } of archived) {
            const vector = vectors.find(({ name }) => name === message)!;
            const signed = decodeSigned(raw(object));
            assert.equal(hex(signed.bytes), vector.signing_bytes);
            assert.equal(hex(encodeSigned(signed)), object);
            const type = TYPES[vector.kind]!;
            await openSigned(type, raw(vector.domain), address(vector.public_key), signed);
        }
    });

    it('receipts that follow, and those that do not', () => {
        assert.ok(document.receipt_checks.length > 0);
        const fault = (word: string) => word.replace(/_([a-z])/g, (_, c) => c.toUpperCase());
        document.receipt_checks.forEach((vector: any, i: number) => {
            const terms: Terms = {
                channel: address(vector.terms.channel),
                session: address(vector.terms.session),
                services: vector.terms.services,
                pricesMicroUsdc: vector.terms.prices_micro_usdc.map(BigInt),
                capMicroUsdc: BigInt(vector.terms.cap_micro_usdc),
            };
            const receipt: Receipt = fields(vector.receipt);
            const previous: Tip | undefined = vector.previous && fields(vector.previous);
            const check = () => checkReceipt(receipt, terms, previous ?? undefined);
            if (vector.error === null) {
                assert.doesNotThrow(check, `${i}`);
            } else {
                assert.throws(check, { name: 'ReceiptError', fault: fault(vector.error) }, `${i}`);
            }
        });
    });

    it('prices', () => {
        assert.ok(document.prices.length > 0);
        for (const vector of document.prices) {
            const prices = vector.prices_micro_usdc.map(BigInt) as PerService<bigint>;
            const found = amountMicroUsdc(prices, vector.secs)?.toString() ?? null;
            assert.equal(found, vector.amount_micro_usdc, JSON.stringify(vector));
        }
    });

    it('shares', () => {
        assert.ok(document.shares.length > 0);
        for (const vector of document.shares) {
            const found = splitPayment(
                { operatorBps: vector.operator_bps, settlerBps: vector.settler_bps },
                BigInt(vector.before_micro_usdc),
                BigInt(vector.after_micro_usdc),
                { bySettler: vector.settler },
            );
            const expected = vector.split && {
                operatorMicroUsdc: BigInt(vector.split.operator_micro_usdc),
                settlerMicroUsdc: BigInt(vector.split.settler_micro_usdc),
                treasuryMicroUsdc: BigInt(vector.split.treasury_micro_usdc),
            };
            assert.deepEqual(found ?? null, expected, JSON.stringify(vector));
        }
    });

    it('trees, and the proofs of any range in them', async () => {
        assert.ok(document.merkle.some((vector: any) => vector.ranges.length > 0));
        for (const vector of document.merkle) {
            const leaves = await Promise.all(
                vector.leaves.map((leaf: string) => merkleLeaf(raw(leaf))),
            );
            assert.deepEqual(leaves.map(hex), vector.leaf_hashes);
            assert.equal(hex(await merkleRoot(leaves)), vector.root);
            const single = vector.paths.map((path: string[], i: number) => ({
                first: i,
                end: i + 1,
                path,
            }));
            for (const { first, end, path } of [...single, ...vector.ranges]) {
                assert.deepEqual((await merkleRangeProof(leaves, first, end)).map(hex), path);
            }
            for (const [first, end] of [
                [0, 0],
                [-1, 1],
                [0, leaves.length + 1],
                [2, 1],
            ] as const) {
                await assert.rejects(merkleRangeProof(leaves, first, end), RangeError);
            }
        }
    });

    it('batches: evidence, leaves, root', async () => {
        assert.ok(document.batches.length > 0);
        for (const batch of document.batches) {
            const leaves: Leaf[] = [];
            for (const leaf of batch.leaves) {
                const evidence = await evidenceOf(raw(leaf.receipt_hash), raw(leaf.voucher_hash));
                assert.equal(hex(evidence), leaf.evidence);
                const { app, node, session } = leaf;
                const found = {
                    app: address(app),
                    node: address(node),
                    session: address(session),
                    cumulativeMicroUsdc: BigInt(leaf.cumulative_micro_usdc),
                    evidence,
                };
                assert.equal(hex(await leafHash(found)), leaf.hash);
                leaves.push(found);
            }
            assert.equal(hex(await batchRoot(leaves)), batch.root);
            if (leaves.length === 0) continue;
            // The file's leaves are in order, so any other order is put into this one.
            const built = await buildBatch([...leaves].reverse());
            assert.deepEqual(built, { leaves, root: raw(batch.root) });
        }
    });

    it('samples: bytes, root, figures', async () => {
        assert.ok(document.samples.length > 0);
        for (const vector of document.samples) {
            const measured = (value: number | null): number => value ?? NOT_MEASURED;
            const samples: Sample[] = vector.samples.map((fields: Record<string, any>) => ({
                atSecs: fields.at_secs,
                setupUs: measured(fields.setup_us),
                rttUs: measured(fields.rtt_us),
                jitterUs: measured(fields.jitter_us),
                packetsSent: fields.packets_sent,
                packetsLost: fields.packets_lost,
                wordsSpoken: fields.words_spoken,
                wordsWrong: fields.words_wrong,
                latencyUs: measured(fields.latency_us),
            }));
            assert.equal(samples.map((sample) => hex(sampleBytes(sample))).join(''), vector.bytes);
            assert.equal(hex(await samplesRoot(samples)), vector.root);
            const found = figuresOf(samples, vector.epoch_secs);
            if (vector.error !== null) {
                assert.equal(found, vector.error, vector.name);
                continue;
            }
            const figures = vector.figures;
            const expected = {
                samples: figures.samples,
                availabilityPpm: figures.availability_ppm,
                rttP95Us: measured(figures.rtt_p95_us),
                jitterP95Us: measured(figures.jitter_p95_us),
                lossPpm: measured(figures.loss_ppm),
                setupP95Us: measured(figures.setup_p95_us),
                werPpm: measured(figures.wer_ppm),
            };
            assert.deepEqual(found, expected, vector.name);
        }
    });

    it('what vouchers settle', () => {
        const errors = {
            VoucherStale: 'stale',
            VoucherOverCap: 'over_cap',
            EscrowEmpty: 'escrow_empty',
        };
        assert.ok(document.settles.length > 0);
        for (const vector of document.settles) {
            const found = settlementOf(
                {
                    settledMicroUsdc: BigInt(vector.settled_micro_usdc),
                    capMicroUsdc: BigInt(vector.cap_micro_usdc),
                },
                BigInt(vector.escrow_available_micro_usdc),
                BigInt(vector.voucher_cumulative_micro_usdc),
                BigInt(vector.channel_bond_micro_usdc),
            );
            const [settles, fromBond, error] =
                'error' in found
                    ? [null, null, errors[found.error]]
                    : [found.settlesMicroUsdc.toString(), found.fromBondMicroUsdc.toString(), null];
            assert.deepEqual(
                [settles, fromBond, error],
                [vector.settles_micro_usdc, vector.from_bond_micro_usdc, vector.error],
            );
        }
    });
});
