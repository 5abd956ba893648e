/** Bytes and signatures that must not pass for messages of this network. */

import {
    checkReceipt,
    decodeMessage,
    decodeSigned,
    encodeMessage,
    encodeSigned,
    getEd25519Instruction,
    newStreamOpen,
    openSigned,
    receiptType,
    signMessage,
    streamOpenType,
    tipOf,
    verifySigned,
    voucherType,
    type Receipt,
    type ReceiptFault,
    type Terms,
    type Voucher,
} from '@heliograph/sdk';
import { generateKeyPairSigner, type Address } from '@solana/kit';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

const DOMAIN = new Uint8Array(32).fill(9);
const HASH = new Uint8Array(32).fill(7);
const channel = (await generateKeyPairSigner()).address;
const session = (await generateKeyPairSigner()).address;
const VOUCHER: Voucher = {
    channel,
    session,
    sequence: 3,
    cumulativeMicroUsdc: 12n,
    receiptHash: HASH,
};

const fault = (fault: string) => ({ name: 'MessageError', fault });

describe('canonical bytes', () => {
    const bytes = encodeMessage(voucherType, DOMAIN, VOUCHER);
    const changed = (index: number) => {
        const copy = Uint8Array.from(bytes);
        copy[index]! ^= 1;
        return copy;
    };
    const decode = (found: Uint8Array) => () => decodeMessage(voucherType, DOMAIN, found);

    it('a voucher has 152 bytes', () => assert.equal(bytes.length, 152));

    it('every byte of the prefix counts', () => {
        for (let i = 0; i < 44; i++) {
            const expected =
                i < 10 ? 'notOurs' : i === 10 ? 'version' : i === 11 ? 'kind' : 'domain';
            assert.throws(decode(changed(i)), fault(expected), `byte ${i}`);
        }
    });

    it('every other length is refused', () => {
        for (let length = 0; length < bytes.length; length++) {
            const expected = length < 44 ? 'notOurs' : 'body';
            assert.throws(decode(bytes.slice(0, length)), fault(expected), `${length} bytes`);
        }
        assert.throws(decode(new Uint8Array([...bytes, 0])), fault('body'));
    });

    it('another kind is another message', () => {
        const request = encodeMessage(streamOpenType, DOMAIN, newStreamOpen(session, channel));
        assert.throws(decode(request), fault('kind'));
    });

    it('hashes and amounts that do not fit are refused, not cut', () => {
        const encode = (part: Partial<Voucher>) => () =>
            encodeMessage(voucherType, DOMAIN, { ...VOUCHER, ...part });
        assert.throws(encode({ receiptHash: HASH.slice(1) }), RangeError);
        assert.throws(encode({ receiptHash: new Uint8Array(33) }), RangeError);
        assert.throws(encode({ cumulativeMicroUsdc: -1n }));
        assert.throws(encode({ cumulativeMicroUsdc: 2n ** 64n }));
        assert.throws(encode({ sequence: 2 ** 32 }));
        assert.throws(() => encodeMessage(voucherType, new Uint8Array(31), VOUCHER), RangeError);
    });
});

describe('signatures', () => {
    it('fit one key, one message, one network', async () => {
        const [signer, other] = [await generateKeyPairSigner(), await generateKeyPairSigner()];
        const signed = await signMessage(signer, voucherType, DOMAIN, VOUCHER);
        const open = (domain: Uint8Array, key: Address, found = signed) =>
            openSigned(voucherType, domain, key, found);
        assert.deepEqual(await open(DOMAIN, signer.address), VOUCHER);
        await assert.rejects(open(HASH, signer.address), fault('domain'));
        await assert.rejects(open(DOMAIN, other.address), fault('signer'));

        const borrowed = { ...signed, publicKey: other.address };
        await assert.rejects(open(DOMAIN, other.address, borrowed), fault('signature'));
        const raised = { ...VOUCHER, cumulativeMicroUsdc: 13n };
        const bytes = encodeMessage(voucherType, DOMAIN, raised);
        await assert.rejects(
            open(DOMAIN, signer.address, { ...signed, bytes }),
            fault('signature'),
        );
        const cut = { ...signed, signature: signed.signature.slice(1) };
        await assert.rejects(verifySigned(cut), fault('signature'));
    });

    it('of a wallet that signs other bytes are refused', async () => {
        const signer = await generateKeyPairSigner();
        const wallet: typeof signer = {
            ...signer,
            signMessages: (messages) =>
                signer.signMessages(
                    messages.map((message) => ({ ...message, content: new Uint8Array([1]) })),
                ),
        };
        const signing = signMessage(wallet, voucherType, DOMAIN, VOUCHER);
        await assert.rejects(signing, fault('signature'));
    });

    it('travel with their message and nothing after it', async () => {
        const signer = await generateKeyPairSigner();
        const signed = await signMessage(signer, voucherType, DOMAIN, VOUCHER);
        const bytes = encodeSigned(signed);
        assert.deepEqual(decodeSigned(bytes), signed);
        assert.throws(() => decodeSigned(new Uint8Array([...bytes, 0])), fault('body'));
        assert.throws(() => decodeSigned(bytes.slice(0, -1)));
    });

    it('lie whole in the precompile’s instruction', async () => {
        const signer = await generateKeyPairSigner();
        const signed = await signMessage(signer, voucherType, DOMAIN, VOUCHER);
        const data = Buffer.from(getEd25519Instruction(signed).data!);
        const field = (i: number) => data.readUInt16LE(2 + 2 * i);
        assert.deepEqual([data[0], data[1]], [1, 0]);
        assert.deepEqual([field(1), field(3), field(6)], [0xffff, 0xffff, 0xffff]);
        const part = (start: number, length: number) =>
            Uint8Array.from(data.subarray(start, start + length));
        assert.deepEqual(part(field(0), 64), Uint8Array.from(signed.signature));
        assert.deepEqual(part(field(4), field(5)), Uint8Array.from(signed.bytes));
        assert.equal(data.length, 16 + 32 + 64 + 152);
    });
});

describe('receipts', () => {
    const TERMS: Terms = {
        channel,
        session,
        services: ['transcription'],
        pricesMicroUsdc: [1_000n, 1_000n, 1_000n, 5_000n],
        capMicroUsdc: 8_000n,
    };
    const FIRST: Receipt = {
        channel,
        session,
        sequence: 0,
        minuteIndex: 29_666_667n,
        openedAtUnixMs: 1_780_000_000_000n,
        closedAtUnixMs: 1_780_000_060_000n,
        mediaStartSample: 0n,
        mediaEndSample: 960_000n,
        usage: { secs: [0, 0, 0, 60], bytesIn: 1n, bytesOut: 2n },
        quality: { rttP95Ms: 0, jitterP95Ms: 0, lossPpm: 0, transcriptLatencyP95Ms: 400 },
        recordsCount: 0,
        recordsRoot: HASH,
        amountMicroUsdc: 5_000n,
        cumulativeMicroUsdc: 5_000n,
        previousReceiptHash: new Uint8Array(32),
    };
    const SECOND: Receipt = {
        ...FIRST,
        sequence: 1,
        mediaStartSample: 960_000n,
        // One sample into the 36th second: it counts as a whole one.
        mediaEndSample: 960_000n + 35n * 16_000n + 1n,
        usage: { ...FIRST.usage, secs: [0, 0, 0, 36] },
        amountMicroUsdc: 3_000n,
        cumulativeMicroUsdc: 8_000n,
        previousReceiptHash: HASH,
    };

    it('that follow are accepted', () => {
        checkReceipt(FIRST, TERMS);
        checkReceipt(SECOND, TERMS, tipOf(FIRST, HASH));
        assert.equal(encodeMessage(receiptType, DOMAIN, SECOND).length, 284);
    });

    const audio = { ...FIRST.usage, secs: [1, 0, 0, 60] } as Receipt['usage'];
    const long = { ...FIRST.usage, secs: [0, 0, 0, 61] } as Receipt['usage'];
    const faults: [ReceiptFault, Partial<Receipt>, Partial<Terms>?][] = [
        ['otherSession', { channel: session }],
        ['otherSession', { session: channel }],
        ['sequence', { sequence: 1 }],
        ['brokenChain', { previousReceiptHash: HASH }],
        ['serviceNotBought', { usage: audio }],
        ['minuteTooLong', { usage: long, mediaEndSample: 976_000n }],
        ['media', { mediaStartSample: 1n }],
        ['media', { mediaEndSample: 960_001n }],
        ['media', { mediaEndSample: 944_000n }],
        ['times', { closedAtUnixMs: FIRST.openedAtUnixMs - 1n }],
        ['times', { minuteIndex: FIRST.minuteIndex + 1n }],
        ['amount', { amountMicroUsdc: 5_001n }],
        ['cumulative', { cumulativeMicroUsdc: 5_001n }],
        ['overCap', {}, { capMicroUsdc: 4_999n }],
        ['overflow', {}, { pricesMicroUsdc: [0n, 0n, 0n, 2n ** 64n] }],
    ];
    for (const [expected, receipt, terms] of faults) {
        it(`${expected} is named: ${Object.keys({ ...receipt, ...terms })}`, () => {
            const check = () => checkReceipt({ ...FIRST, ...receipt }, { ...TERMS, ...terms });
            assert.throws(check, { name: 'ReceiptError', fault: expected });
        });
    }

    it('that do not follow the one before are refused', () => {
        const tip = tipOf(FIRST, HASH);
        const after = (part: Partial<Receipt>) => () =>
            checkReceipt({ ...SECOND, ...part }, TERMS, tip);
        assert.throws(after({ sequence: 2 }), { fault: 'sequence' });
        assert.throws(after({ previousReceiptHash: DOMAIN }), { fault: 'brokenChain' });
        assert.throws(after({ mediaStartSample: 0n }), { fault: 'media' });
        assert.throws(after({ cumulativeMicroUsdc: 3_000n }), { fault: 'cumulative' });
    });
});
