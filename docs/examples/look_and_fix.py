"""Make a video, have a model look at it, and remix it until the model is content."""

import asyncio
import os
import sys

from openai import AsyncOpenAI
from sora import call, finished, sora

ROUNDS = 3
QUESTION = (
    "These are moments of one clip, in reading order. It was to show: {prompt}\n"
    "If it does, answer OK. If not, name the one change that matters most, in one sentence."
)


async def criticise(eyes, picture, prompt):
    """What a model that can see says of a contact sheet."""
    url = f"data:{picture.mime_type};base64,{picture.data}"
    content = [
        {"type": "text", "text": QUESTION.format(prompt=prompt)},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    answer = await eyes.chat.completions.create(
        model=os.environ["EYES_MODEL"], messages=[{"role": "user", "content": content}]
    )
    return answer.choices[0].message.content.strip()


async def main(prompt):
    """Look, fix, look again."""
    eyes = AsyncOpenAI(base_url=os.environ["EYES_BASE_URL"], api_key=os.environ["EYES_API_KEY"])
    async with eyes, sora() as client:
        video = await finished(client, "generate_video", prompt=prompt)
        for _ in range(ROUNDS):
            seen = await call(client, "view_video", video_id=video["video_id"], frames=6)
            picture = next(block for block in seen.content if block.type == "image")
            change = await criticise(eyes, picture, prompt)
            print(f"{video['video_id']}: {change}")
            if change.startswith("OK"):
                break
            video = await finished(
                client,
                "remix_video",
                video_id=video["video_id"],
                prompt=f"Same shot and framing. {change}",
            )
        print(video["files"][0]["path"])


asyncio.run(main(sys.argv[1]))
