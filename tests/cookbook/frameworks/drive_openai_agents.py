# The framework is in an environment of its own, where no type checker looks.
# pyright: basic, reportMissingImports=false
"""Run the example for the OpenAI Agents SDK with a scripted model."""

import asyncio
import json
import sys

from agents import Model, ModelResponse, Usage
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)
from scripted import TASK, example, next_step


class Scripted(Model):
    """Calls what the script says."""

    async def get_response(self, system_instructions, input, *args, **options):
        items = [] if isinstance(input, str) else input
        results = [str(item["output"]) for item in items if "output" in item]
        step = next_step(results)
        if isinstance(step, str):
            text = ResponseOutputText(type="output_text", text=step, annotations=[])
            output = ResponseOutputMessage(
                id="m", type="message", role="assistant", status="completed", content=[text]
            )
        else:
            tool, arguments = step
            output = ResponseFunctionToolCall(
                type="function_call",
                call_id=f"call-{len(results)}",
                name=tool,
                arguments=json.dumps(arguments),
            )
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def stream_response(self, *args, **options):
        raise AssertionError("the example does not stream")


sys.stdout.write(asyncio.run(example().make_video(TASK, Scripted())))
