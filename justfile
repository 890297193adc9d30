# The recipes of this project; `uv run --group lint just` lists them.

_default:
    @just --list

# Everything that CI runs
check:
    .ci/run

# Format, and fix what can be fixed without thinking
fix:
    uv run --group lint ruff format
    uv run --group lint ruff check --fix

# The tests, or some of them: just test tests/test_cli.py
test *arguments:
    uv run pytest {{arguments}}

# The tests against a real LiteLLM proxy, which gets an environment of its own
test-gateways:
    SORA_MCP_TEST_LITELLM=$(.ci/litellm "$(mktemp -d)/litellm") uv run pytest tests/gateways

# The official conformance suite and the MCP Inspector
test-conformance:
    SORA_MCP_TEST_CONFORMANCE=$(.ci/conformance "$(mktemp -d)") uv run pytest tests/conformance

# The agent frameworks of the cookbook, each in an environment of its own
test-frameworks:
    SORA_MCP_TEST_FRAMEWORKS=$(.ci/frameworks "$(mktemp -d)") uv run pytest tests/cookbook

# The tests of the player in a real browser
test-player:
    SORA_MCP_TEST_BROWSER=$(.ci/browser) uv run pytest tests/ui

# Take the pictures of the player that the README shows
pictures:
    SORA_MCP_TEST_BROWSER=$(.ci/browser) uv run python -m tests.ui.pictures

# Measure, and write docs/performance.md: all of it, or some groups: just bench --quick start memory
bench *arguments:
    uv run --group bench --group integration python -m benchmarks {{arguments}}
    uv run python scripts/generate.py

# Write the files that are made from others: those that the top of scripts/generate.py lists
generate:
    uv run python scripts/generate.py

# The bundle for Claude Desktop
bundle file="dist/sora-mcp.mcpb":
    uv run python scripts/bundle.py {{file}}
