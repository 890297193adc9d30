"""A story in four shots, joined into one film."""

import asyncio

from sora import finished, sora

LOOK = (
    "A girl of eight with a red scarf and a yellow raincoat. "
    "A fishing village of white houses. Grey morning light, soft blue shadows."
)
QUAY = "Wide shot, slow pan to the right: she walks along the empty quay, a paper boat in her hand."
EDGE = "Medium shot, low angle: she kneels at the edge and sets the boat on the water."
BOAT = "Close-up, still camera: the boat turns and drifts away from her hand."
HARBOUR = "Wide shot from above, slow zoom out: the boat leaves the harbour, she waves."


async def main():
    """Make the shots that stand alone at once, then the one that goes on, then the film."""
    async with sora() as client:

        async def shot(words, **arguments):
            return await finished(client, "generate_video", prompt=f"{words} {LOOK}", **arguments)

        quay, edge, harbour = await asyncio.gather(shot(QUAY), shot(EDGE), shot(HARBOUR))
        last_frame = f"sora://videos/{edge['video_id']}/last_frame.png"
        boat = await shot(BOAT, input_reference=last_frame)
        shots = [video["video_id"] for video in (quay, edge, boat, harbour)]
        film = await finished(client, "join_videos", video_ids=shots, title="The paper boat")
        print(film["files"][0]["path"])


asyncio.run(main())
