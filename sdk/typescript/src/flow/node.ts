/** An operator's way into the network: register a node, stake behind it, activate it. And out again. */

import type { Address, Signature, TransactionSigner } from '@solana/kit';
import { getCreateAssociatedTokenIdempotentInstruction } from '@solana-program/token';
import { readNetwork, type Client } from '../client.js';
import { registry, staking } from '../generated/programs.js';
import { findNode, findPosition, findTokenAccount } from '../pda.js';
import { DEFAULT_PRICES_MICRO_USDC } from '../rules/money.js';
import { serviceSet, type PerService, type Service } from '../rules/service.js';
import { send } from '../send.js';
import { countryBytes } from './country.js';
import { getStakeInstructions } from './stake.js';

const ANY_APP = '11111111111111111111111111111111' as Address;

/** What an operator says about a node. */
export type NodeProfile = Readonly<{
    /** Kinds sold. */
    services: readonly Service[];
    /** Micro-USDC a minute for each kind; the network's usual prices unless given. */
    pricesMicroUsdc?: PerService<bigint>;
    /** Country the node stands in, ISO 3166-1 alpha-2. */
    country: string;
    /** Region, at most 32 bytes of printable ASCII. */
    region: string;
    /** URL of the node, at most 128 bytes. */
    endpoint: string;
    /** Sessions served at once, at least 1. */
    capacity: number;
    /** Serves this app alone; any app unless given. */
    privateApp?: Address;
}>;

/**
 * Registers a node as `Pending`: it needs stake and `activateNode` before it gets sessions.
 *
 * The operator pays the rent; operator and node key both sign. `payoutWallet`'s standard token account
 * receives the operator's share and is created if missing; the node key must not own it.
 */
export async function registerNode(
    client: Client,
    input: {
        operator: TransactionSigner;
        nodeKey: TransactionSigner;
        payoutWallet: Address;
        profile: NodeProfile;
    },
): Promise<{ signature: Signature; node: Address; payout: Address }> {
    const { operator, nodeKey, payoutWallet, profile } = input;
    const { paymentMint } = await readNetwork(client);
    const payout = await findTokenAccount(payoutWallet, paymentMint);
    const node = await findNode(nodeKey.address);
    const signature = await send(client, operator, [
        getCreateAssociatedTokenIdempotentInstruction({
            payer: operator,
            owner: payoutWallet,
            mint: paymentMint,
            ata: payout,
        }),
        await registry.getRegisterNodeInstructionAsync({
            operator,
            nodeKey,
            payout,
            profile: {
                services: serviceSet(profile.services),
                pricesMicroUsdc: [...(profile.pricesMicroUsdc ?? DEFAULT_PRICES_MICRO_USDC)],
                country: countryBytes(profile.country),
                region: profile.region,
                endpoint: profile.endpoint,
                capacity: profile.capacity,
                privateApp: profile.privateApp ?? ANY_APP,
            },
        }),
    ]);
    return { signature, node, payout };
}

/**
 * Bonds `amount` units of the stake mint behind the node of `nodeKey`, from the operator's standard
 * token account unless `source` is given. Opens the node's position the first time.
 */
export async function stake(
    client: Client,
    input: { operator: TransactionSigner; nodeKey: Address; amount: bigint; source?: Address },
): Promise<Signature> {
    const { operator, nodeKey, amount } = input;
    const { stakeMint } = await readNetwork(client);
    const source = input.source ?? (await findTokenAccount(operator.address, stakeMint));
    const subject = await findNode(nodeKey);
    const deposit = { owner: operator, subject, mint: stakeMint, source, amount };
    return send(client, operator, await getStakeInstructions(client, deposit));
}

/** Starts the cooldown of `amount` units; below the minimum an active node falls to `Pending`. */
export async function unbond(
    client: Client,
    input: { operator: TransactionSigner; nodeKey: Address; amount: bigint },
): Promise<Signature> {
    const { operator, nodeKey, amount } = input;
    const node = await findNode(nodeKey);
    const position = await findPosition(node);
    const accounts = { owner: operator, subject: node, position };
    return send(client, operator, [
        await staking.getUnbondInstructionAsync({ ...accounts, amount }),
    ]);
}

/**
 * Takes out what has passed its cooldown, to the operator's standard token account unless
 * `destination` is given.
 */
export async function withdrawStake(
    client: Client,
    input: { operator: TransactionSigner; nodeKey: Address; destination?: Address },
): Promise<Signature> {
    const { operator, nodeKey } = input;
    const { stakeMint } = await readNetwork(client);
    const position = await findPosition(await findNode(nodeKey));
    const destination = input.destination ?? (await findTokenAccount(operator.address, stakeMint));
    const accounts = { owner: operator, position, mint: stakeMint, destination };
    return send(client, operator, [await staking.getWithdrawInstructionAsync(accounts)]);
}

async function setStatus(
    client: Client,
    input: { operator: TransactionSigner; nodeKey: Address },
    status: registry.NodeStatus,
): Promise<Signature> {
    const { operator, nodeKey } = input;
    const node = await findNode(nodeKey);
    const accounts = { operator, node };
    return send(client, operator, [registry.getSetNodeStatusInstruction({ ...accounts, status })]);
}

/** Puts a node into service; its stake must be at least the network's minimum. */
export function activateNode(
    client: Client,
    input: { operator: TransactionSigner; nodeKey: Address },
): Promise<Signature> {
    return setStatus(client, input, registry.NodeStatus.Active);
}

/** Takes a node out of service: open sessions are served, new ones refused. */
export function drainNode(
    client: Client,
    input: { operator: TransactionSigner; nodeKey: Address },
): Promise<Signature> {
    return setStatus(client, input, registry.NodeStatus.Draining);
}

/** Ends a node for good: its key cannot be registered again. */
export function exitNode(
    client: Client,
    input: { operator: TransactionSigner; nodeKey: Address },
): Promise<Signature> {
    return setStatus(client, input, registry.NodeStatus.Exited);
}
