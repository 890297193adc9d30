"""What the scripted models of the three frameworks do next; each puts it into its own words."""

import importlib
import re
import sys
from typing import Any

Call = tuple[str, dict[str, Any]]
"""A tool and its arguments."""

TASK, WAIT, LOOKS = sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
"""What to make; how long a look waits; after how many looks to stop."""


def next_step(results: list[str]) -> Call | str:
    """Start the video, look until it is finished, then say what was seen last."""
    if not results:
        return "generate_video", {"prompt": TASK}
    unfinished = re.search(r"status\W+(?:queued|in_progress)", results[-1])
    if unfinished is None or len(results) > LOOKS:
        return results[-1]
    video_id = re.findall(r"vid_[a-z2-7]{10}", results[0])[0]
    return "get_video_status", {"video_id": video_id, "wait_seconds": WAIT}


def example() -> Any:
    """The example of the cookbook that is named on the command line."""
    return importlib.import_module(sys.argv[1])
