/** A real cluster with the programs and an initialised network, in a process of its own. */

import { createClient, findTokenAccount, readNetwork, send, type Client } from '@heliograph/sdk';
import {
    createKeyPairSignerFromBytes,
    generateKeyPairSigner,
    lamports,
    type Address,
    type KeyPairSigner,
} from '@solana/kit';
import {
    getCreateAssociatedTokenIdempotentInstruction,
    getMintToInstruction,
} from '@solana-program/token';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const REPO = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../../..');
const TARGET = process.env['CARGO_TARGET_DIR'] ?? path.join(REPO, 'target');
/** The command that starts a cluster; built beforehand, see the package's README. */
const HELIOGRAPH = process.env['HELIOGRAPH_BIN'] ?? path.join(TARGET, 'debug/heliograph');
const PROGRAMS = path.join(REPO, 'target/deploy');

/** A debug build on a busy machine takes some seconds. */
const START_LIMIT_MS = 120_000;
const POLL_MS = 100;
const CLOCK = 'SysvarC1ock11111111111111111111111111111111' as Address;
const WALLET_LAMPORTS = lamports(10_000_000_000n);

/** A running network, and the purse that fills wallets on it. */
export class Cluster {
    private constructor(
        readonly rpcUrl: string,
        readonly client: Client,
        private readonly process: ChildProcess,
        /** Authority of both mints. */
        private readonly deployer: KeyPairSigner,
    ) {}

    static async start(): Promise<Cluster> {
        const child = spawn(
            HELIOGRAPH,
            ['--json', 'up', '--chain-only', '--rpc-port', '0', '--programs', PROGRAMS],
            {
                stdio: ['ignore', 'pipe', 'pipe'],
            },
        );
        const { rpc_url: rpcUrl, keys } = await firstDocument(child);
        const keypair = JSON.parse(await readFile(path.join(keys, 'deployer.json'), 'utf8'));
        const deployer = await createKeyPairSignerFromBytes(Uint8Array.from(keypair));
        return new Cluster(rpcUrl, createClient({ rpcUrl }), child, deployer);
    }

    /** Ends the cluster and waits until it has. */
    async stop(): Promise<void> {
        if (this.process.exitCode !== null) return;
        const ended = new Promise((resolve) => this.process.once('exit', resolve));
        this.process.kill('SIGTERM');
        await ended;
    }

    /** The cluster's time, as programs read it; Unix seconds. */
    async now(): Promise<bigint> {
        const config = { commitment: 'confirmed', encoding: 'base64' } as const;
        const { value } = await this.client.rpc.getAccountInfo(CLOCK, config).send();
        return Buffer.from(value!.data[0], 'base64').readBigInt64LE(32);
    }

    /** Lets `secs` pass on the cluster. */
    async travel(secs: bigint): Promise<void> {
        const target = (await this.now()) + secs;
        const response = await fetch(this.rpcUrl, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
                jsonrpc: '2.0',
                id: 1,
                method: 'surfnet_timeTravel',
                params: [{ absoluteTimestamp: Number(target + 1n) * 1_000 }],
            }),
        });
        const { error } = (await response.json()) as { error?: { data?: string } };
        if (error !== undefined) throw new Error(`no time travel: ${error.data}`);
        while ((await this.now()) < target) {
            await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        }
    }

    /** A new wallet with lamports for rent and fees. */
    async wallet(): Promise<KeyPairSigner> {
        const wallet = await generateKeyPairSigner();
        await this.client.rpc.requestAirdrop(wallet.address, WALLET_LAMPORTS).send();
        for (;;) {
            const config = { commitment: 'confirmed' } as const;
            const { value } = await this.client.rpc.getBalance(wallet.address, config).send();
            if (value > 0n) return wallet;
            await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        }
    }

    /** Gives `owner` tokens for staking; returns the account. */
    async giveStake(owner: Address, amount: bigint): Promise<Address> {
        return this.give((await readNetwork(this.client)).stakeMint, owner, amount);
    }

    /** Gives `owner` micro-USDC; returns the account. */
    async giveUsdc(owner: Address, amountMicroUsdc: bigint): Promise<Address> {
        return this.give((await readNetwork(this.client)).paymentMint, owner, amountMicroUsdc);
    }

    private async give(mint: Address, owner: Address, amount: bigint): Promise<Address> {
        const { client, deployer } = this;
        const account = await findTokenAccount(owner, mint);
        await send(client, deployer, [
            getCreateAssociatedTokenIdempotentInstruction({
                payer: deployer,
                owner,
                mint,
                ata: account,
            }),
            getMintToInstruction({ mint, token: account, mintAuthority: deployer, amount }),
        ]);
        return account;
    }
}

/** What the command prints once the network is up; its own words if it ends instead. */
function firstDocument(child: ChildProcess): Promise<{ rpc_url: string; keys: string }> {
    return new Promise((resolve, reject) => {
        let [stdout, stderr] = ['', ''];
        const fail = (reason: string) => {
            child.kill('SIGKILL');
            reject(new Error(`${HELIOGRAPH}: ${reason}\n${stdout}${stderr}`));
        };
        const timer = setTimeout(() => fail('no network within two minutes'), START_LIMIT_MS);
        child.stdout!.setEncoding('utf8').on('data', (text: string) => {
            stdout += text;
            try {
                resolve(JSON.parse(stdout));
                clearTimeout(timer);
            } catch {
                // Not all of it is there yet.
            }
        });
        child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
        child.on('error', (error) => fail(error.message));
        child.on('exit', (code) => {
            clearTimeout(timer);
            reject(new Error(`${HELIOGRAPH} ended (${code})\n${stdout}${stderr}`));
        });
    });
}
