"""Every requirement of docs/conformance.md is held by a test that carries its id."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "conformance.md"


def carried() -> Iterator[str]:
    """The ids on tests, by whose names pytest finds them."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "test_" in node.name:
                for decorator in map(ast.unparse, node.decorator_list):
                    yield from re.findall(r"^pytest\.mark\.requirement\('(.+)'\)$", decorator)


def test_every_requirement_has_a_test_and_every_id_stands_for_a_requirement() -> None:
    page = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([A-Z-]+)` \| \S.* \| \S.* \|$", page, re.MULTILINE)
    assert len(listed) == len(set(listed)) > 0
    assert set(listed) == set(carried())
