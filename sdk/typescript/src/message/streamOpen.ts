/** Opening a stream at a node: who asks, for which session. */

import { getStructCodec, getU64Codec, type Address, type ReadonlyUint8Array } from '@solana/kit';
import { MessageKind } from './domain.js';
import { addressCodec, exactBytes, type MessageType } from './message.js';

/** How far a request's time may lie from the node's clock, in ms. */
export const STREAM_OPEN_WINDOW_MS = 60_000;

/** An app's request to stream, signed by the session's voucher signer. */
export type StreamOpen = Readonly<{
    /** Session account. */
    session: Address;
    /** Key of the node asked, so that another node cannot pass the request on. */
    nodeKey: Address;
    /** Unix time in ms of the request. */
    issuedAtUnixMs: bigint;
    /** 16 random bytes: two requests in one millisecond differ. */
    nonce: ReadonlyUint8Array;
}>;

/** The canonical layout of {@link StreamOpen}. */
export const streamOpenType: MessageType<StreamOpen> = {
    kind: MessageKind.StreamOpen,
    codec: getStructCodec([
        ['session', addressCodec],
        ['nodeKey', addressCodec],
        ['issuedAtUnixMs', getU64Codec()],
        ['nonce', exactBytes(16)],
    ]) as MessageType<StreamOpen>['codec'],
};

/** A request made now, with a nonce of its own. */
export function newStreamOpen(session: Address, nodeKey: Address): StreamOpen {
    const nonce = crypto.getRandomValues(new Uint8Array(16));
    return { session, nodeKey, issuedAtUnixMs: BigInt(Date.now()), nonce };
}
