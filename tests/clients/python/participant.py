"""A participant of LiveKit's Python SDK, told what to do by lines of JSON.

Usage: participant.py URL TOKEN single|dual|default TONE_HZ

Joins, publishes a moving picture and a tone, and listens to everybody. Each line read is
{"id": …, "do": NAME, …}, each line written {"id": …, "value": …} or {"id": …, "error": …};
the first one, once it has joined, has the id 0. Ends with its standard input.
"""

import asyncio
import json
import math
import sys

import numpy as np
from livekit import rtc

WIDTH, HEIGHT, FRAMES_PER_SEC = 640, 360, 15
RATE_HZ, SAMPLES = 48_000, 480


class Seen:
    """What has come of one other participant."""

    def __init__(self):
        self.frames = 0
        self.width = self.height = 0
        self.samples = 0
        self.heard = np.zeros(0)

    def report(self):
        return {
            "frames": self.frames,
            "width": self.width,
            "height": self.height,
            "samples": self.samples,
            "hz": tone_of(self.heard),
        }


def tone_of(samples):
    """The strongest frequency of a second of sound; 0 for less, or for silence."""
    if len(samples) < RATE_HZ or np.abs(samples).max() < 100:
        return 0
    return int(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax() * RATE_HZ / len(samples))


class Participant:
    def __init__(self):
        self.room = rtc.Room()
        self.seen = {}
        self.data = []
        self.events = []
        self.tasks = set()
        self.room.on("track_subscribed", self.subscribed)
        self.room.on("data_received", self.received)
        note = lambda name, take: self.room.on(name, lambda *args: self.events.append([name, *take(*args)]))
        note("participant_disconnected", lambda who: [who.identity])
        note("track_muted", lambda who, publication: [who.identity, publication.sid])
        note("participant_attributes_changed", lambda changed, who: [who.identity, dict(changed)])
        note("track_unpublished", lambda publication, who: [who.identity, publication.sid])
        note("reconnecting", lambda *_: [])
        note("reconnected", lambda *_: [])
        note("disconnected", lambda reason: [rtc.DisconnectReason.Name(reason)])

    def spawn(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def subscribed(self, track, publication, participant):
        seen = self.seen.setdefault(participant.identity, Seen())
        self.spawn(self.watch(track, seen) if track.kind == rtc.TrackKind.KIND_VIDEO else self.listen(track, seen))

    async def watch(self, track, seen):
        async for event in rtc.VideoStream(track):
            seen.frames += 1
            seen.width, seen.height = event.frame.width, event.frame.height

    async def listen(self, track, seen):
        async for event in rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1):
            chunk = np.frombuffer(event.frame.data, dtype=np.int16)
            seen.samples += len(chunk)
            seen.heard = np.concatenate([seen.heard, chunk])[-RATE_HZ:]

    def received(self, packet):
        who = packet.participant.identity if packet.participant else None
        reliable = packet.kind == rtc.DataPacketKind.KIND_RELIABLE
        self.data.append([who, packet.topic, packet.data.decode(), reliable])

    async def join(self, url, token, connections, tone_hz):
        single = {"single": True, "dual": False}.get(connections)
        await self.room.connect(url, token, rtc.RoomOptions(single_peer_connection=single))
        me = self.room.local_participant

        async def answer(call):
            return f"{call.caller_identity} said {call.payload}"

        me.register_rpc_method("echo", answer)
        picture = rtc.VideoSource(WIDTH, HEIGHT)
        sound = rtc.AudioSource(RATE_HZ, 1)
        self.microphone = rtc.LocalAudioTrack.create_audio_track("microphone", sound)
        camera = rtc.LocalVideoTrack.create_video_track("camera", picture)
        self.spawn(self.film(picture))
        self.spawn(self.hum(sound, tone_hz))
        source = rtc.TrackSource
        await me.publish_track(camera, rtc.TrackPublishOptions(source=source.SOURCE_CAMERA, simulcast=True))
        await me.publish_track(self.microphone, rtc.TrackPublishOptions(source=source.SOURCE_MICROPHONE))

    async def film(self, picture):
        frame = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
        for n in range(sys.maxsize):
            frame[:, :, 0] = n * 3 % 255
            frame[:, :, 1] = 0
            at = n * 5 % (WIDTH - 40)
            frame[:, at : at + 40, 1] = 255
            frame[:, :, 3] = 255
            picture.capture_frame(rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, frame.tobytes()))
            await asyncio.sleep(1 / FRAMES_PER_SEC)

    async def hum(self, sound, tone_hz):
        for n in range(sys.maxsize):
            time = (np.arange(SAMPLES) + n * SAMPLES) / RATE_HZ
            tone = (np.sin(2 * math.pi * tone_hz * time) * 8_000).astype(np.int16)
            await sound.capture_frame(rtc.AudioFrame(tone.tobytes(), RATE_HZ, 1, SAMPLES))

    async def do(self, command):
        me = self.room.local_participant
        match command["do"]:
            case "report":
                return {
                    "sid": me.sid,
                    "state": self.room.connection_state,
                    "others": sorted(self.room.remote_participants),
                    "seen": {who: seen.report() for who, seen in self.seen.items()},
                    "data": self.data,
                    "events": self.events,
                }
            case "data":
                return await me.publish_data(
                    command["text"],
                    reliable=command["reliable"],
                    topic=command["topic"],
                    destination_identities=command.get("to", []),
                )
            case "mute":
                return self.microphone.mute()
            case "unpublish":
                return await me.unpublish_track(self.microphone.sid)
            case "attributes":
                return await me.set_attributes(command["attributes"])
            case "rpc":
                return await me.perform_rpc(
                    destination_identity=command["to"], method="echo", payload=command["payload"]
                )
            case "leave":
                return await self.room.disconnect()
        raise ValueError(f"unknown command {command['do']}")


async def main(url, token, connections, tone_hz):
    participant = Participant()
    say = lambda line: print(json.dumps(line), flush=True)

    async def handle(command):
        try:
            say({"id": command["id"], "value": await participant.do(command)})
        except Exception as error:  # told to the test, which decides
            say({"id": command["id"], "error": f"{type(error).__name__}: {error}"})

    try:
        await participant.join(url, token, connections, float(tone_hz))
        say({"id": 0, "value": participant.room.local_participant.sid})
    except Exception as error:
        say({"id": 0, "error": f"{type(error).__name__}: {error}"})
        return
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        participant.spawn(handle(json.loads(line)))
    await participant.room.disconnect()


asyncio.run(main(*sys.argv[1:]))
