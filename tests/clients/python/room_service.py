"""Goes through the room service with LiveKit's library for backends, and prints what came of it as JSON.

Usage: room_service.py HTTP_URL KEY SECRET ROOM      in ROOM are alice, who publishes a microphone, and bob
"""

import asyncio
import json
import sys

import aiohttp
from livekit import api


async def main(url, key, secret, room):
    made_room = "made by Python"
    async with api.LiveKitAPI(url, key, secret) as client:
        rooms = client.room
        made = await rooms.create_room(api.CreateRoomRequest(name=made_room, metadata="m"))
        people = (await rooms.list_participants(api.ListParticipantsRequest(room=room))).participants
        alice = next(who for who in people if who.identity == "alice")
        changed = await rooms.update_participant(
            api.UpdateParticipantRequest(room=room, identity="alice", metadata="set by Python")
        )
        muted = await rooms.mute_published_track(
            api.MuteRoomTrackRequest(room=room, identity="alice", track_sid=alice.tracks[0].sid, muted=True)
        )
        data = api.SendDataRequest(room=room, data=b"from Python", destination_identities=["bob"])
        await rooms.send_data(data)
        mine = {made_room, room}
        listed = [each.name for each in (await rooms.list_rooms(api.ListRoomsRequest())).rooms if each.name in mine]
        await rooms.remove_participant(api.RoomParticipantIdentity(room=room, identity="alice"))
        await rooms.delete_room(api.DeleteRoomRequest(room=made_room))
        gone = None
        try:
            await rooms.delete_room(api.DeleteRoomRequest(room=made_room))
        except api.TwirpError as error:
            gone = error.code
    # A token for something else, by hand.
    forbidden = await ask_without_grant(url, key, secret, room)
    print(
        json.dumps(
            {
                "made": [made.name, made.metadata],
                "participants": sorted(who.identity for who in people),
                "metadata": changed.metadata,
                "muted": muted.track.muted,
                "rooms": sorted(listed),
                "gone": gone,
                "forbidden": forbidden,
            }
        )
    )


async def ask_without_grant(url, key, secret, room):
    grants = api.VideoGrants(room_join=True, room=room)
    token = api.AccessToken(key, secret).with_identity("bob").with_grants(grants).to_jwt()
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await session.post(
            f"{url}/twirp/livekit.RoomService/ListParticipants", json={"room": room}, headers=headers
        )
        return [answer.status, (await answer.json())["code"]]


asyncio.run(main(*sys.argv[1:]))
