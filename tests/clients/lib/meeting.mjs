/**
 * A server and a browser that the tests of one file share, and rooms of one test each.
 */
import { after, before } from 'node:test';
import { startBrowser } from './browser.mjs';
import { startServer, token } from './server.mjs';

/** Wide enough for three layers, few enough frames for a slow machine. */
export const CAMERA = { width: 960, height: 540, frameRate: 15 };
/** Lines of its three layers. */
export const LINES = [180, 360, 540];

/** Starts both before the tests of a file, and stops them after. */
export function meeting() {
    const place = {};
    before(async () => {
        place.server = await startServer();
        place.browser = await startBrowser();
    });
    after(async () => {
        await place.browser?.stop();
        await place.server?.stop();
    });
    /**
     * Participants in a room of the test's own, in order of joining.
     *
     * @param {import('node:test').TestContext} t
     * @param {Record<string, { release?: string, room?: string, token?: object, join?: object }>}
     *     people by identity: release of the client, options of `token` and of `call.join`
     */
    place.gather = async (t, people) => {
        const gathered = [];
        for (const [identity, { release, room = t.name, ...options }] of Object.entries(people)) {
            const page = await place.browser.participant(t, identity, release);
            await page.join(
                place.server.url,
                await token(room, identity, options.token),
                options.join,
            );
            gathered.push(page);
        }
        return gathered;
    };
    return place;
}
