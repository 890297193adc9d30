"""A video over plain HTTP: JSON-RPC by hand, protocol 2026-07-28."""

import json
import sys
from pathlib import Path

import httpx2

SERVER = "http://127.0.0.1:8000/mcp"
PROTOCOL = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": PROTOCOL,
    "io.modelcontextprotocol/clientInfo": {"name": "plain-http", "version": "1.0"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def call(http, tool, **arguments):
    """Call a tool; give the structured content of its result."""
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": PROTOCOL,
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    params = {"name": tool, "arguments": arguments, "_meta": META}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = message(http.post(SERVER, headers=headers, json=request))
    if "error" in answer:
        sys.exit(answer["error"]["message"])
    result = answer["result"]
    if result["isError"]:
        sys.exit(result["content"][0]["text"])
    return result["structuredContent"]


def message(response):
    """The answer: the body, or the last event of a stream, which a long wait turns into."""
    if response.headers["content-type"].startswith("text/event-stream"):
        events = [line for line in response.text.splitlines() if line.startswith("data: ")]
        return json.loads(events[-1].removeprefix("data: "))
    return response.json()


with httpx2.Client(timeout=60) as http:
    video = call(http, "generate_video", prompt=sys.argv[1])
    while video["status"] in ("queued", "in_progress"):
        video = call(http, "get_video_status", video_id=video["video_id"], wait_seconds=25)
    if video["status"] != "completed":
        sys.exit(video["error"]["message"])
    clip = http.get(video["files"][0]["url"]).content
Path("boat.mp4").write_bytes(clip)
