/**
 * Nothing is sent that nobody looks at: adaptive stream, dynacast; and codecs other than VP8.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAMERA, LINES, meeting } from '../lib/meeting.mjs';
import { sleep, until } from '../lib/until.mjs';

const place = meeting();

/** Long enough for an encoder that is still on to give itself away. */
const QUIET_MS = 3_000;
/** livekit-client tells of a hidden element after a while. */
const PAUSE_MS = 2_000;

const resize = (bob, width) =>
    bob.do((w) => {
        const element = document.querySelector('video');
        element.style.width = `${w}px`;
        element.style.height = `${(w * 9) / 16}px`;
    }, width);

const height = (bob, lines) =>
    until(
        `bob gets ${lines} lines`,
        () => bob.inbound('alice', 'video'),
        // Encoders round odd numbers.
        (now) => Math.abs(now?.height - lines) <= 1,
    );

test('adaptive stream: the layer follows the size of the element', async (t) => {
    const [alice, bob] = await place.gather(t, {
        alice: {},
        bob: { join: { adaptiveStream: { pixelDensity: 1 } } },
    });
    await alice.publish({ camera: CAMERA });
    await bob.seesMore('alice');
    // The element is made with 640 by 360.
    await height(bob, LINES[1]);
    const before = await bob.inbound('alice', 'video');
    for (const [width, lines] of [
        [960, LINES[2]],
        [160, LINES[0]],
        [640, LINES[1]],
    ]) {
        await resize(bob, width);
        await height(bob, lines);
        await bob.seesMore('alice', 5);
    }
    const now = await bob.inbound('alice', 'video');
    const stood = now.freezes_secs - before.freezes_secs;
    assert.ok(stood <= 6, `the picture stood for ${stood} s in three switches`);

    await bob.do(() => void (document.querySelector('video').style.display = 'none'));
    await until('nothing is sent to a hidden element', async () => {
        const { packets } = await bob.inbound('alice', 'video');
        await sleep(PAUSE_MS);
        return (await bob.inbound('alice', 'video')).packets === packets;
    });
    await bob.do(() => void (document.querySelector('video').style.display = 'block'));
    await bob.seesMore('alice');
});

test('dynacast: layers that nobody wants are not encoded', async (t) => {
    const [alice, bob, carol] = await place.gather(t, {
        alice: { join: { dynacast: true } },
        bob: {},
        carol: {},
    });
    await alice.publish({ camera: CAMERA });
    await Promise.all([bob.seesMore('alice'), carol.seesMore('alice')]);
    const ask = (who, quality) =>
        who.do((q) => call.publication('alice', 'video').setVideoQuality(q), quality);
    const encodes = async (expected) => {
        const busy = async () => {
            const before = await alice.do(() => call.outbound());
            await sleep(QUIET_MS);
            const now = await alice.do(() => call.outbound());
            return Object.keys(now)
                .filter((rid) => now[rid] > (before[rid] ?? 0) + 2)
                .sort()
                .join('');
        };
        await until(`layers ${expected} are encoded`, busy, (layers) => layers === expected);
    };
    await encodes('fhq');
    await Promise.all([ask(bob, 0), ask(carol, 0)]);
    await encodes('q');
    // One who wants more is enough, and nobody waits for the rest.
    await ask(carol, 1);
    await encodes('hq');
    await height(bob, LINES[0]);
    await Promise.all([bob, carol].map((who) => who.seesMore('alice')));
    await Promise.all(
        [bob, carol].map((who) =>
            who.do(() => call.publication('alice', 'video').setSubscribed(false)),
        ),
    );
    await encodes('');
    await carol.do(() => call.publication('alice', 'video').setSubscribed(true));
    await carol.seesMore('alice');
});

for (const [videoCodec, mime] of [
    ['h264', 'video/H264'],
    ['vp9', 'video/VP9'],
]) {
    test(`${videoCodec}: the codec asked for is the one that plays`, async (t) => {
        const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
        await alice.publish({ camera: CAMERA, videoCodec });
        await bob.seesMore('alice');
        assert.equal((await bob.inbound('alice', 'video')).codec, mime);
    });
}

test('h264: layers are switched', async (t) => {
    const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
    await alice.publish({ camera: CAMERA, videoCodec: 'h264' });
    await height(bob, LINES[2]);
    for (const quality of [0, 2]) {
        await bob.do((q) => call.publication('alice', 'video').setVideoQuality(q), quality);
        await height(bob, LINES[quality]);
        await bob.seesMore('alice', 5);
    }
});

/**
 * Layers of one stream (SVC), and the part of the picture's height that each quality stands for.
 * Chromium makes no layer of less than 240 by 135, so the smaller picture has two.
 */
for (const [videoCodec, width, parts] of [
    ['vp9', 960, [1 / 4, 1 / 2, 1]],
    ['av1', 640, [1 / 2, 1, 1]],
]) {
    const lines = (width * 9) / 16;
    const camera = { width, height: lines, frameRate: 10 };
    for (const scalabilityMode of ['L3T3_KEY', 'L3T3']) {
        test(`${videoCodec} ${scalabilityMode}: layers of one stream are switched`, async (t) => {
            const [alice, bob, carol] = await place.gather(t, { alice: {}, bob: {}, carol: {} });
            const videoEncoding = { maxBitrate: 1_200_000, maxFramerate: camera.frameRate };
            await alice.publish({ camera, videoCodec, scalabilityMode, videoEncoding });
            await height(bob, lines);
            const { codec } = await bob.inbound('alice', 'video');
            assert.equal(codec, `video/${videoCodec.toUpperCase()}`);
            await height(carol, lines);
            for (const quality of [0, 1, 2, 0]) {
                await bob.do((q) => call.publication('alice', 'video').setVideoQuality(q), quality);
                await height(bob, lines * parts[quality]);
                await bob.seesMore('alice', 5);
            }
            // What one leaves out, others still get.
            assert.equal((await carol.inbound('alice', 'video')).height, lines);
            await carol.seesMore('alice', 5);
        });
    }
}
