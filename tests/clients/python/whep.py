"""Plays by WHEP with aiortc, and prints what came as JSON.

Usage: whep.py URL TOKEN SECONDS
"""

import asyncio
import json
import sys
from urllib.parse import urljoin

import aiohttp
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription

RATE_HZ = 48_000


async def main(url, token, secs):
    connection = RTCPeerConnection()
    connection.addTransceiver("audio", direction="recvonly")
    connection.addTransceiver("video", direction="recvonly")
    result = {"frames": 0, "width": 0, "height": 0, "hz": 0}
    heard = []

    async def receive(track):
        while True:
            frame = await track.recv()
            if track.kind == "video":
                result["frames"] += 1
                result["width"], result["height"] = frame.width, frame.height
            else:
                channels = len(frame.layout.channels)
                heard.append(frame.to_ndarray().reshape(-1)[::channels])

    tasks = []
    connection.on("track", lambda track: tasks.append(asyncio.ensure_future(receive(track))))
    await connection.setLocalDescription(await connection.createOffer())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    async with aiohttp.ClientSession() as session:
        answer = await session.post(url, data=connection.localDescription.sdp, headers=headers)
        result["status"] = answer.status
        body = await answer.text()
        if answer.status != 201:
            print(json.dumps({**result, "reason": body}))
            return
        result["location"] = answer.headers["Location"]
        await connection.setRemoteDescription(RTCSessionDescription(body, "answer"))
        await asyncio.sleep(float(secs))
        deleted = await session.delete(urljoin(url, result["location"]))
        result["deleted"] = deleted.status
    for task in tasks:
        task.cancel()
    await connection.close()
    if heard:
        sound = np.concatenate(heard)[-RATE_HZ:].astype(float)
        result["hz"] = int(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))).argmax() * RATE_HZ / len(sound))
    print(json.dumps(result))


asyncio.run(main(*sys.argv[1:]))
