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

# Write the files that are made from others: docs/settings.md, constraints.txt
generate:
    uv run python scripts/generate.py
