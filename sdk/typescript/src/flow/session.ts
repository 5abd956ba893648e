/** Channels between an app and a node, and the sessions on them. */

import type { Address, Signature, TransactionSigner } from '@solana/kit';
import { readChannel, readEscrow, readNode, readSession, type Client } from '../client.js';
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

/** Closes a channel without sessions; the authority gets the rent. */
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
 * meanwhile; what the node asks now unless given.
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
    const { app, node, nextOrdinal } = await readChannel(client, channel);
    const ceilings = input.priceCeilingsMicroUsdc ?? (await readNode(client, node)).pricesMicroUsdc;
    const session = await findSession(channel, nextOrdinal);
    const instruction = settlement.getOpenSessionInstruction({
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
    return { signature: await send(client, authority, [instruction]), session };
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
