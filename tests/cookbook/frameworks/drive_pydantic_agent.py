# The framework is in an environment of its own, where no type checker looks.
# pyright: basic, reportMissingImports=false
"""Run the example for Pydantic AI with a scripted model."""

import asyncio
import sys

from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel
from scripted import TASK, example, next_step


def scripted(messages, info):
    """Call what the script says."""
    parts = [part for message in messages for part in message.parts]
    step = next_step([str(part.content) for part in parts if part.part_kind == "tool-return"])
    return ModelResponse(parts=[TextPart(step) if isinstance(step, str) else ToolCallPart(*step)])


sys.stdout.write(asyncio.run(example().make_video(TASK, FunctionModel(scripted))))
