/**
 * ffmpeg publishes by WHIP, aiortc plays by WHEP.
 */
import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { PYTHON } from './native.mjs';

const FOLDER = path.join(import.meta.dirname, '..');

/** An ffmpeg with the whip muxer, which Debian's has not. */
export async function ffmpegBinary() {
    const script = 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())';
    return (await promisify(execFile)(PYTHON, ['-c', script])).stdout.trim();
}

/** Tone that ffmpeg publishes. */
export const TONE_HZ = 440;

/**
 * Publishes a test picture as H.264 and a tone as Opus until stopped; gone after the test.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} url @param {string} token
 */
export async function ffmpegPublishes(t, url, token) {
    const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=15'];
    const sound = ['-f', 'lavfi', '-i', `sine=frequency=${TONE_HZ}:sample_rate=48000`];
    const h264 = '-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -bf 0 -g 30';
    const opus = '-c:a libopus -ac 2 -b:a 64k';
    const args = ['-hide_banner', '-loglevel', 'warning', '-re', ...picture, '-re', ...sound]
        .concat(h264.split(' '), ['-pix_fmt', 'yuv420p'], opus.split(' '))
        .concat(['-authorization', token, '-f', 'whip', url]);
    const ffmpeg = spawn(await ffmpegBinary(), args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let log = '';
    ffmpeg.stderr.on('data', (chunk) => (log += chunk));
    const ended = new Promise((resolve) => ffmpeg.once('close', resolve));
    t.after(() => ffmpeg.kill('SIGKILL'));
    return {
        log: () => log,
        /** What its end was, in its own words if it did not end well. */
        ended: ended.then((code) => (code ? log : '')),
        /** Asks it to end, as a person does. */
        stop: async () => {
            ffmpeg.stdin.write('q');
            await ended;
        },
        /** Ends it without a goodbye. */
        kill: () => ffmpeg.kill('SIGKILL'),
    };
}

/**
 * Plays for some seconds by WHEP.
 *
 * @param {string} url @param {string} token @param {number} secs
 * @returns {Promise<{ status: number, location: string, frames: number, width: number,
 *     height: number, hz: number, deleted: number }>}
 */
export async function aiortcPlays(url, token, secs) {
    const script = path.join(FOLDER, 'python/whep.py');
    const { stdout } = await promisify(execFile)(PYTHON, [script, url, token, String(secs)]);
    return JSON.parse(stdout);
}
