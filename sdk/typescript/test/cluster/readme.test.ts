/** The README's example, on a real cluster. */

import {
    createApp,
    createClient,
    deposit,
    isProgramError,
    openChannel,
    openEscrow,
    openSession,
    readNetwork,
    redeemVoucher,
    signMessage,
    voucherType,
} from '@heliograph/sdk';
import { generateKeyPairSigner } from '@solana/kit';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Cluster } from './cluster.js';
import { activeNode, DAY_SECS, nowSecs } from './scene.js';

const README = new URL('../../../README.md', import.meta.url);
const THIS = new URL('../../../test/cluster/readme.test.ts', import.meta.url);

describe('README', { timeout: 300_000 }, () => {
    let cluster: Cluster;
    before(async () => {
        cluster = await Cluster.start();
    });
    after(() => cluster?.stop());

    it('its examples pay, and name a replay', async () => {
        const { rpcUrl } = cluster;
        const { node } = await activeNode(cluster);
        const [authority, payer] = [await cluster.wallet(), await cluster.wallet()];
        await cluster.giveUsdc(authority.address, 5_000_000n);
        const voucherSigner = await generateKeyPairSigner();
        const expiresAt = nowSecs() + DAY_SECS;
        const policy = { voucherSigner: voucherSigner.address, voucherSignerExpiresAt: expiresAt };
        const receiptHash = new Uint8Array(32);

        // prettier-ignore
        {
// README
const client = createClient({ rpcUrl });
const { app } = await createApp(client, { authority, policy });
await openEscrow(client, { authority, app });
await deposit(client, { depositor: authority, app, amountMicroUsdc: 5_000_000n });
const { channel } = await openChannel(client, { authority, app, node });
const terms = { services: ['transcription'], capMicroUsdc: 1_000_000n, expiresAt } as const;
const { session } = await openSession(client, { authority, channel, ...terms });
const { domainId } = await readNetwork(client);
const owed = { channel, session, sequence: 0, cumulativeMicroUsdc: 5_000n, receiptHash };
const voucher = await signMessage(voucherSigner, voucherType, domainId, owed);
const { paidMicroUsdc } = await redeemVoucher(client, { payer, voucher });
// README
            assert.equal(paidMicroUsdc, 5_000n);
            let settled = false;
// README
try {
  await redeemVoucher(client, { payer, voucher });
} catch (error) {
  if (!isProgramError(error, 'settlement', 'VoucherStale')) throw error;
  // Settled already: somebody else has redeemed it.
// README
                settled = true;
            }
            assert.ok(settled);
        }
    });

    it('shows what the test above runs', () => {
        const readme = readFileSync(README, 'utf8');
        const shown = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code);
        const parts = readFileSync(THIS, 'utf8').split(/^\/\/ README\n/m);
        const [run, caught] = [parts[1], `${parts[3]}}\n`];
        assert.deepEqual(shown, [run, caught]);
    });
});
