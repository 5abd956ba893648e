/**
 * WHIP by ffmpeg, WHEP by aiortc and by a page, with LiveKit's clients in the same room.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoomServiceClient } from 'livekit-server-sdk';
import { CAMERA, meeting } from '../lib/meeting.mjs';
import { KEY, SECRET, token } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';
import { TONE_HZ, aiortcPlays, ffmpegPublishes } from '../lib/whip.mjs';

const place = meeting();

/** ICE takes a while to notice silence, and the room waits half a minute more. */
const GIVEN_UP_MS = 90_000;
/** livekit.ParticipantInfo.Kind.INGRESS */
const INGRESS = 1;

test('ffmpeg publishes; page and aiortc play; all leave', async (t) => {
    const [page] = await place.gather(t, { page: {} });
    const publisher = await ffmpegPublishes(
        t,
        `${place.server.http}/whip/v1`,
        await token(t.name, 'ffmpeg'),
    );
    await Promise.race([
        Promise.all([page.seesMore('ffmpeg'), page.hearsMore('ffmpeg')]),
        publisher.ended.then((log) => assert.fail(`ffmpeg ended: ${log}`)),
    ]);
    const video = await page.inbound('ffmpeg', 'video');
    assert.deepEqual([video.width, video.height, video.codec], [640, 360, 'video/H264']);
    const rooms = new RoomServiceClient(place.server.http, KEY, SECRET);
    assert.equal((await rooms.getParticipant(t.name, 'ffmpeg')).kind, INGRESS);

    const whep = `${place.server.http}/whep/v1?participant=ffmpeg`;
    const played = await aiortcPlays(whep, await token(t.name, 'aiortc'), 8);
    assert.equal(played.status, 201);
    assert.deepEqual([played.width, played.height], [640, 360]);
    assert.ok(played.frames >= 15, `${played.frames} frames`);
    assert.ok(Math.abs(played.hz - TONE_HZ) <= 5, `${played.hz} Hz`);
    assert.equal(played.deleted, 200);
    await page.hear('participantDisconnected', (who) => who === 'aiortc');

    await publisher.stop();
    await page.hear('participantDisconnected', (who) => who === 'ffmpeg');
    const gone = await fetch(new URL(played.location, place.server.http), { method: 'DELETE' });
    assert.equal(gone.status, 404);
});

test('a publisher that is gone without a goodbye is given up', async (t) => {
    const [page] = await place.gather(t, { page: {} });
    const url = `${place.server.http}/whip/v1`;
    const publisher = await ffmpegPublishes(t, url, await token(t.name, 'ffmpeg'));
    await page.hearsMore('ffmpeg');
    publisher.kill();
    const gone = async () => (await page.heard('participantDisconnected')).length;
    await until('the publisher is given up', gone, Boolean, GIVEN_UP_MS);
});

test("a page plays a browser's tracks by WHEP, and one of them alone", async (t) => {
    const [alice, viewer] = await place.gather(t, { alice: {}, viewer: { room: 'elsewhere' } });
    await alice.publish({ camera: CAMERA });
    const play = async (query) =>
        viewer.do(
            async (url, bearer) => {
                const connection = new RTCPeerConnection();
                for (const kind of ['audio', 'video']) {
                    connection.addTransceiver(kind, { direction: 'recvonly' });
                }
                await connection.setLocalDescription();
                const answer = await fetch(url, {
                    method: 'POST',
                    headers: {
                        authorization: `Bearer ${bearer}`,
                        'content-type': 'application/sdp',
                    },
                    body: connection.localDescription.sdp,
                });
                if (answer.status !== 201) return { status: answer.status };
                const sdp = await answer.text();
                await connection.setRemoteDescription({ type: 'answer', sdp });
                const reports = async () =>
                    [...(await connection.getStats()).values()].filter(
                        ({ type, packetsReceived }) => type === 'inbound-rtp' && packetsReceived,
                    );
                const enough = (all) =>
                    all.some(({ framesDecoded }) => framesDecoded > 15) ||
                    all.some(({ totalAudioEnergy }) => totalAudioEnergy > 0.01);
                const deadline = Date.now() + 20_000;
                while (!enough(await reports()) && Date.now() < deadline) {
                    await new Promise((resolve) => setTimeout(resolve, 200));
                }
                // The other kind has had the same time.
                await new Promise((resolve) => setTimeout(resolve, 1_000));
                const kinds = (await reports()).map(({ kind }) => kind).sort();
                const location = new URL(answer.headers.get('location'), url);
                const ended = await fetch(location, { method: 'DELETE' });
                connection.close();
                return { status: answer.status, kinds, ended: ended.status };
            },
            `${place.server.http}/whep/v1${query}`,
            await token(t.name, 'viewer'),
        );
    const all = { status: 201, kinds: ['audio', 'video'], ended: 200 };
    await until(
        'both are played',
        () => play('?participant=alice'),
        (seen) => {
            return JSON.stringify(seen) === JSON.stringify(all);
        },
    );
    const sid = await alice.do(
        () => room.localParticipant.getTrackPublication('microphone').trackSid,
    );
    assert.deepEqual(await play(`?track=${sid}`), { ...all, kinds: ['audio'] });
    assert.deepEqual(await play('?participant=nobody'), { status: 409 });
});

test('requests that are refused', async (t) => {
    const good = await token(t.name, 'someone');
    const ask = (path, bearer, body, type = 'application/sdp', method = 'POST') =>
        fetch(place.server.http + path, {
            method,
            headers: { 'content-type': type, ...(bearer && { authorization: `Bearer ${bearer}` }) },
            body,
        });
    const head = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n';
    const idle =
        `${head}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n` +
        'a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef01234567\r\na=rtpmap:111 opus/48000/2\r\n' +
        'a=inactive\r\n';
    for (const path of ['/whip/v1', '/whep/v1']) {
        const cases = [
            [401, undefined, idle],
            [401, await token(t.name, 'x', { secret: 'x'.repeat(40) }), idle],
            [401, await token(t.name, 'x', { ttl: -120 }), idle],
            [403, await token(t.name, 'x', { grants: { roomJoin: false } }), idle],
            [415, good, idle, 'text/plain'],
            [400, good, 'nonsense'],
            [406, good, idle],
            [413, good, 'x'.repeat(200_000)],
        ];
        for (const [status, bearer, body, type] of cases) {
            const answer = await ask(path, bearer, body, type);
            const reason = await answer.text();
            assert.equal(answer.status, status, `${path}: ${reason}`);
            assert.notEqual(reason, '');
        }
        assert.equal((await ask(`${path}/unknown`, good, '', undefined, 'DELETE')).status, 404);
        assert.equal((await fetch(place.server.http + path)).status, 405);
    }
    const sending = idle.replace('a=inactive', 'a=sendonly');
    const deaf = await token(t.name, 'x', { grants: { canPublish: false, canSubscribe: false } });
    assert.equal((await ask('/whip/v1', deaf, sending)).status, 403);
    const receiving = idle.replace('a=inactive', 'a=recvonly');
    assert.equal((await ask('/whep/v1', deaf, receiving)).status, 403);
    const rooms = new RoomServiceClient(place.server.http, KEY, SECRET);
    assert.deepEqual(await rooms.listRooms([t.name]), []);
});
