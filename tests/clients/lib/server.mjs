/**
 * The SFU worker as its own process, with one local key.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { AccessToken } from 'livekit-server-sdk';

/** Name of the local key that servers of these tests have. */
export const KEY = 'tests';
/** Its secret; nothing outside a test's loopback knows it. */
export const SECRET = 'a secret for tests, long enough for HS256';

/** Ten seconds are plenty for a process that binds two ports, on a busy machine too. */
const START_TIMEOUT_MS = 10_000;

/** Where the worker is: `HELIOGRAPH_SFU`, or as `cargo build` leaves it. */
const BINARY =
    process.env.HELIOGRAPH_SFU ??
    path.join(
        process.env.CARGO_TARGET_DIR ?? path.join(import.meta.dirname, '../../../target'),
        'debug/heliograph-sfu',
    );

/**
 * Starts a worker on ports of the system's choice.
 *
 * @param {string[]} args further arguments
 * @returns {Promise<{ url: string, http: string, stop: () => Promise<void>, log: () => string }>}
 */
export async function startServer(args = []) {
    const folder = await mkdtemp(path.join(tmpdir(), 'heliograph-clients-'));
    const keys = path.join(folder, 'keys');
    await writeFile(keys, `${KEY}: ${SECRET}\n`, { mode: 0o600 });
    const worker = spawn(
        BINARY,
        ['--listen', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--keys', keys, ...args],
        { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    // A test that fails ends by an exception: no worker outlives it.
    const kill = () => worker.kill('SIGKILL');
    process.once('exit', kill);

    let log = '';
    const ended = new Promise((resolve) => worker.once('close', resolve));
    const address = new Promise((resolve, reject) => {
        readline.createInterface({ input: worker.stdout }).once('line', resolve);
        worker.stderr.on('data', (chunk) => (log += chunk));
        worker.once('error', (error) => reject(new Error(`${BINARY}: ${error.message}`)));
        ended.then(() => reject(new Error(`the SFU worker ended at once:\n${log}`)));
        setTimeout(
            () => reject(new Error(`the SFU worker named no address:\n${log}`)),
            START_TIMEOUT_MS,
        ).unref();
    });
    try {
        const at = await address;
        return {
            url: `ws://${at}`,
            http: `http://${at}`,
            log: () => log,
            /** @type {() => Promise<void>} */
            stop: async () => {
                worker.kill('SIGTERM');
                await ended;
                process.removeListener('exit', kill);
                await rm(folder, { recursive: true });
            },
        };
    } catch (error) {
        kill();
        throw error;
    }
}

/**
 * A token as an app's backend makes it.
 *
 * @param {string} room
 * @param {string} identity
 * @param {{ grants?: object, ttl?: number, key?: string, secret?: string, metadata?: string,
 *     name?: string, attributes?: Record<string, string> }} [options] `ttl` in seconds
 */
export async function token(room, identity, options = {}) {
    const { grants, ttl = 600, key = KEY, secret = SECRET, ...claims } = options;
    const access = new AccessToken(key, secret, { identity, ttl, ...claims });
    access.addGrant({ roomJoin: true, room, ...grants });
    return access.toJwt();
}
