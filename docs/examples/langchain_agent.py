"""A LangChain agent that makes videos."""

import asyncio
import sys

from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient

INSTRUCTIONS = "Make the video that is asked for. Do what `next` in each result says, to the end."


async def make_video(task, model="openai:gpt-5.6-sol"):
    """Give what the agent says when it is done."""
    server = {"transport": "streamable_http", "url": "http://127.0.0.1:8000/mcp"}
    tools = await MultiServerMCPClient({"sora": server}).get_tools()
    agent = create_agent(model, tools, system_prompt=INSTRUCTIONS)
    result = await agent.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text


if __name__ == "__main__":
    print(asyncio.run(make_video(sys.argv[1])))
