/** A settler's minute, from vouchers over the root to the last micro-USDC of a claim. */

import {
    activateKeeper,
    bond,
    buildBatch,
    claimBatch,
    closeBook,
    findBook,
    findEscrow,
    findEscrowVault,
    getClaimInstruction,
    isProgramError,
    leafOf,
    openBook,
    openSession,
    postBatch,
    readBook,
    readKeeper,
    readNetwork,
    readSession,
    readTokenBalance,
    redeemVoucher,
    registerKeeper,
    registry,
    send,
    splitPayment,
    suspendKeeper,
    type Batch,
    type Leaf,
    type Signed,
} from '@heliograph/sdk';
import { generateKeyPairSigner, type Address, type KeyPairSigner } from '@solana/kit';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Cluster } from './cluster.js';
import { activeNode, DAY_SECS, fundedApp, sessionOf, vouch } from './scene.js';

const USDC = 1_000_000n;

describe('minute batches on a cluster', { timeout: 300_000 }, () => {
    let cluster: Cluster;
    before(async () => {
        cluster = await Cluster.start();
    });
    after(() => cluster?.stop());

    /** A settler of its own owner, active, with a book; the next minute can be posted. */
    async function activeSettler() {
        const { client } = cluster;
        const [owner, keeperKey] = [await cluster.wallet(), await generateKeyPairSigner()];
        const payoutWallet = (await generateKeyPairSigner()).address;
        const role = 'settler';
        const endpoint = 'https://settler.example';
        const input = { owner, keeperKey, role, payoutWallet, endpoint } as const;
        const { keeper, payout } = await registerKeeper(client, input);
        const by = { owner, role, keeperKey: keeperKey.address } as const;
        const { params } = await readNetwork(client);
        const bondMicroUsdc = params.settlerBondMinMicroUsdc;
        await cluster.giveUsdc(owner.address, bondMicroUsdc);
        await bond(client, { ...by, amount: bondMicroUsdc - 1n });
        await assert.rejects(activateKeeper(client, by), (error) =>
            isProgramError(error, 'registry', 'StakeBelowMinimum'),
        );
        await bond(client, { ...by, amount: 1n });
        await activateKeeper(client, by);
        const { book } = await openBook(client, { payer: owner, keeperKey });
        assert.equal(book, await findBook(keeperKey.address));
        await cluster.travel(60n);
        return { owner, keeperKey, keeper, payout };
    }

    const minute = async () => (await cluster.now()) / 60n;

    async function leaf(voucher: Signed, parties: { app: Address; node: Address }): Promise<Leaf> {
        const { domainId } = await readNetwork(cluster.client);
        return leafOf(domainId, parties, voucher);
    }

    /** `count` more sessions on a channel. */
    async function sessions(authority: KeyPairSigner, channel: Address, count: number) {
        const found: Address[] = [];
        for (let i = 0; i < count; i++) {
            const { session } = await openSession(cluster.client, {
                authority,
                channel,
                services: ['transcription'],
                capMicroUsdc: USDC,
                expiresAt: (await cluster.now()) + DAY_SECS,
            });
            found.push(session);
        }
        return found;
    }

    it('pay operators, settler and treasury to the unit, once', async () => {
        const { client } = cluster;
        const settler = await activeSettler();
        const [one, two] = [await activeNode(cluster), await activeNode(cluster)];
        const { authority, voucherSigner, app } = await fundedApp(cluster, 10n * USDC);
        const first = await sessionOf(cluster, { authority, app, node: one.node }, USDC);
        const second = await sessionOf(cluster, { authority, app, node: two.node }, USDC);
        // More sessions on one channel than fit one transaction.
        const more = await sessions(authority, first.channel, 12);
        const owed: { channel: Address; session: Address; node: Address; amount: bigint }[] = [
            { ...second, node: two.node, amount: 7_777n },
            { ...first, node: one.node, amount: 13_251n },
            ...more.map((session, i) => ({
                channel: first.channel,
                session,
                node: one.node,
                amount: 1_001n + BigInt(i),
            })),
        ];
        const leaves = await Promise.all(
            owed.map(async ({ node, amount, ...parties }) =>
                leaf(await vouch(cluster, voucherSigner, parties, amount), { app, node }),
            ),
        );
        const batch = await buildBatch(leaves);
        const totalMicroUsdc = owed.reduce((sum, { amount }) => sum + amount, 0n);
        const minuteIndex = await minute();
        const { owner, keeperKey } = settler;
        await postBatch(client, { payer: owner, keeperKey, minuteIndex, batch, totalMicroUsdc });
        const { header, batches } = await readBook(client, keeperKey.address);
        assert.equal(header.exposureMicroUsdc, totalMicroUsdc);
        assert.deepEqual(
            batches.map(({ minuteIndex, count, root }) => [minuteIndex, count, root]),
            [[minuteIndex, leaves.length, batch.root]],
        );

        const payer = await cluster.wallet();
        const claim = { payer, keeperKey: keeperKey.address, minuteIndex, batch };
        await assert.rejects(claimBatch(client, claim), (error) =>
            isProgramError(error, 'settlement', 'ClaimTooEarly'),
        );
        const { params, treasury } = await readNetwork(client);
        await cluster.travel(BigInt(params.challengeWindowSecs) + 1n);
        const vault = await findEscrowVault(await findEscrow(app));
        const balances = async () => ({
            one: await readTokenBalance(client, one.payout),
            two: await readTokenBalance(client, two.payout),
            settler: await readTokenBalance(client, settler.payout),
            treasury: await readTokenBalance(client, treasury),
            vault: await readTokenBalance(client, vault),
        });
        const before = await balances();
        const { signatures, claimedMicroUsdc } = await claimBatch(client, claim);
        assert.ok(signatures.length >= 3, `${signatures.length} transactions`);
        assert.equal(claimedMicroUsdc, totalMicroUsdc);

        const shares = await readSession(client, first.session);
        const split = (amount: bigint) => splitPayment(shares, 0n, amount, { bySettler: true })!;
        const sum = (
            of: (split: ReturnType<typeof splitPayment> & object) => bigint,
            node?: Address,
        ) =>
            owed
                .filter((entry) => node === undefined || entry.node === node)
                .reduce((total, { amount }) => total + of(split(amount)), 0n);
        const now = await balances();
        assert.equal(
            now.one - before.one,
            sum((s) => s.operatorMicroUsdc, one.node),
        );
        assert.equal(
            now.two - before.two,
            sum((s) => s.operatorMicroUsdc, two.node),
        );
        assert.equal(
            now.settler - before.settler,
            sum((s) => s.settlerMicroUsdc),
        );
        assert.equal(
            now.treasury - before.treasury,
            sum((s) => s.treasuryMicroUsdc),
        );
        assert.equal(before.vault - now.vault, totalMicroUsdc);

        // Again: nothing is left to claim, neither here nor by a voucher.
        const again = await claimBatch(client, claim);
        assert.deepEqual([again.signatures, again.claimedMicroUsdc], [[], totalMicroUsdc]);
        const voucher = await vouch(cluster, voucherSigner, second, 7_777n);
        await assert.rejects(redeemVoucher(client, { payer, voucher }), (error) =>
            isProgramError(error, 'settlement', 'VoucherStale'),
        );
        assert.deepEqual(await balances(), now);
    });

    it('pay nothing for a leaf that is not under the root, nor from a settler out of work', async () => {
        const { client } = cluster;
        const { owner, keeperKey, keeper } = await activeSettler();
        const { node } = await activeNode(cluster);
        const { authority, voucherSigner, app } = await fundedApp(cluster, USDC);
        const parties = await sessionOf(cluster, { authority, app, node }, USDC);
        const honest = await leaf(await vouch(cluster, voucherSigner, parties, 5_000n), {
            app,
            node,
        });
        const batch = await buildBatch([honest]);
        const minuteIndex = await minute();
        const post = { payer: owner, keeperKey, minuteIndex, batch, totalMicroUsdc: 5_000n };
        await postBatch(client, post);
        await assert.rejects(postBatch(client, post), (error) =>
            isProgramError(error, 'settlement', 'MinuteOutOfOrder'),
        );
        await cluster.travel(3_601n);

        const payer = await cluster.wallet();
        const raised: Batch = { ...batch, leaves: [{ ...honest, cumulativeMicroUsdc: 5_001n }] };
        const by = { keeperKey: keeperKey.address, minuteIndex };
        await assert.rejects(claimBatch(client, { payer, ...by, batch: raised }), (error) =>
            isProgramError(error, 'settlement', 'ProofInvalid'),
        );
        const range = { channel: parties.channel, first: 0, end: 1 };
        const claim = await getClaimInstruction(client, { ...by, batch, ...range });
        await send(client, payer, [claim]);
        const { totals } = await readSession(client, parties.session);
        assert.equal(totals.paidMicroUsdc, 5_000n);

        await suspendKeeper(client, { owner, role: 'settler', keeperKey: keeperKey.address });
        assert.equal((await readKeeper(client, keeper)).status, registry.KeeperStatus.Pending);
        const next = { ...post, minuteIndex: await minute() };
        await assert.rejects(postBatch(client, next), (error) =>
            isProgramError(error, 'settlement', 'SettlerNotActive'),
        );
        const close = { owner, keeperKey: keeperKey.address };
        await assert.rejects(closeBook(client, close), (error) =>
            isProgramError(error, 'settlement', 'BookInUse'),
        );
        await cluster.travel(2n * DAY_SECS + 6n * 3_600n);
        const before = await client.rpc.getBalance(owner.address).send();
        await closeBook(client, close);
        const after = await client.rpc.getBalance(owner.address).send();
        assert.ok(after.value > before.value, 'the rent comes back');
        await assert.rejects(readBook(client, keeperKey.address), { name: 'MissingAccountError' });
    });

    it('are refused before the chain where no batch can be built', async () => {
        const { node } = await activeNode(cluster);
        const { authority, voucherSigner, app } = await fundedApp(cluster, USDC);
        const parties = await sessionOf(cluster, { authority, app, node }, USDC);
        const twice = await Promise.all(
            [5_000n, 6_000n].map(async (amount) =>
                leaf(await vouch(cluster, voucherSigner, parties, amount), { app, node }),
            ),
        );
        await assert.rejects(buildBatch(twice), RangeError);
        await assert.rejects(buildBatch([]), RangeError);
    });
});
