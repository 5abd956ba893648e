/**
 * Debian's coturn, on loopback, with a secret that the worker shares.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from './until.mjs';

/** A secret for tests; nothing outside a test's loopback knows it. */
const SECRET = 'a secret that a relay and a worker share';

/** A UDP port that nobody has at the moment. */
async function freePort() {
    const socket = createSocket('udp4');
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    await new Promise((resolve) => socket.close(resolve));
    return port;
}

/**
 * Starts a relay.
 *
 * @returns {Promise<{ args: string[], log: () => string, stop: () => Promise<void> }>} `args` are
 *     the worker's
 */
export async function startTurn() {
    const folder = await mkdtemp(path.join(tmpdir(), 'heliograph-turn-'));
    const secret = path.join(folder, 'secret');
    await writeFile(secret, `${SECRET}\n`, { mode: 0o600 });
    const port = await freePort();
    const relay = spawn('turnserver', [
        '-n', // no file of settings
        ...['--listening-ip', '127.0.0.1', '--relay-ip', '127.0.0.1', '--listening-port', port],
        ...['--use-auth-secret', '--static-auth-secret', SECRET, '--realm', 'tests'],
        ...['--no-tls', '--no-dtls', '--no-cli', '--allow-loopback-peers'],
        ...['--userdb', path.join(folder, 'users'), '--pidfile', path.join(folder, 'pid')],
        ...['--log-file', 'stdout', '--verbose'],
    ]);
    const kill = () => relay.kill('SIGKILL');
    process.once('exit', kill);
    let log = '';
    for (const stream of [relay.stdout, relay.stderr]) {
        stream.on('data', (chunk) => (log += chunk));
    }
    let ended;
    const end = new Promise((resolve) => {
        relay.once('error', (error) => resolve((ended = error.message)));
        relay.once('close', (code) => resolve((ended ??= `status ${code}`)));
    });
    await until('the relay listens', () => {
        if (ended) throw new Error(`turnserver: ${ended}\n${log}`);
        return /UDP listener opened on/i.test(log);
    });
    return {
        args: ['--turn', `turn:127.0.0.1:${port}?transport=udp`, '--turn-secret', secret],
        log: () => log,
        stop: async () => {
            relay.kill('SIGTERM');
            await end;
            process.removeListener('exit', kill);
            await rm(folder, { recursive: true });
        },
    };
}
