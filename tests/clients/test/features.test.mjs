/**
 * What participants tell each other beside picture and sound.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAMERA, meeting } from '../lib/meeting.mjs';
import { sleep, until } from '../lib/until.mjs';

const place = meeting();

test('mute and unmute', async (t) => {
    const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
    await alice.publish({ camera: CAMERA });
    await Promise.all([bob.seesMore('alice'), bob.hearsMore('alice')]);
    await alice.do(async () => {
        await room.localParticipant.setMicrophoneEnabled(false);
        await room.localParticipant.setCameraEnabled(false);
    });
    for (const source of ['microphone', 'camera']) {
        await bob.hear('trackMuted', (who, sid, of) => who === 'alice' && of === source);
    }
    await alice.do(async () => {
        await room.localParticipant.setMicrophoneEnabled(true);
        await room.localParticipant.setCameraEnabled(true);
    });
    for (const source of ['microphone', 'camera']) {
        await bob.hear('trackUnmuted', (who, sid, of) => who === 'alice' && of === source);
    }
    await Promise.all([bob.seesMore('alice'), bob.hearsMore('alice')]);
});

test('tracks come and go, again and again', async (t) => {
    const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
    for (let round = 0; round < 3; round++) {
        await bob.forget();
        await alice.publish({ camera: CAMERA });
        await Promise.all([bob.seesMore('alice', 5), bob.hearsMore('alice')]);
        await alice.do(async () => {
            const me = room.localParticipant;
            for (const publication of [...me.trackPublications.values()]) {
                await me.unpublishTrack(publication.track);
            }
        });
        await until(
            'both are gone',
            () => bob.heard('trackUnpublished'),
            (all) => all.length === 2,
        );
    }
});

test('metadata, name and attributes, with the grant and without', async (t) => {
    const [alice, bob] = await place.gather(t, {
        alice: { token: { grants: { canUpdateOwnMetadata: true }, attributes: { role: 'host' } } },
        bob: { token: { metadata: 'from the token', name: 'Bob' } },
    });
    const known = await alice.do(() => {
        const { metadata, name } = room.remoteParticipants.get('bob');
        return { metadata, name };
    });
    assert.deepEqual(known, { metadata: 'from the token', name: 'Bob' });
    assert.deepEqual(await bob.do(() => room.remoteParticipants.get('alice').attributes), {
        role: 'host',
    });

    await alice.do(async () => {
        await room.localParticipant.setMetadata('busy');
        await room.localParticipant.setName('Alice');
        await room.localParticipant.setAttributes({ hand: 'up', role: '' });
    });
    await bob.hear('participantMetadataChanged', (who, text) => who === 'alice' && text === 'busy');
    await bob.hear('participantNameChanged', (who, name) => who === 'alice' && name === 'Alice');
    await bob.hear('participantAttributesChanged', (who, changed) => changed.hand === 'up');
    assert.deepEqual(await bob.do(() => room.remoteParticipants.get('alice').attributes), {
        hand: 'up',
    });
    await assert.rejects(bob.do(() => room.localParticipant.setMetadata('not allowed')));
    await assert.rejects(bob.do(() => room.localParticipant.setAttributes({ not: 'allowed' })));
});

test('who speaks', async (t) => {
    const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
    await alice.publish();
    await bob.hear('activeSpeakersChanged', (speakers) => speakers.includes('alice'));
    await alice.do(() => room.localParticipant.setMicrophoneEnabled(false));
    await until('nobody speaks', () => bob.do(() => room.activeSpeakers.length === 0));
});

test('quality of connections is told, and never lost', async (t) => {
    const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
    await alice.publish({ camera: CAMERA });
    await bob.seesMore('alice');
    const good = (quality) => ['excellent', 'good'].includes(quality);
    for (const who of [alice, bob]) {
        for (const of of ['alice', 'bob']) {
            await who.hear('connectionQualityChanged', (whose, q) => whose === of && good(q));
        }
        const all = await who.heard('connectionQualityChanged');
        assert.ok(all.every(([, quality]) => quality !== 'lost'));
    }
});

test('remote procedures: answers, errors, and nobody there', async (t) => {
    const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
    await bob.do(() => {
        room.registerRpcMethod('length', async ({ payload }) => String(payload.length));
        room.registerRpcMethod('fails', async () => {
            throw new LivekitClient.RpcError(1, 'on purpose', 'details');
        });
    });
    const perform = (destinationIdentity, method, payload) =>
        alice.do(
            (params) =>
                room.localParticipant.performRpc(params).catch(({ code, message, data }) => ({
                    code,
                    message,
                    data,
                })),
            { destinationIdentity, method, payload, responseTimeout: 5_000 },
        );
    // LiveKit's largest payload is 15 KiB.
    assert.equal(await perform('bob', 'length', 'x'.repeat(15_000)), '15000');
    const failure = await perform('bob', 'fails', '');
    assert.deepEqual(failure, { code: 1, message: 'on purpose', data: 'details' });
    // Codes of LiveKit's protocol: no such method; nobody has acknowledged the call.
    assert.equal((await perform('bob', 'unheard of', '')).code, 1400);
    assert.ok([1401, 1501].includes((await perform('nobody', 'length', '')).code));
});

test('streams of text and bytes', async (t) => {
    const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
    await bob.do(() => {
        window.streams = [];
        const topics = [room.registerTextStreamHandler, room.registerByteStreamHandler];
        topics[0].call(room, 'text', async (reader, { identity }) =>
            streams.push([identity, (await reader.readAll()).length]),
        );
        topics[1].call(room, 'bytes', async (reader, { identity }) => {
            const chunks = await reader.readAll();
            streams.push([identity, chunks.reduce((sum, chunk) => sum + chunk.length, 0)]);
        });
    });
    await alice.do(async () => {
        await room.localParticipant.sendText('ä'.repeat(50_000), { topic: 'text' });
        const file = new File([new Uint8Array(300_000).fill(7)], 'sevens.bin');
        await room.localParticipant.sendFile(file, { topic: 'bytes' });
    });
    const streams = await until(
        'both arrive',
        () => bob.do(() => streams),
        (all) => all.length === 2,
    );
    assert.deepEqual(streams, [
        ['alice', 50_000],
        ['alice', 300_000],
    ]);
});

test('data tracks', async (t) => {
    const [alice, bob] = await place.gather(t, { alice: {}, bob: {} });
    await bob.do(() => {
        window.frames = [];
        room.on('dataTrackPublished', async (track) => {
            for await (const { payload } of track.subscribe()) frames.push(payload.length);
        });
    });
    await alice.do(async () => {
        window.track = await room.localParticipant.publishDataTrack({ name: 'positions' });
        // Frames from before a subscription are nobody's.
        window.timer = setInterval(() => track.tryPush({ payload: new Uint8Array(5_000) }), 50);
    });
    const frames = await until(
        'frames arrive',
        () => bob.do(() => frames),
        (all) => all.length > 10,
    );
    assert.ok(frames.every((length) => length === 5_000));
    await alice.do(async () => {
        clearInterval(timer);
        await track.unpublish();
    });
});

test('the publisher decides who gets a track', async (t) => {
    const [alice, bob, carol] = await place.gather(t, { alice: {}, bob: {}, carol: {} });
    await alice.do(() =>
        room.localParticipant.setTrackSubscriptionPermissions(false, [
            { participantIdentity: 'bob', allowAll: true },
        ]),
    );
    await alice.publish({ camera: CAMERA });
    await bob.seesMore('alice');
    await carol.hear('trackPublished', (who) => who === 'alice');
    await sleep(1_000);
    assert.deepEqual(await carol.heard('trackSubscribed'), []);

    await alice.do(() => room.localParticipant.setTrackSubscriptionPermissions(true));
    await carol.seesMore('alice');
    await alice.do(() => room.localParticipant.setTrackSubscriptionPermissions(false));
    for (const who of [bob, carol]) {
        await until(
            `${who.identity} has lost both`,
            () => who.heard('trackUnsubscribed'),
            (all) => all.length === 2,
        );
    }
});

test('subscribing by hand', async (t) => {
    const [alice, bob] = await place.gather(t, {
        alice: {},
        bob: { join: { connect: { autoSubscribe: false } } },
    });
    await alice.publish({ camera: CAMERA });
    await bob.hear('trackPublished', (who, sid, source) => source === 'camera');
    await sleep(1_000);
    assert.deepEqual(await bob.heard('trackSubscribed'), []);
    const set = (on) => bob.do((o) => call.publication('alice', 'video').setSubscribed(o), on);
    for (let round = 0; round < 2; round++) {
        await set(true);
        await bob.seesMore('alice');
        await set(false);
        await until('no track is left', () =>
            bob.do(() => Object.keys(call.elements).length === 0),
        );
    }
    assert.ok((await bob.heard('trackSubscribed')).every(([, , source]) => source === 'camera'));
});

test('grants: who may not publish, subscribe or send data does not', async (t) => {
    const [alice, mute, deaf] = await place.gather(t, {
        alice: {},
        mute: { token: { grants: { canPublish: false, canPublishData: false } } },
        deaf: { token: { grants: { canSubscribe: false } } },
    });
    await alice.publish({ camera: CAMERA });
    await mute.seesMore('alice');
    await assert.rejects(mute.publish(), /permission/i);
    await sleep(1_000);
    assert.deepEqual(await deaf.heard('trackSubscribed'), []);
    await mute
        .do(() => room.localParticipant.publishData(new Uint8Array([1]), { reliable: true }))
        .catch(() => {});
    await sleep(500);
    assert.deepEqual(await alice.heard('dataReceived'), []);
});

test('another key decodes nothing', async (t) => {
    const [alice, bob, eve] = await place.gather(t, {
        alice: { join: { key: 'the right one' } },
        bob: { join: { key: 'the right one' } },
        eve: { join: { key: 'another one' } },
    });
    await alice.publish({ camera: CAMERA });
    await bob.seesMore('alice');
    await eve.hear('encryptionError');
    await until(
        'eve gets packets',
        () => eve.inbound('alice', 'video'),
        (now) => now?.packets > 50,
    );
    const { frames } = await eve.inbound('alice', 'video');
    assert.equal(frames, 0);
});

test('the same identity again: the first one is told to go, and why', async (t) => {
    const [first, bob] = await place.gather(t, { alice: {}, bob: {} });
    await first.publish();
    await bob.hearsMore('alice');
    const [second] = await place.gather(t, { alice: {} });
    const [reason] = await first.hear('disconnected');
    assert.equal(reason, 'DUPLICATE_IDENTITY');
    await second.publish();
    await bob.hearsMore('alice');
    assert.equal(await bob.do(() => room.remoteParticipants.size), 1);
});

test('rooms know nothing of each other', async (t) => {
    const [alice, bob] = await place.gather(t, {
        alice: { room: 'one room' },
        bob: { room: 'another room' },
    });
    await alice.publish({ camera: CAMERA });
    await alice.do(() =>
        room.localParticipant.publishData(new Uint8Array([1]), { reliable: true }),
    );
    await sleep(2_000);
    assert.deepEqual(
        await bob.do(() => [room.remoteParticipants.size, call.events.length]),
        [0, 0],
    );
});
