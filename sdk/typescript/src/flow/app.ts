/** An app's way into the network: create it, open its escrow, put USDC into it. And take it out again. */

import type { Address, Signature, TransactionSigner } from '@solana/kit';
import { readNetwork, type Client } from '../client.js';
import { registry, settlement } from '../generated/programs.js';
import { findApp, findEscrow, findTokenAccount } from '../pda.js';
import { DEFAULT_PRICES_MICRO_USDC } from '../rules/money.js';
import type { PerService } from '../rules/service.js';
import { send } from '../send.js';
import { countryBytes } from './country.js';

/** The rules an app sets for its sessions. */
export type AppPolicy = Readonly<{
    /** Key that signs vouchers; not the authority's, which should stay offline. */
    voucherSigner: Address;
    /** Unix time in seconds after which no session can be opened with this signer. */
    voucherSignerExpiresAt: bigint;
    /** The most the app pays, micro-USDC a minute; the network's usual prices unless given. */
    priceCeilingsMicroUsdc?: PerService<bigint>;
    /** Countries whose nodes may serve the app, ISO 3166-1 alpha-2; any unless given. */
    countries?: readonly string[];
}>;

function policyArgs(policy: AppPolicy): registry.AppPolicyArgs {
    return {
        voucherSigner: policy.voucherSigner,
        voucherSignerExpiresAt: policy.voucherSignerExpiresAt,
        priceCeilingsMicroUsdc: [...(policy.priceCeilingsMicroUsdc ?? DEFAULT_PRICES_MICRO_USDC)],
        countries: (policy.countries ?? []).map(countryBytes),
    };
}

/** Creates the authority's app number `id` (0 unless given). The authority pays the rent. */
export async function createApp(
    client: Client,
    input: { authority: TransactionSigner; id?: number; policy: AppPolicy },
): Promise<{ signature: Signature; app: Address }> {
    const { authority, id = 0, policy } = input;
    const args = { authority, id, policy: policyArgs(policy) };
    const instruction = await registry.getCreateAppInstructionAsync(args);
    const signature = await send(client, authority, [instruction]);
    return { signature, app: await findApp(authority.address, id) };
}

/** Replaces an app's rules, voucher signer included; open sessions keep theirs. */
export async function updateApp(
    client: Client,
    input: { authority: TransactionSigner; app: Address; policy: AppPolicy },
): Promise<Signature> {
    const { authority, app, policy } = input;
    const args = { authority, app, policy: policyArgs(policy) };
    return send(client, authority, [registry.getUpdateAppInstruction(args)]);
}

/** Opens an app's escrow. The authority pays the rent. */
export async function openEscrow(
    client: Client,
    input: { authority: TransactionSigner; app: Address },
): Promise<{ signature: Signature; escrow: Address }> {
    const { authority, app } = input;
    const { paymentMint } = await readNetwork(client);
    const accounts = { authority, app, paymentMint };
    const instruction = await settlement.getOpenEscrowInstructionAsync(accounts);
    const signature = await send(client, authority, [instruction]);
    return { signature, escrow: await findEscrow(app) };
}

/**
 * Puts `amountMicroUsdc` into an app's escrow, from the depositor's standard token account unless
 * `source` is given. Anyone can deposit for any app.
 */
export async function deposit(
    client: Client,
    input: {
        depositor: TransactionSigner;
        app: Address;
        amountMicroUsdc: bigint;
        source?: Address;
    },
): Promise<Signature> {
    const { depositor, app, amountMicroUsdc } = input;
    const { paymentMint } = await readNetwork(client);
    const source = input.source ?? (await findTokenAccount(depositor.address, paymentMint));
    const escrow = await findEscrow(app);
    const accounts = { depositor, escrow, paymentMint, source };
    const args = { ...accounts, amountMicroUsdc };
    return send(client, depositor, [await settlement.getDepositInstructionAsync(args)]);
}

/** Gives notice of a withdrawal; `withdraw` carries it out once the notice is over. */
export async function requestWithdrawal(
    client: Client,
    input: { authority: TransactionSigner; app: Address; amountMicroUsdc: bigint },
): Promise<Signature> {
    const { authority, app, amountMicroUsdc } = input;
    const escrow = await findEscrow(app);
    const args = { authority, app, escrow, amountMicroUsdc };
    return send(client, authority, [settlement.getRequestWithdrawalInstruction(args)]);
}

/** Takes the notice of a withdrawal back. */
export async function cancelWithdrawal(
    client: Client,
    input: { authority: TransactionSigner; app: Address },
): Promise<Signature> {
    const { authority, app } = input;
    const escrow = await findEscrow(app);
    const accounts = { authority, app, escrow };
    return send(client, authority, [settlement.getCancelWithdrawalInstruction(accounts)]);
}

/**
 * Pays out the amount under notice, or what is left, to the authority's standard token account unless
 * `destination` is given.
 */
export async function withdraw(
    client: Client,
    input: { authority: TransactionSigner; app: Address; destination?: Address },
): Promise<Signature> {
    const { authority, app } = input;
    const { paymentMint } = await readNetwork(client);
    const destination =
        input.destination ?? (await findTokenAccount(authority.address, paymentMint));
    const escrow = await findEscrow(app);
    const accounts = { authority, app, escrow, paymentMint, destination };
    return send(client, authority, [await settlement.getWithdrawInstructionAsync(accounts)]);
}
