/**
 * A participant of LiveKit's Node.js SDK, told what to do by lines of JSON. The same as
 * `python/participant.py`, which describes it; this SDK mutes no tracks.
 *
 * Usage: participant.mjs URL TOKEN default TONE_HZ
 */
import readline from 'node:readline';
import {
    AudioFrame,
    AudioSource,
    AudioStream,
    DisconnectReason,
    LocalAudioTrack,
    LocalVideoTrack,
    Room,
    RoomEvent,
    TrackKind,
    TrackPublishOptions,
    TrackSource,
    VideoBufferType,
    VideoFrame,
    VideoSource,
    VideoStream,
    dispose,
} from '@livekit/rtc-node';

const [WIDTH, HEIGHT, FRAMES_PER_SEC] = [640, 360, 15];
const [RATE_HZ, SAMPLES] = [48_000, 480];

const [url, token, , tone_hz] = process.argv.slice(2);
const room = new Room();
const seen = {};
const data = [];
const events = [];
let microphone;

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** The frequency of a second of one tone, from how often it passes zero; 0 for silence. */
function toneOf(samples) {
    if (samples.length < RATE_HZ || Math.max(...samples.slice(0, SAMPLES).map(Math.abs)) < 100) {
        return 0;
    }
    let passed = 0;
    for (let i = 1; i < samples.length; i++) if (samples[i - 1] < 0 && samples[i] >= 0) passed += 1;
    return Math.round((passed * RATE_HZ) / samples.length);
}

async function watch(track, of) {
    for await (const { frame } of new VideoStream(track)) {
        of.frames += 1;
        [of.width, of.height] = [frame.width, frame.height];
    }
}

async function listen(track, of) {
    for await (const frame of new AudioStream(track, RATE_HZ, 1)) {
        of.samples += frame.samplesPerChannel;
        of.heard = of.heard.concat(Array.from(frame.data)).slice(-RATE_HZ);
    }
}

async function film(picture) {
    const frame = new Uint8Array(WIDTH * HEIGHT * 4).fill(255);
    for (let n = 0; ; n++) {
        for (let i = 0; i < frame.length; i += 4) frame[i] = (n * 3 + i) % 255;
        picture.captureFrame(new VideoFrame(frame, WIDTH, HEIGHT, VideoBufferType.RGBA));
        await new Promise((resolve) => setTimeout(resolve, 1000 / FRAMES_PER_SEC));
    }
}

async function hum(sound) {
    for (let n = 0; ; n += SAMPLES) {
        const tone = Int16Array.from({ length: SAMPLES }, (_, i) =>
            Math.round(Math.sin((2 * Math.PI * tone_hz * (n + i)) / RATE_HZ) * 8000),
        );
        await sound.captureFrame(new AudioFrame(tone, RATE_HZ, 1, SAMPLES));
    }
}

async function join() {
    const note = (name, take) => room.on(name, (...args) => events.push([name, ...take(...args)]));
    note(RoomEvent.ParticipantDisconnected, (who) => [who.identity]);
    note(RoomEvent.TrackUnpublished, (publication, who) => [who.identity, publication.sid]);
    note(RoomEvent.ParticipantAttributesChanged, (changed, who) => [who.identity, changed]);
    note(RoomEvent.Reconnecting, () => []);
    note(RoomEvent.Reconnected, () => []);
    note(RoomEvent.Disconnected, (reason) => [DisconnectReason[reason]]);
    room.on(RoomEvent.TrackSubscribed, (track, publication, who) => {
        const of = (seen[who.identity] ??= {
            frames: 0,
            width: 0,
            height: 0,
            samples: 0,
            heard: [],
        });
        (track.kind === TrackKind.KIND_VIDEO ? watch : listen)(track, of);
    });
    room.on(RoomEvent.DataReceived, (payload, who, kind, topic) =>
        data.push([who?.identity ?? null, topic, new TextDecoder().decode(payload), kind === 1]),
    );
    await room.connect(url, token, { autoSubscribe: true, dynacast: false });
    const me = room.localParticipant;
    me.registerRpcMethod('echo', async (call) => `${call.callerIdentity} said ${call.payload}`);

    const picture = new VideoSource(WIDTH, HEIGHT);
    const sound = new AudioSource(RATE_HZ, 1);
    microphone = LocalAudioTrack.createAudioTrack('microphone', sound);
    const camera = LocalVideoTrack.createVideoTrack('camera', picture);
    film(picture);
    hum(sound);
    const options = (source) => new TrackPublishOptions({ source });
    await me.publishTrack(camera, options(TrackSource.SOURCE_CAMERA));
    await me.publishTrack(microphone, options(TrackSource.SOURCE_MICROPHONE));
}

const commands = {
    report: () => ({
        sid: room.localParticipant.sid,
        state: room.connectionState,
        others: [...room.remoteParticipants.keys()].sort(),
        seen: Object.fromEntries(
            Object.entries(seen).map(([who, { heard, ...of }]) => [
                who,
                { ...of, hz: toneOf(heard) },
            ]),
        ),
        data,
        events,
    }),
    data: ({ text, reliable, topic, to }) =>
        room.localParticipant.publishData(new TextEncoder().encode(text), {
            reliable,
            topic,
            destination_identities: to,
        }),
    unpublish: () => room.localParticipant.unpublishTrack(microphone.sid),
    attributes: ({ attributes }) => room.localParticipant.setAttributes(attributes),
    rpc: ({ to, payload }) =>
        room.localParticipant.performRpc({ destinationIdentity: to, method: 'echo', payload }),
    leave: () => room.disconnect(),
};

try {
    await join();
    say({ id: 0, value: room.localParticipant.sid });
} catch (error) {
    say({ id: 0, error: `${error.name}: ${error.message}` });
    process.exit(1);
}
for await (const line of readline.createInterface({ input: process.stdin })) {
    const { id, do: name, ...rest } = JSON.parse(line);
    Promise.resolve()
        .then(() => commands[name](rest))
        .then((value) => say({ id, value: value ?? null }))
        .catch((error) => say({ id, error: `${error.name}: ${error.message}` }));
}
await room.disconnect();
await dispose();
process.exit(0);
