"""`python -m sora_mcp` is `sora-mcp`."""

from sora_mcp.cli import main

if __name__ == "__main__":
    main(prog_name="sora-mcp")
