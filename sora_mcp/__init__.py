"""sora-mcp: an MCP server for any host that speaks the OpenAI Videos API."""

__all__ = ["__version__"]

__version__ = "0.1.0"
