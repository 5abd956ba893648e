/** What receipts, vouchers and stream requests have in common: canonical bytes, and their hash. */

import {
    combineCodec,
    fixCodecSize,
    getAddressCodec,
    getBytesCodec,
    type FixedSizeCodec,
    type ReadonlyUint8Array,
} from '@solana/kit';
import { MessageError, messagePrefix, withoutPrefix, type MessageKind } from './domain.js';

/** A SHA-256 digest. */
export type Hash = ReadonlyUint8Array;

/** A kind of message: its number and the Borsh layout of its fields. */
export type MessageType<T> = Readonly<{
    kind: MessageKind;
    codec: FixedSizeCodec<T>;
}>;

/** An ed25519 public key or a program-derived address. */
export const addressCodec = getAddressCodec();

/** `size` bytes; other lengths are refused rather than cut or filled up. */
export function exactBytes(size: number): FixedSizeCodec<ReadonlyUint8Array> {
    const codec = fixCodecSize(getBytesCodec(), size);
    return combineCodec(
        {
            ...codec,
            write(value, bytes, offset) {
                if (value.length !== size) {
                    throw new RangeError(`${value.length} bytes where ${size} belong`);
                }
                return codec.write(value, bytes, offset);
            },
        } as typeof codec,
        codec,
    );
}

/** A SHA-256 digest. */
export const hashCodec = exactBytes(32);

/** The canonical bytes of a message: what is signed, hashed and archived. */
export function encodeMessage<T>(
    type: MessageType<T>,
    domain: ReadonlyUint8Array,
    message: T,
): Uint8Array {
    const prefix = messagePrefix(type.kind, domain);
    const bytes = new Uint8Array(prefix.length + type.codec.fixedSize);
    bytes.set(prefix);
    bytes.set(type.codec.encode(message), prefix.length);
    return bytes;
}

/**
 * Reads canonical bytes back. Bytes of another network, version, kind or length are refused with a
 * {@link MessageError}. Says nothing about who signed them: that is `openSigned`.
 */
export function decodeMessage<T>(
    type: MessageType<T>,
    domain: ReadonlyUint8Array,
    bytes: ReadonlyUint8Array,
): T {
    const body = withoutPrefix(bytes, type.kind, domain);
    const expected = type.codec.fixedSize;
    if (body.length !== expected) {
        throw new MessageError('body', `message body of ${body.length} bytes, not ${expected}`);
    }
    return type.codec.decode(body);
}

/** SHA-256 of canonical bytes: the name of the message everywhere. */
export async function hashOf(bytes: ReadonlyUint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
