/** What most flows need before the part that they are about. */

import {
    activateNode,
    createApp,
    deposit,
    openChannel,
    openEscrow,
    openSession,
    readNetwork,
    registerNode,
    stake,
    signMessage,
    voucherType,
    type NodeProfile,
    type Signed,
} from '@heliograph/sdk';
import { generateKeyPairSigner, type Address, type KeyPairSigner } from '@solana/kit';
import type { Cluster } from './cluster.js';

export const PROFILE: NodeProfile = {
    services: ['transcription'],
    country: 'DE',
    region: 'eu',
    endpoint: 'https://node.example',
    capacity: 4,
};

export const DAY_SECS = 86_400n;

/** The present, as the chain counts it. */
export const nowSecs = () => BigInt(Math.floor(Date.now() / 1_000));

/** A node of its own operator, active. */
export async function activeNode(cluster: Cluster) {
    const { client } = cluster;
    const [operator, nodeKey] = [await cluster.wallet(), await generateKeyPairSigner()];
    const payoutWallet = (await generateKeyPairSigner()).address;
    const registered = await registerNode(client, {
        operator,
        nodeKey,
        payoutWallet,
        profile: PROFILE,
    });
    const { params } = await readNetwork(client);
    await cluster.giveStake(operator.address, params.nodeStakeMin);
    await stake(client, { operator, nodeKey: nodeKey.address, amount: params.nodeStakeMin });
    await activateNode(client, { operator, nodeKey: nodeKey.address });
    return { operator, nodeKey, ...registered };
}

/** An app with `depositMicroUsdc` in its escrow. */
export async function fundedApp(cluster: Cluster, depositMicroUsdc: bigint) {
    const { client } = cluster;
    const [authority, voucherSigner] = [await cluster.wallet(), await generateKeyPairSigner()];
    const { app } = await createApp(client, {
        authority,
        policy: {
            voucherSigner: voucherSigner.address,
            voucherSignerExpiresAt: nowSecs() + 30n * DAY_SECS,
        },
    });
    await openEscrow(client, { authority, app });
    const wallet = await cluster.giveUsdc(authority.address, depositMicroUsdc);
    await deposit(client, { depositor: authority, app, amountMicroUsdc: depositMicroUsdc });
    return { authority, voucherSigner, app, wallet };
}

/** A session with a cap, on a channel of its own; the bond that it takes is deposited besides. */
export async function sessionOf(
    cluster: Cluster,
    parties: { authority: KeyPairSigner; app: Address; node: Address },
    capMicroUsdc: bigint,
) {
    const { authority, app } = parties;
    const { channelBondMinMicroUsdc } = (await readNetwork(cluster.client)).params;
    await cluster.giveUsdc(authority.address, channelBondMinMicroUsdc);
    const bond = { depositor: authority, app, amountMicroUsdc: channelBondMinMicroUsdc };
    await deposit(cluster.client, bond);
    const { channel } = await openChannel(cluster.client, parties);
    const { session } = await openSession(cluster.client, {
        authority,
        channel,
        services: ['transcription'],
        capMicroUsdc,
        expiresAt: (await cluster.now()) + DAY_SECS,
    });
    return { channel, session };
}

/** A voucher for a session, by whoever signs. */
export async function vouch(
    cluster: Cluster,
    signer: KeyPairSigner,
    parties: { channel: Address; session: Address },
    cumulativeMicroUsdc: bigint,
): Promise<Signed> {
    const { domainId } = await readNetwork(cluster.client);
    const { channel, session } = parties;
    const receiptHash = new Uint8Array(32).fill(7);
    const voucher = { channel, session, sequence: 0, cumulativeMicroUsdc, receiptHash };
    return signMessage(signer, voucherType, domainId, voucher);
}
