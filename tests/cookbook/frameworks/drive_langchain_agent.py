# The framework is in an environment of its own, where no type checker looks.
# pyright: basic, reportMissingImports=false
"""Run the example for LangChain with a scripted model."""

import asyncio
import sys

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from scripted import TASK, example, next_step


class Scripted(BaseChatModel):
    """Calls what the script says."""

    @property
    def _llm_type(self):
        return "scripted"

    def bind_tools(self, tools, **options):
        return self

    def _generate(self, messages, stop=None, run_manager=None, **options):
        results = [str(message.content) for message in messages if message.type == "tool"]
        step = next_step(results)
        if isinstance(step, str):
            message = AIMessage(step)
        else:
            tool, arguments = step
            call = {"name": tool, "args": arguments, "id": f"call-{len(results)}"}
            message = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])


sys.stdout.write(asyncio.run(example().make_video(TASK, Scripted())))
