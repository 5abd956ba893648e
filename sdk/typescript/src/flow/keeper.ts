/** A keeper's way into the network: register an observer or a settler, bond for it, activate it. */

import type { Address, Signature, TransactionSigner } from '@solana/kit';
import { getCreateAssociatedTokenIdempotentInstruction } from '@solana-program/token';
import { readNetwork, type Client } from '../client.js';
import { registry } from '../generated/programs.js';
import { findKeeper, findTokenAccount, type KeeperRole } from '../pda.js';
import { send } from '../send.js';
import { getStakeInstructions } from './stake.js';

const ROLES = {
    observer: registry.KeeperRole.Observer,
    settler: registry.KeeperRole.Settler,
} as const;

/**
 * Registers a keeper as `Pending`: it needs its stake and `activateKeeper` before it works.
 *
 * The owner pays; the keeper key signs too. What it earns goes to `payoutWallet`'s standard USDC
 * account, which is made if needed. The three keys must differ.
 */
export async function registerKeeper(
    client: Client,
    input: {
        owner: TransactionSigner;
        keeperKey: TransactionSigner;
        role: KeeperRole;
        payoutWallet: Address;
        /** URL where batches or samples are served, at most 128 bytes. */
        endpoint: string;
    },
): Promise<{ signature: Signature; keeper: Address; payout: Address }> {
    const { owner, keeperKey, role, payoutWallet, endpoint } = input;
    const { paymentMint: mint } = await readNetwork(client);
    const payout = await findTokenAccount(payoutWallet, mint);
    const keeper = await findKeeper(role, keeperKey.address);
    const signature = await send(client, owner, [
        getCreateAssociatedTokenIdempotentInstruction({
            payer: owner,
            owner: payoutWallet,
            mint,
            ata: payout,
        }),
        await registry.getRegisterKeeperInstructionAsync({
            owner,
            keeperKey,
            keeper,
            payout,
            role: ROLES[role],
            endpoint,
        }),
    ]);
    return { signature, keeper, payout };
}

/**
 * Bonds `amount` behind a keeper, from the owner's standard token account unless `source` is given:
 * units of the stake mint for an observer, micro-USDC for a settler.
 */
export async function bond(
    client: Client,
    input: {
        owner: TransactionSigner;
        role: KeeperRole;
        keeperKey: Address;
        amount: bigint;
        source?: Address;
    },
): Promise<Signature> {
    const { owner, role, keeperKey, amount } = input;
    const { paymentMint, stakeMint } = await readNetwork(client);
    const mint = role === 'settler' ? paymentMint : stakeMint;
    const source = input.source ?? (await findTokenAccount(owner.address, mint));
    const subject = await findKeeper(role, keeperKey);
    const deposit = { owner, subject, mint, source, amount };
    return send(client, owner, await getStakeInstructions(client, deposit));
}

async function setStatus(
    client: Client,
    input: { owner: TransactionSigner; role: KeeperRole; keeperKey: Address },
    status: registry.KeeperStatus,
): Promise<Signature> {
    const { owner, role, keeperKey } = input;
    const keeper = await findKeeper(role, keeperKey);
    const instruction = registry.getSetKeeperStatusInstruction({ owner, keeper, status });
    return send(client, owner, [instruction]);
}

/** Puts a keeper to work; its stake must be at least the minimum of its role. */
export function activateKeeper(
    client: Client,
    input: { owner: TransactionSigner; role: KeeperRole; keeperKey: Address },
): Promise<Signature> {
    return setStatus(client, input, registry.KeeperStatus.Active);
}

/** Takes a keeper out of work: what it posts is refused until it is activated again. */
export function suspendKeeper(
    client: Client,
    input: { owner: TransactionSigner; role: KeeperRole; keeperKey: Address },
): Promise<Signature> {
    return setStatus(client, input, registry.KeeperStatus.Pending);
}
