/** From an operator's registration to the last micro-USDC of a redeem, on a real cluster. */

import {
    closeChannel,
    closeSession,
    deposit,
    endSession,
    escrowAvailableMicroUsdc,
    findEscrow,
    findEscrowVault,
    findPosition,
    findStakeVault,
    cancelWithdrawal,
    drainNode,
    exitNode,
    isProgramError,
    MessageError,
    MissingAccountError,
    openChannel,
    openSession,
    postBond,
    PROGRAM_ADDRESSES,
    ProgramError,
    readChannel,
    readEscrow,
    readNetwork,
    readNode,
    readSession,
    readTokenBalance,
    redeemVoucher,
    registerNode,
    registry,
    releaseBond,
    requestWithdrawal,
    settlementOf,
    splitPayment,
    stake,
    unbond,
    withdraw,
    withdrawStake,
    activateNode,
    signMessage,
    voucherType,
} from '@heliograph/sdk';
import { generateKeyPairSigner } from '@solana/kit';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Cluster } from './cluster.js';
import { activeNode, fundedApp, PROFILE, sessionOf, vouch } from './scene.js';

describe('on a cluster', { timeout: 300_000 }, () => {
    let cluster: Cluster;
    before(async () => {
        cluster = await Cluster.start();
    });
    after(() => cluster?.stop());

    const refused =
        (program: 'registry' | 'staking' | 'settlement', name: string) => (error: unknown) => {
            assert.ok(error instanceof ProgramError, String(error));
            assert.equal(error.programAddress, PROGRAM_ADDRESSES[program]);
            assert.equal(error.errorName, name);
            assert.ok(isProgramError(error, program, name as never));
            assert.ok(
                error.message.startsWith(`${program}: ${name} (${error.code}): `),
                error.message,
            );
            return true;
        };

    it('a node registers, stakes, serves and leaves', async () => {
        const { client } = cluster;
        const [operator, nodeKey] = [await cluster.wallet(), await generateKeyPairSigner()];
        const payoutWallet = (await generateKeyPairSigner()).address;
        const input = { operator, nodeKey, payoutWallet, profile: PROFILE };
        const { node, payout } = await registerNode(client, input);
        let account = await readNode(client, node);
        assert.equal(account.status, registry.NodeStatus.Pending);
        assert.deepEqual(
            [account.operator, account.nodeKey, account.payout, account.endpoint],
            [operator.address, nodeKey.address, payout, PROFILE.endpoint],
        );
        assert.equal(await readTokenBalance(client, payout), 0n);

        const { params } = await readNetwork(client);
        const minimum = params.nodeStakeMin;
        const wallet = await cluster.giveStake(operator.address, minimum + 5n);
        const by = { operator, nodeKey: nodeKey.address };
        await stake(client, { ...by, amount: minimum - 1n });
        await assert.rejects(activateNode(client, by), refused('registry', 'StakeBelowMinimum'));
        await stake(client, { ...by, amount: 1n });
        await activateNode(client, by);
        account = await readNode(client, node);
        assert.deepEqual([account.status, account.stake], [registry.NodeStatus.Active, minimum]);
        const vault = await findStakeVault(await findPosition(node));
        assert.equal(await readTokenBalance(client, vault), minimum);
        assert.equal(await readTokenBalance(client, wallet), 5n);

        await drainNode(client, by);
        await unbond(client, { ...by, amount: minimum });
        await assert.rejects(withdrawStake(client, by), refused('staking', 'NothingMatured'));
        await exitNode(client, by);
        account = await readNode(client, node);
        assert.deepEqual([account.status, account.stake], [registry.NodeStatus.Exited, 0n]);
    });

    it('a stranger can neither activate a node nor stake behind it', async () => {
        const { client } = cluster;
        const { nodeKey } = await activeNode(cluster);
        const stranger = { operator: await cluster.wallet(), nodeKey: nodeKey.address };
        await assert.rejects(drainNode(client, stranger), refused('registry', 'NotOperator'));
        const staked = () => stake(client, { ...stranger, amount: 1n });
        await assert.rejects(staked(), refused('staking', 'AccountNotInitialized'));
        await cluster.giveStake(stranger.operator.address, 1n);
        await assert.rejects(staked(), refused('staking', 'NotOwner'));
    });

    it('vouchers pay operator and treasury to the unit, replays pay nobody', async () => {
        const { client } = cluster;
        const { node, payout } = await activeNode(cluster);
        const { authority, voucherSigner, app, wallet } = await fundedApp(cluster, 1_000_000n);
        const { treasury } = await readNetwork(client);
        const vault = await findEscrowVault(await findEscrow(app));
        const parties = await sessionOf(cluster, { authority, app, node }, 13_250n);
        const payer = await cluster.wallet();
        const balances = async () => ({
            operator: await readTokenBalance(client, payout),
            treasury: await readTokenBalance(client, treasury),
            vault: await readTokenBalance(client, vault),
            wallet: await readTokenBalance(client, wallet),
        });
        const first = await balances();
        const { channelBondMinMicroUsdc: bond } = (await readNetwork(client)).params;
        assert.deepEqual([first.vault, first.wallet], [1_000_000n + bond, 0n]);

        // Uneven amounts: shares are rounded, and the parts must still add up.
        let paidMicroUsdc = 0n;
        for (const cumulative of [5_001n, 10_003n, 13_250n]) {
            const voucher = await vouch(cluster, voucherSigner, parties, cumulative);
            const shares = await readSession(client, parties.session);
            const before = await balances();
            const done = await redeemVoucher(client, { payer, voucher });
            assert.deepEqual([done.settledMicroUsdc, done.paidMicroUsdc], [cumulative, cumulative]);
            const split = splitPayment(shares, paidMicroUsdc, cumulative, { bySettler: false });
            const now = await balances();
            assert.equal(now.operator - before.operator, split!.operatorMicroUsdc);
            assert.equal(now.treasury - before.treasury, split!.treasuryMicroUsdc);
            assert.equal(before.vault - now.vault, cumulative - paidMicroUsdc);
            paidMicroUsdc = cumulative;

            const replayed = redeemVoucher(client, { payer, voucher });
            await assert.rejects(replayed, refused('settlement', 'VoucherStale'));
            assert.deepEqual(await balances(), now);
        }
        const last = await balances();
        // 75 % of 13,250 is 9,937.5: the operator's part is rounded down once, not three times.
        assert.equal(last.operator - first.operator, 9_937n);
        assert.equal(last.treasury - first.treasury, 3_313n);
        const escrow = await readEscrow(client, app);
        assert.equal(escrowAvailableMicroUsdc(escrow), 1_000_000n - 13_250n);
    });

    it('vouchers that promise too much, or are another signer’s, pay nobody', async () => {
        const { client } = cluster;
        const { node, payout } = await activeNode(cluster);
        const { authority, voucherSigner, app } = await fundedApp(cluster, 1_000_000n);
        const parties = await sessionOf(cluster, { authority, app, node }, 10_000n);
        const other = await sessionOf(cluster, { authority, app, node }, 10_000n);
        const payer = await cluster.wallet();
        const redeem = async (signer: typeof payer, amount: bigint, session = parties.session) =>
            redeemVoucher(client, {
                payer,
                voucher: await vouch(cluster, signer, parties, amount),
                session,
            });

        await assert.rejects(
            redeem(voucherSigner, 10_001n),
            refused('settlement', 'VoucherOverCap'),
        );
        await assert.rejects(
            redeem(authority, 5_000n),
            refused('settlement', 'OtherVoucherSigner'),
        );
        await assert.rejects(redeem(payer, 5_000n), refused('settlement', 'OtherVoucherSigner'));
        await assert.rejects(
            redeem(voucherSigner, 5_000n, other.session),
            refused('settlement', 'VoucherOtherChannel'),
        );
        assert.equal(await readTokenBalance(client, payout), 0n);
        assert.equal((await readSession(client, parties.session)).totals.settledMicroUsdc, 0n);

        await redeem(voucherSigner, 10_000n);
        assert.equal(await readTokenBalance(client, payout), 7_500n);
    });

    it('changed bytes, a foreign network and a missing session are refused before the chain', async () => {
        const { client } = cluster;
        const { node } = await activeNode(cluster);
        const { authority, voucherSigner, app } = await fundedApp(cluster, 1_000_000n);
        const parties = await sessionOf(cluster, { authority, app, node }, 10_000n);
        const payer = await cluster.wallet();

        const voucher = await vouch(cluster, voucherSigner, parties, 5_000n);
        const bytes = Uint8Array.from(voucher.bytes);
        // The amount's lowest byte: the precompile refuses what the signer has not signed.
        bytes[44 + 32 + 32 + 4]! += 1;
        const changed = redeemVoucher(client, { payer, voucher: { ...voucher, bytes } });
        await assert.rejects(changed, (error: Error) => {
            assert.ok(!(error instanceof MessageError));
            return true;
        });

        const foreign = await signMessage(voucherSigner, voucherType, new Uint8Array(32), {
            ...parties,
            sequence: 0,
            cumulativeMicroUsdc: 5_000n,
            receiptHash: new Uint8Array(32),
        });
        const elsewhere = redeemVoucher(client, { payer, voucher: foreign });
        await assert.rejects(elsewhere, { name: 'MessageError', fault: 'domain' });
        // Sent all the same, the program refuses it too.
        const sent = redeemVoucher(client, { payer, voucher: foreign, session: parties.session });
        await assert.rejects(sent, refused('settlement', 'NotAVoucher'));

        const session = (await generateKeyPairSigner()).address;
        const missing = redeemVoucher(client, { payer, voucher, session });
        await assert.rejects(missing, (error) => {
            assert.ok(error instanceof MissingAccountError);
            assert.deepEqual([error.what, error.address], ['session', session]);
            return true;
        });
        await redeemVoucher(client, { payer, voucher });
    });

    it('a short escrow settles what it and the bond hold, and a withdrawal waits out its notice', async () => {
        const { client } = cluster;
        const { node, payout } = await activeNode(cluster);
        const { authority, voucherSigner, app } = await fundedApp(cluster, 4_000n);
        const parties = await sessionOf(cluster, { authority, app, node }, 2_000_000n);
        const { channel } = parties;
        const { channelBondMinMicroUsdc: bond } = (await readNetwork(client)).params;
        const payer = await cluster.wallet();

        const by = { authority, app };
        const all = { ...by, amountMicroUsdc: 4_001n };
        await assert.rejects(
            requestWithdrawal(client, all),
            refused('settlement', 'AmountAboveBalance'),
        );
        await requestWithdrawal(client, { ...by, amountMicroUsdc: 4_000n });
        await assert.rejects(withdraw(client, by), refused('settlement', 'WithdrawalNotDue'));
        await cancelWithdrawal(client, by);
        await assert.rejects(
            cancelWithdrawal(client, by),
            refused('settlement', 'NoWithdrawalPending'),
        );

        const inUse = releaseBond(client, { authority, channel });
        await assert.rejects(inUse, refused('settlement', 'BondInUse'));
        const before = await readSession(client, parties.session);
        const state = {
            settledMicroUsdc: before.totals.settledMicroUsdc,
            capMicroUsdc: before.capMicroUsdc,
        };
        const foretold = settlementOf(state, 4_000n, 2_000_000n, bond);
        const voucher = await vouch(cluster, voucherSigner, parties, 2_000_000n);
        const { settledMicroUsdc } = await redeemVoucher(client, { payer, voucher });
        assert.equal(settledMicroUsdc, 4_000n + bond);
        assert.deepEqual(foretold, {
            settlesMicroUsdc: settledMicroUsdc,
            fromBondMicroUsdc: bond,
        });
        assert.equal(await readTokenBalance(client, payout), (settledMicroUsdc * 3n) / 4n);
        assert.equal((await readChannel(client, channel)).bondMicroUsdc, 0n);
        const empty = redeemVoucher(client, { payer, voucher });
        await assert.rejects(empty, refused('settlement', 'EscrowEmpty'));

        // A bond that was drawn on has to be there again before the next session.
        const next = async () =>
            openSession(client, {
                authority,
                channel,
                services: ['transcription'],
                capMicroUsdc: 1_000n,
                expiresAt: (await cluster.now()) + 3_600n,
            });
        await assert.rejects(next(), refused('settlement', 'AmountAboveBalance'));
        await cluster.giveUsdc(authority.address, bond + 7n);
        await deposit(client, { depositor: authority, app, amountMicroUsdc: bond + 7n });
        await postBond(client, { authority, channel, amountMicroUsdc: 7n });
        await next();
        const escrow = await readEscrow(client, app);
        assert.deepEqual([escrow.bondedMicroUsdc, escrowAvailableMicroUsdc(escrow)], [bond, 7n]);

        const idle = await openChannel(client, { authority, app, node });
        await postBond(client, { authority, channel: idle.channel, amountMicroUsdc: 7n });
        const bonded = closeChannel(client, { authority, app, channel: idle.channel });
        await assert.rejects(bonded, refused('settlement', 'ChannelBonded'));
        await releaseBond(client, { authority, channel: idle.channel });
        await closeChannel(client, { authority, app, channel: idle.channel });

        const { session } = parties;
        await endSession(client, { authority, session });
        const early = closeSession(client, { payer, session });
        await assert.rejects(early, refused('settlement', 'SessionRedeemable'));
    });
});
