"""Prompts that teach how to ask for a video, and the completion of their arguments.

The structure they teach (shot type · subject · action · setting · lighting) is what hosts of the
Videos API are trained on; what they say hosts refuse is what the hosts' own pages say.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)
from pydantic import Field

from sora_mcp.app import App
from sora_mcp.server.owners import current_owner
from sora_mcp.server.present import video_uri
from sora_mcp.videos.errors import SoraError
from sora_mcp.videos.models import Job, Page, Variant

REFUSED = (
    "Hosts refuse real people, faces of people in the first frame, copyrighted characters and "
    "music, and anything unfit for under-18s: describe an invented person, style or tune instead."
)
_WAIT = (
    "call get_video_status with its video_id and wait_seconds=25 while it is queued or in_progress"
)
_SHOW = (
    "Once it is completed, show the person the file. If it ends otherwise, tell the person the "
    "reason, and do not start it again unasked."
)
_SHOT = (
    "Write the prompt as one shot: shot type and camera move · subject with two or three visible "
    "details · one action that fits the length · setting · lighting and colours. Plain sentences, "
    "present tense, only what the camera can see or the microphone hear."
)

_WORDS: Mapping[str, tuple[str, ...]] = {
    "light": (
        "golden hour",
        "blue hour",
        "overcast daylight",
        "bright noon sun",
        "moonlight",
        "candlelight",
        "neon signs at night",
        "soft window light",
        "warm stage spotlight",
        "firelight",
    ),
    "setting": (
        "a quiet beach",
        "a city street in the rain",
        "a foggy forest",
        "a mountain ridge",
        "a small stage",
        "a sunlit kitchen",
        "a desert road",
        "a snowy village",
        "an old library",
        "under water",
    ),
    "motion": (
        "slow dolly in",
        "slow pan to the right",
        "gentle zoom out",
        "tracking shot from the side",
        "camera stays still while the subject moves",
        "wind moves hair and leaves",
        "slow orbit around the subject",
    ),
    "goal": (
        "make it brighter",
        "make it night",
        "slow the camera down",
        "change the season to winter",
        "make the colours warmer",
        "remove the people in the background",
    ),
    "shots": ("2", "3", "4", "5", "6"),
}

_RECORD = video_uri("{video_id}")

_VIDEO_ARGUMENTS: Mapping[str, Callable[[Job], str]] = {
    "video_id": lambda job: job.id,
    "image": lambda job: video_uri(job.id, Variant.LAST_FRAME),
}
"""Arguments that name a video, and how."""


def cinematic_shot(
    subject: Annotated[str, Field(description="Who or what. Example: a calico cat.")],
    action: Annotated[str, Field(description="One action. Example: plays a piano.")],
    setting: Annotated[str, Field(description="Where. Example: a small stage.")] = "",
    light: Annotated[str, Field(description="Light. Example: warm stage spotlight.")] = "",
) -> str:
    """One well-described shot."""
    where = setting or "a place that suits it"
    lit = light or "light that suits the mood"
    return (
        f"Make one video of {subject}: {action}, in {where}, {lit}.\n\n{_SHOT}\n\n"
        'Example: "Medium close-up, slow dolly in. A calico cat with a white chest plays a small '
        "upright piano, paws on the keys, ears turning. A velvet-curtained stage. A warm spotlight "
        'from above, dust in the beam, deep red shadows."\n\n'
        f"{REFUSED}\n\nCall generate_video with that prompt. Then {_WAIT}. {_SHOW}"
    )


def image_to_video(
    image: Annotated[
        str,
        Field(
            description="First frame: a path in an allowed folder, an https: or data: URL, or a "
            "sora:// URI. Example: sora://videos/vid_7k2m9q4x1c/last_frame.png."
        ),
    ],
    motion: Annotated[str, Field(description="What moves. Example: slow dolly in.")] = "",
) -> str:
    """Bring an image to life."""
    moves = motion or "a slow camera move and one small, natural movement in the picture"
    return (
        f"Turn this image into a video; it is the first frame: {image}\nMotion: {moves}.\n\n"
        "The picture already shows subject, setting and light: do not describe them again, except "
        "where the motion needs it. Say what moves, how fast, in which direction, and what the "
        "camera does; one movement is better than three.\n\n"
        "Choose a size with the image's orientation (get_engine lists sizes); reference_fit says "
        "whether the image is cropped (cover), padded (contain) or distorted (stretch) to it. "
        f"{REFUSED}\n\n"
        "Call generate_video with the prompt and input_reference set to the image. "
        f"Then {_WAIT}. {_SHOW}"
    )


def vertical_short(
    topic: Annotated[str, Field(description="What it is about. Example: how bread rises.")],
) -> str:
    """A short clip for a phone held upright."""
    return (
        f"Make a vertical short about: {topic}\n\n"
        "Portrait. The first second decides: open on the most striking image, close up, "
        "subject in the middle third, nothing important at the top or bottom edge, where apps put "
        f"their buttons. One idea, one shot, 4 to 8 seconds.\n\n{_SHOT}\n\n{REFUSED}\n\n"
        "Do not ask for captions in the picture: video models misspell them.\n\n"
        "Call generate_video with that prompt, the length as seconds, and size 720x1280; if "
        "get_engine lists sizes and not this one, the portrait size nearest to it. "
        f"Then {_WAIT}. {_SHOW}"
    )


def storyboard(
    story: Annotated[str, Field(description="What happens. Example: a paper boat finds the sea.")],
    shots: Annotated[str, Field(description="How many shots, 2 to 20. Example: 3.")] = "3",
) -> str:
    """A story in several shots, joined into one film."""
    return (
        f"Tell this story as a film of {shots} shots: {story}\n\n"
        "1. Plan. List the shots first: for each the shot type, what happens, its length. Change "
        "the shot size from one to the next (wide, medium, close-up). Write one sentence each for "
        "the look of the main subject, the place and the light, and repeat these three word for "
        "word in every prompt: a model remembers nothing between shots. "
        f"{_SHOT} {REFUSED}\n"
        "2. Price. Call generate_video with dry_run=true for the first shot. If it costs anything, "
        "tell the person what all shots will cost, and go on when they agree.\n"
        "3. Generate. Call generate_video once for each shot, with its prompt and seconds, all of "
        f"the same size and model; for each {_WAIT}. Where a shot goes straight on from the one "
        "before, wait for that one and give its last frame as input_reference: "
        "sora://videos/{video_id}/last_frame.png.\n"
        "4. Look. Call view_video with each video_id and compare it with the plan. Where it fails, "
        "call remix_video with that video_id and one change as prompt, wait as before, and use the "
        "new video_id in place of the old one.\n"
        f"5. Join. Call join_videos with the video_ids in order; {_WAIT}. {_SHOW}"
    )


def refine_video(
    video_id: Annotated[str, Field(description="Which video. Example: vid_7k2m9q4x1c.")],
    goal: Annotated[str, Field(description="What should be better. Example: make it night.")] = "",
) -> str:
    """Look at a video, criticise it, remix it."""
    aim = goal or "whatever would make it clearly better"
    return (
        f"Improve the video {video_id}. Goal: {aim}.\n\n"
        "1. Look at it: call view_video with this video_id.\n"
        "2. Criticise it in three lines against its prompt: subject and action, composition and "
        "camera, light and colour. Name the one flaw that matters most.\n"
        "3. Remix it: call remix_video with this video_id and that one change as prompt, in one or "
        'two sentences that also say what must stay. Example: "Same shot and framing; change the '
        'light to a cold blue moonlight." Several changes at once make another video, not a better '
        f"one. {REFUSED} Then {_WAIT}.\n"
        "4. Compare: call view_video with the new video_id. If the flaw is still there, go back to "
        "3 with other words, once.\n"
        f"5. Tell the person what changed. {_SHOW}"
    )


def register_prompts(server: MCPServer[Any], app: App) -> None:
    """Add the prompts and the completion of their arguments to a server."""
    for prompt, title in (
        (cinematic_shot, "Cinematic shot"),
        (image_to_video, "Image to video"),
        (vertical_short, "Vertical short"),
        (storyboard, "Storyboard"),
        (refine_video, "Refine a video"),
    ):
        server.prompt(title=title)(prompt)

    @server.completion()
    async def complete(  # pyright: ignore[reportUnusedFunction]  # the decorator keeps it
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion:
        value_of = _VIDEO_ARGUMENTS.get(argument.name)
        if value_of is None:
            words = _WORDS.get(argument.name, ())
            values = [word for word in words if argument.value.lower() in word]
            return Completion(values=values, total=len(values), has_more=False)
        # Every video has a record; files are there once it is completed.
        is_record = isinstance(ref, ResourceTemplateReference) and ref.uri == _RECORD
        found = await _found(app, argument.value, "all" if is_record else "completed")
        return Completion(
            values=[value_of(job) for job in found.jobs], has_more=found.next_after is not None
        )


async def _found(app: App, typed: str, status: str) -> Page:
    """The newest videos whose id begins so, or whose prompt has words that begin so."""
    if not await app.has_ledger():
        return Page(jobs=())
    try:
        videos = await app.videos()
        if typed and "vid_".startswith(typed[:4]):
            newest = await videos.list(current_owner(), status=status, limit=100)
            return Page(jobs=tuple(job for job in newest.jobs if job.id.startswith(typed)))
        return await videos.list(current_owner(), status=status, query=typed or None, limit=20)
    except SoraError:
        return Page(jobs=())
