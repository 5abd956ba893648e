/** The instruction of the ed25519 precompile that lets a program rely on one signature. */

import {
    address,
    getAddressEncoder,
    getStructEncoder,
    getU16Encoder,
    getU8Encoder,
    type Instruction,
    type InstructionWithData,
    type ReadonlyUint8Array,
} from '@solana/kit';
import type { Signed } from './message/signed.js';

/** The precompile's address. */
export const ED25519_PROGRAM_ADDRESS = address('Ed25519SigVerify111111111111111111111111111');

/** The index that means "this instruction": what it refers to lies in its own data. */
const THIS_INSTRUCTION = 0xffff;

const header = getStructEncoder([
    ['count', getU8Encoder()],
    ['padding', getU8Encoder()],
    ['signatureOffset', getU16Encoder()],
    ['signatureInstruction', getU16Encoder()],
    ['keyOffset', getU16Encoder()],
    ['keyInstruction', getU16Encoder()],
    ['messageOffset', getU16Encoder()],
    ['messageBytes', getU16Encoder()],
    ['messageInstruction', getU16Encoder()],
]);

/**
 * The precompile's check of one signed message, with key, signature and message all in it: the form
 * that the settlement program accepts right before a redeem.
 */
export function getEd25519Instruction(
    signed: Signed,
): Instruction & InstructionWithData<ReadonlyUint8Array> {
    const key = getAddressEncoder().encode(signed.publicKey);
    const keyOffset = header.fixedSize;
    const signatureOffset = keyOffset + key.length;
    const messageOffset = signatureOffset + signed.signature.length;
    const data = new Uint8Array(messageOffset + signed.bytes.length);
    data.set(
        header.encode({
            count: 1,
            padding: 0,
            signatureOffset,
            signatureInstruction: THIS_INSTRUCTION,
            keyOffset,
            keyInstruction: THIS_INSTRUCTION,
            messageOffset,
            messageBytes: signed.bytes.length,
            messageInstruction: THIS_INSTRUCTION,
        }),
    );
    data.set(key, keyOffset);
    data.set(signed.signature, signatureOffset);
    data.set(signed.bytes, messageOffset);
    return { programAddress: ED25519_PROGRAM_ADDRESS, data };
}
