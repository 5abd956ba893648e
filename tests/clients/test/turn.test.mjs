/**
 * Through a relay that nobody here wrote: clients that may use no other way.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser } from '../lib/browser.mjs';
import { CAMERA } from '../lib/meeting.mjs';
import { startServer, token } from '../lib/server.mjs';
import { startTurn } from '../lib/turn.mjs';

let turn, server, browser;
before(async () => {
    turn = await startTurn();
    server = await startServer(turn.args);
    browser = await startBrowser();
});
after(async () => {
    await browser?.stop();
    await server?.stop();
    await turn?.stop();
});

/** Kinds of the browser's own candidates in the pairs that are in use. */
const ways = (who) =>
    who.do(async () => {
        const { pcManager } = room.engine;
        const kinds = [];
        for (const transport of [pcManager.publisher, pcManager.subscriber]) {
            const report = await transport?.getStats();
            if (!report) continue;
            const all = [...report.values()];
            for (const pair of all.filter(
                ({ type, nominated }) => type === 'candidate-pair' && nominated,
            )) {
                kinds.push(report.get(pair.localCandidateId)?.candidateType);
            }
        }
        return kinds;
    });

for (const signalling of ['single', 'dual']) {
    test(`${signalling} connection: everything goes through the relay`, async (t) => {
        const people = [];
        for (const identity of ['alice', 'bob']) {
            const page = await browser.participant(t, identity);
            await page.join(server.url, await token(t.name, identity), {
                signalling,
                connect: { rtcConfig: { iceTransportPolicy: 'relay' } },
            });
            people.push(page);
        }
        const [alice, bob] = people;
        await alice.publish({ camera: CAMERA });
        await bob.seesMore('alice');
        await bob.hearsMore('alice');
        for (const who of people) {
            const kinds = await ways(who);
            assert.ok(kinds.length > 0 && kinds.every((kind) => kind === 'relay'), `${kinds}`);
        }
        assert.match(turn.log(), /ALLOCATE processed, success/);
    });
}
