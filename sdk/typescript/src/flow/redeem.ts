/** A node's way to its money without anyone's permission: its newest voucher. */

import type { Address, Instruction, Signature, TransactionSigner } from '@solana/kit';
import { readNetwork, readNode, readSession, type Client } from '../client.js';
import { getEd25519Instruction } from '../ed25519.js';
import { settlement } from '../generated/programs.js';
import { decodeMessage } from '../message/message.js';
import type { Signed } from '../message/signed.js';
import { voucherType, type Voucher } from '../message/voucher.js';
import { findEscrow } from '../pda.js';
import { send } from '../send.js';

/** The voucher in `signed`; says nothing about its signature, which the precompile checks. */
async function readVoucher(client: Client, signed: Signed): Promise<Voucher> {
    const { domainId } = await readNetwork(client);
    return decodeMessage(voucherType, domainId, signed.bytes);
}

/**
 * The two instructions that pay a voucher to its `session`, in the order they must have: the
 * precompile's check of the signature, then the redeem. Together with others they must stay next to
 * each other.
 */
export async function getRedeemVoucherInstructions(
    client: Client,
    session: Address,
    voucher: Signed,
): Promise<[Instruction, Instruction]> {
    const { paymentMint, treasury } = await readNetwork(client);
    const { app, node, channel } = await readSession(client, session);
    const { payout } = await readNode(client, node);
    const redeem = await settlement.getRedeemVoucherInstructionAsync({
        node,
        escrow: await findEscrow(app),
        channel,
        session,
        payout,
        treasury,
        paymentMint,
    });
    return [getEd25519Instruction(voucher), redeem];
}

/**
 * Pays what a voucher promises beyond what its session has settled: to the operator's payout account
 * and the treasury. Anyone can send it; `payer` pays the fee. The session is the one that the voucher
 * names unless another is given.
 *
 * Refusals are `ProgramError`s of the settlement program, such as `VoucherStale`, `VoucherOverCap`,
 * `OtherVoucherSigner`. Returns the micro-USDC the session has settled and paid in all afterwards.
 */
export async function redeemVoucher(
    client: Client,
    input: { payer: TransactionSigner; voucher: Signed; session?: Address },
): Promise<{ signature: Signature; settledMicroUsdc: bigint; paidMicroUsdc: bigint }> {
    const { payer, voucher } = input;
    const session = input.session ?? (await readVoucher(client, voucher)).session;
    const instructions = await getRedeemVoucherInstructions(client, session, voucher);
    const signature = await send(client, payer, instructions);
    const { totals } = await readSession(client, session);
    return { signature, ...totals };
}
