/** Signed messages as they travel and as the archive keeps them. */

import {
    addCodecSizePrefix,
    createSignableMessage,
    getBytesCodec,
    getPublicKeyFromAddress,
    getStructCodec,
    getU32Codec,
    verifySignature,
    type Address,
    type MessagePartialSigner,
    type ReadonlyUint8Array,
    type SignatureBytes,
} from '@solana/kit';
import { MessageError } from './domain.js';
import {
    addressCodec,
    decodeMessage,
    encodeMessage,
    exactBytes,
    type MessageType,
} from './message.js';

/** Bytes of an ed25519 signature. */
export const SIGNATURE_BYTES = 64;

/** Canonical bytes with a signature over them. */
export type Signed = Readonly<{
    /** What was signed: prefix and message. */
    bytes: ReadonlyUint8Array;
    /** Who signed. */
    publicKey: Address;
    /** The ed25519 signature over `bytes`, 64 bytes. */
    signature: ReadonlyUint8Array;
}>;

const signedCodec = getStructCodec([
    ['bytes', addCodecSizePrefix(getBytesCodec(), getU32Codec())],
    ['publicKey', addressCodec],
    ['signature', exactBytes(SIGNATURE_BYTES)],
]);

/**
 * Signs a message. `signer` is any kit signer of messages: a key pair, or a wallet that signs bytes as
 * they are.
 */
export async function signMessage<T>(
    signer: MessagePartialSigner,
    type: MessageType<T>,
    domain: ReadonlyUint8Array,
    message: T,
): Promise<Signed> {
    const bytes = encodeMessage(type, domain, message);
    const [signatures] = await signer.signMessages([createSignableMessage(bytes)]);
    const signature = signatures?.[signer.address];
    if (signature === undefined) {
        throw new MessageError(
            'signature',
            `the signer returned no signature of ${signer.address}`,
        );
    }
    const signed = { bytes, publicKey: signer.address, signature };
    // A wallet may have signed other bytes than these, for example with a prefix of its own.
    await verifySigned(signed);
    return signed;
}

/** Checks the signature alone; throws a {@link MessageError} where it does not fit. */
export async function verifySigned(signed: Signed): Promise<void> {
    let fits = false;
    if (signed.signature.length === SIGNATURE_BYTES) {
        const key = await getPublicKeyFromAddress(signed.publicKey);
        fits = await verifySignature(key, signed.signature as SignatureBytes, signed.bytes);
    }
    if (!fits) {
        throw new MessageError('signature', `the signature of ${signed.publicKey} does not fit`);
    }
}

/**
 * The message in `signed`, once all of it is true: signed by `signer`, for this network, of this kind.
 * Throws a {@link MessageError} that says what is not.
 */
export async function openSigned<T>(
    type: MessageType<T>,
    domain: ReadonlyUint8Array,
    signer: Address,
    signed: Signed,
): Promise<T> {
    const message = decodeMessage(type, domain, signed.bytes);
    if (signed.publicKey !== signer) {
        throw new MessageError('signer', `signed by ${signed.publicKey}, expected ${signer}`);
    }
    await verifySigned(signed);
    return message;
}

/** The bytes of `signed` as nodes and archives exchange them (Borsh). */
export function encodeSigned(signed: Signed): ReadonlyUint8Array {
    return signedCodec.encode(signed);
}

/** Reads {@link encodeSigned} back; checks the length, not the signature. */
export function decodeSigned(bytes: ReadonlyUint8Array): Signed {
    const [signed, end] = signedCodec.read(bytes, 0);
    if (end !== bytes.length) {
        throw new MessageError('body', `${bytes.length - end} bytes after the signature`);
    }
    return signed;
}
