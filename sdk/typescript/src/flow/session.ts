/** Channels between an app and a node, the bonds behind them, and the sessions on them. */

import type { Address, Instruction, Signature, TransactionSigner } from '@solana/kit';
import {
    readChannel,
    readEscrow,
    readNetwork,
    readNode,
    readSession,
    type Client,
} from '../client.js';
import { settlement } from '../generated/programs.js';
import { findChannel, findEscrow, findSession } from '../pda.js';
import { serviceSet, type PerService, type Service } from '../rules/service.js';
import { send } from '../send.js';

/**
 * Opens a channel between an app and a node (the registry account's address). One channel serves any
 * number of sessions.
 */
export async function openChannel(
    client: Client,
    input: { authority: TransactionSigner; app: Address; node: Address },
): Promise<{ signature: Signature; channel: Address }> {
    const { authority, app, node } = input;
    const { nextIncarnation } = await readEscrow(client, app);
    const channel = await findChannel(app, node, nextIncarnation);
    const escrow = await findEscrow(app);
    const accounts = { authority, app, node, escrow, channel };
    const signature = await send(client, authority, [
        settlement.getOpenChannelInstruction(accounts),
    ]);
    return { signature, channel };
}

/**
 * Puts `amountMicroUsdc` of an app's deposit behind a channel: its node is paid from that when the
 * escrow has nothing else left. The more, the more the node serves without being paid in between.
 */
export async function postBond(
    client: Client,
    input: { authority: TransactionSigner; channel: Address; amountMicroUsdc: bigint },
): Promise<Signature> {
    const { authority, channel, amountMicroUsdc } = input;
    const { app } = await readChannel(client, channel);
    const escrow = await findEscrow(app);
    const args = { authority, app, escrow, channel, amountMicroUsdc };
    return send(client, authority, [settlement.getPostBondInstruction(args)]);
}

/**
 * Makes a channel's bond available to the whole escrow again, once none of its vouchers can be
 * redeemed any more (`bondUntil` of the channel), or when all of its sessions are closed.
 */
export async function releaseBond(
    client: Client,
    input: { authority: TransactionSigner; channel: Address },
): Promise<Signature> {
    const { authority, channel } = input;
    const { app } = await readChannel(client, channel);
    const escrow = await findEscrow(app);
    const accounts = { authority, app, escrow, channel };
    return send(client, authority, [settlement.getReleaseBondInstruction(accounts)]);
}

/** Closes a channel without sessions and without a bond; the authority gets the rent. */
export async function closeChannel(
    client: Client,
    input: { authority: TransactionSigner; app: Address; channel: Address },
): Promise<Signature> {
    return send(client, input.authority, [settlement.getCloseChannelInstruction(input)]);
}

/**
 * Opens a session on a channel: services, prices, cap, expiry and signer are fixed from then on.
 *
 * The node's price is taken up to `priceCeilingsMicroUsdc`, which guard against a price raised
 * meanwhile; what the node asks now unless given. What the channel's bond lacks of what the network
 * asks for is posted in the same transaction.
 */
export async function openSession(
    client: Client,
    input: {
        authority: TransactionSigner;
        channel: Address;
        /** Kinds bought, at least one. */
        services: readonly Service[];
        /** The most the session may cost in all; micro-USDC. */
        capMicroUsdc: bigint;
        /** Unix time in seconds at which service ends. */
        expiresAt: bigint;
        /** The most it pays for each kind, micro-USDC a minute. */
        priceCeilingsMicroUsdc?: PerService<bigint>;
    },
): Promise<{ signature: Signature; session: Address }> {
    const { authority, channel, services, capMicroUsdc, expiresAt } = input;
    const { app, node, nextOrdinal, bondMicroUsdc } = await readChannel(client, channel);
    const { channelBondMinMicroUsdc } = (await readNetwork(client)).params;
    const ceilings = input.priceCeilingsMicroUsdc ?? (await readNode(client, node)).pricesMicroUsdc;
    const session = await findSession(channel, nextOrdinal);
    const open = settlement.getOpenSessionInstruction({
        authority,
        app,
        node,
        channel,
        session,
        services: serviceSet(services),
        priceCeilingsMicroUsdc: [...ceilings],
        capMicroUsdc,
        expiresAt,
    });
    const instructions: Instruction[] = [open];
    const amountMicroUsdc = channelBondMinMicroUsdc - bondMicroUsdc;
    if (amountMicroUsdc > 0n) {
        const escrow = await findEscrow(app);
        const args = { authority, app, escrow, channel, amountMicroUsdc };
        instructions.unshift(settlement.getPostBondInstruction(args));
    }
    return { signature: await send(client, authority, instructions), session };
}

/** Ends a session now; its vouchers can be redeemed for the network's grace time. */
export async function endSession(
    client: Client,
    input: { authority: TransactionSigner; session: Address },
): Promise<Signature> {
    const { authority, session } = input;
    const { app } = await readSession(client, session);
    const accounts = { authority, app, session };
    return send(client, authority, [settlement.getEndSessionInstruction(accounts)]);
}

/** Closes a session whose vouchers can no longer be redeemed. Anyone can; the rent goes to its payer. */
export async function closeSession(
    client: Client,
    input: { payer: TransactionSigner; session: Address },
): Promise<Signature> {
    const { payer, session } = input;
    const { channel, rentPayer } = await readSession(client, session);
    const accounts = { rentPayer, channel, session };
    return send(client, payer, [settlement.getCloseSessionInstruction(accounts)]);
}
