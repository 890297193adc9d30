"""The command line. Only click is imported before a command runs."""

from sora_mcp.cli.program import main

__all__ = ["main"]
