/**
 * Participants of SDKs that are no browser: processes that are told what to do by lines of JSON.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { PATIENCE_MS, until } from './until.mjs';

const FOLDER = path.join(import.meta.dirname, '..');

/** Python with the packages of `requirements.txt`. */
export const PYTHON = process.env.HELIOGRAPH_CLIENTS_PYTHON ?? 'python3';

/** The SDKs, by name: command and first argument. */
export const SDKS = {
    python: [PYTHON, 'python/participant.py'],
    node: [process.execPath, 'node/participant.mjs'],
};

/**
 * Starts a participant of an SDK; gone after the test.
 *
 * @param {import('node:test').TestContext} t
 * @param {{ sdk: keyof SDKS, url: string, token: string, connections?: 'single' | 'dual',
 *     tone_hz?: number }} options
 */
export async function nativeParticipant(t, options) {
    const { sdk, url, token, connections = 'default', tone_hz = 440 } = options;
    const [command, script] = SDKS[sdk];
    const child = spawn(command, [script, url, token, connections, String(tone_hz)], {
        cwd: FOLDER,
        stdio: ['pipe', 'pipe', process.env.VERBOSE ? 'inherit' : 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    let complaints = '';
    child.stderr?.on('data', (chunk) => (complaints += chunk));
    child.stdin.on('error', () => {});

    const waiting = new Map();
    const answer = (id) =>
        new Promise((resolve, reject) => {
            waiting.set(id, { resolve, reject });
            setTimeout(
                () => reject(new Error(`${sdk}: no answer\n${complaints}`)),
                PATIENCE_MS,
            ).unref();
        });
    readline.createInterface({ input: child.stdout }).on('line', (line) => {
        if (!line.startsWith('{')) return;
        const { id, value, error } = JSON.parse(line);
        if (error) waiting.get(id)?.reject(new Error(`${sdk}: ${error}`));
        else waiting.get(id)?.resolve(value);
        waiting.delete(id);
    });
    child.on('close', () => {
        for (const { reject } of waiting.values()) {
            reject(new Error(`${sdk} ended\n${complaints}`));
        }
    });

    const joined = answer(0);
    const sid = await joined;
    let last = 0;
    const ask = (name, rest = {}) => {
        last += 1;
        const answered = answer(last);
        child.stdin.write(`${JSON.stringify({ id: last, do: name, ...rest })}\n`);
        return answered;
    };
    return {
        sid,
        ask,
        report: () => ask('report'),
        /** Waits until the report is as wished, and returns it. */
        reports: (what, isGood) => until(`${sdk} reports ${what}`, () => ask('report'), isGood),
        /** Waits for picture and tone of somebody, from now on. */
        perceives: async (identity, tone) => {
            const of = async () => (await ask('report')).seen[identity] ?? { frames: 0 };
            const { frames } = await of();
            return until(`${sdk} sees and hears ${identity}`, of, (seen) => {
                const more = seen.frames >= frames + 15;
                return more && (tone ? Math.abs(seen.hz - tone) <= 5 : seen.samples > 0);
            });
        },
    };
}
