"""An agent of the OpenAI Agents SDK that makes videos."""

import asyncio
import os
import sys

from agents import Agent, Runner
from agents.mcp import MCPServerStdio

INSTRUCTIONS = "Make the video that is asked for. Do what `next` in each result says, to the end."


async def make_video(task, model="gpt-5.6-sol"):
    """Give what the agent says when it is done."""
    async with MCPServerStdio(
        params={"command": "sora-mcp", "env": dict(os.environ)},
        client_session_timeout_seconds=60,  # 5 unless it is set: calls that wait would be lost
        cache_tools_list=True,
    ) as server:
        agent = Agent("Director", model=model, instructions=INSTRUCTIONS, mcp_servers=[server])
        result = await Runner.run(agent, task, max_turns=100)  # 10 unless it is set
        return result.final_output


if __name__ == "__main__":
    print(asyncio.run(make_video(sys.argv[1])))
