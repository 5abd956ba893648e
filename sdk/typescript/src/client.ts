/** The way to a cluster, and the accounts on it. */

import {
    createSolanaRpc,
    type Address,
    type MaybeAccount,
    type Rpc,
    type SolanaRpcApi,
} from '@solana/kit';
import { MissingAccountError } from './errors.js';
import { registry, settlement } from './generated/programs.js';
import { findEscrow, findNetwork } from './pda.js';

/** A cluster. Everything that reads or writes takes it first. */
export type Client = Readonly<{
    rpc: Rpc<SolanaRpcApi>;
}>;

/** A client of the cluster at `rpcUrl`, or over an RPC of your own. */
export function createClient(options: { rpcUrl: string } | { rpc: Rpc<SolanaRpcApi> }): Client {
    return { rpc: 'rpc' in options ? options.rpc : createSolanaRpc(options.rpcUrl) };
}

/** What was executed counts once the cluster has confirmed it. */
export const COMMITMENT = { commitment: 'confirmed' } as const;

async function existing<T extends object>(
    what: string,
    fetched: Promise<MaybeAccount<T>>,
): Promise<T> {
    const account = await fetched;
    if (!account.exists) throw new MissingAccountError(what, account.address);
    return account.data;
}

/** The network: its mints, treasury, parameters, and the `domainId` that ties signatures to it. */
export async function readNetwork(client: Client): Promise<registry.Network> {
    const address = await findNetwork();
    return existing('network', registry.fetchMaybeNetwork(client.rpc, address, COMMITMENT));
}

/** The registry account of a node, by its address (`findNode`). */
export function readNode(client: Client, node: Address): Promise<registry.Node> {
    return existing('node', registry.fetchMaybeNode(client.rpc, node, COMMITMENT));
}

/** An observer or a settler, by its address (`findKeeper`). */
export function readKeeper(client: Client, keeper: Address): Promise<registry.Keeper> {
    return existing('keeper', registry.fetchMaybeKeeper(client.rpc, keeper, COMMITMENT));
}

/** An app, by its address (`findApp`). */
export function readApp(client: Client, app: Address): Promise<registry.App> {
    return existing('app', registry.fetchMaybeApp(client.rpc, app, COMMITMENT));
}

/** The escrow of the app at `app`. */
export async function readEscrow(client: Client, app: Address): Promise<settlement.Escrow> {
    const address = await findEscrow(app);
    return existing('escrow', settlement.fetchMaybeEscrow(client.rpc, address, COMMITMENT));
}

/** A channel. */
export function readChannel(client: Client, channel: Address): Promise<settlement.Channel> {
    return existing('channel', settlement.fetchMaybeChannel(client.rpc, channel, COMMITMENT));
}

/** A session. */
export function readSession(client: Client, session: Address): Promise<settlement.Session> {
    return existing('session', settlement.fetchMaybeSession(client.rpc, session, COMMITMENT));
}

/** What an escrow holds that is not yet settled and no channel's bond; micro-USDC. */
export function escrowAvailableMicroUsdc(escrow: settlement.Escrow): bigint {
    const { depositedMicroUsdc, withdrawnMicroUsdc, totals, bondedMicroUsdc } = escrow;
    return depositedMicroUsdc - withdrawnMicroUsdc - totals.settledMicroUsdc - bondedMicroUsdc;
}

/** What a token account holds, in units of its mint; 0 if there is no such account. */
export async function readTokenBalance(client: Client, tokenAccount: Address): Promise<bigint> {
    const config = { ...COMMITMENT, encoding: 'jsonParsed' } as const;
    const { value } = await client.rpc.getAccountInfo(tokenAccount, config).send();
    if (value === null) return 0n;
    const data = value.data as { parsed?: { info?: { tokenAmount?: { amount: string } } } };
    const amount = data.parsed?.info?.tokenAmount?.amount;
    if (amount === undefined) throw new TypeError(`${tokenAccount} is no token account`);
    return BigInt(amount);
}
