/**
 * LiveKit's SDKs for Python and Node.js, among themselves and with a browser.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser } from '../lib/browser.mjs';
import { nativeParticipant } from '../lib/native.mjs';
import { startServer, token } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

let server, browser;
before(async () => {
    server = await startServer();
    browser = await startBrowser();
});
after(async () => {
    await browser?.stop();
    await server?.stop();
});

const start = async (t, room, identity, options) =>
    nativeParticipant(t, { url: server.url, token: await token(room, identity), ...options });

for (const [sdk, connections] of [
    ['python', 'single'],
    ['python', 'dual'],
    ['node', undefined],
]) {
    test(`two of the SDK for ${sdk}, ${connections ?? 'default'} connection`, async (t) => {
        const room = `two of ${sdk} ${connections}`;
        const options = { sdk, connections };
        const alice = await start(t, room, 'alice', { ...options, tone_hz: 440 });
        const bob = await start(t, room, 'bob', { ...options, tone_hz: 700 });
        await Promise.all([alice.perceives('bob', 700), bob.perceives('alice', 440)]);

        const messages = [
            ['to all, for sure', true],
            ['to all, perhaps', false],
        ];
        for (const [text, reliable] of messages) {
            await alice.ask('data', { text, reliable, topic: 'news' });
        }
        const { data } = await bob.reports('data', (report) => report.data.length >= 2);
        const byKind = ([, , , a], [, , , b]) => Number(b) - Number(a);
        assert.deepEqual(
            data.toSorted(byKind),
            messages.map(([text, reliable]) => ['alice', 'news', text, reliable]),
        );
        const echo = await bob.ask('rpc', { to: 'alice', payload: 'hello' });
        assert.equal(echo, 'bob said hello');

        const heard = (name) =>
            bob.reports(`${name} of alice's`, ({ events }) =>
                events.some(
                    ([event, who]) =>
                        event.replaceAll('_', '').toLowerCase() === name && who === 'alice',
                ),
            );
        if (sdk === 'python') {
            await alice.ask('mute');
            await heard('trackmuted');
        }
        await alice.ask('unpublish');
        await heard('trackunpublished');
        await alice.ask('leave');
        await bob.reports('that alice is gone', ({ others }) => others.length === 0);
    });
}

test('browser, Python and Node.js in one room', async (t) => {
    const room = 'all kinds';
    const python = await start(t, room, 'python', { sdk: 'python', tone_hz: 500 });
    const node = await start(t, room, 'node', { sdk: 'node', tone_hz: 800 });
    const page = await browser.participant(t, 'page');
    await page.join(server.url, await token(room, 'page'));
    await page.publish({ camera: { width: 640, height: 360, frameRate: 15 } });

    await Promise.all([
        ...['python', 'node'].flatMap((who) => [page.seesMore(who), page.hearsMore(who)]),
        python.perceives('node', 800),
        python.perceives('page'),
        node.perceives('python', 500),
        node.perceives('page'),
    ]);

    // Only those named get it.
    const said = { reliable: true, topic: 'whisper', to: ['page'] };
    await python.ask('data', { text: 'for the page', ...said });
    const [who, text, topic] = await page.hear('dataReceived');
    assert.deepEqual([who, text, topic], ['python', 'for the page', 'whisper']);
    assert.deepEqual((await node.report()).data, []);

    const answers = await page.do(() =>
        Promise.all(
            ['python', 'node'].map((destinationIdentity) =>
                room.localParticipant.performRpc({
                    destinationIdentity,
                    method: 'echo',
                    payload: 'ping',
                }),
            ),
        ),
    );
    assert.deepEqual(answers, ['page said ping', 'page said ping']);
    await page.leave();
    await until('both see the page leave', async () =>
        (await Promise.all([python.report(), node.report()])).every(
            ({ others }) => !others.includes('page'),
        ),
    );
});
