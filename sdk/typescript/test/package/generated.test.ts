/** The package itself: that it holds what the programs' descriptions say, and nothing it should not. */

import {
    findApp,
    findChannel,
    findEscrow,
    findEscrowVault,
    findNetwork,
    findNode,
    findPosition,
    findSession,
    findStakeVault,
    PROGRAM_ADDRESSES,
    PROGRAM_ERRORS,
    registry,
    settlement,
    staking,
} from '@heliograph/sdk';
import { generateKeyPairSigner, getProgramDerivedAddress, type Address } from '@solana/kit';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
const IDL = path.join(PACKAGE, '../../idl');
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

describe('generated clients', () => {
    it('are the same bytes at every run, and those that were compiled', () => {
        const folder = mkdtempSync(path.join(tmpdir(), 'heliograph-generated-'));
        try {
            const again = path.join(folder, 'generated');
            const script = path.join(PACKAGE, 'scripts/generate.mjs');
            execFileSync(process.execPath, [script, again], { stdio: 'pipe' });
            const files = (root: string) =>
                readdirSync(root, { recursive: true, withFileTypes: true })
                    .filter((entry) => entry.isFile())
                    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
                    .sort();
            const compiled = path.join(PACKAGE, 'src/generated');
            assert.deepEqual(files(again), files(compiled));
            for (const file of files(again)) {
                const [left, right] = [again, compiled].map((root) => path.join(root, file));
                assert.deepEqual(readFileSync(left!), readFileSync(right!), file);
            }
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it('name every program and every error of idl/', () => {
        const idls = readdirSync(IDL).map((file) => read(path.join(IDL, file)));
        assert.equal(idls.length, Object.keys(PROGRAM_ADDRESSES).length);
        for (const idl of idls) {
            const [name] = Object.entries(PROGRAM_ADDRESSES).find(
                ([, key]) => key === idl.address,
            )!;
            const errors = PROGRAM_ERRORS[name as keyof typeof PROGRAM_ERRORS] as object;
            const found = Object.entries(errors).map(([code, error]) => [Number(code), error.name]);
            assert.deepEqual(
                found,
                idl.errors.map((error: { code: number; name: string }) => [error.code, error.name]),
            );
        }
    });
});

describe('addresses', () => {
    it('agree with the generated ones where there are any', async () => {
        const [authority, other] = [await generateKeyPairSigner(), await generateKeyPairSigner()];
        const key = authority.address;
        const same = async (left: Promise<string>, right: Promise<readonly [string, number]>) =>
            assert.equal(await left, (await right)[0]);
        await same(findNetwork(), registry.findNetworkPda());
        await same(findNode(key), registry.findNodePda({ nodeKey: key }));
        await same(findApp(key, 7), registry.findAppPda({ authority: key, id: 7 }));
        await same(findPosition(key), staking.findPositionPda({ subject: key }));
        await same(findStakeVault(key), staking.findVaultPda({ position: key }));
        await same(findEscrow(key), settlement.findEscrowPda({ app: key }));
        await same(findEscrowVault(key), settlement.findVaultPda({ escrow: key }));
        const channels = [0n, 1n, 256n].map((n) => findChannel(key, other.address, n));
        const sessions = [0n, 1n, 256n].map((n) => findSession(key, n));
        const all = await Promise.all([...channels, ...sessions, findApp(key), findApp(key, 256)]);
        assert.equal(new Set(all).size, all.length);
    });

    it('of the events’ accounts are filled in', async () => {
        type Build = (accounts: never) => { accounts: readonly unknown[] };
        const instructions: [Address, Build][] = [
            [PROGRAM_ADDRESSES.settlement, settlement.getCloseSessionInstruction],
            [PROGRAM_ADDRESSES.settlement, settlement.getCloseChannelInstruction],
        ];
        for (const [program, instruction] of instructions) {
            const signer = await generateKeyPairSigner();
            const some = signer.address;
            const accounts = {
                authority: signer,
                app: some,
                channel: some,
                session: some,
                rentPayer: some,
            };
            const { accounts: metas } = instruction(accounts as never);
            const seeds = ['__event_authority'];
            const [authority] = await getProgramDerivedAddress({ programAddress: program, seeds });
            const last = (metas as { address: string }[]).slice(-2).map(({ address }) => address);
            assert.deepEqual(last, [authority, program]);
        }
    });
});

describe('compiled package', () => {
    const dist = path.join(PACKAGE, 'dist');
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
        file.endsWith('.js'),
    );

    it('imports what browsers have too: itself and the packages it names', () => {
        const named = [
            '@solana/kit',
            '@solana/kit/program-client-core',
            '@solana-program/system',
            '@solana-program/token',
        ];
        assert.ok(files.length > 0);
        for (const file of files) {
            const text = readFileSync(path.join(dist, file), 'utf8');
            for (const [, target] of text.matchAll(/(?:from|import\() ?["']([^"']+)["']/g)) {
                assert.ok(target!.startsWith('.') || named.includes(target!), `${file}: ${target}`);
            }
            assert.doesNotMatch(text, /\b(?:process|Buffer|require|__dirname)\b[.(\[]/, file);
        }
    });
});

describe('dependencies', () => {
    const lock = read(path.join(PACKAGE, 'package-lock.json'));
    const packages = Object.entries<{ license?: string; resolved?: string; integrity?: string }>(
        lock.packages,
    ).filter(([name]) => name !== '');

    it('have licences that allow use in any project', () => {
        const allowed = [
            'MIT',
            'Apache-2.0',
            'ISC',
            'BSD-2-Clause',
            'BSD-3-Clause',
            'MIT OR Apache-2.0',
        ];
        assert.ok(packages.length > 0);
        const others = packages.filter(([, entry]) => !allowed.includes(entry.license ?? ''));
        assert.deepEqual(
            others.map(([name, { license }]) => [name, license]),
            [],
        );
    });

    it('are locked by their hash, and to no registry', () => {
        for (const [name, entry] of packages) {
            assert.equal(entry.resolved, undefined, name);
            assert.ok(entry.integrity, name);
        }
    });
});
