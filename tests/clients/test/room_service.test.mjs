/**
 * The room service, by LiveKit's own libraries for backends, with participants in a browser.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { DataPacket_Kind, RoomServiceClient, TrackSource } from 'livekit-server-sdk';
import { CAMERA, meeting } from '../lib/meeting.mjs';
import { PYTHON } from '../lib/native.mjs';
import { KEY, SECRET } from '../lib/server.mjs';
import { until } from '../lib/until.mjs';

const place = meeting();
const service = () => new RoomServiceClient(place.server.http, KEY, SECRET);

test('rooms are made, listed and deleted', async (t) => {
    const rooms = service();
    const made = await rooms.createRoom({
        name: t.name,
        emptyTimeout: 60,
        departureTimeout: 5,
        maxParticipants: 1,
        metadata: 'from the start',
    });
    assert.equal(made.name, t.name);
    assert.match(made.sid, /^RM_/);
    assert.deepEqual(
        [made.emptyTimeout, made.departureTimeout, made.maxParticipants, made.metadata],
        [60, 5, 1, 'from the start'],
    );
    const [alice] = await place.gather(t, { alice: {} });
    assert.equal(await alice.do(() => room.metadata), 'from the start');
    // One was all.
    await assert.rejects(place.gather(t, { bob: {} }));

    await rooms.updateRoomMetadata(t.name, 'changed');
    await alice.hear('roomMetadataChanged', (metadata) => metadata === 'changed');
    const [listed] = await rooms.listRooms([t.name]);
    assert.deepEqual([listed.sid, listed.numParticipants], [made.sid, 1]);

    await rooms.deleteRoom(t.name);
    const [reason] = await alice.hear('disconnected');
    assert.equal(reason, 'ROOM_DELETED');
    await until('the room is gone', async () => (await rooms.listRooms([t.name])).length === 0);
    await assert.rejects(rooms.deleteRoom(t.name), { status: 404, code: 'not_found' });
});

test('participants are seen, changed and sent away', async (t) => {
    const rooms = service();
    const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
    await alice.publish({ camera: CAMERA });
    await bob.seesMore('alice', 5);
    const all = await rooms.listParticipants(t.name);
    assert.deepEqual(all.map(({ identity }) => identity).sort(), ['alice', 'bob']);
    const seen = await rooms.getParticipant(t.name, 'alice');
    assert.deepEqual(
        seen.tracks.map(({ source }) => source).sort(),
        [TrackSource.CAMERA, TrackSource.MICROPHONE].sort(),
    );

    await rooms.updateParticipant(t.name, 'alice', {
        name: 'Alice',
        metadata: 'told so',
        attributes: { seat: '4' },
    });
    await bob.hear('participantNameChanged', (who, name) => name === 'Alice');
    await bob.hear('participantMetadataChanged', (who, metadata) => metadata === 'told so');
    await bob.hear('participantAttributesChanged', (who, changed) => changed.seat === '4');

    const microphone = seen.tracks.find(({ source }) => source === TrackSource.MICROPHONE);
    const muted = await rooms.mutePublishedTrack(t.name, 'alice', microphone.sid, true);
    assert.equal(muted.muted, true);
    await bob.hear('trackMuted', (who, sid) => sid === microphone.sid);
    await until('alice knows', () => alice.do(() => !room.localParticipant.isMicrophoneEnabled));

    // Nobody's microphone is switched on from afar.
    await assert.rejects(rooms.mutePublishedTrack(t.name, 'alice', microphone.sid, false), {
        status: 400,
    });

    const camera = seen.tracks.find(({ source }) => source === TrackSource.CAMERA);
    await rooms.updateSubscriptions(t.name, 'bob', [camera.sid], false);
    await bob.hear('trackUnsubscribed', (who, sid) => sid === camera.sid);
    await rooms.updateSubscriptions(t.name, 'bob', [camera.sid], true);
    await bob.seesMore('alice', 5);

    const say = (text, options) =>
        rooms.sendData(t.name, new TextEncoder().encode(text), DataPacket_Kind.RELIABLE, options);
    await say('to bob', { topic: 'notice', destinationIdentities: ['bob'] });
    await say('to all', { topic: 'notice' });
    await bob.hear('dataReceived', (who, text, topic) => text === 'to all' && topic === 'notice');
    await alice.hear('dataReceived', (who, text) => text === 'to all');
    assert.equal((await bob.heard('dataReceived')).length, 2);
    assert.equal((await alice.heard('dataReceived')).length, 1);

    await rooms.updateParticipant(t.name, 'alice', {
        permission: { canPublish: false, canSubscribe: true, canPublishData: true },
    });
    await alice.hear('participantPermissionsChanged', (who, now) => now.canPublish === false);
    await bob.hear('trackUnpublished', (who, sid) => sid === camera.sid);

    await rooms.removeParticipant(t.name, 'alice');
    const [reason] = await alice.hear('disconnected');
    assert.equal(reason, 'PARTICIPANT_REMOVED');
    await bob.hear('participantDisconnected', (who) => who === 'alice');
    await assert.rejects(rooms.getParticipant(t.name, 'alice'), { status: 404, code: 'not_found' });
});

test('what this server does not do is said', async (t) => {
    await place.gather(t, { alice: {} });
    await assert.rejects(service().moveParticipant(t.name, 'alice', 'elsewhere'), { status: 501 });
    await assert.rejects(service().forwardParticipant(t.name, 'alice', 'elsewhere'), {
        status: 501,
    });
});

test('tokens of another secret, and grants for other things', async (t) => {
    await place.gather(t, { alice: {} });
    const stranger = new RoomServiceClient(place.server.http, KEY, 'x'.repeat(40));
    await assert.rejects(stranger.listRooms(), { status: 401, code: 'unauthenticated' });
    await assert.rejects(stranger.removeParticipant(t.name, 'alice'), { status: 401 });
    const [alice] = await service().listParticipants(t.name);
    assert.equal(alice.identity, 'alice');
});

test("LiveKit's library for Python does the same", async (t) => {
    const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
    await alice.publish();
    await bob.hearsMore('alice');
    const script = path.join(import.meta.dirname, '../python/room_service.py');
    const args = [script, place.server.http, KEY, SECRET, t.name];
    const { stdout } = await promisify(execFile)(PYTHON, args);
    assert.deepEqual(JSON.parse(stdout), {
        made: ['made by Python', 'm'],
        participants: ['alice', 'bob'],
        metadata: 'set by Python',
        muted: true,
        rooms: [t.name, 'made by Python'].sort(),
        gone: 'not_found',
        forbidden: [403, 'permission_denied'],
    });
    await bob.hear('dataReceived', (who, text) => text === 'from Python');
    const [reason] = await alice.hear('disconnected');
    assert.equal(reason, 'PARTICIPANT_REMOVED');
});
