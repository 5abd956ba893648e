/**
 * Domain separation: the prefix that makes a signature fit one network and one kind of message.
 *
 * Signed bytes are `"heliograph" ‖ version ‖ kind ‖ domain ‖ Borsh(message)`.
 */

import { getUtf8Encoder, type ReadonlyUint8Array } from '@solana/kit';

/** First bytes of everything signed for this network. */
const PROTOCOL = getUtf8Encoder().encode('heliograph');

/** Version of the canonical bytes. */
export const MESSAGE_VERSION = 1;

/** Bytes of a domain: the network account's `domainId`. */
export const DOMAIN_BYTES = 32;

/** Bytes before a message's Borsh bytes. */
export const PREFIX_BYTES = PROTOCOL.length + 2 + DOMAIN_BYTES;

/** What a signed byte string is. Numbers are never reused. */
export const MessageKind = {
    /** A node's statement of one served minute. */
    Receipt: 1,
    /** An app's promise to pay up to an amount. */
    Voucher: 2,
    /** An app's request to open a stream at a node. */
    StreamOpen: 3,
} as const;
/** What a signed byte string is. */
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

/** Why bytes are refused as a message. */
export type MessageFault =
    /** Shorter than the prefix, or not starting with this protocol's name. */
    | 'notOurs'
    /** Another version of the canonical bytes. */
    | 'version'
    /** Another kind of message. */
    | 'kind'
    /** Signed for another cluster or network. */
    | 'domain'
    /** The Borsh part has another length than this kind's. */
    | 'body'
    /** Signed by another key than expected. */
    | 'signer'
    /** The signature does not fit key and bytes. */
    | 'signature';

/** Bytes that are not a message of the expected kind, network and signer. */
export class MessageError extends Error {
    override readonly name = 'MessageError';

    constructor(
        /** What is wrong, for programs. */
        readonly fault: MessageFault,
        message: string,
    ) {
        super(message);
    }
}

/** The prefix of every message of `kind` on the network of `domain`. */
export function messagePrefix(kind: MessageKind, domain: ReadonlyUint8Array): Uint8Array {
    if (domain.length !== DOMAIN_BYTES) {
        throw new RangeError(`a domain has ${DOMAIN_BYTES} bytes, not ${domain.length}`);
    }
    const prefix = new Uint8Array(PREFIX_BYTES);
    prefix.set(PROTOCOL);
    prefix.set([MESSAGE_VERSION, kind], PROTOCOL.length);
    prefix.set(domain, PROTOCOL.length + 2);
    return prefix;
}

/** Takes the prefix off; throws a {@link MessageError} unless it is that of `kind` and `domain`. */
export function withoutPrefix(
    bytes: ReadonlyUint8Array,
    kind: MessageKind,
    domain: ReadonlyUint8Array,
): ReadonlyUint8Array {
    const expected = messagePrefix(kind, domain);
    const differs = (from: number, to: number) => {
        for (let i = from; i < to; i++) if (bytes[i] !== expected[i]) return true;
        return false;
    };
    const [version, found] = [PROTOCOL.length, PROTOCOL.length + 1];
    if (bytes.length < PREFIX_BYTES || differs(0, version)) {
        throw new MessageError('notOurs', 'not a heliograph message');
    }
    if (differs(version, found)) {
        const text = `message version ${bytes[version]}, expected ${MESSAGE_VERSION}`;
        throw new MessageError('version', text);
    }
    if (differs(found, found + 1)) {
        throw new MessageError('kind', `message of another kind (${bytes[found]})`);
    }
    if (differs(found + 1, PREFIX_BYTES)) {
        throw new MessageError('domain', 'message signed for another network');
    }
    return bytes.subarray(PREFIX_BYTES);
}
