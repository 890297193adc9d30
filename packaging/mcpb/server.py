"""Where a host starts the bundle. (`sora_mcp/__main__.py` cannot be started by its path: the folder
of a script hides the standard library's modules that have the names of ours.)
"""

from sora_mcp.cli import main

if __name__ == "__main__":
    main(prog_name="sora-mcp")
