"""The parameters that tools share, each with its unit, range and an example."""

from typing import Annotated, Any, Literal

from pydantic import Field

VideoId = Annotated[
    str,
    Field(description="From an earlier result. Example: vid_7k2m9q4x1c."),
]
Prompt = Annotated[
    str,
    Field(
        description="What to show, 1 to 32,000 characters: shot, subject, action, setting, light. "
        'Example: "Wide shot of a calico cat playing a piano on stage, warm spotlight."'
    ),
]
Change = Annotated[
    str,
    Field(
        description="What should be different, 1 to 32,000 characters; all else stays. "
        'Example: "Same shot at night, in the rain."'
    ),
]
Continuation = Annotated[
    str,
    Field(
        description="What happens next, 1 to 32,000 characters. "
        'Example: "The cat takes a bow and walks off."'
    ),
]
Model = Annotated[
    str,
    Field(description="A model that get_engine lists; left out: the default. Example: wan-2.2."),
]
Size = Annotated[
    str,
    Field(
        description="Width x height in pixels, as the engine takes it (embedded: even, 256 to "
        "1920). Example: 1280x720, or 720x1280 for portrait."
    ),
]
Seconds = Annotated[
    float | None,
    Field(description="Length in seconds, as the engine takes it (embedded: 1 to 20). Example: 4."),
]
Reference = Annotated[
    str,
    Field(
        description="Image for the first frame (JPEG, PNG or WebP, up to 50 MB): a path in an "
        "allowed folder, an https: or data: URL, or a sora:// URI. "
        "Example: sora://videos/vid_7k2m9q4x1c/last_frame.png."
    ),
]
ReferenceFit = Annotated[
    Literal["cover", "contain", "stretch"],
    Field(description="How the image gets the video's size: cropped, padded or distorted."),
]
Options = Annotated[
    dict[str, Any],
    Field(
        description="Extras that the engine lists in get_engine.options. "
        'Example: {"seed": 7, "negative_prompt": "text"}.'
    ),
]
MaxCost = Annotated[
    float | None,
    Field(description="Refuse above this many USD, 0 or more. Example: 0.5."),
]
DryRun = Annotated[bool, Field(description="true: only show what would be sent and its cost.")]
IdempotencyKey = Annotated[
    str,
    Field(
        description="Your key, 1 to 200 characters: used again, it returns the first video. "
        "Example: scene-3."
    ),
]
WaitSeconds = Annotated[
    float,
    Field(description="Seconds to wait for the result, 0 to 45. Example: 25."),
]
ChosenVariant = Annotated[
    Literal["video", "thumbnail", "spritesheet"],
    Field(description="The MP4, the WebP thumbnail, or the JPEG sheet of frames."),
]
SaveAs = Annotated[
    str,
    Field(
        description="File name, or path inside an allowed output folder, for a copy; nothing is "
        "overwritten. Example: cat.mp4."
    ),
]
Frames = Annotated[int, Field(description="Moments to show, 1 to 12. Example: 6.")]
VideoIds = Annotated[
    list[str],
    Field(
        description="2 to 20 finished videos in playing order; the first sets the size. "
        'Example: ["vid_7k2m9q4x1c", "vid_3h5j2n6p4r"].'
    ),
]
Title = Annotated[
    str, Field(description="Name of the joined video, 1 to 200 characters. Example: Cat concert.")
]
StatusFilter = Annotated[
    Literal["active", "completed", "failed", "all"],
    Field(description="Which videos; failed means every bad end."),
]
Query = Annotated[
    str, Field(description="Only videos whose prompt has these words. Example: cat piano.")
]
Limit = Annotated[int, Field(description="How many at most, 1 to 100. Example: 20.")]
After = Annotated[str, Field(description="next_after of the page before. Example: vid_7k2m9q4x1c.")]
ListWait = Annotated[
    float,
    Field(description="Seconds to wait until a listed active video changes, 0 to 45. Example: 25."),
]
KeepFiles = Annotated[bool, Field(description="true: forget the video but leave its files.")]
