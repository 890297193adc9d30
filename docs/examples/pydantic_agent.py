"""A Pydantic AI agent that makes videos."""

import asyncio
import os
import sys

from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent, UsageLimits
from pydantic_ai.mcp import MCPToolset

INSTRUCTIONS = "Make the video that is asked for. Do what `next` in each result says, to the end."


async def make_video(task, model="openai:gpt-5.6-sol"):
    """Give what the agent says when it is done."""
    server = MCPToolset(
        StdioTransport("sora-mcp", [], env=dict(os.environ)),
        init_timeout=60,  # 5 unless it is set: too short for a cold start
    )
    agent = Agent(model, instructions=INSTRUCTIONS, toolsets=[server])
    async with agent:
        result = await agent.run(task, usage_limits=UsageLimits(request_limit=100))
    return result.output


if __name__ == "__main__":
    print(asyncio.run(make_video(sys.argv[1])))
